package expr

import "fmt"

func (c *checker) comparison(n *Binary) (Node, error) {
	ns, err := c.nodes([]Node{n.L, n.R})
	if err != nil {
		return nil, err
	}
	for i, x := range ns {
		if l, ok := x.(*Literal); ok && l.Null && isWritten(n, i) {
			word := "is null"
			if n.Op == OpNe {
				word = "is not null"
			}
			return nil, c.fail(x, "write: "+clip(Format(ns[1-i]), 40)+" "+word, "a comparison with null is never true")
		}
	}
	ns, t, err := c.unify(ns, true, "comparing")
	if err != nil {
		return nil, err
	}
	if t == Bool && n.Op != OpEq && n.Op != OpNe {
		return nil, c.fail(n, "", "conditions can be equal or not, but have no order")
	}
	return &Binary{at: n.at, Op: n.Op, L: ns[0], R: ns[1], Type: Bool}, nil
}

// isWritten reports whether side i of n was written as the word null, not
// computed, and does not belong to a case with a subject.
func isWritten(n *Binary, i int) bool {
	side := n.L
	if i == 1 {
		side = n.R
	}
	l, ok := side.(*Literal)
	return ok && l.Null && l.Type == Unknown
}

func (c *checker) in(n *InList) (Node, error) {
	ns, err := c.nodes(append([]Node{n.X}, n.List...))
	if err != nil {
		return nil, err
	}
	for _, e := range ns[1:] {
		l, ok := e.(*Literal)
		if !ok {
			return nil, c.fail(e, "compare columns with = and or", "the list of in holds constants only, and %s is not", describe(e))
		}
		if l.Null {
			return nil, c.fail(e, "write: … or "+clip(Format(n.X), 40)+" is null", "null in a list never matches")
		}
	}
	ns, _, err = c.unify(ns, true, "comparing")
	if err != nil {
		return nil, err
	}
	return &InList{at: n.at, Not: n.Not, X: ns[0], List: ns[1:]}, nil
}

func (c *checker) between(n *Range) (Node, error) {
	ns, err := c.nodes([]Node{n.X, n.Lo, n.Hi})
	if err != nil {
		return nil, err
	}
	ns, t, err := c.unify(ns, true, "comparing")
	if err != nil {
		return nil, err
	}
	if t == Bool {
		return nil, c.fail(n, "", "conditions have no order")
	}
	return &Range{at: n.at, Not: n.Not, X: ns[0], Lo: ns[1], Hi: ns[2]}, nil
}

func (c *checker) arithmetic(n *Binary) (Node, error) {
	ns, err := c.nodes([]Node{n.L, n.R})
	if err != nil {
		return nil, err
	}
	l, r, t, err := c.operands(n, ns[0], ns[1])
	if err != nil {
		return nil, err
	}
	return &Binary{at: n.at, Op: n.Op, L: l, R: r, Type: t}, nil
}

// operands gives both sides the types that the operation computes with, and the
// type of its result.
func (c *checker) operands(n *Binary, l, r Node) (Node, Node, Type, error) {
	lt, rt := TypeOf(l), TypeOf(r)
	if lt == Date && rt != Unknown || rt == Date {
		return c.dateSum(n, l, r)
	}
	for _, x := range [...]Node{l, r} {
		if t := TypeOf(x); !t.numeric() && t != Unknown {
			return nil, nil, Unknown, c.fail(x, arithmeticHint(t), "%s wants numbers, and %s is not", n.Op, describe(x))
		}
	}
	if lt == Unknown && rt == Unknown {
		lt = Int
	}
	switch n.Op {
	case OpDiv:
		return coerce(l, Float), coerce(r, Float), Float, nil
	case OpMul:
		if lt == Money && rt == Int {
			return l, r, Money, nil
		}
		if rt == Money && lt == Int {
			return l, r, Money, nil
		}
		if lt == Money && rt == Money {
			return coerce(l, Float), coerce(r, Float), Float, nil
		}
	}
	ns, t, err := c.unify([]Node{l, r}, false, "computing")
	if err != nil {
		return nil, nil, Unknown, err
	}
	if t == Unknown {
		t = Int
		ns[0], ns[1] = coerce(l, Int), coerce(r, Int)
	}
	if n.Op == OpMul && t == Money { // null * money
		return ns[0], coerce(r, Int), Money, nil
	}
	if n.Op == OpMod && t == Float {
		bad := ns[1]
		if TypeOf(l) == Float {
			bad = l
		}
		return nil, nil, Unknown, c.fail(bad, "use floor(…) or round(…) first", "%% wants integers or money, and %s is neither", describe(bad))
	}
	return ns[0], ns[1], t, nil
}

// dateSum checks date + days, days + date, date - days and date - date.
func (c *checker) dateSum(n *Binary, l, r Node) (Node, Node, Type, error) {
	lt, rt := TypeOf(l), TypeOf(r)
	switch {
	case n.Op == OpSub && lt == Date && rt == Date:
		return l, r, Int, nil
	case lt == Date && rt == Int && (n.Op == OpAdd || n.Op == OpSub), lt == Int && rt == Date && n.Op == OpAdd:
		return l, r, Date, nil
	}
	return nil, nil, Unknown, c.fail(n, "what works is date + days, date - days and date - date", "%s %s %s has no meaning", describe(l), n.Op, describe(r))
}

func arithmeticHint(t Type) string {
	if t == Time {
		return "use date(…), and count in days"
	}
	return ""
}

