package stream

import (
	"bytes"
	"context"
	"runtime"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
)

// pieceRows is how many records are decoded at once: few enough that their columns stay near the
// processor.
const pieceRows = 4096

// item is a piece of a batch on its way, or the end of the source.
type item struct {
	batch    *Batch
	from, to int  // its records
	last     bool // of the batch
	err      error

	lane  *lane         // that decodes it ahead; nil = none does
	ready chan struct{} // closed when the lane is done
	good  bool          // the lane has its rows
}

// records are those of the piece.
func (it *item) records() []Record { return it.batch.Records[it.from:it.to] }

// schema is how records are read at a time: a later sample or another minute makes a new one.
type schema struct {
	ds   *ndjson.Dataset
	prog *relation.Program
}

// lane decodes batches with buffers of its own, so that one batch is decoded while another is
// counted.
type lane struct {
	of     *schema
	next   *schema // for the piece that is to come
	free   chan<- *lane
	parser *ndjson.Parser
	worker *relation.Worker

	lines
	batch frame.Batch
	rows  *relation.Rows
}

// lines are the records that a parser is given.
type lines struct {
	list  [][]byte
	index []int32    // of each its record
	not   []misshape // records that are not given
}

// misshape is a record that is not even looked at.
type misshape struct {
	record        int
	cause, detail string
}

// join lists records, without copies of them.
func (l *lines) join(records []Record) {
	l.list, l.index, l.not = l.list[:0], l.index[:0], l.not[:0]
	for i := range records {
		r := &records[i]
		switch {
		case r.Cut > 0:
			l.not = append(l.not, misshape{i, "too_long", ""})
		case len(r.Data) == 0 || r.Data[0] != '{' && len(bytes.TrimSpace(r.Data)) == 0:
			l.not = append(l.not, misshape{i, "empty", ""})
		case !utf8.Valid(r.Data):
			l.not = append(l.not, misshape{i, "malformed", "it is not UTF-8"})
		default:
			l.list = append(l.list, r.Data)
			l.index = append(l.index, int32(i))
		}
	}
}

// decode decodes a batch ahead of its turn. It returns false when the batch needs more than that:
// new members, a value against the sample, more rows than a batch of columns holds. Then the one who counts
// decodes it.
func (l *lane) decode(ctx context.Context, s *schema, records []Record) bool {
	if l.of != s {
		var err error
		if l.parser, err = s.ds.NewParser(ctx, s.prog.Wants()); err != nil {
			return false
		}
		l.worker, l.of = s.prog.NewWorker(), s
		l.worker.Split(0)
	}
	known := l.parser.Unknown()
	l.join(records)
	l.parser.ResetRecords(l.list)
	if l.parser.Next(&l.batch) != nil || l.batch.N+len(l.batch.Bad) != len(l.index) || l.parser.Unknown() != known {
		return false
	}
	var err error
	l.rows, err = l.worker.Apply(&l.batch)
	return err == nil
}

// record returns the record of row i.
func (l *lane) record(i int) int { return int(l.index[l.batch.RowAt(i)]) }

// ahead reads the source and has pieces of its batches decoded while others are counted. Pieces
// come in the order of the source; all of a batch come, whatever happens to outer.
func (j *job) ahead(outer, ctx context.Context) <-chan *item {
	workers := min(max(runtime.GOMAXPROCS(0), 1), 8)
	ch, work := make(chan *item, 2*workers), make(chan *item)
	free := make(chan *lane, 2*workers+2)
	for range cap(free) {
		free <- &lane{free: free}
	}
	for range workers {
		go func() {
			for it := range work {
				it.good = it.lane.decode(ctx, it.lane.next, it.records())
				close(it.ready)
			}
		}()
	}
	go func() {
		defer close(ch)
		defer close(work)
		for {
			b, err := j.src.Next(outer, pollWait, j.low)
			if b == nil || err != nil {
				if !send(ctx, ch, &item{err: err, last: true}) || err != nil {
					return
				}
				continue
			}
			if !j.pieces(ctx, b, free, work, ch) {
				return
			}
		}
	}()
	return ch
}

// pieces hands the pieces of a batch to lanes and, in order, to the one who counts. It returns false when
// ctx has ended.
func (j *job) pieces(ctx context.Context, b *Batch, free <-chan *lane, work, ch chan<- *item) bool {
	for from := 0; from == 0 || from < len(b.Records); from += pieceRows {
		it := &item{batch: b, from: from, to: min(from+pieceRows, len(b.Records))}
		it.last = it.to == len(b.Records)
		if s := j.schema.Load(); s != nil && it.to > from {
			select {
			case it.lane = <-free:
			case <-ctx.Done():
				return false
			}
			it.ready, it.lane.next = make(chan struct{}), s
			if !send(ctx, work, it) {
				return false
			}
		}
		if !send(ctx, ch, it) {
			return false
		}
	}
	return true
}

// send gives an item on; false when ctx ended before.
func send(ctx context.Context, to chan<- *item, it *item) bool {
	select {
	case to <- it:
		return true
	case <-ctx.Done():
		return false
	}
}

// low is the newest event time of a partition, for the source.
func (j *job) low(name string) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if t, ok := j.newest[name]; ok {
		return t
	}
	return never
}

// release gives the lane of a piece back.
func (it *item) release() {
	if l := it.lane; l != nil {
		it.lane, it.good = nil, false
		l.free <- l
	}
}

// decoded counts a piece that a lane has decoded by the present schema; false when there is none.
func (j *job) decoded(it *item, rows func(*relation.Rows, func(int) int) error, bad func(int, string, string) error) (bool, error) {
	l := it.lane
	if l == nil || !it.good || l.of != j.schema.Load() {
		return false, nil
	}
	for _, n := range l.not {
		if err := bad(n.record, n.cause, n.detail); err != nil {
			return true, err
		}
	}
	for _, b := range l.batch.Bad {
		if err := bad(int(l.index[b.Row]), "malformed", b.Reason); err != nil {
			return true, err
		}
	}
	return true, rows(l.rows, l.record)
}
