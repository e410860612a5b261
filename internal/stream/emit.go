package stream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Columns are those that every window has besides its dimensions.
var Columns = []result.Spec{
	{Name: "window_start", Type: expr.Time, Desc: "start of the window, wall time in --tz"},
	{Name: "window_end", Type: expr.Time, Desc: "end of the window, exclusive"},
	{Name: "…", Type: expr.Text, Desc: "the dimensions, as named in --by", Null: "unknown"},
	{Name: "revenue", Type: expr.Money, Unit: result.Money, Desc: "money of the sold lines (with --net less that of reversals)"},
	{Name: "orders", Type: expr.Int, Unit: result.Orders, Desc: "distinct orders with a sold line", Null: "the records have no order_id"},
	{Name: "units", Type: expr.Float, Unit: result.Units, Desc: "sum of the quantity of sold lines", Null: "the records have no quantity"},
	{Name: "customers", Type: expr.Int, Unit: result.Customers, Desc: "distinct known customers", Null: "the records have no customer_id"},
	{Name: "revision", Type: expr.Int, Desc: "0 when the window is written at first; more for rows that replace earlier ones, because late rows came"},
}

// closeWindows writes the windows that the watermark has passed and forgets those that take
// no more rows.
func (j *job) closeWindows(ctx context.Context) error {
	if j.clock.mark == never || j.clock.mark == j.marked {
		return nil
	}
	j.marked = j.clock.mark
	for _, at := range j.win.starts() {
		w := j.win.open[at]
		end := w.start + j.win.span
		if end > j.clock.mark {
			break
		}
		gone := end+j.opts.Lateness.Microseconds() <= j.clock.mark
		if !w.written || gone && len(w.changed) > 0 {
			if err := j.write(ctx, w); err != nil {
				return err
			}
		}
		if gone {
			j.win.purge(w)
			j.recent = nil
		}
	}
	return nil
}

// flush writes revisions; all writes also the windows that the watermark has not passed.
func (j *job) flush(ctx context.Context, all bool) error {
	for _, at := range j.win.starts() {
		w := j.win.open[at]
		if w.written && len(w.changed) > 0 || all && !w.written {
			if err := j.write(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes the rows of a window: all at first, later those that changed.
func (j *job) write(ctx context.Context, w *window) error {
	var only map[string]bool
	if w.written {
		only = w.changed
		w.rev++
	}
	groups, err := j.win.groups(w, only)
	if err != nil {
		return err
	}
	w.written, w.changed = true, nil
	t, err := j.table(w, groups)
	if err != nil || t.N == 0 {
		return err
	}
	return j.out.Rows.Put(ctx, t)
}

// table makes the result rows of groups, in the order of their dimensions.
func (j *job) table(w *window, groups []*group) (*result.Table, error) {
	n := len(groups)
	t := &result.Table{Name: "windows", N: n}
	add := func(s result.Spec) int {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, n)})
		return len(t.Columns) - 1
	}
	from, to := add(Columns[0]), add(Columns[1])
	dims, order := j.dimensions(groups)
	sorted := make([]*group, n)
	for k, i := range order {
		sorted[k] = groups[i]
	}
	for k, name := range j.opts.By {
		d := &dims[k]
		c := add(result.Spec{Name: name, Type: d.typ, Desc: "the dimension", Null: "unknown"})
		for _, i := range order {
			d.put(&t.Columns[c], i)
		}
	}
	revenue, orders, units, customers, rev := add(Columns[3]), add(Columns[4]), 0, 0, 0
	unit := Columns[5]
	if !j.dec.at.floatUnits {
		unit.Type = expr.Int
	}
	units, customers, rev = add(unit), add(Columns[6]), add(Columns[7])
	col := func(c int) *result.Column { return &t.Columns[c] }
	for _, g := range sorted {
		result.AppendInt(&col(from).Data, w.start)
		result.AppendInt(&col(to).Data, w.start+j.win.span)
		money, ok := g.money.Int64()
		if !ok {
			return nil, fault.New(fault.Data, "adding up money: the window of %s passes 64 bits", time.UnixMicro(w.start).UTC().Format(time.DateTime)).WithHint("look for absurd values; a rule in ecomctl.yaml can reject them")
		}
		result.AppendInt(&col(revenue).Data, money)
		count(col(orders), g.counts[countOrders], j.dec.at.order >= 0)
		count(col(customers), g.counts[countCustomers], j.dec.at.customer >= 0)
		if err := j.putUnits(col(units), g); err != nil {
			return nil, err
		}
		result.AppendInt(&col(rev).Data, w.rev)
	}
	return t, nil
}

// count appends a count, or null when the records lack its column.
func count(c *result.Column, n int64, has bool) {
	if has {
		result.AppendInt(&c.Data, n)
	} else {
		result.AppendNull(&c.Data)
	}
}

// putUnits appends the sum of quantities. Quantities that were whole at first and broken later are
// in two sums.
func (j *job) putUnits(c *result.Column, g *group) error {
	switch {
	case j.dec.at.quantity < 0:
		result.AppendNull(&c.Data)
	case j.dec.at.floatUnits:
		g.floats.AddInt(g.units)
		result.AppendFloat(&c.Data, g.floats.Float())
	default:
		n, ok := g.units.Int64()
		if !ok {
			return fault.New(fault.Data, "adding up quantity: a sum passes 64 bits").WithHint("look for absurd values; a rule in ecomctl.yaml can reject them")
		}
		result.AppendInt(&c.Data, n)
	}
	return nil
}

// dimension holds the values of one dimension of groups.
type dimension struct {
	typ  expr.Type
	null []bool
	text [][]byte
	num  []int64 // Bool, Int, Time, Date
	real []float64
}

// dimensions reads the keys of groups and returns the order of the answer: by the dimensions
// one after the other, nulls last, text by bytes.
func (j *job) dimensions(groups []*group) ([]dimension, []int) {
	dims := make([]dimension, len(j.opts.By))
	for _, g := range groups {
		b := []byte(g.key)
		for k := range dims {
			d := &dims[k]
			n, used := binary.Uvarint(b)
			b = b[max(used, 0):]
			d.null = append(d.null, n == 0)
			n = min(max(n, 1)-1, uint64(len(b)))
			d.text = append(d.text, b[:n])
			b = b[n:]
		}
	}
	for k := range dims {
		dims[k].read(j.dec.rel.Columns[j.dec.rel.Find(j.opts.By[k])].Type)
	}
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		for k := range dims {
			if c := dims[k].compare(a, b); c != 0 {
				return c
			}
		}
		return 0
	})
	return dims, order
}

