package sqlgen

import (
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
)

const (
	dayMicros  = 86_400_000_000
	moneyScale = 10_000
	// wholeDoubles is 2^52: doubles from there on have no fraction.
	wholeDoubles = "4503599627370496.0"
)

// node prints a checked expression; col gives the columns.
func (g *printer) node(n expr.Node, col func(name string) term) term {
	e := exprs{g, col}
	return e.node(n)
}

type exprs struct {
	*printer
	col func(string) term
}

func (e exprs) node(n expr.Node) term {
	if e.err != nil {
		return term{s: "NULL", atom: true}
	}
	switch n := n.(type) {
	case *expr.Column:
		return e.col(n.Name)
	case *expr.Literal:
		return e.literal(n)
	case *expr.Unary:
		return e.unary(n)
	case *expr.Binary:
		return e.binary(n)
	case *expr.Logic:
		return e.logic(n.Or, e.all(n.Args))
	case *expr.NullTest:
		if n.Not {
			return e.f("%s IS NOT NULL", e.node(n.X))
		}
		return e.f("%s IS NULL", e.node(n.X))
	case *expr.InList:
		return e.in(n)
	case *expr.Range:
		return e.f("%s %sBETWEEN %s AND %s", e.node(n.X), not(n.Not), e.node(n.Lo), e.node(n.Hi))
	case *expr.Match:
		x := e.let("text", e.node(n.X))
		t := term{s: e.ok(e.d.Like(x.s, expr.LikeParts(n))), step: x.step}
		return e.negate(n.Not, t)
	case *expr.Func:
		return e.call(n)
	case *expr.Case:
		return e.caseOf(n)
	case *expr.Cast:
		return e.cast(n)
	}
	return e.refuse("a node of type %T", n)
}

func not(yes bool) string {
	if yes {
		return "NOT "
	}
	return ""
}

func (e exprs) negate(yes bool, t term) term {
	if yes {
		return e.f("NOT %s", t)
	}
	return t
}

func (e exprs) all(ns []expr.Node) []term {
	out := make([]term, len(ns))
	for i, n := range ns {
		out[i] = e.node(n)
	}
	return out
}

func (g *printer) null() term           { return term{s: "NULL", atom: true} }
func (g *printer) int(i int64) term     { return term{s: g.d.Int(i), atom: true} }
func (g *printer) float(f float64) term { return term{s: g.d.Float(f), atom: true} }

func (e exprs) literal(l *expr.Literal) term {
	switch {
	case l.Null:
		return e.null()
	case l.Type == expr.Bool:
		return term{s: e.d.Bool(l.I != 0), atom: true}
	case l.Type == expr.Float:
		return e.float(l.F)
	case l.Type == expr.Text:
		return term{s: e.ok(e.d.Text(l.S)), atom: true}
	}
	return e.int(l.I)
}

// logic joins conditions. Long lists are joined in halves, because databases
// bound the depth of an expression.
func (g *printer) logic(or bool, ts []term) term {
	word := " AND "
	if or {
		word = " OR "
	}
	if len(ts) > 100 {
		h := len(ts) / 2
		ts = []term{g.logic(or, ts[:h]), g.logic(or, ts[h:])}
	}
	parts := make([]string, len(ts))
	for i, t := range ts {
		parts[i] = t.p()
	}
	return term{s: strings.Join(parts, word), step: later(ts...)}
}

func (e exprs) unary(n *expr.Unary) term {
	x := e.node(n.X)
	switch {
	case n.Not:
		return e.f("NOT %s", x)
	case n.Type == expr.Float:
		return e.f("0.0 - %s", x)
	}
	return e.arith(expr.OpSub, e.int(0), x)
}

// arith is checked integer arithmetic.
func (g *printer) arith(op expr.Op, a, b term) term {
	a, b = g.let("value", a), g.let("value", b)
	return term{s: g.d.Arith(op, a.s, b.s), step: later(a, b)}
}

