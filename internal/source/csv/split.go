package csv

import (
	"context"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// builders are the columns of a closed reader, whose memory the next one takes.
type builders struct {
	want []source.Want
	cols []*value.Builder
}

// builders returns what reads the wanted columns.
func (ds *Dataset) builders(want []source.Want) ([]*value.Builder, error) {
	ds.mu.Lock()
	for i, s := range ds.spare {
		if slices.Equal(s.want, want) {
			ds.spare = slices.Delete(ds.spare, i, i+1)
			ds.mu.Unlock()
			for _, b := range s.cols {
				b.Restart()
			}
			return s.cols, nil
		}
	}
	ds.mu.Unlock()
	cols := make([]*value.Builder, len(want))
	for i, w := range want {
		if w.Col < 0 || w.Col >= len(ds.specs) {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", ds.name, w.Col)
		}
		b, err := value.NewBuilder(&ds.specs[w.Col], w.As, w.Layout)
		if err != nil {
			return nil, fault.Wrap(err, "reading %s: column %s", ds.name, ds.schema.Field(w.Col).Name)
		}
		cols[i] = b
	}
	return cols, nil
}

// keep takes the builders of a closed reader back.
func (ds *Dataset) keep(want []source.Want, cols []*value.Builder) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.spare) < 16 && len(cols) < 1000 {
		ds.spare = append(ds.spare, builders{want, cols})
	}
}

type split struct {
	ds *Dataset
	k  int
}

// File implements source.Split.
func (s *split) File() int { return 0 }

// Rows implements source.Split.
func (s *split) Rows() int64 {
	s.ds.mu.Lock()
	defer s.ds.mu.Unlock()
	return s.ds.rows[s.k]
}

// Bytes implements source.Split.
func (s *split) Bytes() int64 {
	if c := s.ds.chain; c != nil {
		return c.nominal(s.k+1) - c.nominal(s.k)
	}
	return s.ds.size
}

// Stats implements source.Split: text has none.
func (s *split) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r := &reader{ds: s.ds, ctx: ctx, part: s.k, ops: make([]field, s.ds.schema.NumFields())}
	r.raw = r.rawFields
	r.most = max(16, min(frame.BatchRows, maxCells/max(1, len(want))))
	cols, err := s.ds.builders(want)
	if err != nil {
		return nil, err
	}
	r.want, r.wants = cols, slices.Clone(want)
	for i, w := range want {
		b := cols[i]
		op := &r.ops[w.Col]
		if op.b != nil {
			op.extra, op.code = append(op.extra, b), opOther
			continue
		}
		op.b, op.code = b, opOther
		switch b.Kind {
		case frame.Int:
			op.code = opInt
		case frame.Float:
			switch s.ds.specs[w.Col].Notation {
			case value.CommaDecimal:
				// a delimiter is no decimal mark: such numbers stand in quotes
				if op.mark = ','; s.ds.d.delim != ',' {
					op.code = opFloat
				}
			default:
				op.code, op.mark = opFloat, '.'
			}
		case frame.Date, frame.Time:
			op.code = opTime
		case frame.String:
			op.code, op.long = opText, 2
			if s.ds.specs[w.Col].NullWords {
				op.long = 4
			}
		}
	}
	if s.ds.chain == nil {
		if err := r.stream(); err != nil {
			return nil, s.ds.wrap(err)
		}
	}
	return r, nil
}
