package expr

import (
	"bytes"
	"math"
	"slices"
	"sort"
)

// compiler turns checked nodes into operations, each with its own buffer.
type compiler struct {
	bufs  int
	reads map[Node]reads
}

func (c *compiler) id() int {
	c.bufs++
	return c.bufs - 1
}

// node compiles a whole tree; one buffer more is kept for the result.
func (c *compiler) node(n Node) op {
	o := c.lift(n)
	c.id()
	return o
}

// lift compiles n. The highest part that reads one text column and nothing else is
// computed once per dictionary when the column has one.
func (c *compiler) lift(n Node) op {
	if _, plain := n.(*Column); plain {
		return c.op(n)
	}
	if col := c.onlyText(n); col != nil {
		return &liftOp{id: c.id(), typ: TypeOf(n), index: col.Index, x: c.flat(n)}
	}
	return c.op(n)
}

// onlyText returns the text column when n reads it and no other. Answers are kept,
// so that asking at every level of a high tree stays linear.
func (c *compiler) onlyText(n Node) *Column {
	if r, ok := c.reads[n]; ok {
		return r.text()
	}
	if c.reads == nil {
		c.reads = map[Node]reads{}
	}
	return c.readsOf(n).text()
}

// reads says which columns a part reads: none, one, or more.
type reads struct {
	col  *Column
	many bool
}

func (r reads) text() *Column {
	if r.many || r.col == nil || r.col.Type != Text {
		return nil
	}
	return r.col
}

func (c *compiler) readsOf(n Node) reads {
	if r, ok := c.reads[n]; ok {
		return r
	}
	var r reads
	if col, ok := n.(*Column); ok {
		r.col = col
	}
	children(n, func(child Node) {
		k := c.readsOf(child)
		r.many = r.many || k.many || k.col != nil && r.col != nil && k.col.Index != r.col.Index
		if k.col != nil {
			r.col = k.col
		}
	})
	c.reads[n] = r
	return r
}

func (c *compiler) op(n Node) op { return (&builder{c, c.lift}).build(n) }

// flat compiles n without looking for dictionaries any more.
func (c *compiler) flat(n Node) op { return (&builder{c, c.flat}).build(n) }

// builder makes the operation of one node; sub compiles its children.
type builder struct {
	*compiler
	sub func(Node) op
}

func (b *builder) subs(ns []Node) []op {
	out := make([]op, len(ns))
	for i, n := range ns {
		out[i] = b.sub(n)
	}
	return out
}

func (b *builder) build(n Node) op {
	switch n := n.(type) {
	case *Column:
		return &columnOp{id: b.id(), index: n.Index, typ: n.Type, name: n.Name}
	case *Literal:
		return newConst(b.id(), n)
	case *Unary:
		return b.unary(n)
	case *Binary:
		if n.Op.compares() {
			return b.compare(n)
		}
		return b.arithmetic(n)
	case *Logic:
		return &logicOp{id: b.id(), or: n.Or, args: b.subs(n.Args)}
	case *NullTest:
		return &nullOp{id: b.id(), not: n.Not, x: b.sub(n.X)}
	case *InList:
		return b.negate(n.Not, b.in(n))
	case *Range:
		return b.negate(n.Not, b.between(n))
	case *Match:
		return b.negate(n.Not, &textOp{id: b.id(), x: b.sub(n.X), fn: likeMatcher(n.Pattern, n.Escape)})
	case *Func:
		return b.call(n)
	case *Case:
		return b.caseOf(n)
	case *Cast:
		return b.cast(n)
	}
	panic("expr: an unknown node")
}

func (b *builder) negate(not bool, x op) op {
	if !not {
		return x
	}
	return &notOp{id: b.id(), x: x}
}

func (b *builder) unary(n *Unary) op {
	x := b.sub(n.X)
	switch {
	case n.Not:
		return &notOp{id: b.id(), x: x}
	case n.Type == Float:
		return &floatMapOp{id: b.id(), x: x, fn: func(v float64) float64 { return -v + 0 }}
	}
	return &intMapOp{id: b.id(), x: x, fn: negInt}
}

func (b *builder) compare(n *Binary) op {
	l, r, operation := n.L, n.R, n.Op
	if _, ok := l.(*Literal); ok {
		l, r, operation = r, l, operation.flip()
	}
	t := TypeOf(l)
	lit, ok := r.(*Literal)
	if !ok || lit.Null || t == Bool {
		return &compareOp{id: b.id(), op: operation, typ: t, l: b.sub(l), r: b.sub(r)}
	}
	if t != Text {
		return &compareOp{id: b.id(), op: operation, typ: t, l: b.sub(l), c: lit}
	}
	v := []byte(lit.S)
	o := &textOp{id: b.id(), x: b.sub(l)}
	switch operation {
	case OpEq:
		o.fn = equals(lit.S)
	case OpNe:
		o.fn = func(s []byte) bool { return string(s) != lit.S }
	default:
		o.fn = func(s []byte) bool { return holds(operation, bytes.Compare(s, v)) }
	}
	return o
}

func (b *builder) arithmetic(n *Binary) op {
	o := &arithOp{id: b.id(), op: n.Op, l: b.sub(n.L), r: b.sub(n.R)}
	if n.Type == Date {
		return &intMapOp{id: b.id(), x: o, fn: dayInRange}
	}
	return o
}

// smallList is the length up to which a list is compared value by value.
const smallList = 8

