// Package convert copies datasets between formats: every column, in the order
// of the input, read in parallel and written in order.
package convert

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Writer takes the batches of a copy in order.
type Writer interface {
	// Write takes a batch; it does not keep it.
	Write(b *frame.Batch) error
	// Close writes what is left: a footer, the end of an array.
	Close() error
}

// Progress is told how far a copy is; engine.Progress satisfies it.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

// Options say how a dataset is copied.
type Options struct {
	Threads  int
	Progress Progress
	// Text keeps the columns with these source positions as they are written in text
	// files instead of reading them as numbers or times.
	Text map[int]bool
	// Reject takes the rows that could not be read: broken lines and rows with a
	// value that does not fit its column. When it is nil the first such row ends the
	// copy with an error. Calls come in input order.
	Reject func(Rejected) error
}

// Rejected is a row that could not be read.
type Rejected struct {
	File   int   // index into Dataset.Inputs
	Row    int64 // 1-based data row within its file
	Reason string
	Raw    string // the line where it could not be cut into fields, else the offending text
}

// Summary counts a copy.
type Summary struct{ Rows, Rejected int64 }

// item is a copied batch on its way to the writer.
type item struct {
	b   *frame.Batch
	bad []badCell
}

// badCell remembers the first unreadable value of a row.
type badCell struct {
	row int
	col int
	raw string
}

// depth is how many batches of one split may wait for the writer.
const depth = 48

// Columns lists the wants of all columns that can be copied: nested ones cannot.
func Columns(d source.Dataset, text map[int]bool) []source.Want {
	var wants []source.Want
	for i, f := range d.Schema().Fields() {
		if frame.KindOf(f.Type) == frame.Nested {
			continue
		}
		w := source.Want{Col: i}
		if text[i] {
			w.As = frame.String
		}
		wants = append(wants, w)
	}
	return wants
}

// Copy writes every row of d to w. The writer is not closed.
func Copy(ctx context.Context, d source.Dataset, w Writer, o Options) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &copier{d: d, w: w, o: o, splits: d.Splits(), wants: Columns(d, o.Text)}
	if len(c.wants) == 0 {
		return Summary{}, fault.New(fault.Input, "copying %s: there is no column that can be copied", inputName(d, 0))
	}
	if o.Progress != nil {
		total := int64(0)
		for _, s := range c.splits {
			total += s.Bytes()
		}
		o.Progress.Start("copying", total)
		defer o.Progress.Done()
	}
	c.queues = make([]chan item, len(c.splits))
	c.errs = make([]error, len(c.splits))
	for i := range c.queues {
		c.queues[i] = make(chan item, depth)
	}
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(1, min(o.Threads, len(c.splits))) {
		wg.Go(func() {
			for i := range next {
				c.errs[i] = c.read(ctx, i)
				close(c.queues[i])
			}
		})
	}
	// Small splits fit into their queues whole, so reading would run away from a slow
	// writer: only so many splits may be ahead of the one being written.
	c.ahead = make(chan struct{}, max(1, o.Threads)+1)
	wg.Go(func() {
		defer close(next)
		for i := range c.splits {
			select {
			case c.ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	err := c.write(ctx)
	cancel()
	wg.Wait()
	return c.sum, err
}

type copier struct {
	d      source.Dataset
	w      Writer
	o      Options
	splits []source.Split
	wants  []source.Want
	queues []chan item
	ahead  chan struct{} // a place for each split that is being read or waits to be written
	errs   []error
	pool   sync.Pool
	sum    Summary
	rowOf  []int64 // rows of each file that came before the split being written
}

// read copies the batches of one split into its queue.
func (c *copier) read(ctx context.Context, i int) error {
	r, err := c.splits[i].Open(ctx, c.wants)
	if err != nil {
		return err
	}
	defer r.Close()
	var b frame.Batch
	for {
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			if c.o.Progress != nil {
				c.o.Progress.Add(c.splits[i].Bytes())
			}
			return nil
		}
		if err != nil {
			return err
		}
		it := item{bad: badCells(&b)}
		if it.b, _ = c.pool.Get().(*frame.Batch); it.b == nil {
			it.b = new(frame.Batch)
		}
		it.b.CopyFrom(&b)
		select {
		case c.queues[i] <- it:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// badCells lists the rows of a batch that hold a value which could not be read.
func badCells(b *frame.Batch) []badCell {
	var bad []badCell
	seen := map[int]bool{}
	for j := range b.Cols {
		if b.Cols[j].Bad == nil {
			continue
		}
		for r := range b.N {
			if !b.Cols[j].IsBad(r) || seen[r] {
				continue
			}
			seen[r] = true
			raw := ""
			if b.Raw != nil {
				raw = strings.Join(b.Raw(r), ",")
			}
			bad = append(bad, badCell{row: r, col: j, raw: raw})
		}
	}
	return bad
}

// write takes the queues in order.
func (c *copier) write(ctx context.Context) error {
	c.rowOf = make([]int64, len(c.d.Inputs()))
	for i, q := range c.queues {
		last := int64(0)
		for {
			var it item
			var ok bool
			select {
			case it, ok = <-q:
			case <-ctx.Done():
				return ctx.Err()
			}
			if !ok {
				break
			}
			last = max(last, end(it.b))
			if err := c.emit(c.splits[i].File(), it); err != nil {
				return err
			}
			c.pool.Put(it.b)
		}
		if c.errs[i] != nil {
			return c.errs[i]
		}
		c.rowOf[c.splits[i].File()] += last
		<-c.ahead
	}
	return nil
}

// end returns the position after the last row of a batch within its split.
func end(b *frame.Batch) int64 {
	n := b.Row0
	if b.N > 0 {
		n = b.RowAt(b.N-1) + 1
	}
	for _, bad := range b.Bad {
		n = max(n, bad.Row+1)
	}
	return n
}

// emit writes one batch and tells its rejects.
func (c *copier) emit(file int, it item) error {
	for _, bad := range it.b.Bad {
		if err := c.reject(Rejected{File: file, Row: c.rowOf[file] + bad.Row + 1, Reason: bad.Reason, Raw: bad.Raw}); err != nil {
			return err
		}
	}
	if len(it.bad) > 0 {
		drop := make([]bool, it.b.N)
		for _, cell := range it.bad {
			drop[cell.row] = true
			name := c.d.Schema().Field(c.wants[cell.col].Col).Name
			rej := Rejected{File: file, Row: c.rowOf[file] + it.b.RowAt(cell.row) + 1, Raw: cell.raw,
				Reason: "column " + strconv.Quote(name) + ": not a " + it.b.Cols[cell.col].Kind.String()}
			if err := c.reject(rej); err != nil {
				return err
			}
		}
		it.b.Drop(drop)
	}
	if it.b.N == 0 {
		return nil
	}
	c.sum.Rows += int64(it.b.N)
	return c.w.Write(it.b)
}

func (c *copier) reject(r Rejected) error {
	if c.o.Reject == nil {
		return fault.New(fault.Input, "reading %s row %d: %s: %.200s", inputName(c.d, r.File), r.Row, r.Reason, r.Raw).
			WithHint("put such rows aside with --rejects FILE, or keep a column as text with --text COLUMN")
	}
	c.sum.Rejected++
	return c.o.Reject(r)
}

func inputName(d source.Dataset, i int) string {
	if in := d.Inputs(); i < len(in) {
		return in[i].URI
	}
	return "the input"
}
