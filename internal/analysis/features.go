package analysis

import (
	"context"
	"fmt"
	"math"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Features is one row a customer for models and spreadsheets.
var Features = Register(&Definition{
	Name:  "features",
	Group: "Customers",
	Short: Text{"One row a customer: history, money, variety, returns, habits", "每位客户一行：历史、金额、品类、退货与习惯"},
	Long: `Describes every known customer with a sold line before --as-of; nothing on or after
that day is looked at. --windows adds orders and revenue of the last days; --scale log or
standard transforms the number columns (log: ln(1 + x), sign kept; standard: mean 0, standard deviation 1).`,
	Example: []string{
		"ecomctl features orders.parquet --as-of 2025-07-01 -o features.parquet",
		"ecomctl features orders.csv --windows 7,30,90 --scale standard",
	},
	Table: "orders",
	Needs: []string{"order_ts", "customer_id"},
	Uses:  []string{"order_id", "product_id", "category", "quantity"},
	Params: []Param{
		{Name: "windows", Kind: ListParam, Default: "", Help: "also orders and revenue of the last N days, like 7,30,90"},
		{Name: "scale", Kind: StringParam, Default: "none", Choices: []string{"none", "log", "standard"}, Help: "transformation of number columns"},
	},
	Columns: featureSpecs,
	Method:  "features",
	Plan:    featuresPlan,
	Finish:  featuresFinish,
})

var featureSpecs = []result.Spec{
	{Name: "customer_id", Type: expr.Text, Desc: "the customer; integer ids stay integers"},
	{Name: "first_order", Type: expr.Date, Desc: "day of the first order"},
	{Name: "last_order", Type: expr.Date, Desc: "day of the last order"},
	{Name: "tenure_days", Type: expr.Int, Unit: result.Days, Desc: "days from the first order to as-of"},
	{Name: "recency_days", Type: expr.Int, Unit: result.Days, Desc: "days from the last order to as-of"},
	{Name: "orders", Type: expr.Int, Unit: result.Orders, Desc: "distinct orders (distinct order days without order_id)"},
	unitsSpec,
	{Name: "revenue", Type: expr.Money, Unit: result.Money, Desc: "money of the sold lines"},
	{Name: "aov", Type: expr.Float, Unit: result.Money, Desc: "revenue / orders"},
	{Name: "products", Type: expr.Int, Desc: "distinct products", Null: "the input has no product_id"},
	{Name: "categories", Type: expr.Int, Desc: "distinct categories", Null: "the input has no category"},
	{Name: "mean_gap_days", Type: expr.Float, Unit: result.Days, Desc: "days from the first to the last order day / (distinct order days − 1)", Null: "one order day"},
	{Name: "returns_ratio", Type: expr.Float, Unit: result.Ratio, Desc: "reversed lines / (sold + reversed lines)"},
	{Name: "weekend_ratio", Type: expr.Float, Unit: result.Ratio, Desc: "sold lines on Saturday or Sunday / sold lines"},
	{Name: "top_category", Type: expr.Text, Desc: "category with the most revenue; ties by name", Null: "no known category"},
}

// windowDays reads --windows.
func windowDays(s string) ([]int64, error) {
	var out []int64
	for _, w := range words(s) {
		var n int64
		if _, err := fmt.Sscanf(w, "%d", &n); err != nil || n < 1 || n > 36_525 {
			return nil, fault.New(fault.Usage, "--windows %s: whole days from 1 to 36525 are wanted, like 7,30,90", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// featuresPlan asks by customer, by customer and weekday, by customer and category and, for
// windows, by customer and day. The windows end at as-of, which only the scan may tell.
func featuresPlan(r *Request) (query.Plan, error) {
	windows, err := windowDays(r.Str("windows"))
	if err != nil {
		return query.Plan{}, err
	}
	sold := relation.Only(relation.Sold)
	who := query.Dim{Name: "customer_id", Column: "customer_id"}
	base := func(name string, dims ...query.Dim) query.Query {
		q := r.baseQuery(name)
		q.Scope, q.Where, q.Dims = sold, andKnown(r.Where, "customer_id"), append([]query.Dim{who}, dims...)
		return q
	}
	main := base("features")
	main.Measures = []query.Measure{
		{Name: "first", Op: query.Min, Column: relation.OrderTS, Cut: query.Day},
		{Name: "last", Op: query.Max, Column: relation.OrderTS, Cut: query.Day},
		{Name: "days", Op: query.CountDistinct, Column: relation.OrderTS, Cut: query.Day},
		{Name: "lines", Op: query.Count},
		{Name: "reversed", Op: query.Count, Scope: relation.Only(relation.Reversal)},
		{Name: mRevenue, Op: query.Sum, Column: relation.MoneyColumn},
	}
	main.Measures = append(main.Measures, r.measures(mOrders, mUnits)...)
	for _, m := range []query.Measure{{Name: "products", Op: query.CountDistinct, Column: "product_id"}, {Name: "categories", Op: query.CountDistinct, Column: "category"}} {
		if r.Rel.Has(m.Column) {
			main.Measures = append(main.Measures, m)
		}
	}
	week := base("weekdays", query.Dim{Name: "weekday", Column: relation.OrderTS, Cut: query.Weekday})
	week.Measures = []query.Measure{{Name: "lines", Op: query.Count}}
	plan := query.Plan{Queries: []query.Query{main, week}}
	if r.Rel.Has("category") {
		q := base("categories", query.Dim{Name: "category", Column: "category"})
		q.Measures = []query.Measure{{Name: mRevenue, Op: query.Sum, Column: relation.MoneyColumn}}
		plan.Queries = append(plan.Queries, q)
	}
	if len(windows) > 0 {
		q := base("days", query.Dim{Name: "day", Column: relation.OrderTS, Cut: query.Day})
		q.Measures = append(r.measures(mOrders), query.Measure{Name: mRevenue, Op: query.Sum, Column: relation.MoneyColumn})
		plan.Queries = append(plan.Queries, q)
	}
	return plan, nil
}

func featuresFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	t := a.Tables[0]
	asOf := asOfDay(r, a)
	orders := t.Col(mOrders)
	if orders == nil {
		orders = t.Col("days")
	}
	out := &result.Table{Name: "features", N: t.N}
	add := func(i int, data frame.Column) {
		spec := featureSpecs[i]
		if i == 0 {
			spec.Type = t.Types[0]
		}
		data.Len = t.N
		out.Columns = append(out.Columns, result.Column{Spec: specFor(spec, data), Data: data})
	}
	orNull := func(i int, name string) {
		if c := t.Col(name); c != nil {
			add(i, *c)
		} else {
			add(i, nulls(featureSpecs[i].Type, t.N))
		}
	}
	first, last, dayCount := t.Col("first").I64, t.Col("last").I64, t.Col("days").I64
	lines, reversed := t.Col("lines").I64, t.Col("reversed").I64
	tenure, recency, gap, returns := result.NewData(expr.Int, t.N), result.NewData(expr.Int, t.N), result.NewData(expr.Float, t.N), result.NewData(expr.Float, t.N)
	for i := range t.N {
		result.AppendInt(&tenure, asOf-first[i])
		result.AppendInt(&recency, asOf-last[i])
		if dayCount[i] > 1 {
			result.AppendFloat(&gap, float64(last[i]-first[i])/float64(dayCount[i]-1))
		} else {
			result.AppendNull(&gap)
		}
		result.AppendFloat(&returns, float64(reversed[i])/float64(lines[i]+reversed[i]))
	}
	add(0, *t.Col("customer_id"))
	add(1, *t.Col("first"))
	add(2, *t.Col("last"))
	add(3, tenure)
	add(4, recency)
	add(5, *orders)
	orNull(6, mUnits)
	add(7, *t.Col(mRevenue))
	add(8, ratio(t.Col(mRevenue), orders, t.N, 1e4))
	orNull(9, "products")
	orNull(10, "categories")
	add(11, gap)
	add(12, returns)
	add(13, weekendShare(t, tableNamed(a, "weekdays")))
	add(14, topCategory(t, tableNamed(a, "categories")))
	if d := tableNamed(a, "days"); d != nil {
		windows, err := windowDays(r.Str("windows"))
		if err != nil {
			return nil, err
		}
		addWindows(out, t, d, windows, asOf)
	}
	scaleColumns(out, r.Str("scale"))
	return &Result{Main: out, AsOf: asOf * dayMicros}, nil
}

// each calls f for the rows of a table by (customer, …) with the row of the customer in the
// table by customer; both are sorted by customer.
func each(by, t *query.Table, f func(customer, row int)) {
	a, b := &by.Cols[0], &t.Cols[0]
	c := 0
	for row := range t.N {
		for c < by.N && !sameKey(a, c, b, row) {
			c++
		}
		f(c, row)
	}
}

// sameKey compares values of two columns of one kind; nulls equal each other.
func sameKey(a *frame.Column, i int, b *frame.Column, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch a.Kind {
	case frame.String:
		return string(a.Str(i)) == string(b.Str(j))
	case frame.Float:
		return a.F64[i] == b.F64[j]
	}
	return a.I64[i] == b.I64[j]
}

func weekendShare(t, week *query.Table) frame.Column {
	weekend, all := make([]int64, t.N), make([]int64, t.N)
	each(t, week, func(c, row int) {
		n := week.Col("lines").I64[row]
		all[c] += n
		if week.Col("weekday").I64[row] >= 6 {
			weekend[c] += n
		}
	})
	out := result.NewData(expr.Float, t.N)
	for i := range t.N {
		result.AppendFloat(&out, float64(weekend[i])/float64(max(1, all[i])))
	}
	return out
}

func topCategory(t, cats *query.Table) frame.Column {
	out := result.NewData(expr.Text, t.N)
	if cats == nil {
		return nulls(expr.Text, t.N)
	}
	best := make([]int, t.N)
	for i := range best {
		best[i] = -1
	}
	name, money := cats.Col("category"), cats.Col(mRevenue).I64
	each(t, cats, func(c, row int) {
		if !name.IsNull(row) && (best[c] < 0 || money[row] > money[best[c]]) {
			best[c] = row // rows come by name, so the first of equals stays
		}
	})
	for _, row := range best {
		if row < 0 {
			result.AppendNull(&out)
		} else if s, ok := textAt(name, row); ok {
			result.AppendText(&out, s)
		}
	}
	return out
}

// addWindows appends orders and revenue of the days before as-of.
func addWindows(out *result.Table, t, d *query.Table, windows []int64, asOf int64) {
	day, money, orders := d.Col("day").I64, d.Col(mRevenue).I64, d.Col(mOrders)
	for _, w := range windows {
		n, sum := make([]int64, t.N), make([]int64, t.N)
		each(t, d, func(c, row int) {
			if day[row] < asOf-w {
				return
			}
			sum[c] += money[row]
			if orders != nil {
				n[c] += orders.I64[row]
			} else {
				n[c]++
			}
		})
		out.Columns = append(out.Columns,
			intColumn(result.Spec{Name: fmt.Sprintf("orders_%dd", w), Type: expr.Int, Unit: result.Orders, Desc: fmt.Sprintf("orders of the last %d days, an order counted on each of its days", w)}, n),
			result.Column{Spec: result.Spec{Name: fmt.Sprintf("revenue_%dd", w), Type: expr.Money, Unit: result.Money, Desc: fmt.Sprintf("revenue of the last %d days", w)},
				Data: frame.Column{Type: result.MoneyType, Kind: frame.Decimal, Len: t.N, I64: sum}})
	}
}

// scaleColumns transforms number columns in place; ids, dates and texts stay.
func scaleColumns(t *result.Table, how string) {
	if how == "" || how == "none" {
		return
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Name == "customer_id" || (c.Type != expr.Int && c.Type != expr.Float && c.Type != expr.Money) {
			continue
		}
		out := result.NewData(expr.Float, t.N)
		mean, sd := moments(c, t.N)
		for r := range t.N {
			switch v := 0.0; {
			case c.Data.IsNull(r):
				result.AppendNull(&out)
			case how == "log":
				v = number(c, r)
				result.AppendFloat(&out, math.Copysign(math.Log1p(math.Abs(v)), v))
			case sd == 0:
				result.AppendFloat(&out, 0)
			default:
				result.AppendFloat(&out, (number(c, r)-mean)/sd)
			}
		}
		c.Type, c.Data = expr.Float, out
		c.Desc += " (" + how + ")"
	}
}

// number returns a number cell; money in whole units.
func number(c *result.Column, r int) float64 {
	switch c.Type {
	case expr.Float:
		return c.Data.F64[r]
	case expr.Money:
		return float64(c.Data.I64[r]) / 1e4
	}
	return float64(c.Data.I64[r])
}

// moments returns mean and standard deviation (population) of the known values.
func moments(c *result.Column, n int) (mean, sd float64) {
	k := 0.0
	m2 := 0.0
	for r := range n { // Welford (1962): one pass, no cancellation
		if c.Data.IsNull(r) {
			continue
		}
		k++
		v := number(c, r)
		d := v - mean
		mean += d / k
		m2 += d * (v - mean)
	}
	if k == 0 {
		return 0, 0
	}
	return mean, math.Sqrt(m2 / k)
}
