package analysis

import (
	"context"
	"slices"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Sales is revenue, orders, units and customers by period or any dimension.
var Sales = Register(&Definition{
	Name:  "sales",
	Group: "Sales",
	Short: Text{"Revenue, orders, units and customers over time or by any column", "按时间或任意列统计销售额、订单、件数与客户"},
	Long: `Sums the sold lines of an orders table by day (default), week (ISO 8601), month,
quarter, year, hour, or by any column. Every period between the first and the
last is a row, also those without a sale. --net adds the negative money of reversals on
their own date.`,
	Example: []string{
		"ecomctl sales orders.parquet --by month",
		"ecomctl sales orders.csv --by category --sort revenue:desc --limit 10",
		"cat orders.csv | ecomctl sales - --from 2024-01-01 --to 2024-02-01 --format json",
	},
	Table: "orders",
	Needs: []string{"order_ts"},
	Uses:  []string{"order_id", "customer_id", "quantity"},
	Params: []Param{
		{Name: "by", Kind: ListParam, Default: "day", Columns: true,
			Help: "calendar cut (hour, day, week, month, quarter, year, weekday, hour_of_day, month_of_year) or columns"},
	},
	Columns: []result.Spec{
		{Name: "date", Type: expr.Date, Desc: "first day of the period; or the dimension, under its own name"},
		revenueSpec, ordersSpec, unitsSpec, customersSpec, aovSpec,
	},
	Method:  "sales",
	Plan:    salesPlan,
	Finish:  salesFinish,
	Section: salesSection,
})

func salesPlan(r *Request) (query.Plan, error) {
	q := r.baseQuery("sales")
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
	q.Measures = r.measures(mRevenue, mOrders, mUnits, mCustomers)
	return query.Plan{Queries: []query.Query{q}}, nil
}

func salesFinish(_ context.Context, r *Request, a *query.Answer) (*Result, error) {
	t := a.Tables[0]
	plan, err := salesPlan(r)
	if err != nil {
		return nil, err
	}
	dims := plan.Queries[0].Dims
	if len(dims) == 1 && isPeriod(dims[0].Cut) {
		t = fillPeriods(t, dims[0].Cut)
	}
	out := &result.Table{Name: "sales", N: t.N}
	for i, d := range dims {
		spec := dimSpec(t, i, "the dimension")
		if isPeriod(d.Cut) {
			spec.Name, spec.Desc = "date", "start of the "+d.Cut.String()
		}
		out.Columns = append(out.Columns, column(t, t.Names[i], spec))
	}
	for _, s := range []result.Spec{revenueSpec, ordersSpec, unitsSpec, customersSpec} {
		out.Columns = append(out.Columns, column(t, s.Name, s))
	}
	out.Columns = append(out.Columns, result.Column{Spec: aovSpec, Data: ratio(t.Col(mRevenue), t.Col(mOrders), t.N, 1e4)})
	return &Result{Main: out}, nil
}

// isPeriod reports whether a cut gives the start of a period of time.
func isPeriod(c query.Cut) bool { return c >= query.Hour && c <= query.Year }

// fillPeriods adds the missing periods between the first and the last row of a
// table with one period dimension; counts and sums are 0 there, means null.
func fillPeriods(t *query.Table, cut query.Cut) *query.Table {
	d := &t.Cols[0]
	if t.N == 0 || d.Nulls > 0 {
		return t
	}
	first, last := d.I64[0], d.I64[t.N-1]
	idx := make([]int, 0, t.N)
	var keys []int64
	row := 0
	for k := first; k <= last; k = nextPeriod(k, cut) {
		keys = append(keys, k)
		if row < t.N && d.I64[row] == k {
			idx = append(idx, row)
			row++
		} else {
			idx = append(idx, -1)
		}
	}
	if len(keys) == t.N {
		return t
	}
	out := &query.Table{Name: t.Name, Names: t.Names, Types: t.Types, N: len(keys), Cols: make([]frame.Column, len(t.Cols))}
	out.Cols[0] = frame.Column{Type: d.Type, Kind: d.Kind, Len: len(keys), I64: keys}
	for i := 1; i < len(t.Cols); i++ {
		out.Cols[i] = spread(&t.Cols[i], t.Types[i], idx)
	}
	return out
}

// spread puts the rows of c at idx; -1 makes a zero (null for a fraction that is no sum).
func spread(c *frame.Column, typ expr.Type, idx []int) frame.Column {
	out := result.NewData(typ, len(idx))
	for _, i := range idx {
		switch {
		case i >= 0 && c.IsNull(i):
			result.AppendNull(&out)
		case typ == expr.Float && i >= 0:
			result.AppendFloat(&out, c.F64[i])
		case typ == expr.Float:
			result.AppendFloat(&out, 0)
		case i >= 0:
			result.AppendInt(&out, c.I64[i])
		default:
			result.AppendInt(&out, 0)
		}
	}
	return out
}

const hourMicros = int64(time.Hour / time.Microsecond)

// nextPeriod returns the key of the period after k: microseconds for hours, days
// since 1970 for the other cuts.
func nextPeriod(k int64, cut query.Cut) int64 {
	switch cut {
	case query.Hour:
		return k + hourMicros
	case query.Day:
		return k + 1
	case query.Week:
		return k + 7
	}
	months := map[query.Cut]int{query.Month: 1, query.Quarter: 3, query.Year: 12}[cut]
	t := time.Unix(k*86400, 0).UTC().AddDate(0, months, 0)
	return t.Unix() / 86400
}
