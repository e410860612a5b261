package analysis

import (
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Names of the standard measures.
const (
	mRevenue   = "revenue"
	mOrders    = "orders"
	mUnits     = "units"
	mCustomers = "customers"
	mAOV       = "aov"
)

// specs of the standard measures, shared by every analysis that shows them.
var (
	revenueSpec   = result.Spec{Name: mRevenue, Type: expr.Money, Unit: result.Money, Desc: "money of the sold lines (with --net less that of reversals)"}
	ordersSpec    = result.Spec{Name: mOrders, Type: expr.Int, Unit: result.Orders, Desc: "distinct orders with a sold line", Null: "the input has no order_id"}
	unitsSpec     = result.Spec{Name: mUnits, Type: expr.Float, Unit: result.Units, Desc: "sum of the quantity of sold lines", Null: "the input has no quantity"}
	customersSpec = result.Spec{Name: mCustomers, Type: expr.Int, Unit: result.Customers, Desc: "distinct known customers", Null: "the input has no customer_id"}
	aovSpec       = result.Spec{Name: mAOV, Type: expr.Float, Unit: result.Money, Desc: "average order value: revenue / orders", Null: "no orders"}
	shareSpec     = result.Spec{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "revenue / total revenue", Null: "total revenue is 0"}
)

// baseQuery returns a query with the request's period and filter.
func (r *Request) baseQuery(name string) query.Query {
	q := query.Query{Name: name, Scope: relation.Only(relation.Sold), Where: r.Where, From: r.From, To: r.To}
	if r.Net {
		q.Scope = relation.Only(relation.Sold, relation.Reversal)
	}
	return q
}

// measure returns a standard measure; ok is false when the relation lacks its column.
func (r *Request) measure(name string) (m query.Measure, ok bool) {
	sold := relation.Only(relation.Sold)
	switch name {
	case mRevenue:
		m = query.Measure{Name: name, Op: query.Sum, Column: relation.MoneyColumn}
		if !r.Net {
			m.Scope = sold
		}
		return m, true
	case mOrders:
		m = query.Measure{Name: name, Op: query.CountDistinct, Column: "order_id", Scope: sold}
	case mCustomers:
		m = query.Measure{Name: name, Op: query.CountDistinct, Column: "customer_id", Scope: sold}
	case mUnits:
		m = query.Measure{Name: name, Op: query.Sum, Column: "quantity", Scope: sold}
	case "lines":
		return query.Measure{Name: name, Op: query.Count, Scope: sold}, true
	default:
		return m, false
	}
	return m, r.Rel.Has(m.Column)
}

// measures returns those of the named standard measures that the relation can give.
func (r *Request) measures(names ...string) []query.Measure {
	var ms []query.Measure
	for _, n := range names {
		if m, ok := r.measure(n); ok {
			ms = append(ms, m)
		}
	}
	return ms
}

// dimAliases are the short names of dimensions.
var dimAliases = map[string]string{
	"product": "product_id", "customer": "customer_id", "order": "order_id", "date": "day",
	"state": "region", "province": "region",
}

// dim resolves a word of --by: a calendar cut or a column of the relation.
func (r *Request) dim(word string) (query.Dim, error) {
	name := word
	if alias, ok := dimAliases[word]; ok && !r.Rel.Has(word) {
		name = alias
	}
	if cut, ok := query.ParseCut(name); ok && !r.Rel.Has(name) {
		return query.Dim{Name: name, Column: relation.OrderTS, Cut: cut}, nil
	}
	if i := r.Rel.Find(name); i >= 0 {
		return query.Dim{Name: name, Column: name}, nil
	}
	var have []string
	for _, c := range r.Rel.Columns {
		have = append(have, c.Name)
	}
	return query.Dim{}, fault.New(fault.Usage, "--by %s: neither a column of the input nor a calendar cut", word).
		WithHint("columns: %s; cuts: hour, day, week, month, quarter, year, hour_of_day, weekday, month_of_year; map a column with --map %s=Column",
			strings.Join(have, ", "), name)
}

// words splits a comma-separated list and drops blanks.
func words(s string) []string {
	var out []string
	for _, w := range strings.Split(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// column gives a column of a query table a spec; a table without it gives nulls.
func column(t *query.Table, from string, spec result.Spec) result.Column {
	c := t.Col(from)
	if c == nil {
		return result.Column{Spec: spec, Data: nulls(spec.Type, t.N)}
	}
	data := *c
	data.Len = t.N
	return result.Column{Spec: specFor(spec, data), Data: data}
}

// specFor lets a column that may be whole or fractional (units) keep its own type.
func specFor(spec result.Spec, data frame.Column) result.Spec {
	if spec.Type == expr.Float && data.Kind == frame.Int {
		spec.Type = expr.Int
	}
	return spec
}

// nulls returns a column of n nulls.
func nulls(t expr.Type, n int) frame.Column {
	c := result.NewData(t, n)
	for range n {
		result.AppendNull(&c)
	}
	return c
}

// ratio returns a/b for money or integer columns row by row; null where b is 0 or
// either is null. scale multiplies the quotient.
func ratio(a, b *frame.Column, n int, scale float64) frame.Column {
	out := result.NewData(expr.Float, n)
	for i := range n {
		if a == nil || b == nil || a.IsNull(i) || b.IsNull(i) || b.I64[i] == 0 {
			result.AppendNull(&out)
			continue
		}
		result.AppendFloat(&out, float64(a.I64[i])/scale/float64(b.I64[i]))
	}
	return out
}

// dimSpec describes a dimension column of a query table.
func dimSpec(t *query.Table, i int, desc string) result.Spec {
	return result.Spec{Name: t.Names[i], Type: t.Types[i], Desc: desc, Null: "unknown"}
}
