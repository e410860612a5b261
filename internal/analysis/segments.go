package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Segments sums customers up by RFM segment.
var Segments = Register(&Definition{
	Name:  "segments",
	Group: "Customers",
	Short: Text{"RFM segments with their share of customers and revenue", "RFM 客户分群及其客户与销售占比"},
	Long: `Groups the customers of rfm by segment: how many they are, what they bring, and the
means of recency, frequency and money. From v = ⌊(f + m + 1) / 2⌋: r 5: v ≥ 4
champions, 2–3 potential_loyalists, 1 new; r 4: v ≥ 4 loyal, 2–3 potential_loyalists,
1 promising; r 3: v ≥ 4 loyal, 3 need_attention, else about_to_sleep; r ≤ 2: v 5
cant_lose, 3–4 at_risk, else hibernating, but r 1 with v 1 lost. Own names come from
segments: in ecomctl.yaml, a list of {name, when}: the first condition over r, f, m and v that holds.`,
	Example: []string{"ecomctl segments orders.parquet", "ecomctl segments orders.csv --as-of 2025-07-01 --format json"},
	Table:   "orders",
	Needs:   []string{"order_ts", "customer_id"},
	Uses:    []string{"order_id"},
	Columns: []result.Spec{
		{Name: "segment", Type: expr.Text, Desc: "segment by RFM scores"},
		{Name: "customers", Type: expr.Int, Unit: result.Customers, Desc: "customers in the segment"},
		{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "customers / all customers"},
		{Name: "revenue", Type: expr.Money, Unit: result.Money, Desc: "revenue of the segment"},
		{Name: "revenue_share", Type: expr.Float, Unit: result.Ratio, Desc: "revenue / revenue of all known customers", Null: "total revenue is 0"},
		{Name: "recency_days", Type: expr.Float, Unit: result.Days, Desc: "mean days since the last order"},
		{Name: "frequency", Type: expr.Float, Unit: result.Orders, Desc: "mean orders a customer"},
		{Name: "monetary", Type: expr.Float, Unit: result.Money, Desc: "mean revenue a customer"},
	},
	Method: "rfm",
	Plan:   rfmPlan,
	Finish: segmentsFinish,
	Scored: segmentsScored, FinishScored: segmentsFinishScored,
	Section: segmentsSection,
})

// segmentTotals are exact sums over the customers of one segment.
type segmentTotals struct{ customers, recency, freq, money int64 }

func (t *segmentTotals) add(o segmentTotals) {
	t.customers += o.customers
	t.recency += o.recency
	t.freq += o.freq
	t.money += o.money
}

func sumSegments(s *scoredCustomers) (by []segmentTotals, all segmentTotals) {
	by = make([]segmentTotals, len(s.segs.names))
	for i, seg := range s.scores.Segment {
		one := segmentTotals{1, s.recency[i], s.freq[i], s.money[i]}
		by[seg].add(one)
		all.add(one)
	}
	return by, all
}

func segmentsFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	s, asOf, err := scoreCustomers(r, a)
	if err != nil {
		return nil, err
	}
	by, all := sumSegments(s)
	t, err := segmentTable(s.segs, by, all)
	if err != nil {
		return nil, err
	}
	return &Result{Main: t, AsOf: asOf}, nil
}

// segmentsScored asks for sums over the customers of equal scores.
func segmentsScored(r *Request) (query.Plan, error) {
	plan, err := rfmPlan(r)
	if err != nil {
		return plan, err
	}
	return query.Plan{Scorings: []query.Scoring{{Query: plan.Queries[0], Steps: 5, By: []string{"last", "frequency", "monetary"}}}}, nil
}

// segmentsFinishScored names the scores and adds the sums up.
func segmentsFinishScored(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	segs, err := r.segmenting()
	if err != nil {
		return nil, err
	}
	asOf, t := asOfDay(r, a), a.Scored[0]
	score := func(name string, i int) int64 { return t.Col(name).I64[i] }
	by, all := make([]segmentTotals, len(segs.names)), segmentTotals{}
	for i := range t.N {
		n := t.Col("groups").I64[i]
		sums := segmentTotals{n, n*asOf - t.Col("sum of last").I64[i], t.Col("sum of frequency").I64[i], t.Col("sum of monetary").I64[i]}
		by[segs.of[score("last", i)][score("frequency", i)][score("monetary", i)]].add(sums)
		all.add(sums)
	}
	out, err := segmentTable(segs, by, all)
	if err != nil {
		return nil, err
	}
	return &Result{Main: out, AsOf: asOf * dayMicros}, nil
}

// segmentTable has one row a segment that has customers, the shop's own first.
func segmentTable(segs *segmenting, by []segmentTotals, all segmentTotals) (*result.Table, error) {
	if all.money < 0 {
		return nil, fault.New(fault.Input, "adding up revenue: the total passes what 64 bits of 10⁻⁴ units hold")
	}
	cols := make([]frame.Column, len(Get("segments").Columns))
	for i, spec := range Get("segments").Columns {
		cols[i] = result.NewData(spec.Type, len(by))
	}
	n := 0
	for seg, t := range by {
		if t.customers == 0 {
			continue
		}
		n++
		c := float64(t.customers)
		result.AppendText(&cols[0], segs.names[seg])
		result.AppendInt(&cols[1], t.customers)
		result.AppendFloat(&cols[2], c/float64(all.customers))
		result.AppendInt(&cols[3], t.money)
		if all.money == 0 {
			result.AppendNull(&cols[4])
		} else {
			result.AppendFloat(&cols[4], float64(t.money)/float64(all.money))
		}
		result.AppendFloat(&cols[5], float64(t.recency)/c)
		result.AppendFloat(&cols[6], float64(t.freq)/c)
		result.AppendFloat(&cols[7], float64(t.money)/1e4/c)
	}
	out := &result.Table{Name: "segments", N: n}
	for i, spec := range Get("segments").Columns {
		out.Columns = append(out.Columns, result.Column{Spec: spec, Data: cols[i]})
	}
	return out, nil
}
