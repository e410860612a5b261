package expr_test

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/ecomctl/ecomctl/internal/expr"
)

// naive evaluates a checked tree for one row, value by value and as directly as
// the package comment says it: nil is null; bool, *big.Int, float64 and string are
// the values. It shares no code with the vector kernels.
type naive struct{ row map[string]any }

func big64(v int64) *big.Int { return big.NewInt(v) }

func fits(v *big.Int) any {
	if v.IsInt64() {
		return v
	}
	return nil
}

func finite(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

func (e naive) eval(n Node) any {
	switch n := n.(type) {
	case *Column:
		switch v := e.row[n.Name].(type) {
		case int64:
			return big64(v)
		case float64:
			return finite(v)
		default:
			return v
		}
	case *Literal:
		switch {
		case n.Null:
			return nil
		case n.Type == Bool:
			return n.I == 1
		case n.Type == Float:
			return n.F
		case n.Type == Text:
			return n.S
		}
		return big64(n.I)
	case *Unary:
		x := e.eval(n.X)
		switch x := x.(type) {
		case bool:
			return !x
		case float64:
			return -x
		case *big.Int:
			return fits(new(big.Int).Neg(x))
		}
		return nil
	case *Binary:
		return e.binary(n)
	case *Logic:
		return e.logic(n)
	case *NullTest:
		return (e.eval(n.X) == nil) != n.Not
	case *InList:
		var or []any
		for _, x := range n.List {
			or = append(or, compareValues(OpEq, e.eval(n.X), e.eval(x)))
		}
		return negate(n.Not, any3(or))
	case *Range:
		x := e.eval(n.X)
		a, b := compareValues(OpGe, x, e.eval(n.Lo)), compareValues(OpLe, x, e.eval(n.Hi))
		return negate(n.Not, negate(true, any3([]any{negate(true, a), negate(true, b)})))
	case *Match:
		x, ok := e.eval(n.X).(string)
		if !ok {
			return nil
		}
		return likeByRegexp(n, x) != n.Not
	case *Func:
		return e.call(n)
	case *Case:
		for _, w := range n.Whens {
			if e.eval(w.If) == true {
				return e.eval(w.Then)
			}
		}
		if n.Else == nil {
			return nil
		}
		return e.eval(n.Else)
	case *Cast:
		return e.cast(n)
	}
	panic("unknown node")
}

func likeByRegexp(n *Match, x string) bool {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	esc := false
	for _, r := range n.Pattern {
		switch {
		case esc:
			b.WriteString(regexp.QuoteMeta(string(r)))
			esc = false
		case n.Escape != 0 && r == n.Escape:
			esc = true
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `\z`).MatchString(x)
}

func negate(not bool, v any) any {
	if b, ok := v.(bool); ok {
		return b != not
	}
	return nil
}

// any3 is Kleene's or.
func any3(vs []any) any {
	null := false
	for _, v := range vs {
		if v == true {
			return true
		}
		null = null || v == nil
	}
	if null {
		return nil
	}
	return false
}

func (e naive) logic(n *Logic) any {
	var vs []any
	for _, a := range n.Args {
		vs = append(vs, negate(!n.Or, e.eval(a)))
	}
	return negate(!n.Or, any3(vs))
}

func compareValues(op Op, l, r any) any {
	if l == nil || r == nil {
		return nil
	}
	c := 0
	switch l := l.(type) {
	case string:
		c = strings.Compare(l, r.(string))
	case float64:
		switch r := r.(float64); {
		case l < r:
			c = -1
		case l > r:
			c = 1
		}
	case *big.Int:
		c = l.Cmp(r.(*big.Int))
	case bool:
		if l != r.(bool) {
			c = 1
		}
	}
	return map[Op]bool{OpEq: c == 0, OpNe: c != 0, OpLt: c < 0, OpLe: c <= 0, OpGt: c > 0, OpGe: c >= 0}[op]
}

func (e naive) binary(n *Binary) any {
	l, r := e.eval(n.L), e.eval(n.R)
	if n.Op <= OpGe {
		return compareValues(n.Op, l, r)
	}
	if l == nil || r == nil {
		return nil
	}
	if a, ok := l.(float64); ok {
		b := r.(float64)
		return finite(map[Op]float64{OpAdd: a + b, OpSub: a - b, OpMul: a * b, OpDiv: a / b}[n.Op])
	}
	a, b, z := l.(*big.Int), r.(*big.Int), new(big.Int)
	if n.Type == Date {
		if z.Add(a, b); n.Op == OpSub {
			z.Sub(a, b)
		}
		if new(big.Int).Abs(z).Cmp(big64(106_751_991)) > 0 {
			return nil
		}
		return z
	}
	switch n.Op {
	case OpAdd:
		return fits(z.Add(a, b))
	case OpSub:
		return fits(z.Sub(a, b))
	case OpMul:
		return fits(z.Mul(a, b))
	}
	if b.Sign() == 0 {
		return nil
	}
	return z.Rem(a, b)
}

func (e naive) cast(n *Cast) any {
	x, ok := e.eval(n.X).(*big.Int)
	if !ok {
		return nil
	}
	from := TypeOf(n.X)
	switch {
	case n.Type == Float && from == Money:
		return float64(x.Int64()) / 1e4
	case n.Type == Float:
		return float64(x.Int64())
	case n.Type == Money:
		return fits(new(big.Int).Mul(x, big64(10000)))
	case n.Type == Time:
		return fits(new(big.Int).Mul(x, big64(86400e6)))
	}
	return floorBig(x, 86400e6)
}

func floorBig(x *big.Int, d int64) *big.Int { // Euclidean division floors for d > 0
	return new(big.Int).Div(x, big64(d))
}

func asciiCase(s string, lo, hi rune) string {
	return strings.Map(func(r rune) rune {
		if lo <= r && r <= hi {
			return r ^ 32
		}
		return r
	}, s)
}

func (e naive) call(n *Func) any {
	switch n.Name {
	case "coalesce":
		for _, a := range n.Args {
			if v := e.eval(a); v != nil {
				return v
			}
		}
		return nil
	case "nullif":
		l := e.eval(n.Args[0])
		if compareValues(OpEq, l, e.eval(n.Args[1])) == true {
			return nil
		}
		return l
	}
	x := e.eval(n.Args[0])
	if x == nil {
		return nil
	}
	arg := ""
	if len(n.Args) == 2 && n.Name != "round" {
		arg = n.Args[1].(*Literal).S
	}
	switch n.Name {
	case "lower":
		return asciiCase(x.(string), 'A', 'Z')
	case "trim":
		return strings.Trim(x.(string), " ")
	case "upper":
		return asciiCase(x.(string), 'a', 'z')
	case "length":
		return big64(int64(utf8.RuneCountInString(x.(string))))
	case "starts_with":
		return strings.HasPrefix(x.(string), arg)
	case "ends_with":
		return strings.HasSuffix(x.(string), arg)
	case "contains":
		return strings.Contains(x.(string), arg)
	case "matches":
		return regexp.MustCompile(arg).MatchString(x.(string))
	case "year", "month", "day", "weekday", "hour":
		return e.part(n, x.(*big.Int))
	}
	if f, ok := x.(float64); ok {
		switch n.Name {
		case "abs":
			return math.Abs(f)
		case "floor":
			return math.Floor(f)
		case "ceil":
			return math.Ceil(f)
		}
		p := 1.0
		if len(n.Args) == 2 {
			p = math.Pow(10, float64(n.Args[1].(*Literal).I))
		}
		if y := f * p; math.Abs(y) < 1<<52 {
			return math.Round(y) / p
		}
		return f
	}
	return e.wholeCall(n, x.(*big.Int))
}

func (e naive) wholeCall(n *Func, v *big.Int) any {
	if n.Name == "abs" {
		return fits(new(big.Int).Abs(v))
	}
	digits := int64(0)
	if len(n.Args) == 2 {
		digits = n.Args[1].(*Literal).I
	}
	if n.Type == Int || digits >= 4 {
		return v
	}
	step := new(big.Int).Exp(big64(10), big64(4-digits), nil)
	down := new(big.Int).Mul(floorBig(v, step.Int64()), step)
	up := new(big.Int).Add(down, step)
	if down.Cmp(v) == 0 {
		return v
	}
	switch n.Name {
	case "floor":
		return fits(down)
	case "ceil":
		return fits(up)
	}
	below, above := new(big.Int).Sub(v, down), new(big.Int).Sub(up, v)
	if c := below.Cmp(above); c > 0 || c == 0 && v.Sign() > 0 {
		return fits(up)
	}
	return fits(down)
}

func (e naive) part(n *Func, v *big.Int) any {
	var t time.Time
	if TypeOf(n.Args[0]) == Date {
		t = time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int64()))
	} else {
		t = time.UnixMicro(v.Int64()).UTC()
	}
	switch n.Name {
	case "year":
		return big64(int64(t.Year()))
	case "month":
		return big64(int64(t.Month()))
	case "day":
		return big64(int64(t.Day()))
	case "hour":
		return big64(int64(t.Hour()))
	}
	return big64(int64((t.Weekday()+6)%7) + 1)
}