// functions of the language. check gets checked arguments of the right number
// and returns the typed call.
var functions map[string]function

type function struct {
	min, max int
	check    func(c *checker, n *Func, args []Node) (Node, error)
}

var functionNames []string

func init() {
	text := func(to Type) func(*checker, *Func, []Node) (Node, error) {
		return func(c *checker, n *Func, args []Node) (Node, error) { return c.textCall(n, args, to) }
	}
	part := func(c *checker, n *Func, args []Node) (Node, error) { return c.datePart(n, args) }
	number := func(c *checker, n *Func, args []Node) (Node, error) { return c.numberCall(n, args) }
	functions = map[string]function{
		"lower": {1, 1, text(Text)}, "upper": {1, 1, text(Text)}, "trim": {1, 1, text(Text)}, "length": {1, 1, text(Int)},
		"matches": {2, 2, text(Bool)}, "starts_with": {2, 2, text(Bool)}, "ends_with": {2, 2, text(Bool)}, "contains": {2, 2, text(Bool)},
		"abs": {1, 1, number}, "round": {1, 2, number}, "floor": {1, 1, number}, "ceil": {1, 1, number},
		"year": {1, 1, part}, "month": {1, 1, part}, "day": {1, 1, part}, "weekday": {1, 1, part}, "hour": {1, 1, part}, "date": {1, 1, part},
		"coalesce": {1, 1 << 16, (*checker).coalesce}, "nullif": {2, 2, (*checker).nullif},
	}
	functionNames = []string{"abs", "ceil", "coalesce", "contains", "date", "day", "ends_with", "floor", "hour", "length", "lower",
		"matches", "month", "nullif", "round", "starts_with", "trim", "upper", "weekday", "year"}
}

func (c *checker) call(n *Func) (Node, error) {
	f, ok := functions[n.Name]
	if !ok {
		return nil, c.fail(n, nearFunction(n.Name), "unknown function %s", show(n.Name))
	}
	if len(n.Args) < f.min || len(n.Args) > f.max {
		want := fmt.Sprint(f.min)
		switch {
		case f.max > 100:
			want += " or more"
		case f.max > f.min:
			want += " or " + fmt.Sprint(f.max)
		}
		return nil, c.fail(n, "", "%s takes %s arguments, and %d are given", n.Name, want, len(n.Args))
	}
	args, err := c.nodes(n.Args)
	if err != nil {
		return nil, err
	}
	return f.check(c, n, args)
}

// textCall checks functions of a text and, where there is one, a constant text.
func (c *checker) textCall(n *Func, args []Node, to Type) (Node, error) {
	x, err := c.text(args[0], n.Name)
	if err != nil {
		return nil, err
	}
	out := &Func{at: n.at, Name: n.Name, Args: []Node{x}, Type: to}
	if len(args) == 1 {
		return out, nil
	}
	l, ok := args[1].(*Literal)
	if !ok || l.Type != Text || l.Null {
		return nil, c.fail(args[1], "", "the second argument of %s is a text in quotes", n.Name)
	}
	if n.Name == "matches" {
		if _, err := compilePattern(l.S); err != nil {
			return nil, c.fail(l, "the pattern is in RE2 syntax", "the pattern of matches: %w", err)
		}
	}
	out.Args = append(out.Args, l)
	return out, nil
}

func (c *checker) numberCall(n *Func, args []Node) (Node, error) {
	x := args[0]
	if TypeOf(x) == Unknown {
		x = coerce(x, Float)
	}
	if !TypeOf(x).numeric() {
		return nil, c.fail(x, "", "%s wants a number, and %s is not", n.Name, describe(x))
	}
	out := &Func{at: n.at, Name: n.Name, Args: []Node{x}, Type: TypeOf(x)}
	if len(args) == 2 {
		l, ok := args[1].(*Literal)
		if !ok || l.Type != Int || l.Null || l.I < 0 || l.I > 15 {
			return nil, c.fail(args[1], "", "the digits of round are a constant from 0 to 15")
		}
		out.Args = append(out.Args, l)
	}
	return out, nil
}

func (c *checker) datePart(n *Func, args []Node) (Node, error) {
	x := args[0]
	if l, ok := x.(*Literal); ok && l.Type == Text && !l.Null {
		m, err := parseMoment(l.S)
		if err != nil {
			return nil, c.fail(l, momentHint, "%s('%s'): %w", n.Name, show(l.S), err)
		}
		m.at = l.at
		x = &m
	}
	t := TypeOf(x)
	if t == Unknown {
		x, t = coerce(x, Time), Time
	}
	if t != Time && t != Date {
		return nil, c.fail(x, "", "%s wants a timestamp or a date, and %s is neither", n.Name, describe(x))
	}
	switch {
	case n.Name == "date" && t == Date:
		return x, nil
	case n.Name == "date":
		return &Cast{at: n.at, X: x, Type: Date}, nil
	case n.Name == "hour" && t == Date:
		return nil, c.fail(x, "", "%s has no hour", describe(x))
	}
	return &Func{at: n.at, Name: n.Name, Args: []Node{x}, Type: Int}, nil
}

func (c *checker) coalesce(n *Func, args []Node) (Node, error) {
	args, t, err := c.unify(args, false, "coalesce of")
	return &Func{at: n.at, Name: n.Name, Args: args, Type: t}, err
}

func (c *checker) nullif(n *Func, args []Node) (Node, error) {
	args, t, err := c.unify(args, true, "comparing")
	return &Func{at: n.at, Name: n.Name, Args: args, Type: t}, err
}
