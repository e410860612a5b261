// Package ndjson reads JSON objects: one a line, one array of them, or simply
// one after the other. Members become columns; the kinds are inferred from a
// sample; nested values are kept as JSON text; malformed objects are bad rows.
package ndjson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/textio"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// Options of the reader.
type Options struct {
	Encoding   string       // "": recognise
	MaxRecord  int          // most bytes of an object; 0 is 16 MiB
	ChunkBytes int64        // size of a split; 0 is 8 MiB
	Check      func() error // says at the end of a split whether the file changed; may be nil
}

const (
	defaultRecord = 16 << 20
	defaultChunk  = 8 << 20
	sampleBytes   = 1 << 20
	middleBytes   = 128 << 10
	maxColumns    = 1 << 16
	padding       = 16
	window        = 1 << 20
	rawLimit      = 4 << 10
	maxCells      = 1 << 22
)

// Dataset is one file of JSON objects.
type Dataset struct {
	name  string
	r     io.ReaderAt
	size  int64
	opts  Options
	pack  textio.Compression
	enc   textio.Encoding
	mark  int64 // length of the byte order mark in the text
	lines bool  // one object a line, else values one after the other

	schema  *arrow.Schema
	specs   []value.Spec
	index   map[string]int
	splits  []source.Split
	starts  []int64 // nominal places of splits of plain files of lines
	notices []string
	detail  string

	mu      sync.Mutex
	rows    []int64
	digest  string
	late    atomic.Int64 // members with names that the sample did not have
	lateKey atomic.Pointer[string]
	fixed   atomic.Int64
}

// Open infers the columns of a file of JSON objects from a sample.
func Open(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (*Dataset, error) {
	if opts.MaxRecord == 0 {
		opts.MaxRecord = defaultRecord
	}
	if opts.ChunkBytes == 0 {
		opts.ChunkBytes = defaultChunk
	}
	ds := &Dataset{name: name, r: r, size: size, opts: opts, index: map[string]int{}}
	if err := ds.recognise(ctx); err != nil {
		return nil, fault.Wrap(fault.As(fault.Input, err), "opening %s", name)
	}
	return ds, nil
}

// sample returns decoded text from the beginning and from the middle.
func (ds *Dataset) sample(ctx context.Context) (head []byte, middle [][]byte, whole bool, err error) {
	first := make([]byte, min(ds.size, 64))
	if _, err := ds.r.ReadAt(first, 0); err != nil && err != io.EOF {
		return nil, nil, false, err
	}
	ds.pack = textio.Packed(first)
	un, err := textio.Unpack(ds.name, textio.ReaderAtCtx(ctx, ds.r, 0, ds.size), ds.pack)
	if err != nil {
		return nil, nil, false, err
	}
	defer un.Close()
	raw := make([]byte, sampleBytes)
	n, err := io.ReadFull(un, raw)
	raw = raw[:n]
	if whole = err == io.EOF || err == io.ErrUnexpectedEOF; err != nil && !whole {
		return nil, nil, false, err
	}
	if ds.opts.Encoding != "" {
		if ds.enc, err = textio.ParseEncoding(ds.opts.Encoding); err != nil {
			return nil, nil, false, err
		}
	} else {
		sure := false
		if ds.enc, sure = textio.Recognise(raw); !sure {
			ds.notices = append(ds.notices, fmt.Sprintf("%s: not UTF-8; read as %s, the likeliest encoding", ds.name, ds.enc))
		}
	}
	head, err = io.ReadAll(textio.Decode(bytes.NewReader(raw), ds.enc))
	if err != nil {
		return nil, nil, false, err
	}
	if bytes.HasPrefix(head, []byte("\uFEFF")) {
		ds.mark, head = 3, head[3:]
	}
	if ds.pack == textio.Plain && ds.enc == textio.UTF8 && ds.size > sampleBytes+8*middleBytes {
		for k := int64(1); k <= 4; k++ {
			b := make([]byte, middleBytes)
			if _, err := ds.r.ReadAt(b, min(ds.size*k/4, ds.size-middleBytes)); err != nil {
				return nil, nil, false, err
			}
			middle = append(middle, b)
		}
	}
	return head, middle, whole, nil
}

func (ds *Dataset) recognise(ctx context.Context) error {
	head, middle, whole, err := ds.sample(ctx)
	if err != nil {
		return err
	}
	in := inference{ds: ds}
	ds.lines = linesOfObjects(head)
	if ds.lines {
		in.lines(head, whole)
		for _, m := range middle {
			if i := bytes.IndexByte(m, '\n'); i >= 0 {
				in.lines(m[i+1:], false)
			}
		}
	} else {
		in.values(head)
	}
	if in.objects == 0 && (len(bytes.TrimSpace(head)) == 0 || !bytes.HasPrefix(bytes.TrimSpace(head), []byte("["))) {
		return fault.New(fault.Input, "no JSON object was found at the beginning").WithHint("one object a line is expected, or one array of objects")
	}
	if len(in.names) > maxColumns {
		return fault.New(fault.Input, "the objects have more than %d different members", maxColumns).WithHint("data seems to be in the names of members")
	}
	fields := make([]arrow.Field, len(in.names))
	for i, n := range in.names {
		spec := in.ev[i].Decide(n)
		ds.specs = append(ds.specs, spec)
		fields[i] = arrow.Field{Name: n, Type: spec.Type(frame.Any), Nullable: true}
		if in.nested[i] {
			ds.notices = append(ds.notices, fmt.Sprintf("%s: column %q holds nested values, kept as JSON text", ds.name, n))
		}
	}
	ds.schema = arrow.NewSchema(fields, nil)
	parts := []string{"one object a line", "encoding " + ds.enc.String()}
	if !ds.lines {
		parts[0] = "objects"
		if bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) {
			parts[0] = "an array of objects"
		}
	}
	if ds.pack != textio.Plain {
		parts = append(parts, ds.pack.String())
	}
	ds.detail = strings.Join(parts, ", ")
	ds.cut()
	return nil
}

