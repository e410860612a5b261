package local

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// pruned is what statistics alone say of the splits that are not read.
type pruned struct {
	rows        int64
	first, last int64 // times of their rows, µs
}

// prune leaves out the splits that the file's statistics put outside the period of
// every query. Only a trusted relation (no rules, no as-of, no dedupe) may be
// pruned: otherwise each row has a kind and money that the account owes.
func prune(rel *relation.Relation, plan query.Plan) (*relation.Relation, pruned) {
	p := pruned{first: math.MaxInt64, last: math.MinInt64}
	if len(rel.Rules) > 0 || rel.Dedupe || rel.AsOf != math.MaxInt64 || plan.Duplicates || plan.Nulls || len(plan.Queries)+len(plan.Groupings) == 0 {
		return rel, p
	}
	from, to := period(plan)
	ts := rel.TimeColumn()
	if (from == query.MinTime && to == query.MaxTime) || ts < 0 || rel.Columns[ts].Join != 0 || rel.Columns[ts].Const != nil {
		return rel, p
	}
	at := rel.Fact.Schema().FieldIndices(rel.Columns[ts].From)
	if len(at) != 1 {
		return rel, p
	}
	scale, ok := wallScale(rel.Fact.Schema().Field(at[0]).Type, rel.Zone)
	if !ok {
		return rel, p
	}
	var keep []source.Split
	for _, s := range rel.Fact.Splits() {
		st, ok := s.Stats(at[0])
		if !ok || s.Rows() < 0 || st.Nulls != 0 || (st.MinI64*scale < to && st.MaxI64*scale >= from) {
			keep = append(keep, s)
			continue
		}
		p.rows += s.Rows()
		p.first, p.last = min(p.first, st.MinI64*scale), max(p.last, st.MaxI64*scale)
	}
	if p.rows == 0 {
		return rel, p
	}
	some := *rel
	some.Fact = source.Only(rel.Fact, keep)
	return &some, p
}

// tell adds the rows that were not read to an account.
func (p pruned) tell(ac *query.Account) {
	if rows, _ := ac.Of(relation.Sold); rows == 0 {
		ac.FirstSold, ac.LastSold = p.first, p.last
	}
	ac.FirstSold, ac.LastSold = min(ac.FirstSold, p.first), max(ac.LastSold, p.last)
	ac.Rows, ac.Skipped, ac.SoldSpans = ac.Rows+p.rows, p.rows, nil
}

// period is the union of what queries and groupings ask about.
func period(plan query.Plan) (from, to int64) {
	from, to = query.MaxTime, query.MinTime
	widen := func(a, b int64, open bool) {
		if open {
			a = query.MinTime
		}
		from, to = min(from, a), max(to, b)
	}
	for _, q := range plan.Queries {
		q = q.Normal()
		first := false
		for _, d := range q.Dims {
			first = first || d.FirstPer != "" // looks at all rows before To
		}
		widen(q.From, q.To, first)
	}
	for _, g := range plan.Groupings {
		q := query.Query{From: g.From, To: g.To}.Normal()
		widen(q.From, q.To, false)
	}
	return from, to
}

// wallScale returns the factor from stored values to µs of wall time, for types
// whose values need no more than that.
func wallScale(t arrow.DataType, zone string) (int64, bool) {
	switch t := t.(type) {
	case *arrow.TimestampType:
		if t.TimeZone != "" && zone != "UTC" {
			return 0, false
		}
		switch t.Unit {
		case arrow.Microsecond:
			return 1, true
		case arrow.Millisecond:
			return 1e3, true
		}
	case *arrow.Date32Type:
		return 86_400_000_000, true
	}
	return 0, false
}
