package parquet

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/metadata"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

const magic = "PAR1"

// defaultGroup is the number of rows of a row group.
const defaultGroup = 1 << 20

// groupBytes ends a row group early, so that memory stays bounded whatever the
// width of the rows.
const groupBytes = 256 << 20

// Options say how to write.
type Options struct {
	Codec    string // one of Codecs; "" is snappy
	RowGroup int    // rows of a row group; 0 is 1,048,576
	Threads  int    // columns encoded at the same time; 0 is 1
}

// Writer writes batches of one schema as a Parquet file. It is used by one
// goroutine at a time. After an error it only repeats the error.
type Writer struct {
	w       io.Writer
	opts    Options
	cols    []*encoder
	meta    *metadata.FileMetaDataBuilder
	offset  int64
	rows    int64
	inGroup int
	groups  int
	closed  bool
	err     error
}

// NewWriter starts a file with the columns of s, all of them nullable. Close
// completes it; w is not closed. Without Close there is no footer, and the file
// cannot be mistaken for a whole one.
//
// Errors: fault.Usage for an unknown codec, fault.Input for a type that cannot
// be written; errors of w are passed on.
func NewWriter(w io.Writer, s *arrow.Schema, opts Options) (*Writer, error) {
	codec, err := codecOf(opts.Codec)
	if err != nil {
		return nil, err
	}
	if opts.RowGroup <= 0 {
		opts.RowGroup = defaultGroup
	}
	plans, sc, err := newSchema(s)
	if err != nil {
		return nil, err
	}
	props := parquet.NewWriterProperties(
		parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCompression(codec),
		parquet.WithCreatedBy("ecomctl with Apache Arrow Go v17.0.0"))
	p := &Writer{w: w, opts: opts, meta: metadata.NewFileMetadataBuilder(sc, props, nil)}
	for _, pl := range plans {
		p.cols = append(p.cols, newEncoder(pl, codec))
	}
	return p, p.put([]byte(magic))
}

// Rows is the number of rows written so far.
func (p *Writer) Rows() int64 { return p.rows }

// put writes b and keeps the first error.
func (p *Writer) put(b []byte) error {
	if p.err != nil || len(b) == 0 {
		return p.err
	}
	n, err := p.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	p.offset += int64(n)
	p.err = fault.Wrap(err, "writing Parquet")
	return p.err
}

// Write appends the rows of a batch, whose columns must be those of the schema
// in order. The batch may be reused when Write returns.
func (p *Writer) Write(b *frame.Batch) error {
	if p.err == nil && len(b.Cols) != len(p.cols) {
		p.err = fault.New(fault.Internal, "writing Parquet: a batch of %d columns where the schema has %d", len(b.Cols), len(p.cols))
	}
	for lo := 0; lo < b.N && p.err == nil; {
		hi := min(b.N, lo+p.opts.RowGroup-p.inGroup)
		if p.err = p.encode(func(e *encoder, i int) error { return e.add(&b.Cols[i], lo, hi) }); p.err != nil {
			break
		}
		p.inGroup += hi - lo
		p.rows += int64(hi - lo)
		lo = hi
		if p.inGroup == p.opts.RowGroup || p.buffered() >= groupBytes {
			p.endGroup()
		}
	}
	return p.err
}

func (p *Writer) buffered() (n int) {
	for _, e := range p.cols {
		n += len(e.out)
	}
	return n
}

// encode does work for every column, on up to Threads goroutines, and returns
// the error of the first column that failed.
func (p *Writer) encode(work func(e *encoder, i int) error) error {
	errs := make([]error, len(p.cols))
	var next atomic.Int64
	run := func() {
		for i := int(next.Add(1)) - 1; i < len(p.cols); i = int(next.Add(1)) - 1 {
			errs[i] = guarded(func() error { return work(p.cols[i], i) })
		}
	}
	var wg sync.WaitGroup
	for range min(p.opts.Threads, len(p.cols)) - 1 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			run()
		}()
	}
	run()
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fault.Wrap(err, "writing Parquet: column %q", p.cols[i].name)
		}
	}
	return nil
}

// guarded turns a panic over a malformed batch into an error; in a goroutine
// nobody else could.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "encoding: %v", r)
		}
	}()
	return f()
}

// endGroup writes the row group and starts the next.
func (p *Writer) endGroup() {
	if p.inGroup == 0 || p.err != nil {
		return
	}
	if p.groups > math.MaxInt16 {
		p.err = fault.New(fault.Usage, "writing Parquet: more than %d row groups", math.MaxInt16+1).WithHint("use larger row groups")
		return
	}
	if p.err = p.encode(func(e *encoder, _ int) error { return e.flush() }); p.err != nil {
		return
	}
	g := p.meta.AppendRowGroup()
	start := p.offset
	var dict []byte
	for _, e := range p.cols {
		m := g.NextColumnChunk()
		at := p.offset
		var err error
		if dict, err = e.dictionary(dict[:0]); err == nil {
			err = e.finish(m, at, int64(len(dict)))
		}
		if err != nil {
			p.err = fault.Wrap(err, "writing Parquet: column %q", e.name)
			return
		}
		if p.put(dict) != nil || p.put(e.out) != nil {
			return
		}
		e.begin()
	}
	g.SetNumRows(p.inGroup)
	p.err = g.Finish(p.offset-start, int16(p.groups))
	p.groups++
	p.inGroup = 0
}

// Close writes what is left and the footer, and returns the first error of the
// whole file. Further calls repeat it.
func (p *Writer) Close() error {
	if p.closed || p.err != nil {
		return p.err
	}
	p.closed = true
	p.endGroup()
	if p.err != nil {
		return p.err
	}
	m, err := p.meta.Finish()
	if err != nil {
		p.err = fault.New(fault.Internal, "writing Parquet: footer: %w", err)
		return p.err
	}
	var foot bytes.Buffer
	if _, err := m.WriteTo(&foot, nil); err != nil {
		p.err = fault.New(fault.Internal, "writing Parquet: footer: %w", err)
		return p.err
	}
	tail := binary.LittleEndian.AppendUint32(nil, uint32(foot.Len()))
	foot.Write(append(tail, magic...))
	return p.put(foot.Bytes())
}
