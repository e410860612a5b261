package arrowipc

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// reader gives the batches of a split, cut to at most frame.BatchRows rows.
type reader struct {
	ds   *Dataset
	ctx  context.Context
	s    *split
	next int // the next record batch
	cols []*column

	rows, pos int // of the present record batch
	row0      int64
	failed    error
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) (err error) {
	if r.failed != nil {
		return r.failed
	}
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Input, "reading %s: record batch %d: damaged Arrow data: %v", r.ds.name, r.next, p).WithHint("write or download the file again")
		}
		r.failed = err
	}()
	for r.pos == r.rows {
		if err := r.ctx.Err(); err != nil {
			return fault.Wrap(err, "reading %s", r.ds.name)
		}
		if r.next == r.s.to {
			if err := r.ds.done(r.s.k); err != nil {
				return err
			}
			return io.EOF
		}
		if err := r.load(); err != nil {
			return fault.Wrap(remedy(err), "reading %s: record batch %d", r.ds.name, r.next+1)
		}
		r.next++
	}
	n := min(frame.BatchRows, r.rows-r.pos)
	b.Cols = frame.Grow(b.Cols, len(r.cols))
	for i, c := range r.cols {
		if err := c.slice(&b.Cols[i], r.pos, n); err != nil {
			return fault.Wrap(remedy(err), "reading %s: record batch %d: column %q", r.ds.name, r.next, r.ds.schema.Field(c.at).Name)
		}
	}
	b.N, b.Row0, b.Rows, b.Bad, b.Raw = n, r.row0, nil, nil, nil
	r.pos += n
	r.row0 += int64(n)
	return nil
}

// load reads the wanted columns of the next record batch.
func (r *reader) load() error {
	blk := r.ds.batches[r.next]
	msg, err := parseMessage(blk.meta)
	if err != nil {
		return err
	}
	m, err := parseBatch(msg.head, msg.version, blk.n)
	if err != nil {
		return err
	}
	// A row takes at least a bit somewhere, unless all columns are null.
	if m.codec < 0 && m.rows > maxEmptyRows && m.rows/8 > blk.n {
		return fault.New(fault.Input, "damaged metadata: %d rows in %d bytes", m.rows, blk.n)
	}
	pieces, err := r.pieces(m)
	if err != nil {
		return err
	}
	u := &unpacker{r: r.ds.r, off: blk.off, m: m, left: r.ds.opts.Memory}
	for _, c := range r.cols {
		f := r.ds.schema.Field(c.at)
		if c.dict = nil; r.ds.ids[c.at] >= 0 {
			if c.dict, err = r.ds.dictionaryAt(r.ds.ids[c.at], f.Type.(*arrow.DictionaryType).ValueType, blk.seq); err != nil {
				return fault.Wrap(err, "column %q: dictionary", f.Name)
			}
		}
		if err := c.load(u, pieces[c.at], int(m.rows)); err != nil {
			return fault.Wrap(err, "column %q", f.Name)
		}
	}
	r.rows, r.pos = int(m.rows), 0
	return nil
}

// maxEmptyRows bounds batches whose values take no space.
const maxEmptyRows = 1 << 24

// pieces finds the nodes and buffers of all columns.
func (r *reader) pieces(m *batchMeta) ([]piece, error) {
	l := layout{m: m}
	out := make([]piece, r.ds.schema.NumFields())
	for i, f := range r.ds.schema.Fields() {
		t := f.Type
		if d, ok := t.(*arrow.DictionaryType); ok {
			t = d.IndexType
		}
		var err error
		if out[i], err = l.take(t, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Close implements source.Reader.
func (r *reader) Close() error {
	if r.failed == nil {
		r.failed = fault.New(fault.Internal, "reading %s: the reader is closed", r.ds.name)
	}
	r.cols = nil
	return nil
}

// dictionary is the state of a dictionary at some place of the file.
type dictionary struct {
	seq  int // of the last message it is made of
	dict *frame.Dict
	null []bool // entries that are null; nil when none is
	vals *frame.Column
}

// dictionaryAt returns the dictionary as it is for a batch at place seq: the last
// whole one before it and what was added since. In files, whose dictionaries
// may come anywhere, all of them count.
func (ds *Dataset) dictionaryAt(id int64, t arrow.DataType, seq int) (*dictionary, error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var chain []block
	for _, b := range ds.dicts[id] {
		if b.seq > seq && !ds.isFile {
			break
		}
		msg, err := parseMessage(b.meta)
		if err != nil {
			return nil, err
		}
		delta, err := msg.head.num(2, 1, 0)
		if err != nil {
			return nil, err
		}
		if delta == 0 {
			chain = chain[:0]
		}
		chain = append(chain, b)
	}
	if len(chain) == 0 {
		return &dictionary{seq: -1, dict: &frame.Dict{Off: []int32{0}}, vals: &frame.Column{Type: t, Kind: frame.KindOf(t)}}, nil
	}
	last := chain[len(chain)-1].seq
	if d := ds.cache[id]; d != nil && d.seq == last {
		return d, nil
	}
	d := &dictionary{seq: last, dict: &frame.Dict{Off: []int32{0}}}
	for k, b := range chain {
		if err := ds.addDictionary(d, b, t, k > 0); err != nil {
			return nil, err
		}
	}
	ds.cache[id] = d
	return d, nil
}

// addDictionary decodes one dictionary message and appends it to d.
func (ds *Dataset) addDictionary(d *dictionary, b block, t arrow.DataType, more bool) error {
	msg, err := parseMessage(b.meta)
	if err != nil {
		return err
	}
	head, ok, err := msg.head.sub(1)
	if err != nil || !ok {
		return errFlat
	}
	m, err := parseBatch(head, msg.version, b.n)
	if err != nil {
		return err
	}
	l := layout{m: m}
	p, err := l.take(t, 0)
	if err != nil {
		return err
	}
	c := &column{typ: t, swap: ds.swap}
	u := &unpacker{r: ds.r, off: b.off, m: m, left: ds.opts.Memory}
	if err := c.load(u, p, int(m.rows)); err != nil {
		return err
	}
	var col frame.Column
	if err := c.slice(&col, 0, int(m.rows)); err != nil {
		return err
	}
	if col.Kind != frame.String {
		if more {
			return fault.New(fault.Input, "a dictionary of %v grows, which cannot be read", col.Kind)
		}
		d.vals = &col
	}
	had := d.dict.Len()
	for i := range col.Len {
		if col.IsNull(i) {
			if d.null == nil {
				d.null = make([]bool, had, had+col.Len)
			}
		}
		if d.null != nil {
			for len(d.null) < d.dict.Len() {
				d.null = append(d.null, false)
			}
			d.null = append(d.null, col.IsNull(i))
		}
		if col.Kind == frame.String && !col.IsNull(i) {
			d.dict.Data = append(d.dict.Data, col.Str(i)...)
		}
		if len(d.dict.Data) > 1<<31-1 {
			return fault.New(fault.Full, "a dictionary of more than 2 GiB")
		}
		d.dict.Off = append(d.dict.Off, int32(len(d.dict.Data)))
	}
	return nil
}
