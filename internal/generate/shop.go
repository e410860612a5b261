package generate

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Shop is the order lines of a synthetic shop as a dataset: one input, splits of
// 245,760 rows in time order, batches of up to 30,720 rows.
type Shop struct {
	s      *shop
	schema *arrow.Schema
	splits []source.Split
}

// Orders prepares the shop. Nothing is generated before splits are read.
// Options that cannot be met are fault.Usage errors.
func Orders(o Options) (*Shop, error) {
	o, c, err := o.normal()
	if err != nil {
		return nil, err
	}
	s := &shop{o: o, cal: newCalendar(o, c), cat: newCatalog(o, c), geo: newGeography(c, o.Lang), dirt: dirtShare(o.Dirty)}
	s.orders = s.countOrders(o.Rows)
	s.payments, s.channels, s.currency = dict(c.payments), dict(channels), dict([]string{o.Currency})
	if len(o.Channels) > 0 {
		s.channels = dict(append(append([]string(nil), o.Channels...), "wholesale"))
	}
	var names []string
	for i := range categories {
		names = append(names, categories[i].name.in(o.Lang))
	}
	s.categories = dict(names)
	names = nil
	for _, w := range statuses {
		names = append(names, w.in(o.Lang))
	}
	odd := " CANCELLED "
	if o.Lang == "zh" {
		odd = " 已取消 "
	}
	s.statuses = dict(append(names, odd))

	shop := &Shop{s: s}
	fields := make([]arrow.Field, len(orderColumns))
	for i := range orderColumns {
		fields[i] = arrow.Field{Name: orderColumns[i].name, Type: orderColumns[i].typ, Nullable: true}
	}
	shop.schema = arrow.NewSchema(fields, nil)
	blocks := (o.Rows + blockRows - 1) / blockRows
	for b := int64(0); b < blocks; b += splitBlocks {
		shop.splits = append(shop.splits, &split{s: s, first: b, end: min(b+splitBlocks, blocks)})
	}
	return shop, nil
}

// Options returns the options with their defaults filled in.
func (p *Shop) Options() Options { return p.s.o }

// Rows returns the number of order lines.
func (p *Shop) Rows() int64 { return p.s.o.Rows }

// Schema implements source.Dataset: the canonical columns of orders.
func (p *Shop) Schema() *arrow.Schema { return p.schema }

// Splits implements source.Dataset.
func (p *Shop) Splits() []source.Split { return p.splits }

// Inputs implements source.Dataset.
func (p *Shop) Inputs() []source.Input {
	o := &p.s.o
	uri := fmt.Sprintf("generate:orders?rows=%d&customers=%d&products=%d&seed=%d&from=%s&days=%d&dirty=%g&regions=%s&lang=%s",
		o.Rows, o.Customers, o.Products, o.Seed, o.From.Format("2006-01-02"), o.Days, o.Dirty, o.Regions, o.Lang)
	return []source.Input{{URI: uri, Format: "generated", Size: -1, Rows: o.Rows}}
}

// Notices implements source.Dataset.
func (p *Shop) Notices() []string { return nil }

// Close implements source.Dataset.
func (p *Shop) Close() error { return nil }

// split is a run of blocks.
type split struct {
	s          *shop
	first, end int64
}

// File implements source.Split.
func (*split) File() int { return 0 }

// Rows implements source.Split.
func (p *split) Rows() int64 { return min(p.end*blockRows, p.s.o.Rows) - p.first*blockRows }

// Bytes implements source.Split: about 90 bytes a row in memory.
func (p *split) Bytes() int64 { return p.Rows() * 90 }

// Stats implements source.Split; a generator has none.
func (*split) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (p *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	for _, w := range want {
		if w.Col < 0 || w.Col >= len(orderColumns) {
			return nil, fault.New(fault.Internal, "generating orders: column %d of %d asked", w.Col, len(orderColumns))
		}
	}
	return &reader{ctx: ctx, s: p.s, split: p, next: p.first, want: append([]source.Want(nil), want...)}, nil
}

type reader struct {
	ctx   context.Context
	s     *shop
	split *split
	next  int64
	want  []source.Want
	b     block
}

// Next implements source.Reader. Wants are typed: Want.As is ignored.
func (r *reader) Next(out *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return fault.New(fault.Interrupted, "generating orders: %w", err)
	}
	if r.next >= r.split.end {
		return io.EOF
	}
	b := &r.b
	b.row0, b.first = r.next*blockRows, r.next*blockOrders
	rows := int(min(blockRows, r.s.o.Rows-b.row0))
	b.orders = r.s.fillOrders(r.next, b.orders)
	b.lines, b.owner = r.s.fillLines(b.orders, rows, b.lines, b.owner)
	if r.s.dirt > 0 {
		b.kinds = r.s.spoil(b.row0, b.lines, b.owner, b.kinds)
	}
	cols := out.Cols
	if cap(cols) < len(r.want) {
		cols = make([]frame.Column, len(r.want))
	}
	*out = frame.Batch{Cols: cols[:len(r.want)], N: rows, Row0: b.row0 - r.split.first*blockRows}
	for i, w := range r.want {
		def := &orderColumns[w.Col]
		reset(&out.Cols[i], def.typ, rows)
		def.fill(r.s, b, &out.Cols[i])
	}
	r.next++
	return nil
}

// Close implements source.Reader.
func (*reader) Close() error { return nil }