func (e exprs) binary(n *expr.Binary) term {
	l, r := e.node(n.L), e.node(n.R)
	switch {
	case n.Op == expr.OpNe:
		return e.f("%s <> %s", l, r)
	case n.Op <= expr.OpGe:
		return e.f("%s "+n.Op.String()+" %s", l, r)
	case n.Op == expr.OpMod:
		return e.f("%s %% NULLIF(%s, 0)", l, r)
	case n.Type == expr.Float:
		return e.finite(n.Op, l, r)
	}
	t := e.arith(n.Op, l, r)
	if n.Type == expr.Date {
		return e.inDates(t)
	}
	return t
}

// finite is arithmetic in doubles.
func (g *printer) finite(op expr.Op, l, r term) term {
	t := g.double(op, l, r)
	t.s = g.d.Finite(t.s)
	return t
}

// double is arithmetic in doubles that may be infinite, or null where that ends a statement.
func (g *printer) double(op expr.Op, l, r term) term {
	fits := g.d.Fits(op, "", "") != ""
	if fits {
		l, r = g.let("value", l), g.let("value", r)
	}
	t := g.f("%s "+op.String()+" %s", l, r)
	if op == expr.OpDiv {
		t = g.f("%s / NULLIF(%s, 0.0)", l, r)
	}
	if fits {
		t.s = "CASE WHEN " + g.d.Fits(op, l.s, r.s) + " THEN " + t.s + " END"
	}
	return t
}

// inDates is null where a day is none (see expr.MaxDay).
func (g *printer) inDates(t term) term {
	d := g.let("day", t)
	return g.f("CASE WHEN %s BETWEEN %s AND %s THEN %s END", d, g.int(-expr.MaxDay), g.int(expr.MaxDay), d)
}

func (e exprs) in(n *expr.InList) term {
	x := e.node(n.X)
	parts := make([]string, len(n.List))
	for i, v := range n.List {
		parts[i] = e.node(v).s
	}
	return term{s: x.p() + " " + not(n.Not) + "IN (" + strings.Join(parts, ", ") + ")", step: x.step}
}

func (e exprs) caseOf(n *expr.Case) term {
	var b strings.Builder
	step := 0
	add := func(word string, n expr.Node) {
		t := e.node(n)
		step = max(step, t.step)
		b.WriteString(word + t.s)
	}
	b.WriteString("CASE")
	for _, w := range n.Whens {
		add(" WHEN ", w.If)
		add(" THEN ", w.Then)
	}
	if n.Else != nil {
		add(" ELSE ", n.Else)
	}
	b.WriteString(" END")
	return term{s: b.String(), step: step}
}

func (e exprs) cast(n *expr.Cast) term {
	x := e.node(n.X)
	from := expr.TypeOf(n.X)
	switch {
	case n.Type == expr.Float && from == expr.Money:
		return e.moneyFloat(x)
	case n.Type == expr.Float:
		return term{s: e.d.ToFloat(x.s), step: x.step}
	case n.Type == expr.Money:
		return e.arith(expr.OpMul, x, e.int(moneyScale))
	case n.Type == expr.Time:
		return e.arith(expr.OpMul, x, e.int(dayMicros))
	}
	return e.floorDiv(x, dayMicros)
}

// moneyFloat is money as a double.
func (g *printer) moneyFloat(x term) term {
	return term{s: g.d.ToFloat(x.s) + " / 10000.0", step: x.step}
}

