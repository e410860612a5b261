// Package arrowipc reads Arrow IPC files and streams.
//
// Messages are found by walking the file; each record batch can then be read on its own. The
// Arrow library only decodes the schema, after its metadata was verified: record
// batches are decoded here, wanted columns only, every length checked against
// the real one before memory is reserved.
package arrowipc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/endian"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// Options bound what a file may take.
type Options struct {
	Memory int64        // bytes that one batch may need unpacked; 0 is 2 GiB
	Check  func() error // says at the end of a split whether the file changed; may be nil
}

const (
	magic = "ARROW1"
	// maxMeta bounds the metadata of a message.
	maxMeta = 256 << 20
	// splitBytes is how much of a file a split takes at least, when batches are smaller.
	splitBytes = 8 << 20
)

// Dataset is one Arrow IPC file or stream.
type Dataset struct {
	name   string
	r      io.ReaderAt
	size   int64
	opts   Options
	isFile bool

	schema  *arrow.Schema
	ids     []int64 // dictionary of each column, -1 none
	swap    bool    // big-endian
	batches []block
	dicts   map[int64][]block // in the order of the file
	splits  []source.Split
	notices []string

	mu    sync.Mutex
	cache map[int64]*dictionary // by id; see dictionaryAt
	left  int                   // splits not yet read to their end
	read  []bool
	sum   string
}

// block is a message with a body.
type block struct {
	meta []byte // metadata, kept for the header is read again
	off  int64  // place of the body
	n    int64
	seq  int // order in the file
}

// Open finds the messages of a file and decodes its schema.
func Open(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (_ *Dataset, err error) {
	if opts.Memory <= 0 {
		opts.Memory = 2 << 30
	}
	ds := &Dataset{name: name, r: r, size: size, opts: opts, dicts: map[int64][]block{}, cache: map[int64]*dictionary{}}
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Input, "opening %s: damaged Arrow data: %v", name, p).WithHint("write or download the file again")
		}
	}()
	if err := ds.walk(ctx); err != nil {
		return nil, fault.Wrap(remedy(err), "opening %s", name)
	}
	ds.cut()
	return ds, nil
}

// remedy gives errors about the contents their kind and hint.
func remedy(err error) error {
	err = fault.As(fault.Input, err)
	if fault.HintOf(err) == "" && fault.KindOf(err) == fault.Input {
		return fault.New(fault.Input, "%w", err).WithHint("the file is damaged or was cut: write or download it again")
	}
	return err
}

// walk reads all messages' metadata.
func (ds *Dataset) walk(ctx context.Context) error {
	pos, end := int64(0), ds.size
	head := make([]byte, 8)
	if _, err := ds.r.ReadAt(head[:min(8, ds.size)], 0); err != nil && err != io.EOF {
		return err
	}
	if bytes.HasPrefix(head, []byte(magic)) {
		ds.isFile, pos = true, 8
		tail := make([]byte, 10)
		if ds.size < 8+10 {
			return fault.New(fault.Input, "the file ends too early (%d bytes)", ds.size)
		}
		if _, err := ds.r.ReadAt(tail, ds.size-10); err != nil {
			return err
		}
		foot := int64(int32(binary.LittleEndian.Uint32(tail)))
		if string(tail[4:]) != magic || foot <= 0 || foot > ds.size-18 {
			return fault.New(fault.Input, "the end of the Arrow file is missing")
		}
		end = ds.size - 10 - foot
	}
	for seq := 0; ; seq++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		next, more, err := ds.step(pos, end, seq)
		if err != nil {
			return fault.Wrap(err, "message %d at byte %d", seq+1, pos)
		}
		if !more {
			break
		}
		pos = next
	}
	if ds.schema == nil {
		return fault.New(fault.Input, "there is no schema")
	}
	return nil
}