// cut makes the splits: plain files of lines are cut at line ends, for a newline inside
// a JSON string is always written as an escape.
func (ds *Dataset) cut() {
	n := 1
	if ds.lines && ds.pack == textio.Plain && ds.enc != textio.UTF16LE && ds.enc != textio.UTF16BE {
		n = max(1, int((ds.size+ds.opts.ChunkBytes-1)/ds.opts.ChunkBytes))
	}
	for k := range n {
		ds.starts = append(ds.starts, int64(k)*ds.opts.ChunkBytes)
		ds.rows = append(ds.rows, -1)
		ds.splits = append(ds.splits, &split{ds: ds, k: k})
	}
	ds.starts = append(ds.starts, ds.size)
}

// boundary returns where split k begins: behind the first newline at or after the
// byte before its nominal start.
func (ds *Dataset) boundary(ctx context.Context, k int) (int64, error) {
	if k == 0 || k == len(ds.splits) {
		return ds.starts[k], nil
	}
	b := make([]byte, 64<<10)
	for pos := ds.starts[k] - 1; pos < ds.size; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := ds.r.ReadAt(b[:min(int64(len(b)), ds.size-pos)], pos)
		if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
			return pos + int64(i) + 1, nil
		}
		if n == 0 {
			if err == io.EOF || err == nil {
				err = textio.ErrShrunk
			}
			return 0, err
		}
		pos += int64(n)
		if pos-ds.starts[k] > int64(ds.opts.MaxRecord) {
			return 0, fault.New(fault.Input, "a line is longer than %d MiB", ds.opts.MaxRecord>>20).WithHint("one object a line is expected")
		}
	}
	return ds.size, nil
}

// Schema implements source.Dataset.
func (ds *Dataset) Schema() *arrow.Schema { return ds.schema }

// Splits implements source.Dataset.
func (ds *Dataset) Splits() []source.Split { return ds.splits }

// Spec returns what the sample told about a column.
func (ds *Dataset) Spec(col int) *value.Spec { return &ds.specs[col] }

// Close implements source.Dataset; the file belongs to the caller.
func (ds *Dataset) Close() error { return nil }

// Inputs implements source.Dataset. The digest is computed when it is first asked for after
// all splits were read.
func (ds *Dataset) Inputs() []source.Input {
	in := source.Input{URI: ds.name, Format: "ndjson", Size: ds.size, Detail: ds.detail}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for _, n := range ds.rows {
		if n < 0 {
			in.Rows = -1
			return []source.Input{in}
		}
		in.Rows += n
	}
	if ds.digest == "" {
		h := sha256.New()
		if _, err := io.Copy(h, textio.ReaderAtCtx(context.Background(), ds.r, 0, ds.size)); err == nil {
			ds.digest = "sha256:" + hex.EncodeToString(h.Sum(nil))
		}
	}
	if ds.digest != "" {
		in.Digest, in.DigestKind = ds.digest, "whole"
	}
	return []source.Input{in}
}

// Notices implements source.Dataset.
func (ds *Dataset) Notices() []string {
	out := ds.notices[:len(ds.notices):len(ds.notices)]
	for i := range ds.specs {
		if note := ds.specs[i].Note; note != "" {
			out = append(out, ds.name+": "+note)
		}
	}
	if n, key := ds.late.Load(), ds.lateKey.Load(); n > 0 && key != nil {
		out = append(out, fmt.Sprintf("%s: %d values of members that are not in the sampled objects (%q) were passed over", ds.name, n, *key))
	}
	if n := ds.fixed.Load(); n > 0 {
		out = append(out, fmt.Sprintf("%s: %d texts are not UTF-8 and were read as Windows-1252; state the encoding if that is wrong", ds.name, n))
	}
	return out
}

// noteLate counts a member whose name no sampled object had.
func (ds *Dataset) noteLate(key []byte) {
	if ds.late.Add(1) == 1 {
		k := string(key)
		ds.lateKey.Store(&k)
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
func (s *split) Bytes() int64 { return s.ds.starts[s.k+1] - s.ds.starts[s.k] }

// Stats implements source.Split: text has none.
func (s *split) Stats(int) (source.Stats, bool) { return source.Stats{}, false }

// Open implements source.Split.
func (s *split) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	ds := s.ds
	r := &reader{ds: ds, ctx: ctx, k: s.k, at: make([][]int, len(ds.specs)), seen: make([]int64, len(want))}
	r.max = max(16, min(frame.BatchRows, maxCells/max(1, len(want))))
	r.raw = r.rawFields
	for i, w := range want {
		if w.Col < 0 || w.Col >= len(ds.specs) {
			return nil, fault.New(fault.Internal, "reading %s: there is no column %d", ds.name, w.Col)
		}
		b, err := value.NewBuilder(&ds.specs[w.Col], w.As, w.Layout)
		if err != nil {
			return nil, fault.Wrap(err, "reading %s: column %s", ds.name, ds.schema.Field(w.Col).Name)
		}
		r.want = append(r.want, b)
		r.at[w.Col] = append(r.at[w.Col], i)
	}
	return r, nil
}
