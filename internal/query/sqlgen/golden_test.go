package sqlgen_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

var (
	int64Type = arrow.PrimitiveTypes.Int64
	f64Type   = arrow.PrimitiveTypes.Float64
	microsUTC = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

var update = flag.Bool("update", false, "write the golden files anew")

// plainShop is a relation as people have it, without rows.
func plainShop() *relation.Relation {
	fact := memtest.New([]string{"InvoiceNo", "InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice", "Country", "Status"},
		memtest.Column(arrow.BinaryTypes.String), memtest.Column(&arrow.TimestampType{Unit: arrow.Microsecond}), memtest.Column(f64Type),
		memtest.Column(arrow.BinaryTypes.String), memtest.Column(int64Type), memtest.Column(f64Type), memtest.Column(arrow.BinaryTypes.String), memtest.Column(arrow.BinaryTypes.String))
	rel := &relation.Relation{Name: "orders", Fact: fact, AsOf: math.MaxInt64, Zone: "UTC"}
	for i, name := range []string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price", "country", "status"} {
		typ := []expr.Type{expr.Text, expr.Time, expr.Int, expr.Text, expr.Int, expr.Float, expr.Text, expr.Text}[i]
		rel.Columns = append(rel.Columns, relation.Column{Name: name, From: fact.Names[i], Type: typ})
	}
	rel.Canonical = len(rel.Columns)
	money := expr.Col(relation.MoneyColumn)
	rel.Rules = []relation.Rule{
		{Name: "no_order_id", Kind: relation.Reject, When: expr.IsNull(expr.Col("order_id"))},
		{Name: "no_money", Kind: relation.Reject, When: expr.IsNull(money)},
		{Name: "void", Kind: relation.Void, When: expr.In(expr.Call("lower", expr.Call("trim", expr.Col("status"))), "cancelled", "已取消")},
		{Name: "reversal", Kind: relation.Reversal, When: expr.Or(expr.Lt(expr.Col("quantity"), expr.Lit(0)), expr.Lt(money, expr.MoneyLit(0)))},
	}
	return rel
}

func TestGoldenSQL(t *testing.T) {
	where, err := expr.Parse("country = 'France' and unit_price > 10")
	if err != nil {
		t.Fatal(err)
	}
	money := relation.MoneyColumn
	for _, q := range []query.Query{
		{Name: "daily_sales", Where: where, Dims: []query.Dim{{Name: "date", Column: "order_ts", Cut: query.Day}},
			Measures: []query.Measure{{Name: "revenue", Op: query.Sum, Column: money}, {Name: "orders", Op: query.CountDistinct, Column: "order_id"},
				{Name: "returns", Op: query.Sum, Column: money, Scope: relation.Only(relation.Reversal)}}},
		{Name: "cohorts", Dims: []query.Dim{{Name: "cohort", Column: "order_ts", Cut: query.Month, FirstPer: "customer_id"}, {Name: "month", Column: "order_ts", Cut: query.Month}},
			Measures: []query.Measure{{Name: "active", Op: query.CountDistinct, Column: "customer_id"}}},
		{Name: "median_price", From: 1_262_304_000_000_000, To: 1_293_840_000_000_000, Dims: []query.Dim{{Name: "country", Column: "country"}},
			Measures: []query.Measure{{Name: "median", Op: query.Quantile, Column: "unit_price", P: 0.5}}},
	} {
		got, err := sqlgen.Query(sqlgen.SQLite, plainShop(), sqlgen.DefaultTables(plainShop()), q)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "sqlite", q.Name+".sql")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s has changed (go test -update writes it anew):\n%s", path, got)
		}
	}
}

// What SQLite cannot keep is refused by name, as the user's matter.
func TestSQLiteRefuses(t *testing.T) {
	count := []query.Measure{{Name: "n", Op: query.Count}}
	for name, c := range map[string]struct {
		change func(r *relation.Relation)
		q      query.Query
		want   string
	}{
		"regular expressions": {q: query.Query{Where: parse(t, "matches(country, '^F')"), Measures: count}, want: "regular expressions"},
		"text as times":       {change: func(r *relation.Relation) { r.Columns[1].From = "Country" }, q: query.Query{Dims: []query.Dim{{Name: "d", Column: "order_ts"}}, Measures: count}, want: "order_ts"},
		"decimals":            {change: func(r *relation.Relation) { decimals(r) }, q: query.Query{Measures: []query.Measure{{Name: "m", Op: query.Sum, Column: "money"}}}, want: "decimal"},
		"a zero byte": {change: func(r *relation.Relation) {
			r.Columns[6].From = "a\x00b"
			r.Fact.(*memtest.Dataset).Names[6] = "a\x00b"
		}, q: query.Query{Dims: []query.Dim{{Name: "c", Column: "country"}}, Measures: count}, want: "zero byte"},
		"no such column":   {q: query.Query{Dims: []query.Dim{{Name: "d", Column: "nothing"}}, Measures: count}, want: "nothing"},
		"cut of a text":    {q: query.Query{Dims: []query.Dim{{Name: "d", Column: "country", Cut: query.Day}}, Measures: count}, want: "not a time"},
		"sum of a text":    {q: query.Query{Measures: []query.Measure{{Name: "m", Op: query.Sum, Column: "country"}}}, want: "text"},
		"unknown in where": {q: query.Query{Where: parse(t, "contry = 'x'"), Measures: count}, want: "contry"},
		"no zone":          {change: func(r *relation.Relation) { r.Zone = "Nowhere/At_All"; zoned(r) }, q: query.Query{Dims: []query.Dim{{Name: "d", Column: "order_ts"}}, Measures: count}, want: "Nowhere"},
	} {
		rel := plainShop()
		if c.change != nil {
			c.change(rel)
		}
		_, err := sqlgen.Query(sqlgen.SQLite, rel, sqlgen.DefaultTables(rel), c.q)
		if err == nil || fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func parse(t *testing.T, s string) expr.Node {
	n, err := expr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func decimals(r *relation.Relation) {
	d := r.Fact.(*memtest.Dataset)
	d.Cols[5] = memtest.Column(&arrow.Decimal128Type{Precision: 10, Scale: 2})
}

func zoned(r *relation.Relation) {
	d := r.Fact.(*memtest.Dataset)
	d.Cols[1] = memtest.Column(microsUTC)
}

// A plan is printed whole, with refusals as comments that cannot be escaped from.
func TestPlanPrintsRefusalsAsComments(t *testing.T) {
	rel := plainShop()
	got := sqlgen.Plan(sqlgen.SQLite, rel, sqlgen.DefaultTables(rel), query.Plan{
		Queries: []query.Query{{Name: "a\n; DROP TABLE orders", Where: parse(t, "matches(country, 'x')"), Measures: []query.Measure{{Name: "n", Op: query.Count}}},
			{Name: "b", Measures: []query.Measure{{Name: "n", Op: query.Count}}}},
		Groupings: []query.Grouping{{Name: "g", Key: "order_id", Item: "product_id"}},
	})
	for _, line := range strings.Split(got, "\n") {
		if strings.Contains(line, "DROP") && !strings.HasPrefix(line, "-- ") {
			t.Errorf("a name left its comment: %s", line)
		}
	}
	if strings.Count(got, "-- query ") != 2 || !strings.Contains(got, "-- cannot be written: ") || !strings.Contains(got, "-- grouping g (SQLite)\nWITH") {
		t.Error(got)
	}
}
