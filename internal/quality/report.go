package quality

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/source"
)

// maxSamples is how many failing values a result shows.
const maxSamples = 3

// ReportSpecs are the result columns of `validate`.
var ReportSpecs = []result.Spec{
	{Name: "rule", Type: expr.Text, Desc: "Name of the rule"},
	{Name: "column", Type: expr.Text, Desc: "Column or columns it looks at", Null: "the rule is about whole rows"},
	{Name: "severity", Type: expr.Text, Desc: "error or warn"},
	{Name: "checked", Type: expr.Int, Unit: result.Rows, Desc: "Rows that the rule applied to"},
	{Name: "failed", Type: expr.Int, Unit: result.Rows, Desc: "Rows that broke it"},
	{Name: "ratio", Type: expr.Float, Unit: result.Ratio, Desc: "failed / checked", Null: "nothing was checked"},
	{Name: "status", Type: expr.Text, Desc: "pass, fail, warn, or skipped when the input lacks the column"},
	{Name: "sample", Type: expr.Text, Desc: "First failing values with their rows, or why the rule failed or was skipped", Null: "nothing failed"},
}

// Table returns the report as a result: one row a rule.
func (r *Report) Table() *result.Table {
	t := newTable("validate", ReportSpecs, len(r.Outcomes))
	text := func(k int, s string) {
		if s == "" {
			result.AppendNull(&t.Columns[k].Data)
		} else {
			result.AppendText(&t.Columns[k].Data, s)
		}
	}
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		text(0, o.Rule.Name)
		text(1, o.Column)
		text(2, o.Rule.Severity.String())
		result.AppendInt(&t.Columns[3].Data, o.Checked)
		result.AppendInt(&t.Columns[4].Data, o.Failed)
		if o.Checked > 0 {
			result.AppendFloat(&t.Columns[5].Data, float64(o.Failed)/float64(o.Checked))
		} else {
			result.AppendNull(&t.Columns[5].Data)
		}
		text(6, o.Status)
		text(7, o.message())
	}
	return t
}

func (o *Outcome) message() string {
	if o.Why != "" {
		return o.Why
	}
	return o.Sample
}

// Count returns how many rules have a status.
func (r *Report) Count(status string) (n int) {
	for i := range r.Outcomes {
		if r.Outcomes[i].Status == status {
			n++
		}
	}
	return n
}

// Err is a fault.Data error (exit code 3) when a rule of severity error failed, else nil.
func (r *Report) Err() error {
	n := r.Count(Fail)
	if n == 0 {
		return nil
	}
	var names []string
	for i := range r.Outcomes {
		if r.Outcomes[i].Status == Fail {
			names = append(names, r.Outcomes[i].Rule.Name)
		}
	}
	return fault.New(fault.Data, "checking rules: %d of %d failed: %s", n, len(r.Outcomes), list(names)).
		WithHint("write the failing rows to a file with --failures FILE")
}

// samples reads the first failing values of every rule.
func (r *Report) samples(v *validator) error {
	for i, pl := range v.plans {
		o := &r.Outcomes[i]
		if o.Failed == 0 || o.Why != "" {
			continue
		}
		s, err := r.sample(v, i, pl)
		if err != nil {
			return err
		}
		o.Sample = s
	}
	return nil
}

// sample reads the columns of a rule in the splits where it failed, as text where
// the file is text, until there are enough rows.
func (r *Report) sample(v *validator, i int, pl *plan) (string, error) {
	cols := pl.cols
	if pl.cond != nil {
		cols = pl.cond.Columns()
	}
	var wants []source.Want
	for _, c := range cols {
		w := source.Want{Col: c}
		if v.planner.textual {
			w.As = frame.String
		}
		wants = append(wants, w)
	}
	var found []string
	for s, set := range r.failed[i] {
		if set.count() == 0 || len(found) >= maxSamples {
			continue
		}
		t := task{split: s, wants: wants}
		err := readTask(v.ctx, r.ds.Splits()[s], &t, noProgress{}, func(b *frame.Batch) error {
			for _, bad := range b.Bad {
				if pl.rule.Type == Readable && len(found) < maxSamples {
					found = append(found, r.where(s, bad.Row)+": "+shownText([]byte(bad.Reason)))
				}
			}
			for row := range b.N {
				if len(found) < maxSamples && set.has(b.RowAt(row)) {
					found = append(found, r.where(s, b.RowAt(row))+": "+sampleOf(b, row, cols, r.ds.Schema()))
				}
			}
			if len(found) >= maxSamples {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return "", err
		}
	}
	return strings.Join(found, "; "), nil
}

// where names a row for people: its number in the file, from 1, and the file when
// there are several.
func (r *Report) where(split int, row int64) string {
	s := "row " + strconv.FormatInt(r.base[split]+row+1, 10)
	if in := r.ds.Inputs(); len(in) > 1 {
		return in[r.ds.Splits()[split].File()].URI + " " + s
	}
	return s
}

// sampleOf shows the values of a row; texts are quoted, what the input recognises as
// another type is not.
func sampleOf(b *frame.Batch, row int, cols []int, schema *arrow.Schema) string {
	const most = 4 // columns
	var parts []string
	for k := range min(len(cols), most) {
		c := &b.Cols[k]
		f := newFormatter(c.Type)
		v := "null"
		if !missing(c, row) {
			v = f.string(valueAt(c, row))
			if c.Kind == frame.String && frame.KindOf(schema.Field(cols[k]).Type) == frame.String {
				v = strconv.Quote(v)
			}
		}
		if len(cols) > 1 {
			v = schema.Field(cols[k]).Name + "=" + v
		}
		parts = append(parts, v)
	}
	if len(cols) > most {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// String sums the report up for people, in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%d rules on %d rows: %d pass, %d fail, %d warn, %d skipped", len(r.Outcomes), r.Rows, r.Count(Pass), r.Count(Fail), r.Count(Warn), r.Count(Skipped))
}
