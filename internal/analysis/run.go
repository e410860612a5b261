package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Run answers one analysis: plan, scan, finish.
func Run(ctx context.Context, eng engine.Engine, d *Definition, r *Request) (*Result, error) {
	finish := d.Finish
	if scoresThere(eng, d) {
		finish = d.FinishScored
	}
	plan, err := PlanFor(eng, d, r)
	if err != nil {
		return nil, err
	}
	ans, err := answer(ctx, eng, r, plan)
	if err != nil {
		return nil, err
	}
	res, err := finish(ctx, r, ans)
	if err != nil {
		return nil, err
	}
	res.Account = ans.Account
	if res.AsOf == 0 {
		res.AsOf = asOfDay(r, ans) * dayMicros
	}
	return res, nil
}

// answer runs a plan, and refuses to add up money of several currencies.
func answer(ctx context.Context, eng engine.Engine, r *Request, plan query.Plan) (*query.Answer, error) {
	asked := len(plan.Queries)
	check := currencyQuery(r, &plan)
	ans, err := ask(ctx, eng, r, plan)
	if err != nil {
		return nil, err
	}
	if check {
		if err := oneCurrency(ans.Tables[asked]); err != nil {
			return nil, err
		}
		ans.Tables = ans.Tables[:asked]
	}
	return ans, nil
}

// scoresThere reports whether the engine scores an analysis's customers itself.
func scoresThere(eng engine.Engine, d *Definition) bool {
	_, ok := eng.(engine.Scorer)
	return ok && d.Scored != nil
}

// PlanFor is PlanOf for an engine: Scored where the engine can.
func PlanFor(eng engine.Engine, d *Definition, r *Request) (query.Plan, error) {
	plan, err := PlanOf(d, r)
	if err == nil && scoresThere(eng, d) {
		return d.Scored(r)
	}
	return plan, err
}

// PlanOf checks what an analysis needs and returns its plan.
func PlanOf(d *Definition, r *Request) (query.Plan, error) {
	if err := Require(d, r.Rel); err != nil {
		return query.Plan{}, err
	}
	if err := checkParams(d, r); err != nil {
		return query.Plan{}, err
	}
	return d.Plan(r)
}

// Require names the columns that an analysis needs and the relation lacks.
func Require(d *Definition, rel *relation.Relation) error {
	needs := d.Needs
	if rel.Name != d.Table {
		needs = d.NeedsOf[rel.Name]
	}
	var missing []string
	for _, n := range needs {
		if !rel.Has(n) {
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	anyTable := ""
	if rel.Name == d.Table && slices.Contains(d.Or, "table") {
		anyTable = "; a table that is no list of orders or events is read with --table table"
	}
	return fault.New(fault.Usage, "%s: the input has no %s", d.Name, strings.Join(missing, " and no ")).
		WithHint("map a column with --map %s=Column; `ecomctl inspect` shows the columns and the proposed mapping%s", missing[0], anyTable)
}

// checkParams refuses values outside a parameter's choices.
func checkParams(d *Definition, r *Request) error {
	for _, p := range d.Params {
		v := r.Params[p.Name]
		if len(p.Choices) == 0 || v == "" {
			continue
		}
		ok := false
		for _, c := range p.Choices {
			ok = ok || c == v
		}
		if !ok {
			return fault.New(fault.Usage, "--%s %s: not one of %s", p.Name, v, strings.Join(p.Choices, ", "))
		}
	}
	return nil
}

// currencyColumn is the canonical column that says in which money a line is.
const currencyColumn = "currency"

// currencyQuery adds the question whether one currency is in scope, unless the
// input has none or the user split or filtered by it.
func currencyQuery(r *Request, plan *query.Plan) bool {
	if !r.Rel.Has(currencyColumn) || r.Currency != "" || r.Rel.Name != "orders" || !foldsMoney(plan) {
		return false
	}
	for _, q := range plan.Queries {
		for _, d := range q.Dims {
			if d.Column == currencyColumn {
				return false
			}
		}
	}
	q := r.baseQuery("currencies")
	q.Dims = []query.Dim{{Name: currencyColumn, Column: currencyColumn}}
	revenue, _ := r.measure(mRevenue)
	q.Measures = []query.Measure{{Name: "rows", Op: query.Count}, revenue}
	plan.Queries = append(plan.Queries, q)
	return true
}

// foldsMoney reports whether a plan asks about money, which baskets do not.
func foldsMoney(plan *query.Plan) bool {
	money := func(column string) bool {
		switch column {
		case relation.MoneyColumn, "amount", "unit_price", "discount":
			return true
		}
		return false
	}
	for _, q := range allQueries(plan) {
		for _, m := range q.Measures {
			if money(m.Column) {
				return true
			}
		}
	}
	for _, g := range plan.Groupings {
		if slices.ContainsFunc(g.Values, money) {
			return true
		}
	}
	return false
}

// allQueries lists the queries of a plan, those whose groups are scored too.
func allQueries(p *query.Plan) []query.Query {
	all := slices.Clone(p.Queries)
	for _, s := range p.Scorings {
		all = append(all, s.Query)
	}
	return all
}

// oneCurrency fails when the answer to currencyQuery names more than one.
func oneCurrency(t *query.Table) error {
	if t.N <= 1 {
		return nil
	}
	c, rows, money := t.Col(currencyColumn), t.Col("rows"), t.Col(mRevenue)
	var parts []string
	for i := range min(t.N, 8) {
		name := "unknown"
		if !c.IsNull(i) {
			name = string(c.Str(i))
		}
		parts = append(parts, fmt.Sprintf("%q %d rows %.2f", name, rows.I64[i], float64(money.I64[i])/1e4))
	}
	if t.N > 8 {
		parts = append(parts, fmt.Sprintf("and %d more", t.N-8))
	}
	return fault.New(fault.Input, "adding up money: %d currencies are in scope: %s", t.N, strings.Join(parts, "; ")).
		WithHint("choose one with --currency CODE, or split with --by currency")
}

// InCurrency limits the request to one currency where the input has that column;
// otherwise the code is a label.
func (r *Request) InCurrency(code string) {
	r.Currency = code
	if code == "" || !r.Rel.Has(currencyColumn) {
		return
	}
	only := expr.Eq(expr.Col(currencyColumn), expr.Lit(code))
	if r.Where == nil {
		r.Where = only
	} else {
		r.Where = expr.And(r.Where, only)
	}
}

// ask runs a plan. Without a stated as-of the scope ends with the day of the last
// sold line, which the first run tells: a plan over voids or reversals that met some
// after it is run again.
func ask(ctx context.Context, eng engine.Engine, r *Request, plan query.Plan) (*query.Answer, error) {
	ans, err := eng.Run(ctx, r.Rel, plan)
	if err != nil || ans.Account.Late == 0 || !beyondSold(&plan) {
		return ans, err
	}
	scoped := *r.Rel
	scoped.AsOf = asOfDay(r, ans) * dayMicros
	return eng.Run(ctx, &scoped, plan)
}

// beyondSold reports whether a plan looks at other rows than sold ones.
func beyondSold(p *query.Plan) bool {
	other := func(s relation.Kinds) bool { return s.In(relation.Reversal) || s.In(relation.Void) }
	for _, q := range allQueries(p) {
		for _, m := range q.Measures {
			if other(m.Scope) {
				return true
			}
		}
		if other(q.Scope) {
			return true
		}
	}
	for _, g := range p.Groupings {
		if other(g.Scope) {
			return true
		}
	}
	return false
}
