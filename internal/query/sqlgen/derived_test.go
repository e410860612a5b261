package sqlgen_test

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
)

// customers are rows derived from the orders by customer.
func customers() query.Derived {
	who := query.Dim{Name: "customer_id", Column: "customer_id"}
	return query.Derived{
		Query: query.Query{Name: "customers", Dims: []query.Dim{who}, Measures: []query.Measure{{Name: "money", Op: query.Sum, Column: "money"}, {Name: "n", Op: query.Count}}},
		Steps: 5, By: []string{"money"},
		Folds: []query.Fold{{Query: query.Query{Name: "countries", Dims: []query.Dim{who, {Name: "country", Column: "country"}}, Measures: []query.Measure{{Name: "lines", Op: query.Count}}},
			Columns: []query.FoldColumn{{Name: "home", Of: "country", By: "lines"}, {Name: "all", Sum: expr.Col("lines")}}}},
		Columns: []query.DerivedColumn{{Name: "customer_id", Value: expr.Col("customer_id")}, {Name: "m", Value: expr.Col(query.ScoreName("money"))}, {Name: "home", Value: expr.Col("home")},
			{Name: "mean", Value: expr.Div(expr.Col("money"), expr.Col("all"))}, {Name: "none", Type: expr.Float}, {Name: "n", Value: expr.Col("n"), Hidden: true}},
		Sort: []query.SortKey{{Column: "n", Desc: true}},
	}
}

// The columns are those that are asked for, in order and with the types of result files, and rows are ordered by the sort keys, then the dimensions.
func TestSparkDerivedColumns(t *testing.T) {
	got, err := sqlgen.SparkDerived(plainShop(), sqlgen.Tables{Fact: "orders", Native: true}, customers())
	if err != nil {
		t.Fatal(err)
	}
	last := got[strings.LastIndex(got, "\nSELECT\n"):]
	at := 0
	for _, want := range []string{" AS BIGINT) AS `customer_id`", " AS BIGINT) AS `m`", " AS STRING) AS `home`", " AS DOUBLE) AS `mean`", "CAST(NULL AS DOUBLE) AS `none`\nFROM `step_", "ORDER BY ", " IS NULL, ", " DESC, ", "`"} {
		i := strings.Index(last[at:], want)
		if i < 0 {
			t.Fatalf("no %q where it belongs:\n%s", want, last)
		}
		at += i + len(want)
	}
	if strings.Contains(last, "AS `n`") {
		t.Errorf("a hidden column is shown:\n%s", last)
	}
}

func TestSparkDerivedRefuses(t *testing.T) {
	for want, change := range map[string]func(d *query.Derived){
		"nothing":          func(d *query.Derived) { d.Columns[0].Value = expr.Col("nothing") },
		"which they have":  func(d *query.Derived) { d.Sort[0].Column = "nothing" },
		"no finer query":   func(d *query.Derived) { d.Folds[0].Query.Dims = d.Folds[0].Query.Dims[1:] },
		"two columns":      func(d *query.Derived) { d.Folds[0].Columns[1].Name = "n" },
		"does not measure": func(d *query.Derived) { d.By[0] = "nothing" },
		"text of unit_price": func(d *query.Derived) {
			d.Folds[0].Query.Dims[1] = query.Dim{Name: "unit_price", Column: "unit_price"}
			d.Folds[0].Columns[0].Of = "unit_price"
		},
	} {
		d := customers()
		change(&d)
		if got, err := sqlgen.SparkDerived(plainShop(), sqlgen.Tables{Fact: "orders", Native: true}, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\n%s", want, err, got)
		}
	}
}
