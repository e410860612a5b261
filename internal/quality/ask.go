package quality

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Checker is an engine that counts the rows that break rules where they are.
type Checker interface {
	Check(ctx context.Context, c query.Checks) (*query.Checked, error)
}

// Ask is Validate with an engine that the rows stay with: the same report, but no rows for Failures. What the engine could not answer as
// Validate does is refused with fault.Usage, by the name of the rule.
func Ask(ctx context.Context, eng Checker, ds source.Dataset, rules []Rule, o Options) (*Report, error) {
	p := newPlanner(ds, o.Mapping, rules)
	a := &asking{planner: p, checks: query.Checks{Input: ds, Names: o.Mapping, Samples: maxSamples}}
	defer a.close()
	rep := &Report{ds: ds, Outcomes: make([]Outcome, len(rules))}
	of := make([]int, len(rules)) // place among the checks
	plans := make([]*plan, len(rules))
	for i := range rules {
		pl, err := p.plan(&rules[i])
		if err != nil {
			return nil, err
		}
		plans[i], of[i] = pl, -1
		if pl.skip == "" && pl.rule.Type != RowCount {
			check, err := a.check(ctx, pl, o)
			if err != nil {
				return nil, fault.Wrap(err, "rule %s", pl.rule.Name)
			}
			of[i] = len(a.checks.Checks)
			a.checks.Checks = append(a.checks.Checks, check)
		}
	}
	got, err := eng.Check(ctx, a.checks)
	if err != nil {
		return nil, err
	}
	rep.Rows = got.Rows
	for i, pl := range plans {
		out := &rep.Outcomes[i]
		out.Rule, out.Column = pl.rule, pl.columnText()
		if pl.skip != "" {
			out.Status, out.Why = Skipped, pl.skip
			continue
		}
		if of[i] >= 0 {
			a.answered(out, pl, &got.Of[of[i]], got.Files > 1, o.Now)
		} else {
			countRows(out, rep.Rows)
		}
		out.judge()
	}
	return rep, nil
}

// asking makes checks of plans.
type asking struct {
	planner *planner
	checks  query.Checks
	opened  []source.Dataset
}

func (a *asking) close() {
	for _, d := range a.opened {
		d.Close()
	}
}

// answered fills an outcome.
func (a *asking) answered(out *Outcome, pl *plan, got *query.CheckedRule, files bool, now int64) {
	out.Checked, out.Failed = got.Checked, got.Failed
	if pl.rule.Type == Freshness {
		stale(out, got.Latest, now)
		return
	}
	schema := a.planner.schema
	var found []string
	for _, f := range got.Failing {
		where := "row " + strconv.FormatInt(f.Row+1, 10)
		if files {
			where = f.File + " " + where
		}
		found = append(found, where+": "+sampleOf(&frame.Batch{Cols: f.Values, N: 1}, 0, shownColumns(pl), schema))
	}
	out.Sample = strings.Join(found, "; ")
}

// shownColumns are the places in the schema of the columns that samples show.
func shownColumns(pl *plan) []int {
	if pl.cond != nil {
		return pl.cond.Columns()
	}
	return pl.cols
}

// check is a plan as a question.
func (a *asking) check(ctx context.Context, pl *plan, o Options) (query.Check, error) {
	c := query.Check{Name: pl.rule.Name, Where: pl.rule.Where}
	for _, at := range shownColumns(pl) {
		c.Show = append(c.Show, a.planner.names[at])
	}
	if pl.rule.Type == Expression {
		c.Holds = pl.rule.Expression
		return c, nil
	}
	names := make([]string, len(pl.cols))
	for i, at := range pl.cols {
		names[i] = a.planner.names[at]
	}
	if !pl.nulls && pl.rule.Type != NotNull {
		c.Known = names
	}
	kind := frame.KindOf(a.planner.schema.Field(pl.cols[0]).Type)
	if kind == frame.String && pl.as != frame.String && pl.as != frame.Any {
		return c, fault.New(fault.Usage, "column %s holds texts, and how they are written as times or numbers is found out from the rows, which stay on Spark", names[0]).
			WithHint("convert it once (ecomctl clean IN -o hdfs://…/orders.parquet), or leave --engine spark out")
	}
	var err error
	switch pl.rule.Type {
	case NotNull:
		c.Holds = expr.NotNull(expr.Col(names[0]))
	case HasType:
		c.Holds = typeHolds(pl.rule.As, kind, expr.Col(names[0]))
	case Range:
		c.Holds = rangeHolds(pl.rule, kind, expr.Col(names[0]))
	case Set:
		c.Holds, err = setHolds(pl.rule, kind, expr.Col(names[0]))
	case Pattern:
		if kind != frame.String {
			err = fault.New(fault.Usage, "a pattern for %s values, which are written as text on this machine only", kind).WithHint("leave --engine spark out")
		}
		c.Holds = expr.Call("matches", expr.Col(names[0]), expr.Lit(pl.rule.Pattern))
	case Unique:
		c.Unique = names
	case ForeignKey:
		c.In, err = a.reference(ctx, pl.rule, names[0], o)
	case Freshness:
		c.Latest = names[0]
		if kind != frame.Time {
			err = fault.New(fault.Usage, "freshness of %s values", kind).WithHint("leave --engine spark out")
		}
	}
	return c, err
}

