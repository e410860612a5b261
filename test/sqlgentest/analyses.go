package sqlgentest

import (
	"context"
	"math"
	"testing"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/schema"
)

// Every query of every analysis and report section has the same answer in the local
// engine and in the database, over a dirty synthetic shop with the rules of the house.
func (e *Engine) analyses(t *testing.T) {
	for _, c := range []struct {
		zone          string
		dedupe, clean bool
	}{{"UTC", false, true}, {"Asia/Shanghai", true, true}, {"America/Sao_Paulo", false, false}} {
		shop, err := generate.Orders(generate.Options{Rows: 1000, Seed: 7, Dirty: 0.2, Customers: 120, Products: 60})
		if err != nil {
			t.Fatal(err)
		}
		rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: shop, Zone: c.zone, Now: 1_780_000_000_000_000, Dedupe: c.dedupe, NoClean: !c.clean})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.load(rel.Name, shop); err != nil {
			t.Fatal(err)
		}
		plan := everything(t, &analysis.Request{Rel: rel, From: query.MinTime, To: query.MaxTime, AsOf: query.MaxTime, Now: 1_780_000_000_000_000, Lang: "en", Seed: 1, Threads: 1})
		if len(plan.Queries) < 10 {
			t.Fatalf("only %d queries", len(plan.Queries))
		}
		ans, err := local.New(local.Options{Threads: 2}).Run(context.Background(), rel, query.Plan{Queries: plan.Queries})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for i, q := range plan.Queries {
			e.compare(t, rel, q, ans.Tables[i])
			rows += ans.Tables[i].N
		}
		t.Logf("%s: %d queries, %d rows of answers", c.zone, len(plan.Queries), rows)
		if rows < 500 || math.Abs(float64(ans.Account.Rows)-1000) > 0 {
			t.Errorf("%d rows of answers from %d rows", rows, ans.Account.Rows)
		}
	}
}

// everything collects the queries of all analyses over orders.
func everything(t *testing.T, r *analysis.Request) (all query.Plan) {
	for _, d := range analysis.All() {
		if d.Table != "orders" || analysis.Require(d, r.Rel) != nil {
			continue
		}
		r.Params = map[string]string{}
		for _, p := range d.Params {
			r.Params[p.Name] = p.Default
		}
		plan, err := d.Plan(r)
		if err != nil {
			t.Logf("%s: %v", d.Name, err)
			continue
		}
		all.Queries = append(all.Queries, plan.Queries...)
		if d.Section == nil || d.Section.Plan == nil {
			continue
		}
		if plan, err = d.Section.Plan(r); err != nil {
			t.Fatalf("section %s: %v", d.Name, err)
		}
		all.Queries = append(all.Queries, plan.Queries...)
	}
	return all
}
