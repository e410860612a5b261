package analysis

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// runMore asks the second questions of the sections in one scan and appends
// their tables to the sections' answers. secs and answers run in parallel; nil ones ask nothing.
func runMore(ctx context.Context, eng engine.Engine, r *Request, secs []*Section, answers []*query.Answer) error {
	var plan query.Plan
	var spans [][2]int64
	from := make([]int, len(secs)+1)
	for i, s := range secs {
		from[i] = len(plan.Queries)
		if s == nil || s.More == nil {
			continue
		}
		spans = answers[i].Account.SoldSpans
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
	rel := r.Rel
	if !r.Net { // the spans are those of sold rows
		rel = between(rel, spans, first, last)
	}
	ans, err := eng.Run(ctx, rel, plan)
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

// between returns a relation of only the splits whose sold rows reach into
// [first, last). With --dedupe a row's earlier equal may lie in any split, so nothing is
// left out; nor where the engine told no spans.
func between(rel *relation.Relation, spans [][2]int64, first, last int64) *relation.Relation {
	if rel.Dedupe || rel.Fact == nil || len(spans) != len(rel.Fact.Splits()) {
		return rel
	}
	var keep []source.Split
	for i, s := range rel.Fact.Splits() {
		if spans[i][0] < last && spans[i][1] >= first {
			keep = append(keep, s)
		}
	}
	some := *rel
	some.Fact = source.Only(rel.Fact, keep)
	return &some
}
