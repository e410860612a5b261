package analysis

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
)

// rfmDerive is rfmFinish for engines that write rows.
func rfmDerive(r *Request, asOf int64) (query.Derived, error) {
	plan, err := rfmPlan(r)
	if err != nil {
		return query.Derived{}, err
	}
	segs, err := r.segmenting()
	if err != nil {
		return query.Derived{}, err
	}
	d := query.Derived{Query: plan.Queries[0], Steps: 5, By: []string{"last", "frequency", "monetary"}, Columns: []query.DerivedColumn{
		renamed("customer_id", "customer_id"), daysBefore("recency_days", "last", asOf), renamed("frequency", "frequency"), renamed("monetary", "monetary"),
		renamed("r", query.ScoreName("last")), renamed("f", query.ScoreName("frequency")), renamed("m", query.ScoreName("monetary")),
	}}
	d.Columns = append(d.Columns, query.DerivedColumn{Name: "segment", Value: segs.value(d.By)})
	return d, nil
}

// value is the segment as an expression of the scores by three measures.
func (s *segmenting) value(by []string) expr.Node {
	triple := expr.Col(query.ScoreName(by[0]))
	for _, name := range by[1:] {
		triple = expr.Add(expr.Mul(triple, expr.Lit(int64(10))), expr.Col(query.ScoreName(name)))
	}
	of := make([][]int64, len(s.names))
	cols := scoreTriples()
	for i := range cols[0].Len {
		r, f, m := cols[0].I64[i], cols[1].I64[i], cols[2].I64[i]
		seg := s.of[r][f][m]
		of[seg] = append(of[seg], 100*r+10*f+m)
	}
	out := &expr.Case{}
	for seg, triples := range of {
		if len(triples) > 0 {
			out.Whens = append(out.Whens, expr.When{If: expr.In(triple, triples...), Then: expr.Lit(s.names[seg])})
		}
	}
	return out
}
