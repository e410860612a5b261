package analysis

import (
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Shape says which columns of rows are written, and in which order the rows are.
type Shape struct {
	Columns []string        // nil = all
	Sort    []query.SortKey // before the order that the rows have
}

// RunThere lets the engine write the rows of an analysis to a place of its own (see engine.Writer): the same columns and rows as
// Run's table. d.Derive must be there. The result has everything but the table.
func RunThere(ctx context.Context, eng engine.Writer, d *Definition, r *Request, shape Shape, to string) (*Result, error) {
	plan, err := PlanOf(d, r)
	if err != nil {
		return nil, err
	}
	if _, err := derive(d, r, 0, shape); err != nil { // what cannot be is refused before anything is counted
		return nil, err
	}
	account := query.Plan{}
	if currencyQuery(r, &plan) {
		account.Queries = plan.Queries[len(plan.Queries)-1:]
	}
	ans, err := eng.Run(ctx, r.Rel, account)
	if err != nil {
		return nil, err
	}
	if len(account.Queries) > 0 {
		if err := oneCurrency(ans.Tables[0]); err != nil {
			return nil, err
		}
	}
	asOf := asOfDay(r, ans)
	rel := *r.Rel
	if ans.Account.Late > 0 { // as ask does
		rel.AsOf = asOf * dayMicros
	}
	rows, err := derive(d, r, asOf, shape)
	if err != nil {
		return nil, err
	}
	res := &Result{Account: ans.Account, AsOf: asOf * dayMicros}
	return res, eng.Write(ctx, &rel, rows, to)
}

// DerivedOf is what RunThere lets the engine write. The as-of day must be stated, for no scan is made.
func DerivedOf(d *Definition, r *Request, shape Shape) (query.Derived, error) {
	if r.AsOf == query.MaxTime {
		return query.Derived{}, fault.New(fault.Usage, "--explain: the statement holds the as-of day, which otherwise is found first").WithHint("state it: --as-of DATE")
	}
	if _, err := PlanOf(d, r); err != nil {
		return query.Derived{}, err
	}
	return derive(d, r, asOfDay(r, nil), shape)
}

// derive shapes the rows of an analysis.
func derive(d *Definition, r *Request, asOf int64, shape Shape) (query.Derived, error) {
	rows, err := d.Derive(r, asOf)
	if err != nil {
		return rows, err
	}
	find := func(flag, name string) (int, error) {
		i := slices.IndexFunc(rows.Columns, func(c query.DerivedColumn) bool { return c.Name == name })
		if i >= 0 {
			return i, nil
		}
		var have []string
		for _, c := range rows.Columns {
			have = append(have, c.Name)
		}
		return i, result.NoColumn(flag, name, have)
	}
	for _, k := range shape.Sort {
		if _, err := find("--sort", k.Column); err != nil {
			return rows, err
		}
	}
	rows.Sort = shape.Sort
	if shape.Columns == nil {
		return rows, nil
	}
	var shown, rest []query.DerivedColumn
	for _, name := range shape.Columns {
		i, err := find("--columns", name)
		if err != nil {
			return rows, err
		}
		if slices.ContainsFunc(shown, func(c query.DerivedColumn) bool { return c.Name == name }) {
			return rows, fault.New(fault.Usage, "--columns: %s is named twice", name)
		}
		shown = append(shown, rows.Columns[i])
	}
	for _, c := range rows.Columns {
		if !slices.Contains(shape.Columns, c.Name) {
			c.Hidden = true
			rest = append(rest, c)
		}
	}
	rows.Columns = append(shown, rest...)
	return rows, nil
}

// renamed is a column that the query has under a name of its own.
func renamed(name, from string) query.DerivedColumn {
	return query.DerivedColumn{Name: name, Value: expr.Col(from)}
}

// daysBefore is the number of days from a date to as-of.
func daysBefore(name, date string, asOf int64) query.DerivedColumn {
	return query.DerivedColumn{Name: name, Value: expr.Sub(expr.DateLit(asOf), expr.Col(date))}
}

// flag is 1 where a condition holds, else 0.
func flag(cond expr.Node) expr.Node {
	return &expr.Case{Whens: []expr.When{{If: cond, Then: expr.Lit(int64(1))}}, Else: expr.Lit(int64(0))}
}
