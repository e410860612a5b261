package local

import (
	"context"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// pruned is what is known of a trusted relation whose rows are not all read.
type pruned struct {
	some        bool  // not all rows are read
	all         int64 // rows, read or not; 0 where only left is known
	left        int64 // rows that are not read
	first, last int64 // times of the rows that are not read, or of all, µs; first > last where there are none
}

// prune leaves out rows that no query asks about: those that a database can leave out, or the splits that the file's
// statistics put outside the period of every query. Only a trusted relation (no rules, no as-of, no dedupe) may be
// pruned: otherwise each row has a kind and money that the account owes.
func prune(ctx context.Context, rel *relation.Relation, plan query.Plan) (*relation.Relation, pruned, error) {
	if len(rel.Rules) > 0 || rel.Dedupe || rel.AsOf != math.MaxInt64 || plan.Duplicates || plan.Nulls || len(plan.Queries)+len(plan.Groupings) == 0 {
		return rel, pruned{}, nil
	}
	if some, p, err := narrow(ctx, rel, plan); some != nil || err != nil {
		return some, p, err
	}
	some, p := pruneSplits(rel, plan)
	return some, p, nil
}

// pruneSplits leaves out splits.
func pruneSplits(rel *relation.Relation, plan query.Plan) (*relation.Relation, pruned) {
	p := pruned{first: math.MaxInt64, last: math.MinInt64}
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
		if s.Rows() == 0 {
			continue
		}
		st, ok := s.Stats(at[0])
		if !ok || s.Rows() < 0 || st.Nulls != 0 || (st.MinI64*scale < to && st.MaxI64*scale >= from) {
			keep = append(keep, s)
			continue
		}
		p.left += s.Rows()
		p.first, p.last = min(p.first, st.MinI64*scale), max(p.last, st.MaxI64*scale)
	}
	if p.left == 0 {
		return rel, p
	}
	some := *rel
	p.some, some.Fact = true, source.Only(rel.Fact, keep)
	return &some, p
}

// tell adds the rows that were not read to an account.
func (p pruned) tell(ac *query.Account) {
	first, last := p.first, p.last
	for _, s := range ac.SoldSpans {
		first, last = min(first, s[0]), max(last, s[1])
	}
	if first <= last {
		ac.FirstSold, ac.LastSold = first, last
	}
	if p.all == 0 {
		p.all = ac.Rows + p.left
	}
	ac.Rows, ac.Skipped, ac.SoldSpans = p.all, p.all-ac.Rows, nil
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
