package generate

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/radix"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Clicks is the click-stream of a synthetic shop as a dataset: one input, splits of
// 245,760 events, batches of up to 30,720. Sessions come in the order of their start and the
// events of a batch in the order of their time, so that the times of the file
// are nearly sorted, as those of a log are.
type Clicks struct {
	s      *clickShop
	schema *arrow.Schema
	splits []source.Split
}

// clickShop is everything that is computed once.
type clickShop struct {
	o                                           EventOptions
	cal                                         *calendar
	cat                                         *catalog
	geo                                         *geography
	visits                                      int64 // in the whole stream
	dirt                                        uint64
	bot                                         uint64 // share of 2³²
	bots                                        int
	kinds, categories, devices, sources, region *frame.Dict
}

// Events prepares a click-stream. Nothing is generated before splits are read.
// Options that cannot be met are fault.Usage errors.
func Events(o EventOptions) (*Clicks, error) {
	o, shop, c, err := o.normal()
	if err != nil {
		return nil, err
	}
	s := &clickShop{o: o, cal: newCalendar(shop, c), cat: newCatalog(shop, c), geo: newGeography(c, o.Lang), dirt: dirtShare(o.Dirty),
		bot: dirtShare(o.Bots), bots: o.bots(), kinds: dict(eventTypes), devices: dict(devices), sources: dict(sources)}
	s.region = s.geo.regions
	s.visits = s.countVisits(o.Rows)
	var names []string
	for i := range categories {
		names = append(names, categories[i].name.in(o.Lang))
	}
	s.categories = dict(names)
	p := &Clicks{s: s}
	fields := make([]arrow.Field, len(eventColumns))
	for i := range eventColumns {
		fields[i] = arrow.Field{Name: eventColumns[i].name, Type: eventColumns[i].typ, Nullable: true}
	}
	p.schema = arrow.NewSchema(fields, nil)
	blocks := (o.Rows + eventBlockRows - 1) / eventBlockRows
	for b := int64(0); b < blocks; b += eventSplitBlocks {
		p.splits = append(p.splits, &eventSplit{s: s, first: b, end: min(b+eventSplitBlocks, blocks)})
	}
	return p, nil
}

// Options returns the options with their defaults filled in.
func (p *Clicks) Options() EventOptions { return p.s.o }

// Schema implements source.Dataset: the canonical columns of events, then device, source and region.
func (p *Clicks) Schema() *arrow.Schema { return p.schema }

// Splits implements source.Dataset.
func (p *Clicks) Splits() []source.Split { return p.splits }

// Inputs implements source.Dataset.
func (p *Clicks) Inputs() []source.Input {
	o := &p.s.o
	uri := fmt.Sprintf("generate:events?rows=%d&users=%d&products=%d&seed=%d&from=%s&days=%d&bots=%g&dirty=%g&regions=%s&lang=%s",
		o.Rows, o.Users, o.Products, o.Seed, o.From.Format("2006-01-02"), o.Days, o.Bots, o.Dirty, o.Regions, o.Lang)
	return []source.Input{{URI: uri, Format: "generated", Size: -1, Rows: o.Rows}}
}

// Notices implements source.Dataset.
func (p *Clicks) Notices() []string { return nil }

// Close implements source.Dataset.
func (p *Clicks) Close() error { return nil }

// eventSplit is a run of blocks.
type eventSplit struct {
	s          *clickShop
	first, end int64
}

// File implements source.Split.
func (*eventSplit) File() int { return 0 }

// Rows implements source.Split.
func (p *eventSplit) Rows() int64 {
	return min(p.end*eventBlockRows, p.s.o.Rows) - p.first*eventBlockRows
}

// Bytes implements source.Split: about 60 bytes a row in memory.
func (p *eventSplit) Bytes() int64 { return p.Rows() * 60 }

// Stats implements source.Split; a generator has none.
func (*eventSplit) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (p *eventSplit) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	for _, w := range want {
		if w.Col < 0 || w.Col >= len(eventColumns) {
			return nil, fault.New(fault.Internal, "generating events: column %d of %d asked", w.Col, len(eventColumns))
		}
	}
	return &eventReader{ctx: ctx, s: p.s, split: p, next: p.first, want: append([]source.Want(nil), want...)}, nil
}

// eventBlock is the working memory of one reader.
type eventBlock struct {
	first       int64 // number of the first session
	visits      []visit
	raw, events []event // by session, by time
	sort, swap  []radix.Pair
}

type eventReader struct {
	ctx   context.Context
	s     *clickShop
	split *eventSplit
	next  int64
	want  []source.Want
	b     eventBlock
}

// Next implements source.Reader. Wants are typed: Want.As is ignored.
func (r *eventReader) Next(out *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return fault.New(fault.Interrupted, "generating events: %w", err)
	}
	if r.next >= r.split.end {
		return io.EOF
	}
	b := &r.b
	row0 := r.next * eventBlockRows
	b.first = r.next * eventBlockVisits
	rows := int(min(eventBlockRows, r.s.o.Rows-row0))
	b.visits = r.s.fillVisits(r.next, b.visits)
	r.s.fillEvents(b, rows)
	if r.s.dirt > 0 {
		r.s.spoilEvents(row0, b.events)
	}
	cols := out.Cols
	if cap(cols) < len(r.want) {
		cols = make([]frame.Column, len(r.want))
	}
	*out = frame.Batch{Cols: cols[:len(r.want)], N: rows, Row0: row0 - r.split.first*eventBlockRows}
	for i, w := range r.want {
		def := &eventColumns[w.Col]
		reset(&out.Cols[i], def.typ, rows)
		def.fill(r.s, b, &out.Cols[i])
	}
	r.next++
	return nil
}

// Close implements source.Reader.
func (*eventReader) Close() error { return nil }
