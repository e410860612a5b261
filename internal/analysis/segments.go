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
	Method:  "rfm",
	Plan:    rfmPlan,
	Finish:  segmentsFinish,
	Section: segmentsSection,
})

// segmentTotals are exact sums over the customers of one segment.
type segmentTotals struct{ customers, recency, freq, money int64 }

func sumSegments(s *scoredCustomers) (by []segmentTotals, all segmentTotals) {
	by = make([]segmentTotals, len(s.segs.names))
	for i, seg := range s.scores.Segment {
		for _, t := range []*segmentTotals{&by[seg], &all} {
			t.customers++
			t.recency += s.recency[i]
			t.freq += s.freq[i]
			t.money += s.money[i]
		}
	}
	return by, all
}

func segmentsFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	s, asOf, err := scoreCustomers(r, a)
	if err != nil {
		return nil, err
	}
	t, err := segmentTable(s)
	if err != nil {
		return nil, err
	}
	return &Result{Main: t, AsOf: asOf}, nil
}

// segmentTable has one row a segment that has customers, the shop's own first.
func segmentTable(s *scoredCustomers) (*result.Table, error) {
	by, all := sumSegments(s)
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
		result.AppendText(&cols[0], s.segs.names[seg])
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
