package analysis

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// clusterRows are what is clustered: n rows of len(names) numbers, NaN where null.
type clusterRows struct {
	n       int
	names   []string
	x       []float64
	id      result.Column
	revenue []float64 // of customers; nil for a table
	asOf    int64     // µs; 0 for a table
	idNote  string
}

// what names the rows.
func (in *clusterRows) what(n int) string {
	switch {
	case in.revenue == nil && n == 1:
		return "row"
	case in.revenue == nil:
		return "rows"
	case n == 1:
		return "customer"
	}
	return "customers"
}

func clusterInput(ctx context.Context, r *Request, a *query.Answer, o *clusterOptions) (*clusterRows, error) {
	if o.table {
		return clusterTableRows(ctx, r, o)
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	var windows []int64
	for _, f := range o.features {
		if _, w := featureWindow(f); w > 0 && !slices.Contains(windows, w) {
			windows = append(windows, w)
		}
	}
	return customerRows(featureTable(r, a, windows), o.features, asOfDay(r, a)*dayMicros), nil
}

// customerRows takes the named columns of the features table.
func customerRows(t *result.Table, features []string, asOf int64) *clusterRows {
	in := &clusterRows{n: t.N, names: features, asOf: asOf, id: t.Columns[0], x: make([]float64, t.N*len(features)), revenue: make([]float64, t.N)}
	for j, f := range features {
		c := t.Col(f)
		for i := range t.N {
			v := math.NaN()
			if !c.Data.IsNull(i) {
				v = number(c, i)
			}
			in.x[i*len(features)+j] = v
		}
	}
	revenue := t.Col(mRevenue)
	for i := range in.revenue {
		in.revenue[i] = number(revenue, i)
	}
	return in
}

// tableFeatures fills in and checks the columns of a table of any columns.
func (o *clusterOptions) tableFeatures(r *Request) error {
	id, _, err := tableID(r)
	if err != nil {
		return err
	}
	var have []string
	for _, c := range r.Rel.Columns {
		if numeric(c.Type) && c.Name != id {
			have = append(have, c.Name)
		}
	}
	if len(o.features) == 0 {
		o.features = have
	}
	if len(o.features) == 0 {
		return fault.New(fault.Usage, "clustering: the input has no number column").
			WithHint("`ecomctl inspect` shows the columns and their types")
	}
	for _, f := range o.features {
		i := r.Rel.Find(f)
		if i < 0 {
			return fault.New(fault.Usage, "--features %s: the input has no such column", f).WithHint("number columns: %s", strings.Join(have, ", "))
		}
		if t := r.Rel.Columns[i].Type; !numeric(t) {
			return fault.New(fault.Usage, "--features %s: the column is %s, not a number", f, t).WithHint("number columns: %s", strings.Join(have, ", "))
		}
		if f == id {
			return fault.New(fault.Usage, "--features %s: the column names the rows (--id)", f).WithHint("name another column with --id")
		}
	}
	return nil
}

// tableID returns the column that names the rows of a table; guessed tells that the user did
// not name it.
func tableID(r *Request) (id string, guessed bool, err error) {
	if id = r.Str("id"); id != "" {
		i := r.Rel.Find(id)
		if i < 0 {
			return "", false, fault.New(fault.Usage, "--id %s: the input has no such column", id)
		}
		if t := r.Rel.Columns[i].Type; t != expr.Int && t != expr.Text && t != expr.Float {
			return "", false, fault.New(fault.Usage, "--id %s: the column is %s; an id is text or a number", id, t)
		}
		return id, false, nil
	}
	for _, c := range r.Rel.Columns {
		name := strings.ToLower(c.Name)
		if (name == "id" || strings.HasSuffix(name, "_id")) && (c.Type == expr.Int || c.Type == expr.Text) {
			return c.Name, true, nil
		}
	}
	return "", false, nil
}

func clusterTableRows(ctx context.Context, r *Request, o *clusterOptions) (*clusterRows, error) {
	id, guessed, err := tableID(r)
	if err != nil {
		return nil, err
	}
	if need := r.Rows * int64(len(o.features)) * 24; r.Memory > 0 && need > r.Memory {
		return nil, fault.New(fault.Full, "clustering: about %d rows of %d columns need %d MiB, more than --memory (%d MiB)", r.Rows, len(o.features), need>>20, r.Memory>>20).
			WithHint("name fewer --features, take a part with --where, or raise --memory")
	}
	rows, err := readNumbers(ctx, r, id, o.features)
	if err != nil {
		return nil, err
	}
	in := &clusterRows{n: rows.N, names: o.features, x: rows.X, id: rows.ID}
	if guessed {
		in.idNote = "column " + id + " names the rows; name another with --id"
	}
	return in, nil
}
