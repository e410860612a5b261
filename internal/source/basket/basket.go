// Package basket reads transactions, one a line, as order lines: order_id is the
// number of the line (from 1), product_id the item. Items are parted by commas, else
// by tabs, else by blanks; lines without items are no orders.
package basket

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/textio"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// Options of the reader.
type Options struct {
	Encoding string       // "": recognise
	MaxLine  int          // most bytes of a line; 0 is 16 MiB
	Check    func() error // says at the end whether the file changed; may be nil
}

// Dataset is one file of transactions. It is a single split, for only a reading
// from the start knows the number of a line.
type Dataset struct {
	name string
	r    io.ReaderAt
	size int64
	opts Options
	pack textio.Compression
	enc  textio.Encoding
	sep  byte // ' ' is any run of blanks

	items   value.Spec
	notices []string

	mu     sync.Mutex
	rows   int64
	digest string
}

var (
	schema = arrow.NewSchema([]arrow.Field{
		{Name: "order_id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "product_id", Type: arrow.BinaryTypes.String},
	}, nil)
	defaultLine = 16 << 20
)

const sampleBytes = 256 << 10

// Open recognises how items are parted.
func Open(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (*Dataset, error) {
	if opts.MaxLine == 0 {
		opts.MaxLine = defaultLine
	}
	ds := &Dataset{name: name, r: r, size: size, opts: opts, rows: -1}
	if err := ds.recognise(ctx); err != nil {
		return nil, fault.Wrap(fault.As(fault.Input, err), "opening %s", name)
	}
	return ds, nil
}

func (ds *Dataset) recognise(ctx context.Context) error {
	first := make([]byte, min(ds.size, 64))
	if _, err := ds.r.ReadAt(first, 0); err != nil && err != io.EOF {
		return err
	}
	ds.pack = textio.Packed(first)
	un, err := textio.Unpack(ds.name, textio.ReaderAtCtx(ctx, ds.r, 0, ds.size), ds.pack)
	if err != nil {
		return err
	}
	defer un.Close()
	raw := make([]byte, sampleBytes)
	n, err := io.ReadFull(un, raw)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	raw = raw[:n]
	sure := true
	if ds.opts.Encoding == "" {
		ds.enc, sure = textio.Recognise(raw)
	} else if ds.enc, err = textio.ParseEncoding(ds.opts.Encoding); err != nil {
		return err
	}
	if !sure {
		ds.notices = append(ds.notices, ds.name+": not UTF-8; read as "+ds.enc.String()+", the likeliest encoding")
	}
	text, err := io.ReadAll(textio.Decode(bytes.NewReader(raw), ds.enc))
	if err != nil {
		return err
	}
	ds.sep = ' '
	for _, c := range []byte{',', '\t'} {
		if bytes.IndexByte(text, c) >= 0 {
			ds.sep = c
			break
		}
	}
	var ev value.Evidence
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		ds.split(line, func(item []byte) { ev.AddQuoted(item) })
	}
	ds.items = value.TextSpec()
	ds.items.Common = ev.Decide("product_id").Common
	return nil
}

// split calls f for each item of a line.
func (ds *Dataset) split(line []byte, f func([]byte)) {
	for len(line) > 0 {
		i := 0
		for i < len(line) && line[i] != ds.sep && (ds.sep != ' ' || line[i] != '\t') {
			i++
		}
		item := bytes.TrimSpace(line[:i])
		if n := len(item); n >= 2 && item[0] == '"' && item[n-1] == '"' {
			item = item[1 : n-1]
		}
		if len(item) > 0 {
			f(item)
		}
		line = line[min(i+1, len(line)):]
	}
}

// Schema implements source.Dataset.
func (ds *Dataset) Schema() *arrow.Schema { return schema }

// Splits implements source.Dataset.
func (ds *Dataset) Splits() []source.Split { return []source.Split{&split{ds}} }

// Notices implements source.Dataset.
func (ds *Dataset) Notices() []string { return ds.notices }

// Close implements source.Dataset; the file belongs to the caller.
func (ds *Dataset) Close() error { return nil }

// Inputs implements source.Dataset.
func (ds *Dataset) Inputs() []source.Input {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	sep := map[byte]string{',': "commas", '\t': "tabs", ' ': "blanks"}[ds.sep]
	in := source.Input{URI: ds.name, Format: "basket", Size: ds.size, Rows: ds.rows, Detail: "items parted by " + sep + ", encoding " + ds.enc.String()}
	if ds.digest != "" {
		in.Digest, in.DigestKind = ds.digest, "whole"
	}
	return []source.Input{in}
}

type split struct{ ds *Dataset }

// File implements source.Split.
func (s *split) File() int { return 0 }

// Rows implements source.Split.
func (s *split) Rows() int64 {
	s.ds.mu.Lock()
	defer s.ds.mu.Unlock()
	return s.ds.rows
}

// Bytes implements source.Split.
func (s *split) Bytes() int64 { return s.ds.size }

// Stats implements source.Split.
func (s *split) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r := &reader{ds: s.ds, ctx: ctx, sum: sha256.New()}
	for _, w := range want {
		spec := s.ds.items
		as := frame.String
		if w.Col == 0 {
			spec, as = value.Spec{Kind: frame.Int}, frame.Int
		} else if w.Col != 1 {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", s.ds.name, w.Col)
		}
		b, err := value.NewBuilder(&spec, as, "")
		if err != nil {
			return nil, err
		}
		r.want = append(r.want, b)
	}
	un, err := textio.Unpack(s.ds.name, io.TeeReader(textio.ReaderAtCtx(ctx, s.ds.r, 0, s.ds.size), r.sum), s.ds.pack)
	if err != nil {
		return nil, fault.Wrap(err, "reading %s", s.ds.name)
	}
	r.closer = un
	r.in = bufio.NewReaderSize(textio.Decode(un, s.ds.enc), 64<<10)
	return r, nil
}

