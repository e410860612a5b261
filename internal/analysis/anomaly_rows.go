package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/kernel/iforest"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// rowColumns are the columns that describe customers, as features makes them.
var rowColumns = []string{"tenure_days", "recency_days", mOrders, mUnits, mRevenue, mAOV, "products", "categories", "mean_gap_days", "returns_ratio", "weekend_ratio"}

// rowsPlan asks for one row an order or a customer.
func rowsPlan(r *Request, on string) (query.Plan, error) {
	if on == mCustomers {
		if !r.Rel.Has("customer_id") {
			return query.Plan{}, fault.New(fault.Usage, "--on customers: the input has no customer_id").WithHint("map a column with --map customer_id=Column")
		}
		return featuresPlan(r)
	}
	if !r.Rel.Has("order_id") {
		return query.Plan{}, fault.New(fault.Usage, "--on orders: the input has no order_id").WithHint("map a column with --map order_id=Column")
	}
	q := r.baseQuery("orders")
	q.Scope = relation.Only(relation.Sold)
	q.Dims = []query.Dim{{Name: "order_id", Column: "order_id"}}
	q.Measures = append(r.measures(mRevenue, mUnits), query.Measure{Name: "lines", Op: query.Count})
	for _, m := range []query.Measure{
		{Name: "products", Op: query.CountDistinct, Column: "product_id"},
		{Name: "max_price", Op: query.Max, Column: "unit_price"},
		{Name: "discount", Op: query.Sum, Column: "discount"},
	} {
		if r.Rel.Has(m.Column) {
			q.Measures = append(q.Measures, m)
		}
	}
	return query.Plan{Queries: []query.Query{q}}, nil
}

// oddRows are rows with the columns that are judged: raw, and stabilised.
type oddRows struct {
	ids   result.Column
	names []string
	raw   []result.Column
	x     [][]float64 // stabilised, nulls at the median
}

// rowsFinish judges the rows.
func rowsFinish(ctx context.Context, r *Request, a *query.Answer, on string, o anomalyOptions) (*Result, error) {
	rows, err := readRows(ctx, r, a, on)
	if err != nil {
		return nil, err
	}
	if o.level == 0 {
		o.level = defaultAnomalyLevel
	}
	n := rows.ids.Data.Len
	if n < 2*anomaly.Least || len(rows.x) == 0 {
		return nil, fault.New(fault.Input, "anomaly: %d %s with %d columns that vary: too few to tell what is odd", n, on, len(rows.x))
	}
	f, err := iforest.Fit(rows.x, iforest.Options{Seed: uint64(r.Seed)})
	if err != nil {
		return nil, err
	}
	depth, err := f.Score(ctx, rows.x, max(1, r.Threads))
	if err != nil {
		return nil, err
	}
	loc := anomaly.MCD(rows.x, uint64(r.Seed))
	score := rowScores(rows.x, depth, loc)
	res := &Result{Main: rows.table(score, loc, o.level)}
	flagged := 0
	for _, s := range score {
		if s >= o.level {
			flagged++
		}
	}
	res.Notes = append(res.Notes, fmt.Sprintf("%d %s judged by %s: %d pass level %s", n, on, strings.Join(rows.names, ", "), flagged, levelText(o.level)))
	if o.fail && flagged > 0 {
		res.Broken = fault.New(fault.Data, "anomaly: %d of %d %s pass level %s", flagged, n, on, levelText(o.level))
	}
	return res, nil
}

// rowScores is 1 − p: p is twice the smaller of the forest's, whose scores have a tail fitted, and
// of the distance's, whose square is compared with χ² or the tail of the distances themselves, whichever
// is heavier.
func rowScores(x [][]float64, depth []float64, loc *anomaly.Location) []float64 {
	n := len(depth)
	dist := make([]float64, n)
	row := make([]float64, len(x))
	var deep, far anomaly.Tail
	for i := range n {
		for j := range x {
			row[j] = x[j][i]
		}
		dist[i] = math.Sqrt(loc.Distance(row))
		deep.Add(depth[i])
		far.Add(dist[i])
	}
	chi := distuv.ChiSquared{K: float64(len(x))}
	deepRank, farRank := shareAbove(depth), shareAbove(dist)
	out := make([]float64, n)
	for i := range n {
		p := math.Min(deep.P(depth[i]), deepRank(depth[i]))
		q := math.Max(chi.Survival(dist[i]*dist[i]), math.Min(far.P(dist[i]), farRank(dist[i])))
		out[i] = math.Max(0, 1-2*math.Min(p, q))
	}
	return out
}

