package analysis

import (
	"context"
	"slices"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
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
that day is looked at. --windows 7,30,90 adds orders, units and revenue of the last 7, 30 and 90
days before it; --scale log or standard transforms the number columns (log: ln(1 + x), sign kept;
standard: mean 0, standard deviation 1).`,
	Example: []string{
		"ecomctl features orders.parquet --as-of 2025-07-01 -o features.parquet",
		"ecomctl features orders.csv --windows 7,30,90 --scale standard",
	},
	Table: "orders",
	Needs: []string{"order_ts", "customer_id"},
	Uses:  []string{"order_id", "product_id", "category", "quantity"},
	Params: []Param{
		{Name: "windows", Kind: ListParam, Default: "", Help: "also orders, units and revenue of the last N days, like 7,30,90"},
		{Name: "scale", Kind: StringParam, Default: "none", Choices: []string{"none", "log", "standard"}, Help: "transformation of number columns"},
	},
	Columns: featureSpecs,
	Method:  "features",
	NoNet:   true,
	Plan:    featuresPlan,
	Finish:  featuresFinish,
	Derive:  featuresDerive,
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
		n, err := strconv.ParseInt(w, 10, 64)
		if err != nil || n < 1 || n > 36_525 {
			return nil, fault.New(fault.Usage, "--windows %s: whole days from 1 to 36525 are wanted, like 7,30,90", s)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

func featuresPlan(r *Request) (query.Plan, error) {
	windows, err := windowDays(r.Str("windows"))
	if err != nil {
		return query.Plan{}, err
	}
	return featureQueries(r, func(string) bool { return true }, windows), nil
}

// featureQueries asks by customer and, where wanted features need it, by customer and weekday, by customer and
// category and, for windows, by customer and day: the windows end at as-of, which only the scan may tell.
func featureQueries(r *Request, want func(feature string) bool, windows []int64) query.Plan {
	sold := relation.Only(relation.Sold)
	who := query.Dim{Name: "customer_id", Column: "customer_id"}
	base := func(name string, dims ...query.Dim) query.Query {
		q := r.baseQuery(name)
		q.Scope, q.Where, q.Dims = sold, andKnown(r.Where, "customer_id"), append([]query.Dim{who}, dims...)
		return q
	}
	money := query.Measure{Name: mRevenue, Op: query.Sum, Column: relation.MoneyColumn}
	main := base("features")
	main.Measures = []query.Measure{
		{Name: "first", Op: query.Min, Column: relation.OrderTS, Cut: query.Day},
		{Name: "last", Op: query.Max, Column: relation.OrderTS, Cut: query.Day},
		money,
	}
	main.Measures = append(main.Measures, r.measures(mOrders)...)
	if want(mUnits) {
		main.Measures = append(main.Measures, r.measures(mUnits)...)
	}
	if want("mean_gap_days") || !r.Rel.Has("order_id") {
		main.Measures = append(main.Measures, query.Measure{Name: "days", Op: query.CountDistinct, Column: relation.OrderTS, Cut: query.Day})
	}
	if want("returns_ratio") {
		main.Measures = append(main.Measures, query.Measure{Name: "lines", Op: query.Count},
			query.Measure{Name: "reversed", Op: query.Count, Scope: relation.Only(relation.Reversal)})
	}
	for _, m := range []query.Measure{{Name: "products", Op: query.CountDistinct, Column: "product_id"}, {Name: "categories", Op: query.CountDistinct, Column: "category"}} {
		if want(m.Name) && r.Rel.Has(m.Column) {
			main.Measures = append(main.Measures, m)
		}
	}
	plan := query.Plan{Queries: []query.Query{main}}
	if want("weekend_ratio") {
		q := base("weekdays", query.Dim{Name: "weekday", Column: relation.OrderTS, Cut: query.Weekday})
		q.Measures = []query.Measure{{Name: "lines", Op: query.Count}}
		plan.Queries = append(plan.Queries, q)
	}
	if want("top_category") && r.Rel.Has("category") {
		q := base("categories", query.Dim{Name: "category", Column: "category"})
		q.Measures = []query.Measure{money}
		plan.Queries = append(plan.Queries, q)
	}
	if len(windows) > 0 {
		q := base("days", query.Dim{Name: "day", Column: relation.OrderTS, Cut: query.Day})
		q.Measures = append(r.measures(mOrders, mUnits), money)
		plan.Queries = append(plan.Queries, q)
	}
	return plan
}

func featuresFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	windows, err := windowDays(r.Str("windows"))
	if err != nil {
		return nil, err
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	out := featureTable(r, a, windows)
	scaleColumns(out, r.Str("scale"))
	return &Result{Main: out, AsOf: asOfDay(r, a) * dayMicros}, nil
}