// step reads the message at pos; more is false at the end of the stream.
func (ds *Dataset) step(pos, end int64, seq int) (next int64, more bool, err error) {
	if pos == end {
		return pos, false, nil
	}
	var pre [8]byte
	if end-pos < 4 {
		return pos, false, fault.New(fault.Input, "the data ends too early")
	}
	if _, err := ds.r.ReadAt(pre[:min(8, end-pos)], pos); err != nil && err != io.EOF {
		return pos, false, err
	}
	n := int64(int32(binary.LittleEndian.Uint32(pre[:])))
	pos += 4
	if n == -1 {
		if end-pos < 4 {
			return pos, false, fault.New(fault.Input, "the data ends too early")
		}
		n = int64(int32(binary.LittleEndian.Uint32(pre[4:])))
		pos += 4
	}
	switch {
	case n == 0:
		return pos, false, nil
	case n < 0 || n > maxMeta:
		return pos, false, fault.New(fault.Input, "damaged metadata: a length of %d bytes", n)
	case n > end-pos:
		return pos, false, fault.New(fault.Input, "the data ends too early: %d bytes of metadata, only %d are left", n, end-pos)
	}
	meta := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(ds.r, pos, n), meta); err != nil {
		return pos, false, err
	}
	pos += n
	m, err := parseMessage(meta)
	if err != nil {
		return pos, false, err
	}
	if m.body < 0 || m.body > end-pos {
		return pos, false, fault.New(fault.Input, "the data ends too early: %d bytes of values, only %d are left", m.body, end-pos)
	}
	return pos + m.body, true, ds.keep(m, block{meta: meta, off: pos, n: m.body, seq: seq})
}

// keep notes a message.
func (ds *Dataset) keep(m message, b block) error {
	switch m.kind {
	case headSchema:
		if ds.schema != nil {
			return fault.New(fault.Input, "there is a second schema")
		}
		return ds.readSchema(m, b.meta)
	case headDictionary, headBatch:
		if ds.schema == nil {
			return fault.New(fault.Input, "values come before the schema")
		}
		if m.kind == headBatch {
			ds.batches = append(ds.batches, b)
			return nil
		}
		id, err := m.head.num(0, 8, 0)
		if err != nil {
			return err
		}
		ds.dicts[id] = append(ds.dicts[id], b)
		return nil
	}
	return fault.New(fault.Input, "the message is of an unknown kind (%d)", m.kind)
}

// readSchema lets the library decode the schema once it is verified.
func (ds *Dataset) readSchema(m message, meta []byte) error {
	ids, err := checkSchema(m.head)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	var pre [8]byte
	binary.LittleEndian.PutUint32(pre[:], 0xffffffff)
	binary.LittleEndian.PutUint32(pre[4:], uint32(len(meta)))
	buf.Write(pre[:])
	buf.Write(meta)
	if m.body != 0 {
		return fault.New(fault.Input, "the schema has a body")
	}
	rd, err := ipc.NewReader(&buf)
	if err != nil {
		if strings.Contains(err.Error(), "unknown error") { // a panic of the library
			return fault.New(fault.Input, "damaged schema")
		}
		return fault.New(fault.Input, "the schema: %w", err)
	}
	defer rd.Release()
	ds.schema, ds.ids = rd.Schema(), ids
	if ds.schema.NumFields() != len(ids) {
		return errFlat
	}
	big, err := m.head.num(0, 2, 0) // the library's schema is always of this machine's order
	if err != nil {
		return err
	}
	ds.swap = big != 0
	if endian.NativeEndian != endian.LittleEndian {
		return fault.New(fault.Internal, "Arrow files cannot be read on big-endian machines")
	}
	for _, f := range ds.schema.Fields() {
		if err := checkDecimal(f); err != nil {
			return err
		}
		if frame.KindOf(f.Type) == frame.Nested {
			ds.notices = append(ds.notices, fmt.Sprintf("%s: column %q is nested (%s) and passed over", ds.name, f.Name, f.Type))
		}
	}
	return nil
}

// checkDecimal refuses decimals whose stated digits cannot be: at least one, at
// most what the bits hold, and no point outside of them. A negative scale, zeros
// before the point, is allowed to the same extent.
func checkDecimal(f arrow.Field) error {
	t := f.Type
	if d, ok := t.(*arrow.DictionaryType); ok {
		t = d.ValueType
	}
	d, ok := t.(arrow.DecimalType)
	if !ok {
		return nil
	}
	most := int32(38)
	if t.ID() == arrow.DECIMAL256 {
		most = 76
	}
	p, s := d.GetPrecision(), d.GetScale()
	if p >= 1 && p <= most && s <= p && s >= -most {
		return nil
	}
	return fault.New(fault.Input, "column %q: %s is no decimal type: it has %d digits, %d of them after the point", f.Name, t, p, s).
		WithHint("the file is damaged, or its writer is: declare 1 to %d digits and write it again", most)
}

