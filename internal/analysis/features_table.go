package analysis

import (
	"fmt"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// featureTable makes the customer table from the answer to featureQueries; what was not
// asked for is null.
func featureTable(r *Request, a *query.Answer, windows []int64) *result.Table {
	t := tableNamed(a, "features")
	asOf := asOfDay(r, a)
	orders := t.Col(mOrders)
	if orders == nil {
		orders = t.Col("days")
	}
	out := &result.Table{Name: "features", N: t.N}
	add := func(name string, data frame.Column) {
		spec := featureSpecs[len(out.Columns)]
		if spec.Name != name {
			panic("analysis: features: " + name + " stands where " + spec.Name + " belongs")
		}
		if name == "customer_id" {
			spec.Type = t.Types[0]
		}
		data.Len = t.N
		out.Columns = append(out.Columns, result.Column{Spec: specFor(spec, data), Data: data})
	}
	orNull := func(name string) {
		if c := t.Col(name); c != nil {
			add(name, *c)
		} else {
			add(name, nulls(featureSpecs[len(out.Columns)].Type, t.N))
		}
	}
	first, last := t.Col("first").I64, t.Col("last").I64
	tenure, recency := result.NewData(expr.Int, t.N), result.NewData(expr.Int, t.N)
	for i := range t.N {
		result.AppendInt(&tenure, asOf-first[i])
		result.AppendInt(&recency, asOf-last[i])
	}
	add("customer_id", *t.Col("customer_id"))
	add("first_order", *t.Col("first"))
	add("last_order", *t.Col("last"))
	add("tenure_days", tenure)
	add("recency_days", recency)
	add("orders", *orders)
	orNull(mUnits)
	add("revenue", *t.Col(mRevenue))
	add("aov", ratio(t.Col(mRevenue), orders, t.N, 1e4))
	orNull("products")
	orNull("categories")
	add("mean_gap_days", meanGaps(t))
	add("returns_ratio", returnShare(t))
	add("weekend_ratio", weekendShare(t, tableNamed(a, "weekdays")))
	add("top_category", topCategory(t, tableNamed(a, "categories")))
	if d := tableNamed(a, "days"); d != nil {
		addWindows(out, t, d, windows, asOf)
	}
	return out
}

// meanGaps divides the days between first and last order day by the number of gaps.
func meanGaps(t *query.Table) frame.Column {
	days := t.Col("days")
	if days == nil {
		return nulls(expr.Float, t.N)
	}
	first, last, gap := t.Col("first").I64, t.Col("last").I64, result.NewData(expr.Float, t.N)
	for i := range t.N {
		if days.I64[i] > 1 {
			result.AppendFloat(&gap, float64(last[i]-first[i])/float64(days.I64[i]-1))
		} else {
			result.AppendNull(&gap)
		}
	}
	return gap
}

func returnShare(t *query.Table) frame.Column {
	lines, reversed := t.Col("lines"), t.Col("reversed")
	if lines == nil || reversed == nil {
		return nulls(expr.Float, t.N)
	}
	out := result.NewData(expr.Float, t.N)
	for i := range t.N {
		result.AppendFloat(&out, float64(reversed.I64[i])/float64(lines.I64[i]+reversed.I64[i]))
	}
	return out
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
	if week == nil {
		return nulls(expr.Float, t.N)
	}
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

// addWindows appends orders, units and revenue of the days before as-of.
func addWindows(out *result.Table, t, d *query.Table, windows []int64, asOf int64) {
	day, money, orders, units := d.Col("day").I64, d.Col(mRevenue).I64, d.Col(mOrders), d.Col(mUnits)
	for _, w := range windows {
		n, sum, pieces := make([]int64, t.N), make([]int64, t.N), make([]float64, t.N)
		each(t, d, func(c, row int) {
			if day[row] < asOf-w || day[row] >= asOf {
				return
			}
			sum[c] += money[row]
			pieces[c] += floatAt(units, row)
			if orders != nil {
				n[c] += orders.I64[row]
			} else {
				n[c]++
			}
		})
		last := fmt.Sprintf(" of the last %d days", w)
		name := func(s string) string { return fmt.Sprintf("%s_%dd", s, w) }
		out.Columns = append(out.Columns,
			intColumn(result.Spec{Name: name("orders"), Type: expr.Int, Unit: result.Orders, Desc: "orders" + last + ", an order counted on each of its days"}, n),
			unitsOf(result.Spec{Name: name("units"), Type: expr.Float, Unit: result.Units, Desc: "units" + last, Null: "the input has no quantity"}, units, pieces),
			result.Column{Spec: result.Spec{Name: name("revenue"), Type: expr.Money, Unit: result.Money, Desc: "revenue" + last},
				Data: frame.Column{Type: result.MoneyType, Kind: frame.Decimal, Len: t.N, I64: sum}})
	}
}

// unitsOf makes the units of a window a column: whole where the measure is whole.
func unitsOf(spec result.Spec, measure *frame.Column, sums []float64) result.Column {
	switch {
	case measure == nil:
		return result.Column{Spec: spec, Data: nulls(expr.Float, len(sums))}
	case measure.Kind == frame.Float:
		return result.Column{Spec: spec, Data: frame.Column{Type: result.ArrowType(expr.Float), Kind: frame.Float, Len: len(sums), F64: sums}}
	}
	whole := make([]int64, len(sums))
	for i, v := range sums {
		whole[i] = int64(v)
	}
	spec.Type = expr.Int
	return intColumn(spec, whole)
}