func (e exprs) call(n *expr.Func) term {
	switch n.Name {
	case "coalesce":
		args := e.all(n.Args)
		if len(args) == 1 {
			return args[0]
		}
		parts := make([]string, len(args))
		for i, a := range args {
			parts[i] = a.s
		}
		return term{s: "COALESCE(" + strings.Join(parts, ", ") + ")", step: later(args...)}
	case "nullif":
		args := e.all(n.Args)
		return term{s: "NULLIF(" + args[0].s + ", " + args[1].s + ")", step: later(args...)}
	}
	x := e.node(n.Args[0])
	switch n.Name {
	case "lower", "upper", "trim", "length":
		x = e.let("text", x)
		return term{s: e.ok(e.d.Call(n.Name, x.s)), step: x.step}
	case "starts_with", "ends_with", "contains", "matches":
		x = e.let("text", x)
		return term{s: e.ok(e.d.Find(n.Name, x.s, n.Args[1].(*expr.Literal).S)), step: x.step}
	case "abs", "round", "floor", "ceil":
		return e.round(n, e.let("value", x))
	}
	day := e.let("day", x)
	if expr.TypeOf(n.Args[0]) == expr.Date {
		day = e.let("day", e.inDates(x))
	} else if n.Name == "hour" {
		return e.hour(day)
	} else {
		day = e.let("day", e.floorDiv(x, dayMicros))
	}
	return e.datePart(n.Name, day)
}

func (e exprs) round(n *expr.Func, x term) term {
	digits := int64(0)
	if len(n.Args) == 2 {
		digits = n.Args[1].(*expr.Literal).I
	}
	if n.Type == expr.Float {
		return e.roundFloat(n.Name, x, digits)
	}
	switch {
	case n.Name == "abs":
		neg := e.arith(expr.OpSub, e.int(0), x)
		return e.f("CASE WHEN %s < 0 THEN %s ELSE %s END", x, neg, x)
	case n.Type == expr.Int || digits >= 4:
		return x
	}
	step := [...]int64{10000, 1000, 100, 10}[digits]
	rest := e.let("rest", e.f("%s %% %s", x, e.int(step)))
	base := e.let("base", e.f("%s - %s", x, rest))
	up, down := e.arith(expr.OpAdd, base, e.int(step)), e.arith(expr.OpSub, base, e.int(step))
	switch n.Name {
	case "floor":
		return e.f("CASE WHEN %s < 0 THEN %s ELSE %s END", rest, down, base)
	case "ceil":
		return e.f("CASE WHEN %s > 0 THEN %s ELSE %s END", rest, up, base)
	}
	return e.f("CASE WHEN %s * 2 >= %s THEN %s WHEN %s * 2 <= %s THEN %s ELSE %s END", rest, e.int(step), up, rest, e.int(-step), down, base)
}

func (e exprs) roundFloat(name string, x term, digits int64) term {
	if name == "abs" {
		return e.f("ABS(%s)", x)
	}
	y := x
	scale := 1.0
	for range digits {
		scale *= 10
	}
	if digits > 0 {
		y = e.let("scaled", e.double(expr.OpMul, x, e.float(scale)))
	}
	whole := e.let("whole", term{s: "CASE WHEN ABS(" + y.s + ") < " + wholeDoubles + " THEN " + e.d.ToInt(y.s) + " END", step: y.step})
	t := e.f("%s", whole)
	switch name {
	case "floor":
		t = e.f("%s - CASE WHEN %s < %s THEN 1 ELSE 0 END", whole, y, whole)
	case "ceil":
		t = e.f("%s + CASE WHEN %s > %s THEN 1 ELSE 0 END", whole, y, whole)
	case "round":
		t = e.f("%s + %s", whole, e.half(y, whole))
	}
	t.s = e.d.ToFloat(t.s)
	if digits > 0 {
		t = e.f("%s / %s", t, e.float(scale))
	}
	return e.f("CASE WHEN %s IS NULL THEN %s ELSE %s END", whole, x, t)
}

// half is -1, 0 or 1: what rounding half away from zero adds to the whole part of y. Twice
// the remainder is exact.
func (g *printer) half(y, whole term) term {
	return term{s: g.d.ToInt("(" + y.s + " - " + whole.s + ") * 2"), step: later(y, whole)}
}
