package store

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// lines describes line_store to the printer of SQL; nothing is read through it.
type lines struct{ schema *arrow.Schema }

func (l lines) Schema() *arrow.Schema  { return l.schema }
func (l lines) Splits() []source.Split { return nil }
func (l lines) Inputs() []source.Input { return nil }
func (l lines) Notices() []string      { return nil }
func (l lines) Close() error           { return nil }

// lineRelation is line_store as queries see it. Its rows were judged when they were imported.
func lineRelation(d sqldb.Dialect) *relation.Relation {
	id := arrow.DataType(arrow.BinaryTypes.String)
	if d == sqldb.MySQL {
		id = arrow.BinaryTypes.Binary // compared by bytes
	}
	rel := &relation.Relation{Name: "line_store", AsOf: math.MaxInt64, Zone: "UTC"}
	var fields []arrow.Field
	for _, c := range []struct {
		name string
		as   expr.Type
		typ  arrow.DataType
	}{
		{"import_id", expr.Int, arrow.PrimitiveTypes.Int64}, {"kind", expr.Int, arrow.PrimitiveTypes.Int64}, {"order_id", expr.Text, id},
		{relation.OrderTS, expr.Time, &arrow.TimestampType{Unit: arrow.Microsecond}}, {"customer_id", expr.Text, id}, {"product_id", expr.Text, id},
		{"quantity", expr.Float, arrow.PrimitiveTypes.Float64}, {"money_e4", expr.Int, arrow.PrimitiveTypes.Int64}, {"region", expr.Text, arrow.BinaryTypes.String},
	} {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.typ, Nullable: true})
		rel.Columns = append(rel.Columns, relation.Column{Name: c.name, From: c.name, Type: c.as})
	}
	rel.Fact, rel.Canonical = lines{arrow.NewSchema(fields, nil)}, len(rel.Columns)
	return rel
}

const dayMicros = 86_400_000_000

// indexQuery is a query of the product, and the columns of an index that holds all it reads.
type indexQuery struct {
	query.Query
	index   string
	columns []string
}

// indexQueries are the queries that the analyses and pages ask most: of the last 30 days (last is the day after the last line),
// and of everything.
func indexQueries(last int64, live []int64) []indexQuery {
	ids := make([]any, len(live))
	for i, id := range live {
		ids[i] = id
	}
	sold := expr.And(expr.Eq(expr.Col("kind"), expr.Lit(0)), expr.In(expr.Col("import_id"), ids...))
	dim := func(name string, cut query.Cut) []query.Dim { return []query.Dim{{Name: "by", Column: name, Cut: cut}} }
	revenue := query.Measure{Name: "revenue_e4", Op: query.Sum, Column: "money_e4"}
	orders := query.Measure{Name: "orders", Op: query.CountDistinct, Column: "order_id"}
	units := query.Measure{Name: "units", Op: query.Sum, Column: "quantity"}
	customers := query.Measure{Name: "customers", Op: query.CountDistinct, Column: "customer_id"}
	lastDay := query.Measure{Name: "last_day", Op: query.Max, Column: relation.OrderTS, Cut: query.Day}
	byTime := []string{"order_ts", "kind", "import_id", "money_e4", "order_id", "customer_id", "quantity"}
	byCustomer := []string{"customer_id", "order_ts", "order_id", "money_e4", "kind", "import_id"}
	byRegion := []string{"region", "order_ts", "money_e4", "order_id", "customer_id", "kind", "import_id"}
	byProduct := []string{"product_id", "order_ts", "money_e4", "quantity", "order_id", "kind", "import_id"}
	month := func(q query.Query) query.Query {
		q.From, q.To = last-30*dayMicros, last
		return q
	}
	list := []indexQuery{
		{month(query.Query{Name: "sales by day, 30 days", Dims: dim(relation.OrderTS, query.Day), Measures: []query.Measure{revenue, orders, units, customers}}), "ecomctl_time", byTime},
		{query.Query{Name: "sales by day", Dims: dim(relation.OrderTS, query.Day), Measures: []query.Measure{revenue, orders, units, customers}}, "ecomctl_time", byTime},
		{query.Query{Name: "rfm", Dims: dim("customer_id", query.NoCut), Measures: []query.Measure{lastDay, orders, revenue}}, "ecomctl_customer", byCustomer},
		{query.Query{Name: "geo", Dims: dim("region", query.NoCut), Measures: []query.Measure{revenue, orders, customers}}, "ecomctl_region", byRegion},
		{query.Query{Name: "products", Dims: dim("product_id", query.NoCut), Measures: []query.Measure{revenue, orders, units}}, "ecomctl_product", byProduct},
		{month(query.Query{Name: "segments, 30 days", Dims: dim("customer_id", query.NoCut), Measures: []query.Measure{lastDay, orders, revenue}}), "ecomctl_time", byTime},
	}
	for i := range list {
		list[i].Where = sold
	}
	return list
}

// text prints a query in the language of the database.
func (q *indexQuery) text(d sqldb.Dialect) (string, error) {
	dialect := sqlgen.SQLite
	if d == sqldb.MySQL {
		dialect = sqlgen.MySQL("row_no")
	}
	rel := lineRelation(d)
	return sqlgen.Query(dialect, rel, sqlgen.Tables{Fact: rel.Name, Native: true}, q.Query)
}
