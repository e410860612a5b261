package sqlgen

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

const mul = expr.OpMul

// moneyTerm is the exact money of the line, see relation.MoneyParts.
func (r *rows) moneyTerm() term {
	if r.money != nil {
		return *r.money
	}
	if r.rel.Rates != nil {
		return r.refuse("money converted by rates")
	}
	amount, quantity, price, discount, ok := r.rel.MoneyParts()
	if !ok {
		return r.refuse("money: the %s have neither amount nor quantity and unit_price", r.rel.Name)
	}
	var m term
	if amount >= 0 {
		m = r.moneyOf([]operand{r.operand(amount)})
	} else {
		ops := []operand{r.operand(quantity), r.operand(price)}
		if discount >= 0 {
			ops = append(ops, r.operand(discount))
		}
		m = r.moneyOf(ops)
	}
	m = r.let(relation.MoneyColumn, m)
	r.money = &m
	return m
}

// operand is a part of money: integers stay as the source has them, so that
// the arithmetic is exact; everything else is a double.
type operand struct {
	term
	exact bool
}

func (r *rows) operand(i int) operand {
	c := &r.rel.Columns[i]
	v := r.column(c.Name)
	if c.Const == nil && c.Join == 0 {
		if f, ok := r.rel.Fact.Schema().FieldsByName(c.From); ok && len(f) == 1 {
			switch frame.KindOf(f[0].Type) {
			case frame.Int:
				return operand{r.raw(c.Name, r.source(0, c.From, f[0].Type)), true}
			case frame.Decimal:
				return operand{r.refuse("money of decimals (column %q)", c.From), true}
			}
		}
	}
	return operand{v.term, v.typ == expr.Int}
}

// moneyOf prints quantity × price − discount, or an amount alone, times 10⁴. In
// doubles each operation rounds once and the result is rounded half away from zero.
func (r *rows) moneyOf(ops []operand) term {
	exact := true
	for _, o := range ops {
		exact = exact && o.exact
	}
	if exact {
		t := ops[0].term
		if len(ops) > 1 {
			t = r.arith(mul, t, ops[1].term)
		}
		if len(ops) > 2 {
			t = r.arith(expr.OpSub, t, r.f("COALESCE(%s, 0)", ops[2].term))
		}
		return r.arith(mul, t, r.int(moneyScale))
	}
	asFloat := func(o operand) term {
		if o.exact {
			return term{s: r.d.ToFloat(o.s), step: o.step}
		}
		return o.term
	}
	t := asFloat(ops[0])
	if len(ops) > 1 {
		t = r.double(mul, asFloat(ops[1]), t)
	}
	if len(ops) > 2 {
		t = r.double(expr.OpSub, t, r.f("COALESCE(%s, 0.0)", asFloat(ops[2])))
	}
	v := r.let("money_float", r.double(mul, t, term{s: "10000.0", atom: true}))
	whole := r.let("money_whole", term{s: "CASE WHEN ABS(" + v.s + ") < " + r.twoTo63() + " THEN " + r.d.ToInt(v.s) + " END", step: v.step})
	return r.f("%s + %s", whole, r.half(v, whole))
}