// cut groups batches into splits.
func (ds *Dataset) cut() {
	for i := 0; i < len(ds.batches); {
		j, n := i, int64(0)
		for j < len(ds.batches) && (j == i || n+ds.batches[j].n <= splitBytes) {
			n += ds.batches[j].n
			j++
		}
		ds.splits = append(ds.splits, &split{ds: ds, k: len(ds.splits), from: i, to: j, bytes: n})
		i = j
	}
	ds.left, ds.read = len(ds.splits), make([]bool, len(ds.splits))
}

// Schema implements source.Dataset.
func (ds *Dataset) Schema() *arrow.Schema { return ds.schema }

// Splits implements source.Dataset.
func (ds *Dataset) Splits() []source.Split { return ds.splits }

// Notices implements source.Dataset.
func (ds *Dataset) Notices() []string { return ds.notices }

// Close implements source.Dataset; the file belongs to the caller.
func (ds *Dataset) Close() error { return nil }

// Inputs implements source.Dataset. The digest is computed when it is first asked for after
// all splits were read.
func (ds *Dataset) Inputs() []source.Input {
	in := source.Input{URI: ds.name, Format: "arrow-stream", Size: ds.size, Rows: ds.rows()}
	if ds.isFile {
		in.Format = "arrow"
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.left == 0 && ds.sum == "" {
		h := sha256.New()
		if _, err := io.Copy(h, textio.ReaderAtCtx(context.Background(), ds.r, 0, ds.size)); err == nil {
			ds.sum = "sha256:" + hex.EncodeToString(h.Sum(nil))
		}
	}
	if ds.sum != "" {
		in.Digest, in.DigestKind = ds.sum, "whole"
	}
	return []source.Input{in}
}

// rows adds up the rows that the batches state; -1 when one is damaged.
func (ds *Dataset) rows() int64 {
	var n int64
	for i := range ds.batches {
		rows, ok := ds.stated(i)
		if !ok {
			return -1
		}
		n += rows
	}
	return n
}

func (ds *Dataset) stated(i int) (int64, bool) {
	m, err := parseMessage(ds.batches[i].meta)
	if err != nil {
		return 0, false
	}
	rows, err := m.head.num(0, 8, 0)
	return rows, err == nil && rows >= 0 && rows <= maxRows
}

// split is a run of record batches.
type split struct {
	ds       *Dataset
	k        int
	from, to int
	bytes    int64
}

// File implements source.Split.
func (s *split) File() int { return 0 }

// Rows implements source.Split.
func (s *split) Rows() int64 {
	var n int64
	for i := s.from; i < s.to; i++ {
		rows, ok := s.ds.stated(i)
		if !ok {
			return -1
		}
		n += rows
	}
	return n
}

// Bytes implements source.Split.
func (s *split) Bytes() int64 { return s.bytes }

// Stats implements source.Split: the format has none.
func (s *split) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r := &reader{ds: s.ds, ctx: ctx, s: s, next: s.from}
	for _, w := range want {
		if w.Col < 0 || w.Col >= s.ds.schema.NumFields() {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", s.ds.name, w.Col)
		}
		f := s.ds.schema.Field(w.Col)
		if frame.KindOf(f.Type) == frame.Nested {
			return nil, fault.New(fault.Input, "reading %s: column %q is nested (%s) and cannot be read", s.ds.name, f.Name, f.Type).WithHint("leave the column out")
		}
		r.cols = append(r.cols, &column{at: w.Col, typ: f.Type, swap: s.ds.swap})
	}
	return r, nil
}

// done notes that a split was read to its end.
func (ds *Dataset) done(k int) error {
	if ds.opts.Check != nil {
		if err := ds.opts.Check(); err != nil {
			return err
		}
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if !ds.read[k] {
		ds.read[k] = true
		ds.left--
	}
	return nil
}