// reference opens the input that a foreign key refers to.
func (a *asking) reference(ctx context.Context, r *Rule, column string, o Options) (*query.Reference, error) {
	d, err := o.Open(ctx, r.File)
	if err != nil {
		return nil, fault.Wrap(err, "opening the file that the key refers to")
	}
	a.opened = append(a.opened, d)
	if len(d.Schema().FieldIndices(r.FileColumn)) == 0 {
		return nil, fault.Wrap(unknownColumn(r.FileColumn, d.Schema()), "reading %s", r.File)
	}
	return &query.Reference{Column: column, Other: d, Of: r.FileColumn}, nil
}

// typeHolds is hasType as a condition of known values of a kind.
func typeHolds(as string, kind frame.Kind, x expr.Node) expr.Node {
	switch {
	case as == "text", as == "number" && (kind == frame.Int || kind == frame.Float), as == "integer" && kind == frame.Int,
		as == "boolean" && kind == frame.Bool, as == "date" && kind == frame.Date, as == "timestamp" && (kind == frame.Time || kind == frame.Date):
		return expr.Lit(true)
	case as == "integer" && kind == frame.Float:
		return expr.Eq(x, expr.Call("floor", x))
	case as == "date" && kind == frame.Time:
		return expr.Eq(x, expr.Call("date", x))
	}
	return expr.Lit(false)
}

// rangeHolds is inRange as a condition.
func rangeHolds(r *Rule, kind frame.Kind, x expr.Node) expr.Node {
	exact := kind == frame.Int && (!r.Min.Set || r.Min.IsInt) && (!r.Max.Set || r.Max.IsInt)
	value := func(b *Bound) expr.Node {
		switch {
		case b.Kind == TextBound:
			return expr.Lit(b.Text)
		case b.Kind == TimeBound:
			return expr.TimeLit(b.Micros)
		case exact:
			return expr.Lit(b.Int)
		}
		return expr.Lit(b.Number)
	}
	var conds []expr.Node
	for _, b := range []*Bound{&r.Min, &r.Max} {
		if !b.Set {
			continue
		}
		fits := map[BoundKind]bool{TextBound: kind == frame.String, NumberBound: kind == frame.Int || kind == frame.Float, TimeBound: kind == frame.Time || kind == frame.Date}
		if !fits[b.Kind] {
			return expr.Lit(false)
		}
		compare := [2][2]func(l, r expr.Node) expr.Node{{expr.Ge, expr.Gt}, {expr.Le, expr.Lt}}
		side, open := 0, 0
		if b == &r.Max {
			side = 1
		}
		if b.Open {
			open = 1
		}
		conds = append(conds, compare[side][open](x, value(b)))
	}
	return expr.And(conds...)
}

// setHolds is inSet as a condition: of numbers those whose text is in the set.
func setHolds(r *Rule, kind frame.Kind, x expr.Node) (expr.Node, error) {
	texts := slices.Clone(r.Values)
	for _, v := range r.Values {
		if f, err := strconv.ParseFloat(v, 64); err == nil && (kind == frame.Int || kind == frame.Float) {
			texts = append(texts, FormatFloat(f))
		}
	}
	switch kind {
	case frame.String:
		return expr.In(x, texts...), nil
	case frame.Int:
		var list []int64
		for _, s := range texts {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
				list = append(list, n)
			}
		}
		return anyOf(x, list), nil
	case frame.Float:
		var list []float64
		for _, s := range texts {
			if f, err := strconv.ParseFloat(s, 64); err == nil && FormatFloat(f) == s && !math.IsInf(f, 0) && !math.IsNaN(f) {
				list = append(list, f)
			}
		}
		return anyOf(x, list), nil
	}
	return nil, fault.New(fault.Usage, "a set of %s values, which are written as text on this machine only", kind).WithHint("leave --engine spark out")
}

// anyOf is x in a list that may be empty.
func anyOf[T any](x expr.Node, list []T) expr.Node {
	if len(list) == 0 {
		return expr.Lit(false)
	}
	return expr.In(x, list...)
}
