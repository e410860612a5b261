package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/result"
)

// checkColumns checks that the columns that parameters name are there.
func (o *predictOptions) checkColumns(r *Request) error {
	for _, c := range []struct{ flag, name string }{{"label", o.label}, {"id", o.id}, {"time", o.time}} {
		if c.name != "" && r.Rel.Find(c.name) < 0 {
			return noColumn(r, c.flag, c.name)
		}
	}
	for _, n := range o.ignore {
		if r.Rel.Find(n) < 0 {
			return noColumn(r, "ignore", n)
		}
	}
	switch {
	case o.label != "" && (o.label == o.id || o.label == o.time || slices.Contains(o.ignore, o.label)):
		return fault.New(fault.Usage, "--label %s: the column is also --id, --time or --ignore", o.label)
	case o.time != "" && !ordered(r.Rel.Columns[r.Rel.Find(o.time)].Type):
		return fault.New(fault.Usage, "--time %s: the column is %s, neither a time nor a number", o.time, r.Rel.Columns[r.Rel.Find(o.time)].Type)
	}
	if o.id != "" {
		if t := r.Rel.Columns[r.Rel.Find(o.id)].Type; t != expr.Int && t != expr.Text && t != expr.Float {
			return fault.New(fault.Usage, "--id %s: the column is %s; an id is text or a number", o.id, t)
		}
	}
	if o.apply != nil {
		return o.apply.checkColumns(r)
	}
	return nil
}

// plainID turns ids that were read as doubles into integers where all are whole, else into text.
func plainID(c result.Column) result.Column {
	if c.Type != expr.Float {
		return c
	}
	whole := true
	for i := range c.Data.Len {
		v := c.Data.F64[i]
		whole = whole && (c.Data.IsNull(i) || v >= -1<<53 && v <= 1<<53 && !(math.Abs(v-math.Floor(v)) > 0))
	}
	c.Type = expr.Text
	if whole {
		c.Type = expr.Int
	}
	out := result.NewData(c.Type, c.Data.Len)
	for i := range c.Data.Len {
		switch {
		case c.Data.IsNull(i):
			result.AppendNull(&out)
		case whole:
			result.AppendInt(&out, int64(c.Data.F64[i]))
		default:
			result.AppendText(&out, ftoa(c.Data.F64[i]))
		}
	}
	c.Data = out
	return c
}

func noColumn(r *Request, flag, name string) error {
	return fault.New(fault.Usage, "--%s %s: the input has no such column", flag, name).WithHint("columns: %s", strings.Join(columnNames(r.Rel), ", "))
}

// ordered reports whether rows can be ordered by a column's numbers.
func ordered(t expr.Type) bool { return numeric(t) || t == expr.Time || t == expr.Date }

// features lists the columns to learn from, and those passed over.
func (o *predictOptions) features(r *Request) (names, times []string) {
	for _, c := range r.Rel.Columns {
		switch {
		case c.Name == o.label || c.Name == o.id || c.Name == o.time || slices.Contains(o.ignore, c.Name):
		case c.Type == expr.Time || c.Type == expr.Date:
			times = append(times, c.Name)
		case c.Type != expr.Unknown:
			names = append(names, c.Name)
		}
	}
	return names, times
}

// readPredictTable reads a table of any columns.
func readPredictTable(ctx context.Context, r *Request, o *predictOptions) (*predictData, error) {
	names, times := []string(nil), []string(nil)
	if o.apply != nil {
		names = o.apply.columns()
	} else {
		names, times = o.features(r)
	}
	if err := predictMemory(r, r.Rows, len(names)); err != nil {
		return nil, err
	}
	read := names
	for _, extra := range []string{o.label, o.time} {
		if extra != "" {
			read = append(read[:len(read):len(read)], extra)
		}
	}
	t, err := readMixed(ctx, r, o.id, read)
	if err != nil {
		return nil, err
	}
	if t.n == 0 {
		return nil, fault.New(fault.Input, "predicting: the input has no rows")
	}
	if t.n > math.MaxInt32 {
		return nil, fault.New(fault.Full, "predicting: %d rows are more than %d", t.n, math.MaxInt32)
	}
	d := &predictData{ids: plainID(t.id)}
	d.answer = make([]int32, t.n)
	for i := range d.answer {
		d.answer[i] = int32(i)
	}
	if o.apply != nil {
		d.Columns, err = o.apply.fit(t.columns)
		return d, err
	}
	if len(times) > 0 {
		d.notes = append(d.notes, fmt.Sprintf("columns of times are no features: %s", strings.Join(times, ", ")))
	}
	if err := d.readLabels(o, &t.columns[len(names)]); err != nil {
		return nil, err
	}
	d.keepFeatures(t.columns[:len(names)], t.texts)
	if len(d.Columns) == 0 {
		return nil, fault.New(fault.Input, "predicting: no column is left to learn from").WithHint("constant columns, ids and times tell nothing")
	}
	d.holdOut(o, t)
	return d, nil
}

