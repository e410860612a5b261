package analysis

import (
	"context"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// runMore asks the second questions of the sections in one scan and appends
// their tables to the sections' answers. secs and answers run in parallel; nil ones ask nothing.
func runMore(ctx context.Context, eng engine.Engine, r *Request, secs []*Section, answers []*query.Answer) error {
	var plan query.Plan
	from := make([]int, len(secs)+1)
	for i, s := range secs {
		from[i] = len(plan.Queries)
		if s == nil || s.More == nil {
			continue
		}
		more, err := s.More(r, answers[i])
		if err != nil {
			return err
		}
		plan.Queries = append(plan.Queries, more.Queries...)
	}
	from[len(secs)] = len(plan.Queries)
	if len(plan.Queries) == 0 {
		return nil
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, q := range plan.Queries {
		first, last = min(first, q.From), max(last, q.To)
	}
	ans, err := eng.Run(ctx, between(r.Rel, first, last), plan)
	if err != nil {
		return err
	}
	for i := range secs {
		if from[i] < from[i+1] {
			answers[i].Tables = append(answers[i].Tables, ans.Tables[from[i]:from[i+1]]...)
		}
	}
	return nil
}

// someSplits is a dataset of which only some splits are read.
type someSplits struct {
	source.Dataset
	splits []source.Split
}

// Splits implements source.Dataset.
func (s someSplits) Splits() []source.Split { return s.splits }

// between returns a relation that leaves out the splits whose statistics show
// that all their order times lie outside [first, last), with a day's margin for zones. With
// --dedupe a row's earlier equal may lie anywhere, so nothing is left out.
func between(rel *relation.Relation, first, last int64) *relation.Relation {
	col := timeColumn(rel)
	if rel.Dedupe || col < 0 {
		return rel
	}
	unit := microsOf(rel.Fact.Schema().Field(col).Type)
	if unit == nil {
		return rel
	}
	var keep []source.Split
	for _, s := range rel.Fact.Splits() {
		st, ok := s.Stats(col)
		if ok && st.Nulls != s.Rows() && (unit(st.MaxI64) < first-dayMicros || unit(st.MinI64) > last+dayMicros) {
			continue
		}
		keep = append(keep, s)
	}
	some := *rel
	some.Fact = someSplits{rel.Fact, keep}
	return &some
}

// timeColumn returns the index of the fact's column that order_ts comes from, or -1.
func timeColumn(rel *relation.Relation) int {
	i := rel.Find(relation.OrderTS)
	if i < 0 || rel.Fact == nil || rel.Columns[i].Join != 0 || rel.Columns[i].Const != nil {
		return -1
	}
	at := rel.Fact.Schema().FieldIndices(rel.Columns[i].From)
	if len(at) != 1 {
		return -1
	}
	return at[0]
}

// microsOf returns how stored times of a type become microseconds, without
// overflow; nil for types whose statistics are not times.
func microsOf(t arrow.DataType) func(int64) int64 {
	scale := func(f int64) func(int64) int64 {
		return func(v int64) int64 {
			const far = math.MaxInt64 / 2 // absurd times stay far outside, on their side
			switch {
			case v > far/f:
				return far
			case v < -far/f:
				return -far
			}
			return v * f
		}
	}
	switch t := t.(type) {
	case *arrow.TimestampType:
		switch t.Unit {
		case arrow.Second:
			return scale(1e6)
		case arrow.Millisecond:
			return scale(1e3)
		case arrow.Microsecond:
			return scale(1)
		case arrow.Nanosecond:
			return func(v int64) int64 { return v / 1e3 }
		}
	case *arrow.Date32Type:
		return scale(dayMicros)
	}
	return nil
}