// read gives the texts their type; one that does not read leaves the dimension text.
func (d *dimension) read(typ expr.Type) {
	d.typ = expr.Text
	for i, s := range d.text {
		if d.null[i] {
			d.num, d.real = append(d.num, 0), append(d.real, 0)
			continue
		}
		var n int64
		var f float64
		var err error
		var at time.Time
		switch typ {
		case expr.Int:
			n, err = strconv.ParseInt(string(s), 10, 64)
		case expr.Float:
			f, err = strconv.ParseFloat(string(s), 64)
		case expr.Bool:
			if string(s) == "true" {
				n = 1
			}
		case expr.Date:
			at, err = time.Parse(time.DateOnly, string(s))
			n = at.Unix() / daySeconds
		case expr.Time:
			at, err = time.Parse("2006-01-02T15:04:05.999999999", string(s))
			n = at.UnixMicro()
		default:
			return
		}
		if err != nil {
			return
		}
		d.num, d.real = append(d.num, n), append(d.real, f)
	}
	d.typ = typ
}

// compare orders groups a and b.
func (d *dimension) compare(a, b int) int {
	switch {
	case d.null[a] || d.null[b]:
		return cmp.Compare(btoi(d.null[a]), btoi(d.null[b]))
	case d.typ == expr.Text:
		return bytes.Compare(d.text[a], d.text[b])
	case d.typ == expr.Float:
		return cmp.Compare(d.real[a], d.real[b])
	}
	return cmp.Compare(d.num[a], d.num[b])
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// put appends the value of group i.
func (d *dimension) put(c *result.Column, i int) {
	switch {
	case d.null[i]:
		result.AppendNull(&c.Data)
	case d.typ == expr.Text:
		result.AppendText(&c.Data, d.text[i])
	case d.typ == expr.Float:
		result.AppendFloat(&c.Data, d.real[i])
	default:
		result.AppendInt(&c.Data, d.num[i])
	}
}