// predictMemory refuses a table that would not fit the budget: values, bins and codes.
func predictMemory(r *Request, rows int64, columns int) error {
	need := rows * int64(columns) * 20
	if r.Memory > 0 && need > r.Memory {
		return fault.New(fault.Full, "predicting: about %d rows of %d columns need %d MiB, more than --memory (%d MiB)", rows, columns, need>>20, r.Memory>>20).
			WithHint("leave out columns with --ignore, take a part with --where, or raise --memory")
	}
	return nil
}

// holdOut divides the labelled rows for the evaluation.
func (d *predictData) holdOut(o *predictOptions, t *mixedRows) {
	if o.time == "" {
		d.train, d.test = d.Split(d.fit, o.holdout, o.Seed)
		d.holdOutNote(o, "drawn by hash")
		return
	}
	at := t.columns[len(t.columns)-1].Values
	byTime := slices.Clone(d.fit)
	key := func(r int32) float64 {
		if math.IsNaN(at[r]) { // rows without a time come first: they are no future
			return math.Inf(-1)
		}
		return at[r]
	}
	sort.SliceStable(byTime, func(a, b int) bool { return key(byTime[a]) < key(byTime[b]) })
	cut := key(byTime[int(float64(len(byTime))*(1-o.holdout))])
	for _, r := range d.fit { // rows of the border's own time are all future
		if key(r) < cut {
			d.train = append(d.train, r)
		} else {
			d.test = append(d.test, r)
		}
	}
	d.holdOutNote(o, "the last by "+o.time)
}

// holdOutNote says what is measured on.
func (d *predictData) holdOutNote(o *predictOptions, how string) {
	if o.evaluate || o.importance {
		d.notes = append(d.notes, fmt.Sprintf("hold-out: %d rows, %s", len(d.test), how))
	}
}

// keepFeatures leaves out what tells nothing or names rows.
func (d *predictData) keepFeatures(cols []learner.Column, texts []int) {
	var constant, ids []string
	for i, c := range cols {
		several, unique := d.variety(&c)
		switch {
		case !several:
			constant = append(constant, c.Name)
		case len(d.fit) >= idRows && (unique && idLike(&c, d.fit) || float64(texts[i]) >= 0.9*float64(len(d.answer))):
			ids = append(ids, c.Name)
		default:
			d.Columns = append(d.Columns, c)
		}
	}
	if len(constant) > 0 {
		d.notes = append(d.notes, "constant columns tell nothing: "+strings.Join(constant, ", "))
	}
	if len(ids) > 0 {
		d.notes = append(d.notes, "columns that look like ids are no features: "+strings.Join(ids, ", "))
	}
}

// variety tells whether a column has several values over the labelled rows (a missing one is a
// value), and whether it is of whole numbers that never repeat.
func (d *predictData) variety(c *learner.Column) (several, unique bool) {
	if c.Values == nil {
		for _, r := range d.fit {
			several = several || c.Codes[r] != c.Codes[d.fit[0]]
		}
		return several, false
	}
	seen := map[float64]struct{}{}
	first := c.Values[d.fit[0]]
	unique = true
	for _, r := range d.fit {
		v := c.Values[r]
		several = several || v < first || v > first || math.IsNaN(v) != math.IsNaN(first)
		if unique {
			_, again := seen[v]
			unique = !again && !math.IsNaN(v) && !(math.Abs(v-math.Floor(v)) > 0)
			seen[v] = struct{}{}
		}
		if several && !unique {
			break
		}
	}
	return several, unique
}

// idRows is the least number of rows where a column of different values looks like an id.
const idRows = 50

// idLike reports whether whole numbers that never repeat run with few gaps or are called an id.
func idLike(c *learner.Column, rows []int32) bool {
	if c.Values == nil {
		return false
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		lo, hi = min(lo, c.Values[r]), max(hi, c.Values[r])
	}
	name := strings.ToLower(c.Name)
	return hi-lo < 2*float64(len(rows)) || name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(c.Name, "Id") || strings.HasSuffix(c.Name, "ID")
}
