package analysis

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Geo is revenue, orders and customers by place.
var Geo = Register(&Definition{
	Name:  "geo",
	Group: "Sales",
	Short: Text{"Revenue, orders and customers by region or country", "按地区或国家统计销售额、订单与客户"},
	Long: `Sums the sold lines by region (state or province), country or city, largest
revenue first. Lines without a place are a row of their own.`,
	Example: []string{"ecomctl geo orders.parquet", "ecomctl geo orders.csv --by country --limit 10"},
	Table:   "orders",
	Uses:    []string{"order_id", "customer_id", "region", "country"},
	Params: []Param{{Name: "by", Kind: StringParam, Default: "", Columns: true,
		Help: "region, country, city or another column (default: region, else country)"}},
	Columns: []result.Spec{
		{Name: "region", Type: expr.Text, Desc: "the place; named by --by", Null: "unknown place"},
		revenueSpec, ordersSpec, customersSpec, shareSpec,
	},
	Method:  "geo",
	Plan:    geoPlan,
	Finish:  geoFinish,
	Section: geoSection,
})

// place returns the dimension of geo: the one asked for, else the first there is.
func (r *Request) place(by string) (query.Dim, error) {
	if by != "" {
		return r.dim(by)
	}
	for _, c := range []string{"region", "country", "city"} {
		if r.Rel.Has(c) {
			return query.Dim{Name: c, Column: c}, nil
		}
	}
	return query.Dim{}, fault.New(fault.Usage, "geo: the input has no region, country or city").
		WithHint("map one with --map region=Column")
}

func geoPlan(r *Request) (query.Plan, error) {
	d, err := r.place(r.Str("by"))
	if err != nil {
		return query.Plan{}, err
	}
	q := r.baseQuery("geo")
	q.Dims = []query.Dim{d}
	q.Measures = r.measures(mRevenue, mOrders, mCustomers)
	return query.Plan{Queries: []query.Query{q}}, nil
}

func geoFinish(_ context.Context, _ *Request, a *query.Answer) (*Result, error) {
	t := a.Tables[0]
	res := &Result{}
	share := shares(t.Col(mRevenue), t.N)
	if t.Names[0] == currencyColumn && t.N > 1 {
		share = nulls(expr.Float, t.N)
		res.Notes = append(res.Notes, "no shares: money of several currencies has no total")
	}
	out := &result.Table{Name: "geo", N: t.N, Columns: []result.Column{
		column(t, t.Names[0], dimSpec(t, 0, "the place")),
		column(t, mRevenue, revenueSpec), column(t, mOrders, ordersSpec), column(t, mCustomers, customersSpec),
		{Spec: shareSpec, Data: share},
	}}
	if err := out.Sort([]string{mRevenue + ":desc"}); err != nil {
		return nil, err
	}
	res.Main = out
	return res, nil
}

// shares divides each value of an integer or money column by their exact sum; all
// null when that is 0.
func shares(c *frame.Column, n int) frame.Column {
	out := result.NewData(expr.Float, n)
	var total int64
	for i := range n {
		if !c.IsNull(i) {
			total += c.I64[i]
		}
	}
	for i := range n {
		if total == 0 || c.IsNull(i) {
			result.AppendNull(&out)
		} else {
			result.AppendFloat(&out, float64(c.I64[i])/float64(total))
		}
	}
	return out
}
