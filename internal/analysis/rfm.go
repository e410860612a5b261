package analysis

import (
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/rfm"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

const dayMicros = 24 * hourMicros

// RFM scores every customer by recency, frequency and money.
var RFM = Register(&Definition{
	Name:  "rfm",
	Group: "Customers",
	Short: Text{"Recency, frequency and money of every customer, scored 1–5", "每位客户的最近购买、频次与金额评分（1–5）"},
	Long: `One row a known customer. recency_days is the number of calendar days from the
last order to --as-of (default: the day after the last sold line), frequency the distinct
orders, monetary the revenue. A score is 1 + ⌊5 × (customers strictly worse) / N⌋ in
integers, so equal values get equal scores. Segments are those of the segments command; segments: in
ecomctl.yaml names own ones by the scores.`,
	Example: []string{"ecomctl rfm orders.parquet --as-of 2026-01-01 -o rfm.parquet", "ecomctl rfm orders.csv --sort monetary:desc --limit 20"},
	Table:   "orders",
	Needs:   []string{"order_ts", "customer_id"},
	Uses:    []string{"order_id"},
	Columns: append([]result.Spec{
		{Name: "customer_id", Type: expr.Text, Desc: "the customer; integer ids stay integers"},
		{Name: "recency_days", Type: expr.Int, Unit: result.Days, Desc: "calendar days from the last order to as-of"},
		{Name: "frequency", Type: expr.Int, Unit: result.Orders, Desc: "distinct orders (distinct order days without order_id)"},
		{Name: "monetary", Type: expr.Money, Unit: result.Money, Desc: "revenue"},
	}, scoreSpecs...),
	Method: "rfm",
	Plan:   rfmPlan,
	Finish: rfmFinish,
	Derive: rfmDerive,
})

var scoreSpecs = []result.Spec{
	{Name: "r", Type: expr.Int, Unit: result.Score, Desc: "recency score, 5 is the most recent"},
	{Name: "f", Type: expr.Int, Unit: result.Score, Desc: "frequency score"},
	{Name: "m", Type: expr.Int, Unit: result.Score, Desc: "money score"},
	{Name: "segment", Type: expr.Text, Desc: "segment by the scores"},
}

func rfmPlan(r *Request) (query.Plan, error) {
	q := r.baseQuery("rfm")
	q.Scope = relation.Only(relation.Sold)
	q.Where = andKnown(q.Where, "customer_id")
	q.Dims = []query.Dim{{Name: "customer_id", Column: "customer_id"}}
	q.Measures = []query.Measure{{Name: "last", Op: query.Max, Column: relation.OrderTS, Cut: query.Day}}
	if r.Rel.Has("order_id") {
		q.Measures = append(q.Measures, query.Measure{Name: "frequency", Op: query.CountDistinct, Column: "order_id"})
	} else {
		q.Measures = append(q.Measures, query.Measure{Name: "frequency", Op: query.CountDistinct, Column: relation.OrderTS, Cut: query.Day})
	}
	m, _ := r.measure(mRevenue)
	m.Name = "monetary"
	if r.Net { // of customers with a sold line, who alone make the groups
		m.Scope = relation.Only(relation.Sold, relation.Reversal)
	}
	q.Measures = append(q.Measures, m)
	return query.Plan{Queries: []query.Query{q}}, nil
}

// andKnown adds "column is not null" to a filter.
func andKnown(where expr.Node, column string) expr.Node {
	known := expr.Not(expr.IsNull(expr.Col(column)))
	if where == nil {
		return known
	}
	return expr.And(where, known)
}

// scoredCustomers is the customer table of RFM and segments.
type scoredCustomers struct {
	ids     frame.Column
	recency []int64
	freq    []int64
	money   []int64 // 10⁻⁴ units
	scores  rfm.Scores
	segs    *segmenting
}

func scoreCustomers(r *Request, a *query.Answer) (*scoredCustomers, int64, error) {
	t := a.Tables[0]
	asOf := asOfDay(r, a)
	s := &scoredCustomers{ids: *t.Col("customer_id"), freq: t.Col("frequency").I64[:t.N], money: t.Col("monetary").I64[:t.N]}
	last := t.Col("last").I64[:t.N]
	s.recency = make([]int64, t.N)
	for i, d := range last {
		s.recency[i] = asOf - d
	}
	if t.N > 0 && slices.Min(s.recency) < 0 {
		return nil, 0, fault.New(fault.Internal, "scoring customers: an order lies after as-of")
	}
	s.scores = rfm.Score(s.recency, s.freq, s.money)
	var err error
	if s.segs, err = r.segmenting(); err != nil {
		return nil, 0, err
	}
	s.segs.name(&s.scores)
	return s, asOf * dayMicros, nil
}

// asOfDay returns the as-of day (days since 1970): the one asked for, else the
// day after the last sold line in the answer's account.
func asOfDay(r *Request, a *query.Answer) int64 {
	if r.AsOf != query.MaxTime {
		return civil.FloorDiv(r.AsOf, dayMicros)
	}
	return civil.FloorDiv(a.Account.LastSold, dayMicros) + 1
}

func rfmFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	s, asOf, err := scoreCustomers(r, a)
	if err != nil {
		return nil, err
	}
	n := len(s.recency)
	idSpec := result.Spec{Name: "customer_id", Type: a.Tables[0].Types[0], Desc: "the customer"}
	out := &result.Table{Name: "rfm", N: n, Columns: []result.Column{
		{Spec: idSpec, Data: s.ids},
		intColumn(Get("rfm").Columns[1], s.recency), intColumn(Get("rfm").Columns[2], s.freq),
		{Spec: Get("rfm").Columns[3], Data: frame.Column{Type: result.MoneyType, Kind: frame.Decimal, Len: n, I64: s.money}},
		scoreColumn(scoreSpecs[0], s.scores.R), scoreColumn(scoreSpecs[1], s.scores.F), scoreColumn(scoreSpecs[2], s.scores.M),
		s.segs.column(scoreSpecs[3], s.scores.Segment),
	}}
	res := &Result{Main: out, AsOf: asOf}
	if n == 0 {
		res.Notes = append(res.Notes, "no sold line has a customer: nothing to score")
	}
	return res, nil
}

func intColumn(spec result.Spec, v []int64) result.Column {
	at := result.ArrowType(spec.Type)
	return result.Column{Spec: spec, Data: frame.Column{Type: at, Kind: frame.KindOf(at), Len: len(v), I64: v}}
}

func scoreColumn(spec result.Spec, v []uint8) result.Column {
	wide := make([]int64, len(v))
	for i, x := range v {
		wide[i] = int64(x)
	}
	return intColumn(spec, wide)
}

// dateText formats days since 1970.
func dateText(day int64) string { return dayTime(day).Format("2006-01-02") }
