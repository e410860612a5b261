package stream

import (
	"bytes"
	"context"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
)

// lanes is how many batches may be decoded ahead of those that are counted.
const lanes = 3

// schema is how records are read at a time: a later sample or another minute makes a new one.
type schema struct {
	ds   *ndjson.Dataset
	prog *relation.Program
}

// lane decodes batches with buffers of its own, so that one batch is decoded while another is
// counted.
type lane struct {
	of     *schema
	parser *ndjson.Parser
	worker *relation.Worker

	lines
	batch frame.Batch
	rows  *relation.Rows
}

// lines are the records of a batch as a text of lines.
type lines struct {
	text  []byte
	index []int32    // of each line its record
	not   []misshape // records that are no lines
}

// misshape is a record that is not even looked at.
type misshape struct {
	record int
	cause  string
}

// join makes the text of records.
func (l *lines) join(records []Record) {
	l.text, l.index, l.not = l.text[:0], l.index[:0], l.not[:0]
	for i := range records {
		r := &records[i]
		switch {
		case r.Cut > 0:
			l.not = append(l.not, misshape{i, "too_long"})
		case len(bytes.TrimSpace(r.Data)) == 0:
			l.not = append(l.not, misshape{i, "empty"})
		default:
			l.text = append(appendLine(l.text, r.Data), '\n')
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
	l.parser.Reset(l.text)
	if l.parser.Next(&l.batch) != nil || l.batch.N+len(l.batch.Bad) != len(l.index) || l.parser.Unknown() != known {
		return false
	}
	var err error
	l.rows, err = l.worker.Apply(&l.batch)
	return err == nil
}

// record returns the record of row i.
func (l *lane) record(i int) int { return int(l.index[l.batch.RowAt(i)]) }

// ahead reads the source and decodes while batches are counted.
func (j *job) ahead(ctx context.Context) <-chan item {
	raw, ch := make(chan item, 1), make(chan item, 1)
	low := func(name string) int64 {
		j.mu.Lock()
		defer j.mu.Unlock()
		if t, ok := j.newest[name]; ok {
			return t
		}
		return never
	}
	go func() {
		defer close(raw)
		for {
			b, err := j.src.Next(ctx, pollWait, low)
			select {
			case raw <- item{batch: b, err: err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(ch)
		for it := range raw {
			if s := j.schema.Load(); s != nil && it.batch != nil && len(it.batch.Records) > 0 {
				select {
				case l := <-j.free:
					if l.decode(context.WithoutCancel(ctx), s, it.batch.Records) {
						it.lane = l
					} else {
						j.free <- l
					}
				case <-ctx.Done():
				}
			}
			select {
			case ch <- it:
			case <-ctx.Done():
				for range raw { // its sender ends by ctx too
				}
				return
			}
		}
	}()
	return ch
}

// decoded counts a batch that a lane has decoded by the present schema; false when there is none.
func (j *job) decoded(it *item, rows func(*relation.Rows, func(int) int) error, bad func(int, string, string) error) (bool, error) {
	l := it.lane
	if l == nil {
		return false, nil
	}
	defer func() { it.lane = nil; j.free <- l }()
	if l.of != j.schema.Load() {
		return false, nil
	}
	for _, n := range l.not {
		if err := bad(n.record, n.cause, ""); err != nil {
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
