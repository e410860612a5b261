package analysis

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Query is any measures by any dimensions.
var Query = Register(&Definition{
	Name:  "query",
	Group: "Sales",
	Short: Text{"Any measures by any dimensions", "任意指标、任意维度"},
	Long: `Measures: revenue, orders, units, customers, lines, aov; and over a column:
sum(col), mean(col), min(col), max(col), count(col), distinct(col), median(col), p95(col)
(quantiles are type 7). Dimensions: columns and calendar cuts. Rows come sorted by the
dimensions; the null dimension is a row of its own.`,
	Example: []string{
		"ecomctl query orders.parquet --measure revenue,orders --by day,region",
		"ecomctl query orders.csv --measure 'p95(unit_price),distinct(product_id)' --by category --where \"status = 'paid'\"",
	},
	Table: "orders",
	Params: []Param{
		{Name: "measure", Kind: ListParam, Default: "revenue,orders", Help: "what is measured"},
		{Name: "by", Kind: ListParam, Columns: true, Help: "dimensions: columns and calendar cuts; none = one row"},
	},
	Columns: []result.Spec{
		{Name: "…", Type: expr.Text, Desc: "the dimensions, as named in --by", Null: "unknown"},
		{Name: "…", Type: expr.Float, Desc: "the measures, as named in --measure; sum(col) is sum_col", Null: "no value to measure"},
	},
	Method: "query",
	Plan:   customPlan,
	Finish: customFinish,
	Derive: customDerive,
})

func customPlan(r *Request) (query.Plan, error) {
	q := r.baseQuery("query")
	for _, w := range words(r.Str("by")) {
		d, err := r.dim(w)
		if err != nil {
			return query.Plan{}, err
		}
		if slices.Contains(q.Dims, d) {
			return query.Plan{}, fault.New(fault.Usage, "--by: %s is named twice", w)
		}
		q.Dims = append(q.Dims, d)
	}
	if len(words(r.Str("measure"))) == 0 {
		return query.Plan{}, fault.New(fault.Usage, "--measure is empty").WithHint("for example --measure revenue,orders")
	}
	have := map[string]bool{}
	for _, w := range words(r.Str("measure")) {
		ms, err := r.parseMeasure(w)
		if err != nil {
			return query.Plan{}, err
		}
		for _, m := range ms {
			if !have[m.Name] {
				have[m.Name] = true
				q.Measures = append(q.Measures, m)
			}
		}
	}
	return query.Plan{Queries: []query.Query{q}}, nil
}

// measureName gives the column name of a measure word: sum(quantity) → sum_quantity.
func measureName(w string) string {
	return strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(w, " ", ""), "(", "_"), ")")
}

// parseMeasure reads one word of --measure. aov needs two measures.
func (r *Request) parseMeasure(w string) ([]query.Measure, error) {
	if w == mAOV {
		ms := r.measures(mRevenue, mOrders)
		if len(ms) < 2 {
			return nil, missingFor(w, "order_id")
		}
		return ms, nil
	}
	if m, ok := r.measure(w); ok {
		return []query.Measure{m}, nil
	}
	switch w {
	case mOrders, mCustomers, mUnits:
		return nil, missingFor(w, map[string]string{mOrders: "order_id", mCustomers: "customer_id", mUnits: "quantity"}[w])
	}
	name, rest, ok := strings.Cut(w, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return nil, fault.New(fault.Usage, "--measure %s: not a measure", w).
			WithHint("revenue, orders, units, customers, lines, aov, or sum(col), mean(col), min(col), max(col), count(col), distinct(col), median(col), p95(col)")
	}
	m := query.Measure{Name: measureName(w), Column: strings.TrimSpace(strings.TrimSuffix(rest, ")")), Scope: relation.Only(relation.Sold)}
	return r.columnMeasure(m, w, strings.TrimSpace(name))
}

func missingFor(measure, column string) error {
	return fault.New(fault.Usage, "--measure %s: the input has no %s", measure, column).WithHint("map one with --map %s=Column", column)
}

var operators = map[string]query.Op{"sum": query.Sum, "mean": query.Mean, "avg": query.Mean, "min": query.Min,
	"max": query.Max, "count": query.Count, "distinct": query.CountDistinct}

func (r *Request) columnMeasure(m query.Measure, w, op string) ([]query.Measure, error) {
	col := m.Column
	i := r.Rel.Find(col)
	if i < 0 && col != relation.MoneyColumn {
		return nil, missingFor(w, col)
	}
	typ := expr.Money
	if i >= 0 {
		typ = r.Rel.Columns[i].Type
	}
	numeric := typ == expr.Int || typ == expr.Float || typ == expr.Money
	known := true
	switch o, ok := operators[op]; {
	case ok:
		m.Op = o
	case op == "median":
		m.Op, m.P = query.Quantile, 0.5
	default:
		p, err := strconv.ParseFloat(strings.TrimPrefix(op, "p"), 64)
		known = err == nil && strings.HasPrefix(op, "p") && p >= 0 && p <= 100
		m.Op, m.P = query.Quantile, p/100
	}
	if !known {
		return nil, fault.New(fault.Usage, "--measure %s: no measure %q", w, op).WithHint("sum, mean, min, max, count, distinct, median, p0 … p100")
	}
	if (m.Op == query.Sum || m.Op == query.Mean || m.Op == query.Quantile) && !numeric {
		return nil, fault.New(fault.Usage, "--measure %s: column %s is %s, not a number", w, col, typ)
	}
	return []query.Measure{m}, nil
}

func customFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	t := a.Tables[0]
	plan, err := customPlan(r)
	if err != nil {
		return nil, err
	}
	out := &result.Table{Name: "query", N: t.N}
	for i := range plan.Queries[0].Dims {
		out.Columns = append(out.Columns, column(t, t.Names[i], dimSpec(t, i, "the dimension")))
	}
	specs := map[string]result.Spec{mRevenue: revenueSpec, mOrders: ordersSpec, mUnits: unitsSpec, mCustomers: customersSpec}
	for _, w := range words(r.Str("measure")) {
		name := measureName(w)
		if out.Col(name) != nil {
			continue
		}
		if name == mAOV {
			out.Columns = append(out.Columns, result.Column{Spec: aovSpec, Data: ratio(t.Col(mRevenue), t.Col(mOrders), t.N, 1e4)})
			continue
		}
		spec, ok := specs[name]
		if !ok {
			spec = result.Spec{Name: name, Desc: w, Null: "no value to measure"}
			for i, n := range t.Names {
				if n == name {
					spec.Type = t.Types[i]
				}
			}
		}
		out.Columns = append(out.Columns, column(t, name, spec))
	}
	return &Result{Main: out}, nil
}

// customDerive is customFinish for engines that write rows.
func customDerive(r *Request, _ int64) (query.Derived, error) {
	plan, err := customPlan(r)
	if err != nil {
		return query.Derived{}, err
	}
	d := query.Derived{Query: plan.Queries[0]}
	seen := map[string]bool{}
	for i := range d.Query.Dims {
		name := d.Query.Dims[i].Name
		seen[name] = true
		d.Columns = append(d.Columns, renamed(name, name))
	}
	for _, w := range words(r.Str("measure")) {
		name := measureName(w)
		switch {
		case seen[name]:
		case name == mAOV:
			d.Columns = append(d.Columns, query.DerivedColumn{Name: name, Value: expr.Div(expr.Col(mRevenue), expr.Col(mOrders))})
		default:
			d.Columns = append(d.Columns, renamed(name, name))
		}
		seen[name] = true
	}
	return d, nil
}
