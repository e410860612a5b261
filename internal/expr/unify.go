package expr

import (
	"math"
)

// merge is the common type of two, or false when they have none.
func merge(a, b Type) (Type, bool) {
	if a == b || b == Unknown {
		return a, true
	}
	if a == Unknown {
		return b, true
	}
	if a > b {
		a, b = b, a
	}
	switch {
	case a == Int && b == Float, a == Float && b == Money:
		return Float, true
	case a == Int && b == Money:
		return Money, true
	case a == Time && b == Date:
		return Time, true
	}
	return Unknown, false
}

// unify brings checked nodes to one type: columns and computed parts decide,
// literals adapt to them. With comparing, a whole number literal beside
// integers is an integer.
func (c *checker) unify(ns []Node, comparing bool, what string) ([]Node, Type, error) {
	t := Unknown
	var first Node
	for _, literals := range [...]bool{false, true} {
		for _, n := range ns {
			lit, ok := n.(*Literal)
			if ok != literals {
				continue
			}
			nt := TypeOf(n)
			if ok {
				var err error
				if nt, err = c.adapt(lit, t, comparing); err != nil {
					return nil, Unknown, err
				}
			}
			m, ok := merge(t, nt)
			if !ok {
				return nil, Unknown, c.mismatch(first, n, what)
			}
			if first == nil && nt != Unknown {
				first = n
			}
			t = m
		}
	}
	out := make([]Node, len(ns))
	for i, n := range ns {
		out[i] = coerce(n, t)
		if TypeOf(out[i]) != t {
			return nil, Unknown, c.mismatch(first, n, what)
		}
	}
	return out, t, nil
}

// adapt is the type a literal takes beside values of type t.
func (c *checker) adapt(l *Literal, t Type, comparing bool) (Type, error) {
	switch {
	case l.Null:
		return Unknown, nil
	case l.Type == Text && (t == Time || t == Date):
		m, err := parseMoment(l.S)
		if err != nil {
			return Unknown, c.fail(l, momentHint, "'%s' beside a %s: %w", show(l.S), t, err)
		}
		return m.Type, nil
	case (l.Type == Float || l.Type == Int) && t == Money:
		if _, ok := moneyOf(l); ok {
			return Money, nil
		}
		return Float, nil
	case l.Type == Float && t == Int && comparing:
		if _, ok := wholeOf(l.F); ok {
			return Int, nil
		}
	}
	return l.Type, nil
}

// moneyOf is the exact money of a number literal.
func moneyOf(l *Literal) (int64, bool) {
	switch {
	case l.Type == Money:
		return l.I, true
	case l.Type == Int:
		if l.I > math.MaxInt64/moneyScale || l.I < math.MinInt64/moneyScale {
			return 0, false
		}
		return l.I * moneyScale, true
	case l.S != "":
		return decimalToMoney(l.S)
	}
	return decimalToMoney(formatFloat(l.F))
}

// wholeOf is the integer equal to f.
func wholeOf(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < -(1<<63) || f >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// coerce converts a checked node to type t: literals at once, others by a Cast.
// A conversion that does not exist returns the node as it is.
func coerce(n Node, t Type) Node {
	from := TypeOf(n)
	l, isLit := n.(*Literal)
	if isLit && l.Null {
		return &Literal{at: l.at, Type: t, Null: true}
	}
	if from == t {
		return n
	}
	if !isLit {
		if m, ok := merge(from, t); ok && m == t {
			return &Cast{at: n.place(), X: n, Type: t}
		}
		return n
	}
	return coerceLiteral(l, t)
}

func coerceLiteral(l *Literal, t Type) Node {
	out := &Literal{at: l.at, Type: t}
	switch {
	case l.Type == Text && (t == Time || t == Date):
		m, err := parseMoment(l.S)
		if err != nil {
			return l
		}
		if t == Time {
			m = asTime(m)
		}
		if m.Type != t {
			return l
		}
		out.I = m.I
	case l.Type == Date && t == Time:
		out.I = asTime(*l).I
	case l.Type == Float && t == Int:
		out.I, _ = wholeOf(l.F)
	case l.Type == Int && t == Float:
		out.F = float64(l.I)
	case l.Type == Money && t == Float:
		out.F = float64(l.I) / moneyScale
	case t == Money:
		v, ok := moneyOf(l)
		if !ok {
			return l
		}
		out.I = v
	default:
		return l
	}
	return out
}

// mismatch is the error about two things that cannot stand side by side.
func (c *checker) mismatch(a, b Node, what string) error {
	hint := ""
	ta, tb := TypeOf(a), TypeOf(b)
	la, aLit := a.(*Literal)
	lb, bLit := b.(*Literal)
	switch {
	case bLit && ta == Text && tb.numeric():
		hint = "write " + quoteText(numberText(lb))
	case aLit && tb == Text && ta.numeric():
		hint = "write " + quoteText(numberText(la))
	case bLit && tb == Text && ta.numeric():
		hint = numberHint(lb.S)
	case aLit && ta == Text && tb.numeric():
		hint = numberHint(la.S)
	case (ta == Time || ta == Date) && tb.numeric(), (tb == Time || tb == Date) && ta.numeric():
		hint = "dates are written in quotes: '2024-01-31'; parts of a date are year(…), month(…), day(…)"
	case ta == Bool || tb == Bool:
		hint = "conditions are compared with true or false only"
	}
	at := b
	if !bLit && aLit {
		at = a
	}
	return c.fail(at, hint, "%s %s with %s", what, describe(a), describe(b))
}

// numberText is how a number literal was written.
func numberText(l *Literal) string {
	if l.S != "" {
		return l.S
	}
	return formatLiteral(l)
}

func numberHint(s string) string {
	p, err := Parse(s)
	if l, ok := p.(*Literal); err == nil && ok && l.Type.numeric() {
		return "write " + numberText(l) + " without quotes"
	}
	return ""
}
