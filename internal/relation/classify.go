package relation

import (
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// rulePlan is a compiled rule. Its kernel writes one bit a row: the rule's
// predicate is true there.
type rulePlan struct {
	Rule
	reason  uint8
	col     int // place in cols; -1 when the test needs none
	outside bool
	dups    bool
	filter  *filter // TestExpr
}

// rules compiles the rules in order. A test of the house over a column that
// the relation does not have never holds and is left out.
func (b *builder) rules() error {
	rules := b.Rel.Rules
	if len(rules) > maxRules {
		return fault.New(fault.Usage, "reading the clean rules: %d rules are more than the %d allowed", len(rules), maxRules)
	}
	for i, r := range rules {
		if r.Kind == Sold || r.Kind >= NumKinds {
			return fault.New(fault.Usage, "reading the clean rules: rule %s gives the kind sold, which is what remains", r.Name)
		}
		b.Reasons = append(b.Reasons, Reason{r.Name, r.Kind})
		if r.Name == ReasonUnparsable {
			b.badReason = uint8(i)
		}
	}
	extra := func(name string, k Kind) uint8 {
		b.Reasons = append(b.Reasons, Reason{name, k})
		return uint8(len(b.Reasons) - 1)
	}
	if b.badReason == 0 && (len(rules) == 0 || rules[0].Name != ReasonUnparsable) {
		b.badReason = extra(ReasonUnparsable, Reject)
	}
	b.dupReason = extra(ReasonDuplicate, Reject)
	b.outReason = extra(ReasonOutside, Outside)
	scope := false
	addScope := func() {
		scope = true
		if b.dups != nil {
			b.Program.rules = append(b.Program.rules, rulePlan{Rule: Rule{Kind: Reject}, reason: b.dupReason, col: -1, dups: true})
		}
		if b.ts >= 0 && b.Rel.AsOf != math.MaxInt64 {
			b.Program.rules = append(b.Program.rules, rulePlan{Rule: Rule{Kind: Outside, Limit: b.Rel.AsOf - 1}, reason: b.outReason, col: b.ts, outside: true})
		}
	}
	for i, r := range rules {
		if !scope && r.Kind != Reject {
			addScope()
		}
		rp, ok, err := b.rule(r)
		if err != nil {
			return err
		}
		if rp.reason = uint8(i); ok {
			b.Program.rules = append(b.Program.rules, rp)
		}
	}
	if !scope {
		addScope()
	}
	return nil
}

// rule compiles one rule; ok is false when it can never hold.
func (b *builder) rule(r Rule) (rp rulePlan, ok bool, err error) {
	rp = rulePlan{Rule: r, col: -1}
	switch r.Test {
	case TestExpr:
		rp.filter, err = b.compileFilter(r)
		return rp, true, err
	case TestBad:
		return rp, true, nil
	case TestNoMoney:
		return rp, b.HasMoney(), nil
	case TestReversal:
		if b.Rel.Find("quantity") >= 0 {
			rp.col, err = b.column("quantity")
		}
		return rp, rp.col >= 0 || b.HasMoney(), err
	case TestFree:
		rp.col = b.price
		return rp, b.price >= 0 || b.HasMoney(), nil
	}
	if r.Column == MoneyColumn && b.Rel.Find(MoneyColumn) < 0 {
		return rp, b.HasMoney(), nil
	}
	ci := b.Rel.Find(r.Column)
	if ci < 0 {
		return rp, false, nil
	}
	if r.Test == TestWords && b.Rel.Columns[ci].Type != expr.Text {
		return rp, false, nil
	}
	rp.col, err = b.column(r.Column)
	return rp, true, err
}

// masks computes the mask of every rule and shares rows out: the first rule
// that holds takes a row. Rows that none takes are sold.
func (w *Worker) classify() {
	n, words := w.rows.N, (w.rows.N+63)>>6
	w.rows.Kind = frame.Grow(w.rows.Kind, n)
	w.rows.Reason = frame.Grow(w.rows.Reason, n)
	clear(w.rows.Kind) // Sold is 0
	fill(w.rows.Reason, NoReason)
	w.free = frame.Grow(w.free, words)
	fillWords(w.free, n)
	clear(w.rows.Count[:])
	for i := range w.prog.rules {
		r := &w.prog.rules[i]
		w.mask = frame.Grow(w.mask, words)
		if !w.ruleMask(r, w.mask) {
			continue
		}
		for k, m := range w.mask {
			if m &= w.free[k]; m != 0 {
				w.free[k] &^= m
				w.take(r, k<<6, m)
			}
		}
	}
	w.tallySold()
	if w.rows.Count[Void]+w.rows.Count[Reversal] > 0 && w.prog.ts >= 0 && w.prog.Rel.AsOf == math.MaxInt64 {
		w.tallyLate()
	}
}

// tallyLate notes void and reversed rows on days after the last sold row so far:
// if no later sale comes they are outside.
func (w *Worker) tallyLate() {
	cut := int64(math.MinInt64)
	if w.Tally.HasTime {
		cut = w.Tally.AsOf()
	}
	for i, t := range w.vecs[w.prog.ts].out.I64[:w.rows.N] {
		if t < cut || (w.rows.Kind[i] != Void && w.rows.Kind[i] != Reversal) || w.vecs[w.prog.ts].out.IsNull(i) {
			continue
		}
		one := Sum{Rows: 1}
		if w.rows.MoneyNull(i) {
			one.NoMoney = 1
		} else {
			one.add(w.rows.Money[i])
		}
		w.Tally.addLate(lateKey{civil.FloorDiv(t, dayMicros), w.rows.Reason[i]}, one)
	}
}

// take gives the rows of a mask word to a rule.
func (w *Worker) take(r *rulePlan, base int, m uint64) {
	sum := &w.Tally.By[r.reason]
	c := bits.OnesCount64(m)
	sum.Rows += int64(c)
	w.rows.Count[r.Kind] += c
	money := w.rows.Money
	for ; m != 0; m &= m - 1 {
		i := base + bits.TrailingZeros64(m)
		w.rows.Kind[i], w.rows.Reason[i] = r.Kind, r.reason
		if w.rows.MoneyNull(i) {
			sum.NoMoney++
		} else {
			sum.add(money[i])
		}
	}
}