// reader gives an order line for each item.
type reader struct {
	ds     *Dataset
	ctx    context.Context
	want   []*value.Builder
	in     *bufio.Reader
	closer io.Closer
	sum    hash.Hash
	line   int64    // lines read
	items  [][]byte // of the present line, not yet given
	text   []byte   // of the present line
	row    int64
	failed error
}

// Next implements source.Reader.
func (r *reader) Next(b *frame.Batch) error {
	if r.failed != nil {
		return r.failed
	}
	if err := r.next(b); err != nil {
		if err != io.EOF {
			err = fault.Wrap(fault.As(fault.Input, err), "reading %s", r.ds.name)
		}
		r.failed = err
	}
	return r.failed
}

func (r *reader) next(b *frame.Batch) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	for _, w := range r.want {
		w.Reset(frame.BatchRows)
	}
	n := 0
	for n < frame.BatchRows {
		if len(r.items) == 0 {
			err := r.readLine()
			if err == io.EOF && n > 0 {
				break
			}
			if err == io.EOF {
				return r.finish()
			}
			if err != nil {
				return err
			}
			continue
		}
		for _, w := range r.want {
			if w.Kind == frame.Int {
				w.I64[n] = r.line
			} else {
				w.SetStr(n, r.items[0])
			}
		}
		r.items = r.items[1:]
		n++
	}
	b.Cols = frame.Grow(b.Cols, len(r.want))
	for i, w := range r.want {
		w.Finish(n, &b.Cols[i])
	}
	b.N, b.Row0, b.Rows, b.Bad, b.Raw = n, r.row, nil, nil, nil
	r.row += int64(n)
	return nil
}

// readLine reads the items of the next line.
func (r *reader) readLine() error {
	r.text, r.items = r.text[:0], r.items[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.text = append(r.text, part...)
		if err == nil {
			break
		}
		if err == io.EOF {
			if len(r.text) == 0 {
				return io.EOF
			}
			break
		}
		if err != bufio.ErrBufferFull {
			return err
		}
		if len(r.text) > r.ds.opts.MaxLine {
			return fault.New(fault.Input, "line %d is longer than %d MiB", r.line+1, r.ds.opts.MaxLine>>20).WithHint("each transaction must end with a newline")
		}
	}
	if r.line == 0 {
		r.text = bytes.TrimPrefix(r.text, []byte("\uFEFF"))
	}
	r.line++
	r.text = bytes.ToValidUTF8(r.text, []byte("\uFFFD"))
	r.ds.split(r.text, func(item []byte) { r.items = append(r.items, item) })
	return nil
}

func (r *reader) finish() error {
	if r.ds.opts.Check != nil {
		if err := r.ds.opts.Check(); err != nil {
			return err
		}
	}
	r.ds.mu.Lock()
	defer r.ds.mu.Unlock()
	r.ds.rows = r.row
	r.ds.digest = "sha256:" + hex.EncodeToString(r.sum.Sum(nil))
	return io.EOF
}

// Close implements source.Reader.
func (r *reader) Close() error {
	if r.failed == nil {
		r.failed = fault.New(fault.Internal, "reading %s: the reader is closed", r.ds.name)
	}
	return r.closer.Close()
}
