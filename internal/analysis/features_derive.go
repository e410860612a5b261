package analysis

import (
	"fmt"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
)

// featuresDerive is featuresFinish for engines that write rows.
func featuresDerive(r *Request, asOf int64) (query.Derived, error) {
	if how := r.Str("scale"); how != "" && how != "none" {
		return query.Derived{}, fault.New(fault.Usage, "--scale %s looks at all rows on this machine, and they stay on Spark", how).WithHint("leave --scale out, or name a file: -o FILE.parquet")
	}
	windows, err := windowDays(r.Str("windows"))
	if err != nil {
		return query.Derived{}, err
	}
	plan := featureQueries(r, func(string) bool { return true }, windows)
	d := query.Derived{Query: plan.Queries[0]}
	has := func(measure string) bool {
		return slices.ContainsFunc(d.Query.Measures, func(m query.Measure) bool { return m.Name == measure })
	}
	orders := mOrders
	if !has(mOrders) {
		orders = "days"
	}
	given := func(name string, t expr.Type) query.DerivedColumn {
		if has(name) {
			return renamed(name, name)
		}
		return query.DerivedColumn{Name: name, Type: t}
	}
	col := expr.Col
	d.Columns = []query.DerivedColumn{
		renamed("customer_id", "customer_id"), renamed("first_order", "first"), renamed("last_order", "last"),
		daysBefore("tenure_days", "first", asOf), daysBefore("recency_days", "last", asOf),
		renamed("orders", orders), given(mUnits, expr.Float), renamed("revenue", mRevenue), {Name: "aov", Value: expr.Div(col(mRevenue), col(orders))},
		given("products", expr.Int), given("categories", expr.Int),
		{Name: "mean_gap_days", Value: expr.Div(expr.Sub(col("last"), col("first")), expr.Sub(col("days"), expr.Lit(int64(1))))},
		{Name: "returns_ratio", Value: expr.Div(col("reversed"), expr.Add(col("lines"), col("reversed")))},
		{Name: "weekend_ratio", Value: expr.Div(col("weekend"), col("lines"))},
		{Name: "top_category", Type: expr.Text},
	}
	for _, q := range plan.Queries[1:] {
		switch q.Name {
		case "weekdays":
			d.Folds = append(d.Folds, query.Fold{Query: q, Columns: []query.FoldColumn{{Name: "weekend", Sum: expr.Mul(col("lines"), flag(expr.Ge(col("weekday"), expr.Lit(int64(6)))))}}})
		case "categories":
			d.Folds = append(d.Folds, query.Fold{Query: q, Columns: []query.FoldColumn{{Name: "top", Of: "category", By: mRevenue}}})
			d.Columns[slices.IndexFunc(d.Columns, func(c query.DerivedColumn) bool { return c.Name == "top_category" })].Value = col("top")
		case "days":
			days := query.Fold{Query: q}
			for _, n := range windows {
				addWindow(&d, &days, n, asOf, has(mOrders), has(mUnits))
			}
			d.Folds = append(d.Folds, days)
		}
	}
	return d, nil
}

// addWindow adds the sums of a window, which are folds of the query by customer and day.
func addWindow(d *query.Derived, days *query.Fold, n, asOf int64, hasOrders, hasUnits bool) {
	col := expr.Col
	in := flag(expr.And(expr.Ge(col("day"), expr.DateLit(asOf-n)), expr.Lt(col("day"), expr.DateLit(asOf))))
	add := func(what string, each expr.Node) {
		name := fmt.Sprintf("%s_%dd", what, n)
		value := in
		if each != nil {
			value = expr.Mul(each, in)
		}
		days.Columns = append(days.Columns, query.FoldColumn{Name: name, Sum: value})
		d.Columns = append(d.Columns, renamed(name, name))
	}
	if hasOrders {
		add("orders", col(mOrders))
	} else {
		add("orders", nil)
	}
	if hasUnits {
		add("units", col(mUnits))
	} else {
		d.Columns = append(d.Columns, query.DerivedColumn{Name: fmt.Sprintf("units_%dd", n), Type: expr.Float})
	}
	add("revenue", col(mRevenue))
}
