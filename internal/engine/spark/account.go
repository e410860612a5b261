package spark

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

const dayMicros = 86_400_000_000

// fact is one row of sqlgen.Facts: a kind and reason, and the numbers beside it.
type fact struct {
	kind, reason string
	n            []int64 // the columns from the third on
	null         []bool
}

// The places of numbers in a fact.
const (
	rowsAt = iota
	moneyAt
	noMoneyAt
	freeAt
	firstAt
	lastAt
	badAt
)

type factTable struct{ rows []fact }

func (t *factTable) add(rec arrow.Record) error {
	for i := range int(rec.NumRows()) {
		var f fact
		for c, to := range []*string{&f.kind, &f.reason} {
			s, ok := rec.Column(c).(*array.String)
			if !ok {
				return fault.New(fault.Internal, "reading Spark's account: column %d is %s", c, rec.Column(c).DataType())
			}
			*to = s.Value(i)
		}
		for c := 2; c < int(rec.NumCols()); c++ {
			a := rec.Column(c)
			switch a.(type) {
			case *array.Int64, *array.Int32, *array.Null:
			default:
				return fault.New(fault.Internal, "reading Spark's account: column %d is %s", c, a.DataType())
			}
			f.null = append(f.null, a.IsNull(i))
			if a.IsNull(i) {
				f.n = append(f.n, 0)
			} else {
				f.n = append(f.n, whole(a, i))
			}
		}
		t.rows = append(t.rows, f)
	}
	return nil
}

// account makes the identity of the facts, in the order of the rules.
func (e *Engine) account(ctx context.Context, rel *relation.Relation, t *factTable, progress func(Progress)) (query.Account, error) {
	ac := query.Account{Duplicates: -1, Unmatched: make([]int64, len(rel.Joins))}
	prog, err := relation.Compile(rel, nil)
	if err != nil {
		return ac, err
	}
	at := map[[2]string]int{}
	for _, r := range append(prog.Reasons, relation.Reason{Name: relation.ReasonSold, Kind: relation.Sold}) {
		if k := [2]string{r.Kind.String(), r.Name}; at[k] == 0 {
			at[k] = len(ac.Reasons) + 1
		}
		ac.Reasons = append(ac.Reasons, query.Reason{Kind: r.Kind, Reason: r.Name})
	}
	reason := func(f *fact) (*query.Reason, error) {
		i := at[[2]string{f.kind, f.reason}]
		if i == 0 {
			return nil, fault.New(fault.Internal, "reading Spark's account: no rule %s that makes a row %s", f.reason, f.kind)
		}
		return &ac.Reasons[i-1], nil
	}
	bad := sqlgen.BadColumns(sqlgen.Spark, rel, tablesOf(rel))
	unreadable := make([]int64, len(bad))
	anySold := false
	for i := range t.rows {
		f := &t.rows[i]
		if len(f.n) != badAt+len(bad)+len(rel.Joins) {
			return ac, fault.New(fault.Internal, "reading Spark's account: %d numbers a row", len(f.n))
		}
		r, err := reason(f)
		if err != nil {
			return ac, err
		}
		r.Rows, r.Money, r.NoMoney = r.Rows+f.n[rowsAt], r.Money+f.n[moneyAt], r.NoMoney+f.n[noMoneyAt]
		ac.Rows += f.n[rowsAt]
		if f.kind == relation.Sold.String() {
			ac.Free += f.n[freeAt]
			if !f.null[firstAt] {
				anySold, ac.FirstSold, ac.LastSold = true, f.n[firstAt], f.n[lastAt]
			}
		}
		for b := range bad {
			unreadable[b] += f.n[badAt+b]
		}
		for j := range rel.Joins {
			ac.Unmatched[j] += f.n[badAt+len(bad)+j]
		}
	}
	for b, name := range bad {
		if unreadable[b] > 0 {
			ac.Unreadable = append(ac.Unreadable, relation.Unreadable{Column: name, From: rel.Columns[rel.Find(name)].From, Rows: unreadable[b]})
		}
	}
	if anySold {
		if err := e.late(ctx, rel, &ac, t, reason, progress); err != nil {
			return ac, err
		}
	}
	return ac, nil
}

// late moves void and reversed rows of days after the last sold line outside, where no as-of was stated.
func (e *Engine) late(ctx context.Context, rel *relation.Relation, ac *query.Account, t *factTable, reason func(*fact) (*query.Reason, error), progress func(Progress)) error {
	asOf := (civil.FloorDiv(ac.LastSold, dayMicros) + 1) * dayMicros
	beyond := false
	for i := range t.rows {
		f := &t.rows[i]
		void := f.kind == relation.Void.String() || f.kind == relation.Reversal.String()
		beyond = beyond || void && !f.null[lastAt] && f.n[lastAt] >= asOf
	}
	if !beyond || rel.AsOf != query.MaxTime {
		return nil
	}
	sql, err := sqlgen.LateFacts(sqlgen.Spark, rel, tablesOf(rel), asOf)
	if err != nil {
		return err
	}
	var moved factTable
	if _, err := e.c.Query(ctx, sql, Op{Batch: moved.add, Progress: progress}); err != nil {
		return err
	}
	out, err := reason(&fact{kind: relation.Outside.String(), reason: relation.ReasonOutside})
	if err != nil {
		return err
	}
	for i := range moved.rows {
		f := &moved.rows[i]
		from, err := reason(f)
		if err != nil {
			return err
		}
		for _, to := range []struct {
			r    *query.Reason
			sign int64
		}{{from, -1}, {out, 1}} {
			to.r.Rows += to.sign * f.n[rowsAt]
			to.r.Money += to.sign * f.n[moneyAt]
			to.r.NoMoney += to.sign * f.n[noMoneyAt]
		}
		ac.Late += f.n[rowsAt]
	}
	return nil
}

// currencyPlan is the plan with the question for sold rows and money by currency, where there is such a column.
func currencyPlan(rel *relation.Relation, plan query.Plan) (query.Plan, bool) {
	const column = "currency"
	i := rel.Find(column)
	if i < 0 || i >= rel.Canonical {
		return plan, false
	}
	q := query.Query{Name: "currencies", Dims: []query.Dim{{Name: column, Column: column}}, Measures: []query.Measure{{Name: "rows", Op: query.Count}}}
	if _, _, _, _, ok := rel.MoneyParts(); ok {
		q.Measures = append(q.Measures, query.Measure{Name: "money", Op: query.Sum, Column: relation.MoneyColumn},
			query.Measure{Name: "priced", Op: query.Count, Column: relation.MoneyColumn})
	}
	plan.Queries = append(slices.Clone(plan.Queries), q)
	return plan, true
}

// currencies reads the answer to currencyPlan.
func currencies(t *query.Table) (out []query.Reason) {
	for i := range t.N {
		r := query.Reason{Kind: relation.Sold, Rows: t.Cols[1].I64[i]}
		if c := &t.Cols[0]; c.Kind == frame.String && !c.IsNull(i) {
			r.Reason = string(c.Str(i))
		}
		if len(t.Cols) > 2 {
			r.Money, r.NoMoney = t.Cols[2].I64[i], r.Rows-t.Cols[3].I64[i]
		}
		out = append(out, r)
	}
	return out
}