func (b *builder) in(n *InList) op {
	x := b.sub(n.X)
	switch TypeOf(n.X) {
	case Text:
		set := make(map[string]struct{}, len(n.List))
		for _, e := range n.List {
			set[e.(*Literal).S] = struct{}{}
		}
		return &textOp{id: b.id(), x: x, fn: func(s []byte) bool { _, ok := set[string(s)]; return ok }}
	case Float:
		o := &inOp{id: b.id(), x: x, small: len(n.List) <= smallList}
		for _, e := range n.List {
			o.nums = append(o.nums, e.(*Literal).F)
		}
		sort.Float64s(o.nums)
		return o
	case Bool:
		args := make([]op, len(n.List))
		for i, e := range n.List {
			args[i] = &compareOp{id: b.id(), op: OpEq, typ: Bool, l: b.sub(n.X), r: b.sub(e)}
		}
		return &logicOp{id: b.id(), or: true, args: args}
	}
	o := &inOp{id: b.id(), x: x, small: len(n.List) <= smallList}
	for _, e := range n.List {
		o.ints = append(o.ints, e.(*Literal).I)
	}
	slices.Sort(o.ints)
	return o
}

func (b *builder) between(n *Range) op {
	lo, okLo := n.Lo.(*Literal)
	hi, okHi := n.Hi.(*Literal)
	if c, ok := n.X.(*Column); ok && okLo && okHi && !lo.Null && !hi.Null && c.Type != Text && c.Type != Bool {
		// A column costs nothing to read twice, and constants have loops of their own.
		return &logicOp{id: b.id(), args: []op{
			&compareOp{id: b.id(), op: OpGe, typ: c.Type, l: b.sub(c), c: lo},
			&compareOp{id: b.id(), op: OpLe, typ: c.Type, l: b.sub(c), c: hi},
		}}
	}
	return &rangeOp{id: b.id(), typ: TypeOf(n.X), x: b.sub(n.X), lo: b.sub(n.Lo), hi: b.sub(n.Hi)}
}

func (b *builder) caseOf(n *Case) op {
	o := &chooseOp{id: b.id(), typ: n.Type}
	for _, w := range n.Whens {
		o.conds = append(o.conds, b.sub(w.If))
		o.vals = append(o.vals, b.sub(w.Then))
	}
	if n.Else != nil {
		o.vals = append(o.vals, b.sub(n.Else))
	}
	return o
}

func (b *builder) cast(n *Cast) op {
	x := b.sub(n.X)
	from := TypeOf(n.X)
	switch {
	case n.Type == Float && from == Money:
		return &toFloatOp{id: b.id(), x: x, scale: moneyScale}
	case n.Type == Float:
		return &toFloatOp{id: b.id(), x: x, scale: 1}
	case n.Type == Money:
		return &intMapOp{id: b.id(), x: x, fn: times(moneyScale)}
	case n.Type == Time:
		return &intMapOp{id: b.id(), x: x, fn: times(dayMicros)}
	}
	return &intMapOp{id: b.id(), x: x, fn: dayOf}
}

func (b *builder) call(n *Func) op {
	switch n.Name {
	case "coalesce":
		return &chooseOp{id: b.id(), typ: n.Type, vals: b.subs(n.Args), mode: chooseCoalesce}
	case "nullif":
		return &chooseOp{id: b.id(), typ: n.Type, vals: b.subs(n.Args[:1]), conds: b.subs(n.Args[1:]), mode: chooseNullIf}
	}
	x := b.sub(n.Args[0])
	switch n.Name {
	case "lower", "upper":
		return &letterOp{id: b.id(), upper: n.Name == "upper", x: x}
	case "trim":
		return &trimOp{id: b.id(), x: x}
	case "length":
		return &lengthOp{id: b.id(), x: x}
	case "abs", "round", "floor", "ceil":
		return b.round(n, x)
	case "year", "month", "day", "weekday", "hour":
		if n.Name == "hour" {
			return &intMapOp{id: b.id(), x: x, fn: hourOf}
		}
		return &partOp{id: b.id(), x: x, part: datePart(n.Name), isDate: TypeOf(n.Args[0]) == Date}
	}
	return &textOp{id: b.id(), x: x, fn: textFunc(n.Name, n.Args[1].(*Literal).S)}
}

// textFunc is a text function with a constant second argument.
func textFunc(name, arg string) func([]byte) bool {
	switch name {
	case "starts_with":
		return prefix(arg)
	case "ends_with":
		return suffix(arg)
	case "contains":
		return holdsText(arg)
	}
	re, err := compilePattern(arg)
	if err != nil {
		panic("expr: an unchecked pattern")
	}
	return re.Match
}

func (b *builder) round(n *Func, x op) op {
	digits := int64(0)
	if len(n.Args) == 2 {
		digits = n.Args[1].(*Literal).I
	}
	if n.Type == Float {
		fn := math.Abs
		switch n.Name {
		case "round":
			fn = roundFloat(math.Pow10(int(digits)))
		case "floor":
			fn = func(v float64) float64 { return math.Floor(v) + 0 }
		case "ceil":
			fn = func(v float64) float64 { return math.Ceil(v) + 0 }
		}
		return &floatMapOp{id: b.id(), x: x, fn: fn}
	}
	switch {
	case n.Name == "abs":
		return &intMapOp{id: b.id(), x: x, fn: absInt}
	case n.Type == Int || digits >= 4:
		return x
	case n.Name == "floor":
		return &intMapOp{id: b.id(), x: x, fn: floorMoney}
	case n.Name == "ceil":
		return &intMapOp{id: b.id(), x: x, fn: ceilMoney}
	}
	return &intMapOp{id: b.id(), x: x, fn: roundMoney([...]int64{10000, 1000, 100, 10}[digits])}
}
