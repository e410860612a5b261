package sqlgentest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

func (e *Engine) groupings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel, fact, dim := drawShop(t)
		if err := e.load(rel.Name, fact); err != nil {
			t.Fatal(err)
		}
		if err := e.load("products", dim); err != nil {
			t.Fatal(err)
		}
		g := query.Grouping{Name: "g", Key: rapid.SampledFrom([]string{"order_id", "customer_id", "region"}).Draw(t, "key"),
			Item: rapid.SampledFrom([]string{"product_id", "customer_id", "category"}).Draw(t, "item"), Distinct: rapid.Bool().Draw(t, "distinct")}
		g.Order = rapid.SampledFrom([][]string{nil, {"order_ts"}, {"product_id", "order_ts"}}).Draw(t, "order")
		g.Values = rapid.SampledFrom([][]string{nil, {"money"}, {"order_ts", "weight", "quantity"}, {"region", "money", "category"}}).Draw(t, "values")
		g.Codes = rapid.SampledFrom([][]string{nil, {"category"}, {"customer_id", "status"}}).Draw(t, "codes")
		if rapid.Bool().Draw(t, "scoped") {
			g.Scope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "scope"))
		}
		ans, err := local.New(local.Options{Threads: 2}).Run(context.Background(), rel, query.Plan{Groupings: []query.Grouping{g}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := sqlgen.Grouping(e.Dialect, rel, e.tables(rel), g)
		if err != nil {
			t.Fatal(err)
		}
		_, cells, err := e.ask(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		var want [][]any
		a := ans.Groups[0]
		for k := range a.Keys.Len {
			for i := a.Off[k]; i < a.Off[k+1]; i++ {
				line := []any{cellOf(&a.Keys, k), cellOf(&a.ItemKeys, int(a.Items[i]))}
				for v, name := range g.Values {
					line = append(line, groupValue(rel, name, a.Values[v][i]))
				}
				for c := range g.Codes {
					var cell any
					if code := a.Codes[c][i]; code != query.NullCode {
						cell = cellOf(&a.CodeKeys[c], int(code))
					}
					line = append(line, cell)
				}
				want = append(want, line)
			}
		}
		if have, want := fmt.Sprintf("%#v", cells), fmt.Sprintf("%#v", want); have != want {
			t.Fatalf("%+v\n got %s\nwant %s\n%s", g, have, want, text)
		}
	})
}

// groupValue reads a value beside an item.
func groupValue(rel *relation.Relation, name string, v int64) any {
	if v == query.NullValue {
		return nil
	}
	if i := rel.Find(name); i >= 0 && rel.Columns[i].Type == expr.Float {
		return math.Float64frombits(uint64(v))
	}
	return v
}

func (e *Engine) accounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel, fact, dim := drawShop(t)
		if err := e.load(rel.Name, fact); err != nil {
			t.Fatal(err)
		}
		if err := e.load("products", dim); err != nil {
			t.Fatal(err)
		}
		q := query.Query{Name: "q", Measures: []query.Measure{{Name: "n", Op: query.Count}}}
		ans, err := local.New(local.Options{Threads: 2}).Run(context.Background(), rel, query.Plan{Queries: []query.Query{q}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := sqlgen.Account(e.Dialect, rel, e.tables(rel))
		if err != nil {
			t.Fatal(err)
		}
		_, cells, err := e.ask(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		got := map[string]string{}
		for _, c := range cells {
			got[fmt.Sprint(c[0], " ", c[1])] = fmt.Sprint(c[2:])
		}
		for _, r := range ans.Account.Reasons {
			key, want := fmt.Sprint(r.Kind, " ", r.Reason), fmt.Sprint([]any{r.Rows, r.Money, r.NoMoney})
			if r.Rows > 0 && got[key] != want {
				t.Fatalf("%s: engine %s, database %v\n%s", key, want, got, text)
			}
			if r.Rows > 0 {
				delete(got, key)
			}
		}
		if len(got) > 0 {
			t.Fatalf("the database has more: %v\n%s", got, text)
		}
	})
}