// shareAbove returns the share of values that are at least as large.
func shareAbove(v []float64) func(float64) float64 {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	return func(x float64) float64 {
		at, _ := slices.BinarySearch(sorted, x)
		return float64(len(v)-at) / float64(len(v))
	}
}

// readRows makes the columns.
func readRows(ctx context.Context, r *Request, a *query.Answer, on string) (*oddRows, error) {
	rows := &oddRows{}
	if on == mCustomers {
		res, err := featuresFinish(ctx, r, a)
		if err != nil {
			return nil, err
		}
		rows.ids = res.Main.Columns[0]
		for _, name := range rowColumns {
			if c := res.Main.Col(name); c != nil {
				rows.add(*c)
			}
		}
		return rows, nil
	}
	t := a.Tables[0]
	if err := wide(t); err != nil {
		return nil, err
	}
	rows.ids = result.Column{Spec: result.Spec{Name: "order_id", Type: t.Types[0], Desc: "the order"}, Data: t.Cols[0]}
	rows.ids.Data.Len = t.N
	specs := map[string]result.Spec{mRevenue: revenueSpec, mUnits: unitsSpec,
		"lines": countSpec("lines", result.Rows, "sold lines"), "products": countSpec("products", result.NoUnit, "distinct products"),
		"max_price": {Name: "max_price", Unit: result.Money, Desc: "highest unit price"}, "discount": {Name: "discount", Unit: result.Money, Desc: "discount of the lines added up"}}
	for i := 1; i < len(t.Cols); i++ {
		spec := specs[t.Names[i]]
		spec.Type = t.Types[i]
		data := t.Cols[i]
		data.Len = t.N
		rows.add(result.Column{Spec: specFor(spec, data), Data: data})
	}
	return rows, nil
}

// add takes a column that varies: ln(1 + x) where nothing is negative, nulls at the median.
func (o *oddRows) add(c result.Column) {
	n := c.Data.Len
	v := make([]float64, n)
	negative := false
	var known []float64
	for i := range n {
		if c.Data.IsNull(i) {
			v[i] = math.NaN()
			continue
		}
		v[i] = floatAt(&c.Data, i)
		if c.Data.Kind == frame.Decimal {
			v[i] /= 1e4
		}
		negative = negative || v[i] < 0
		known = append(known, v[i])
	}
	if len(known) == 0 || slices.Min(known) == slices.Max(known) {
		return
	}
	middle := median(known)
	for i := range v {
		if v[i] != v[i] {
			v[i] = middle
		}
		if !negative {
			v[i] = math.Log1p(v[i])
		}
	}
	o.names, o.raw, o.x = append(o.names, c.Name), append(o.raw, c), append(o.x, v)
}

// mentioned is the part of the squared distance, relative to the largest, from which a column is named.
const mentioned = 0.2

// table lists the rows with their columns, score and what made the flagged ones stand out.
func (o *oddRows) table(score []float64, loc *anomaly.Location, level float64) *result.Table {
	t := &result.Table{Name: "anomaly", N: len(score), Columns: []result.Column{o.ids}}
	t.Columns = append(t.Columns, o.raw...)
	specs := []result.Spec{
		{Name: "score", Type: expr.Float, Unit: result.Score, Desc: "1 − p: improbability among the rows"},
		{Name: "anomaly", Type: expr.Bool, Desc: "the score passes the level"},
		{Name: "columns", Type: expr.Text, Desc: "what made it stand out, strongest first, with robust standard deviations off the centre", Null: "no anomaly"},
	}
	cols := newColumns(specs, len(score))
	row := make([]float64, len(o.x))
	for i, s := range score {
		result.AppendFloat(&cols[0], s)
		if s < level {
			result.AppendInt(&cols[1], 0)
			result.AppendNull(&cols[2])
			continue
		}
		for j := range o.x {
			row[j] = o.x[j][i]
		}
		result.AppendInt(&cols[1], 1)
		result.AppendText(&cols[2], o.why(row, loc))
	}
	for i, spec := range specs {
		t.Columns = append(t.Columns, result.Column{Spec: spec, Data: cols[i]})
	}
	return t
}

// why names up to three columns by their part of the squared robust distance, each with its own
// distance from the centre.
func (o *oddRows) why(row []float64, loc *anomaly.Location) string {
	parts := loc.Parts(row)
	order := make([]int, len(row))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return -compareFloat(parts[a], parts[b]) })
	var names []string
	for k, j := range order[:min(3, len(order))] {
		z := (row[j] - loc.Mean[j]) / math.Sqrt(loc.Cov.At(j, j))
		if k > 0 && parts[j] < mentioned*parts[order[0]] {
			break
		}
		names = append(names, fmt.Sprintf("%s %+.1f", o.names[j], z))
	}
	return strings.Join(names, ", ")
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
