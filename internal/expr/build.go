package expr

import "fmt"

// Col is a reference to a column, for rules made in Go.
func Col(name string) Node { return &Column{Name: name} }

// Lit is a constant of Go: nil, bool, int, int64, float64 or string. Any other type is
// a programming error and panics.
func Lit(v any) Node {
	switch v := v.(type) {
	case nil:
		return &Literal{Null: true}
	case bool:
		if v {
			return &Literal{Type: Bool, I: 1}
		}
		return &Literal{Type: Bool}
	case int:
		return &Literal{Type: Int, I: int64(v)}
	case int64:
		return &Literal{Type: Int, I: v}
	case float64:
		return floatLiteral(at{}, v)
	case string:
		return &Literal{Type: Text, S: v}
	}
	panic(fmt.Sprintf("expr: a literal cannot be made of %T", v))
}

// MoneyLit is an amount of money in units of 10⁻⁴.
func MoneyLit(units int64) Node { return &Literal{Type: Money, I: units} }

// TimeLit is a timestamp in microseconds since 1970, wall time.
func TimeLit(micros int64) Node { return &Literal{Type: Time, I: micros} }

// DateLit is a date in days since 1970.
func DateLit(days int64) Node { return &Literal{Type: Date, I: days} }

// Eq is l = r.
func Eq(l, r Node) Node { return &Binary{Op: OpEq, L: l, R: r} }

// Ne is l != r.
func Ne(l, r Node) Node { return &Binary{Op: OpNe, L: l, R: r} }

// Lt is l < r.
func Lt(l, r Node) Node { return &Binary{Op: OpLt, L: l, R: r} }

// Le is l <= r.
func Le(l, r Node) Node { return &Binary{Op: OpLe, L: l, R: r} }

// Gt is l > r.
func Gt(l, r Node) Node { return &Binary{Op: OpGt, L: l, R: r} }

// Ge is l >= r.
func Ge(l, r Node) Node { return &Binary{Op: OpGe, L: l, R: r} }

// Add is l + r.
func Add(l, r Node) Node { return &Binary{Op: OpAdd, L: l, R: r} }

// Sub is l - r.
func Sub(l, r Node) Node { return &Binary{Op: OpSub, L: l, R: r} }

// Mul is l * r.
func Mul(l, r Node) Node { return &Binary{Op: OpMul, L: l, R: r} }

// Div is l / r.
func Div(l, r Node) Node { return &Binary{Op: OpDiv, L: l, R: r} }

// And is true when all conditions are; nil conditions are left out, and none at
// all gives nil, which means no condition.
func And(conds ...Node) Node { return logic(false, conds) }

// Or is true when one of the conditions is; nil conditions are left out.
func Or(conds ...Node) Node { return logic(true, conds) }

func logic(or bool, conds []Node) Node {
	args := make([]Node, 0, len(conds))
	for _, c := range conds {
		if c != nil {
			args = append(args, c)
		}
	}
	switch len(args) {
	case 0:
		return nil
	case 1:
		return args[0]
	}
	return &Logic{Or: or, Args: args}
}

// Not is the negation of a condition; null stays null.
func Not(x Node) Node { return &Unary{Not: true, X: x} }

// IsNull is true where x is null and false elsewhere.
func IsNull(x Node) Node { return &NullTest{X: x} }

// NotNull is the opposite of IsNull.
func NotNull(x Node) Node { return &NullTest{X: x, Not: true} }

// In is true where x equals one of the constants; see Lit for what they may be.
func In[T any](x Node, list ...T) Node {
	n := &InList{X: x, List: make([]Node, len(list))}
	for i, v := range list {
		n.List[i] = Lit(v)
	}
	return n
}

// Between is lo <= x and x <= hi.
func Between(x, lo, hi Node) Node { return &Range{X: x, Lo: lo, Hi: hi} }

// Like is x like pattern, without an escape character.
func Like(x Node, pattern string) Node { return &Match{X: x, Pattern: pattern} }

// Call is a call of a function of the language.
func Call(name string, args ...Node) Node { return &Func{Name: name, Args: args} }
