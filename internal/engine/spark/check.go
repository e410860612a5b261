package spark

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/source"
)

// checkedView is the view of the input of checks.
const checkedView = "checked"

// Check answers checks: all that look at each row by itself in one statement, the others in one each, and one for the failing rows
// of each that failed.
func (e *Engine) Check(ctx context.Context, c query.Checks) (*query.Checked, error) {
	ask, done := e.watch()
	defer done()
	tables, views, err := checkViews(c)
	if err != nil {
		return nil, err
	}
	counts, of, err := sqlgen.SparkCounts(c, tables)
	if err != nil {
		return nil, err
	}
	if err := e.prepare(ctx, &Script{Views: views}); err != nil {
		return nil, err
	}
	out := &query.Checked{Of: make([]query.CheckedRule, len(c.Checks))}
	for i := range out.Of {
		out.Of[i].Latest = query.MinTime
	}
	err = parallel.Each(ctx, len(c.Checks)+1, atOnce, func(ctx context.Context, _, i int) error {
		if i == len(c.Checks) {
			return e.counts(ctx, c, counts, of, out, ask(i))
		}
		if ck := &c.Checks[i]; ck.Unique == nil && ck.In == nil {
			return nil
		}
		sql, err := sqlgen.SparkCount(c, tables, i)
		if err != nil {
			return err
		}
		n, err := e.numbers(ctx, sql, 2, ask(i))
		if err == nil {
			out.Of[i].Checked, out.Of[i].Failed = n[0].Value, n[1].Value
		}
		return fault.Wrap(err, "rule %s", c.Checks[i].Name)
	})
	if err != nil {
		return nil, err
	}
	return out, parallel.Each(ctx, len(c.Checks), atOnce, func(ctx context.Context, _, i int) error {
		if out.Of[i].Failed == 0 {
			return nil
		}
		sql, err := sqlgen.SparkFailing(c, tables, i)
		if err != nil {
			return err
		}
		out.Of[i].Failing, err = e.failing(ctx, sql, c.Input.Schema(), c.Checks[i].Show, ask(i))
		return fault.Wrap(err, "rule %s", c.Checks[i].Name)
	})
}

// checkViews makes the views of the inputs of checks.
func checkViews(c query.Checks) (sqlgen.CheckTables, []Statement, error) {
	files := func(d source.Dataset) (out []string) {
		for _, in := range d.Inputs() {
			out = append(out, in.URI)
		}
		return out
	}
	t := sqlgen.CheckTables{Input: checkedView, Other: map[int]string{}}
	sql, err := view(t.Input, files(c.Input), true)
	views := []Statement{{t.Input, sql}}
	for i := range c.Checks {
		if ref := c.Checks[i].In; ref != nil && err == nil {
			t.Other[i] = "referred_" + strconv.Itoa(i)
			sql, err = view(t.Other[i], files(ref.Other), false)
			views = append(views, Statement{t.Other[i], sql})
		}
	}
	return t, views, err
}

// counts reads the answer to sqlgen.SparkCounts.
func (e *Engine) counts(ctx context.Context, c query.Checks, sql string, of []int, out *query.Checked, progress func(Progress)) error {
	n, err := e.numbers(ctx, sql, 2+2*len(of), progress)
	if err != nil {
		return fault.Wrap(err, "checking rules")
	}
	out.Rows, out.Files = n[0].Value, n[1].Value
	for k, i := range of {
		checked, second := n[2+2*k], n[3+2*k]
		out.Of[i].Checked = checked.Value
		switch {
		case c.Checks[i].Latest == "":
			out.Of[i].Failed = second.Value
		case second.Known:
			out.Of[i].Latest = second.Value
		}
	}
	return nil
}

// number is an integer of an answer.
type number struct {
	Value int64
	Known bool
}

// numbers asks for one row of integers.
func (e *Engine) numbers(ctx context.Context, sql string, want int, progress func(Progress)) (out []number, err error) {
	_, err = e.c.Query(ctx, sql, Op{Progress: progress, Batch: func(rec arrow.Record) error {
		for i := range int(rec.NumRows()) {
			for _, a := range rec.Columns() {
				out = append(out, number{whole(a, i), !a.IsNull(i)})
			}
		}
		return nil
	}})
	if err == nil && len(out) != want {
		err = fault.New(fault.Internal, "reading Spark's counts: %d numbers instead of %d", len(out), want)
	}
	return out, err
}

// failing reads the answer to sqlgen.SparkFailing.
func (e *Engine) failing(ctx context.Context, sql string, schema *arrow.Schema, show []string, progress func(Progress)) (out []query.Failing, err error) {
	_, err = e.c.Query(ctx, sql, Op{Progress: progress, Batch: func(rec arrow.Record) error {
		file, ok := rec.Column(0).(*array.String)
		if !ok || int(rec.NumCols()) != 2+len(show) {
			return fault.New(fault.Internal, "reading Spark's failing rows: %v", rec.Schema())
		}
		for i := range int(rec.NumRows()) {
			f := query.Failing{File: opened(file.Value(i)), Row: whole(rec.Column(1), i)}
			for k, name := range show {
				one := rec.NewSlice(int64(i), int64(i)+1)
				c, err := shownColumn(schema, name, one.Column(2+k))
				one.Release()
				if err != nil {
					return err
				}
				f.Values = append(f.Values, c)
			}
			out = append(out, f)
		}
		return nil
	}})
	return out, err
}

// shownColumn is a value as a column of the type that the input has.
func shownColumn(schema *arrow.Schema, name string, a arrow.Array) (frame.Column, error) {
	f, _ := schema.FieldsByName(name)
	typ, ok := sqlgen.CheckedType(f[0].Type)
	if !ok {
		return frame.Column{}, fault.New(fault.Internal, "showing %s values", f[0].Type)
	}
	c := result.NewData(typ, 1)
	err := appendColumn(&c, a)
	if typ == expr.Time {
		c.Type = f[0].Type // with or without a zone
	}
	return c, err
}

// opened is the path of a file as one would open it: Spark tells URLs.
func opened(file string) string {
	rest, local := strings.CutPrefix(file, "file://")
	if plain, err := url.PathUnescape(rest); err == nil {
		rest = plain
	}
	if !local && rest != "" && strings.HasPrefix(rest, "file:/") {
		return strings.TrimPrefix(rest, "file:")
	}
	return rest
}
