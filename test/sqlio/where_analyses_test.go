package sqlio_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
	"github.com/ecomctl/ecomctl/test/harness"
)

// Every analysis has the same answer whether the database leaves rows out or not.
func TestSQLiteWhereOfAnalyses(t *testing.T) {
	dir := t.TempDir()
	harness.Must(t, dir, "generate", "orders", "--rows", "4000", "--seed", "5", "-o", "o.parquet", "-q")
	harness.Must(t, dir, "convert", "o.parquet", "-o", "sqlite:o.db?table=orders", "-q")
	d := openTable(t, "sqlite:"+filepath.Join(dir, "o.db")+"?table=orders", sqltable.Options{RangeKeys: 1000, Conns: 2})
	where, err := expr.Parse("region in ('Guangdong', 'Zhejiang', 'Jiangsu') and quantity > 0 and not payment like 'ali%'")
	if err != nil {
		t.Fatal(err)
	}
	const from, to = 1_706_745_600_000_000, 1_748_736_000_000_000 // 2024-02-01 to 2025-06-01
	eng := local.New(local.Options{Threads: 2})
	asked, narrowed := 0, 0
	for _, def := range analysis.All() {
		if def.Table != "orders" {
			continue
		}
		plan := func(d source.Dataset) (*relation.Relation, query.Plan) {
			rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Now: 1_780_000_000_000_000, NoClean: true})
			if err != nil {
				t.Fatal(err)
			}
			r := &analysis.Request{Rel: rel, Where: where, From: from, To: to, AsOf: query.MaxTime, Now: 1_780_000_000_000_000, Lang: "en", Seed: 1, Threads: 1, Params: map[string]string{}}
			for _, p := range def.Params {
				r.Params[p.Name] = p.Default
			}
			p, err := analysis.PlanOf(def, r)
			if err != nil {
				return nil, p // a parameter has no default
			}
			return rel, p
		}
		rel, p := plan(d)
		if rel == nil || len(p.Queries)+len(p.Groupings) == 0 {
			continue
		}
		got, err := eng.Run(context.Background(), rel, p)
		if err != nil {
			t.Fatalf("%s: %v", def.Name, err)
		}
		rel, p = plan(whole{d})
		want, err := eng.Run(context.Background(), rel, p)
		if err != nil {
			t.Fatalf("%s: %v", def.Name, err)
		}
		asked++
		if got.Account.Skipped > 0 {
			narrowed++
		}
		if a, b := answerText(got), answerText(want); a != b {
			t.Errorf("%s: %s", def.Name, firstDifference(a, b))
		}
		if a, b := got.Account, want.Account; a.Rows != b.Rows || a.FirstSold != b.FirstSold || a.LastSold != b.LastSold {
			t.Errorf("%s: account %+v, want %+v", def.Name, a, b)
		}
	}
	if asked < 10 || narrowed < asked-3 {
		t.Errorf("of %d analyses the database left rows out for %d", asked, narrowed)
	}
}

// answerText shows every cell of an answer.
func answerText(a *query.Answer) string {
	var b strings.Builder
	column := func(c *frame.Column, n int) {
		for i := range n {
			fmt.Fprintln(&b, text(c, i))
		}
	}
	for _, t := range a.Tables {
		fmt.Fprintln(&b, t.Name, t.Names, t.N)
		for c := range t.Cols {
			column(&t.Cols[c], t.N)
		}
	}
	for _, g := range a.Groups {
		fmt.Fprintln(&b, g.Name, g.Off, g.Items, g.Values, g.Codes)
		for _, c := range slices.Concat([]frame.Column{g.Keys, g.ItemKeys}, g.CodeKeys) {
			column(&c, c.Len)
		}
	}
	return b.String()
}
