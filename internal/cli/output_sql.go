package cli

import (
	"context"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/spf13/cobra"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/sqltable"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// intoTable are the flags of outputs that are tables of a database.
type intoTable struct {
	app  *App
	mode string
	keys []string
}

// add registers the flags.
func (d *intoTable) add(a *App, c *cobra.Command) {
	d.app = a
	f := c.Flags()
	f.StringVar(&d.mode, "mode", "", "of -o mysql://… and sqlite:…: `replace|append|upsert` the rows of the table (default replace)")
	f.StringSliceVar(&d.keys, "key", nil, "of --mode upsert: the `columns` that tell rows apart (default: the dimensions of the result)")
	c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions(sqltable.Modes(), cobra.ShellCompDirectiveNoFileComp))
}

// check refuses flags that do not fit the output; format is what --format says.
func (d *intoTable) check(out, format string) error {
	if !sqldb.Is(out) {
		if d.mode != "" || len(d.keys) > 0 {
			return fault.New(fault.Usage, "--mode and --key are of outputs that are tables of a database").WithHint("write -o 'sqlite:FILE?table=NAME' or -o 'mysql://…?table=NAME'")
		}
		return nil
	}
	if format != "" {
		return fault.New(fault.Usage, "--format %s: a table of a database has no format", format).WithHint("leave --format out")
	}
	if _, err := sqltable.ParseMode(d.mode); err != nil {
		return err
	}
	if len(d.keys) > 0 && d.mode != "upsert" {
		return fault.New(fault.Usage, "--key is of --mode upsert").WithHint("add --mode upsert, or leave --key out")
	}
	_, err := sqldb.Parse(out)
	return err
}

// options are those of the writer; keys stand in for --key.
func (d *intoTable) options(keys []string) (sqltable.Options, error) {
	mode, err := sqltable.ParseMode(d.mode)
	o := sqltable.Options{Mode: mode, Keys: d.keys, Getenv: d.app.Getenv}
	if mode == sqltable.Upsert && len(o.Keys) == 0 {
		o.Keys = keys
	}
	return o, err
}

// tell says what was written.
func (d *intoTable) tell(out string, rep sqltable.Report) {
	for _, n := range rep.Notices {
		d.app.say("note: %s", n)
	}
	what := map[string]string{"": "replace", "replace": "replace", "append": "append"}[d.mode]
	if d.mode == "upsert" {
		d.app.say("%s: %d rows, %d of them new, %d in the place of others", sqldb.Redact(out), rep.Rows, rep.Inserted, rep.Updated)
		return
	}
	if rep.Replaced {
		what += ": the rows that the table had are gone; --mode append or upsert keeps them"
	}
	d.app.say("%s: %d rows (%s)", sqldb.Redact(out), rep.Rows, what)
}

// rowKeys are the columns that tell the rows of a result apart; "" is a column of any name.
var rowKeys = map[string][]string{
	"sales": {""}, "geo": {""}, "rfm": {"customer_id"}, "features": {"customer_id"}, "lifetime": {"customer_id"}, "cluster": {"customer_id"}, "segments": {"segment"},
	"cohort": {"cohort", "period"}, "forecast": {"unique_id", "ds"}, "anomaly": {"unique_id", "ds"}, "recommend": {"customer_id", "rank"}, "basket": {"antecedent", "consequent"},
	"funnel": {"step"}, "behavior": {"from", "to"},
}

// dimensions are the columns that tell the rows of a table apart, nil where that is not known.
func dimensions(t *result.Table) (keys []string) {
	if t.Name == "query" { // the dimensions come first; measures are numbers that count something
		for i := range t.Columns {
			if c := &t.Columns[i]; c.Unit != result.NoUnit || c.Type == expr.Float || c.Type == expr.Money {
				break
			}
			keys = append(keys, t.Columns[i].Name)
		}
		return keys
	}
	for i, k := range rowKeys[t.Name] {
		if i >= len(t.Columns) || k != "" && t.Columns[i].Name != k {
			return nil
		}
		keys = append(keys, t.Columns[i].Name)
	}
	return keys
}

// moneyType is wider than the type of results, so that sums of such columns fit, too.
var moneyType = &arrow.Decimal128Type{Precision: 38, Scale: 4}

// table writes a result into a table of a database, by default one of the result's name.
func (d *intoTable) table(ctx context.Context, out string, t *result.Table) error {
	o, err := d.options(dimensions(t))
	if err != nil {
		return err
	}
	u, err := sqldb.Parse(out)
	if err != nil {
		return err
	}
	if u.Table == "" {
		sep := "?"
		if strings.Contains(out, "?") {
			sep = "&"
		}
		out += sep + "table=" + t.Name
	}
	b := &frame.Batch{N: t.N, Cols: make([]frame.Column, len(t.Columns))}
	fields := make([]arrow.Field, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		b.Cols[i] = c.Data
		if c.Type == expr.Money {
			b.Cols[i].Type = moneyType
		}
		fields[i] = arrow.Field{Name: c.Name, Type: b.Cols[i].Type, Nullable: true}
	}
	o.Width = func(col int) int { return longest(&b.Cols[col]) }
	rep, err := sqltable.Write(ctx, out, arrow.NewSchema(fields, nil), o, func(w sink.Writer) error { return w.Write(b) })
	if err != nil {
		return err
	}
	d.tell(out, rep)
	return nil
}

// longest is the length of the longest text of a column; 1 where all are empty.
func longest(c *frame.Column) int {
	n := 1
	if c.Kind != frame.String {
		return 0
	}
	for i := range c.Len {
		if !c.IsNull(i) {
			n = max(n, len(c.Str(i)))
		}
	}
	return n
}

// stream lets fill write whole tables of which only their schema tells the columns; fill gets no file.
func (t *target) stream(ctx context.Context, fill func(w io.Writer) error) error {
	t.into.app = t.app
	o, err := t.into.options(nil)
	if err != nil {
		return err
	}
	var s *sqltable.Session
	t.begin = func(schema *arrow.Schema) (sink.Writer, error) {
		s, err = sqltable.Begin(ctx, t.file, schema, o)
		return s, err
	}
	err = fill(nil)
	if s == nil {
		return err
	}
	rep, err := s.Finish(err)
	if err == nil {
		t.into.tell(t.file, rep)
	}
	return err
}
