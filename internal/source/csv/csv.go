// Package csv reads delimited text: comma, semicolon, tab, bar or blanks,
// quoted by RFC 4180, in any encoding and compression that textio knows.
//
// A plain file is cut into chunks at record borders that are right also when
// quoted fields hold newlines; each chunk is a split. Compressed files and
// UTF-16 are one split. Kinds of columns are inferred from a sample; values
// that do not fit later are null with a Bad mark, records that cannot be cut into
// the right number of fields are bad rows.
package csv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
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

// Header says whether the first record names the columns.
type Header uint8

// The choices of Header.
const (
	HeaderAuto Header = iota
	HeaderYes
	HeaderNo
)

// Options state what is otherwise recognised.
type Options struct {
	Delimiter byte   // 0: recognise; ' ' is runs of blanks
	Encoding  string // "": recognise
	Header    Header
	// MaxRecord bounds the bytes of a record; 0 is 16 MiB.
	MaxRecord int
	// ChunkBytes is the size of a split of a plain file; 0 is 8 MiB. Splits do not depend
	// on the number of threads, so that results do not either.
	ChunkBytes int64
	// SampleBytes is how much of the beginning is read to infer kinds; 0 is 1 MiB. Less serves
	// for one of very many files.
	SampleBytes int
	// Check is called at the end of each split and says whether the file changed; may be nil.
	Check func() error
	// Close releases the file; may be nil.
	Close func() error
}

const (
	defaultRecord = 16 << 20
	defaultChunk  = 8 << 20
	sampleBytes   = 1 << 20
	middleBytes   = 128 << 10
	maxColumns    = 1 << 18
)

// Dataset is one delimited file.
type Dataset struct {
	name  string
	r     io.ReaderAt
	size  int64
	opts  Options
	pack  textio.Compression
	enc   textio.Encoding
	d     dialect
	blank bool // runs of blanks are the delimiter

	schema  *arrow.Schema
	specs   []value.Spec
	first   int64 // place of the first record in the (unpacked, undecoded) text
	line0   int64 // lines before it
	chain   *chain
	splits  []source.Split
	notices []string
	detail  string

	mu     sync.Mutex
	rows   []int64 // by split; -1 unknown
	digest string
	free   [][]byte
	spare  []builders
	fixed  atomic.Int64
}

// Open recognises the dialect of a file and infers its columns from a sample. The
// file must not change while the dataset is in use.
func Open(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (*Dataset, error) {
	if opts.MaxRecord == 0 {
		opts.MaxRecord = defaultRecord
	}
	if opts.ChunkBytes == 0 {
		opts.ChunkBytes = defaultChunk
	}
	if opts.SampleBytes == 0 {
		opts.SampleBytes = sampleBytes
	}
	ds := &Dataset{name: name, r: r, size: size, opts: opts}
	if err := ds.recognise(ctx); errors.Is(err, errFirstRow) && opts.SampleBytes < sampleBytes {
		opts.SampleBytes = sampleBytes
		return Open(ctx, name, r, size, opts)
	} else if err != nil {
		return nil, fault.Wrap(fault.As(fault.Input, err), "opening %s", name)
	}
	return ds, nil
}

// Schema implements source.Dataset.
func (ds *Dataset) Schema() *arrow.Schema { return ds.schema }

// Splits implements source.Dataset.
func (ds *Dataset) Splits() []source.Split { return ds.splits }

// Spec returns what the sample told about a column.
func (ds *Dataset) Spec(col int) *value.Spec { return &ds.specs[col] }

// Inputs implements source.Dataset.
func (ds *Dataset) Inputs() []source.Input {
	in := source.Input{URI: ds.name, Format: "csv", Size: ds.size, Rows: -1, Detail: ds.detail}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	in.Rows = 0
	for _, n := range ds.rows {
		if n < 0 {
			in.Rows = -1
			break
		}
		in.Rows += n
	}
	in.Digest = ds.digest
	if ds.chain != nil {
		in.Digest = ds.chain.sha()
	}
	if in.Digest != "" {
		in.Digest, in.DigestKind = "sha256:"+in.Digest, "whole"
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
	if n := ds.fixed.Load(); n > 0 {
		out = append(out, fmt.Sprintf("%s: %d texts are not UTF-8 and were read as Windows-1252; state the encoding if that is wrong", ds.name, n))
	}
	return out
}

// Close implements source.Dataset.
func (ds *Dataset) Close() error {
	if ds.opts.Close != nil {
		return ds.opts.Close()
	}
	return nil
}

// text returns the text of the whole file as a stream in the dialect's bytes:
// unpacked and decoded. tee, when not nil, gets the stored bytes.
func (ds *Dataset) text(ctx context.Context, tee io.Writer) (io.Reader, io.Closer, error) {
	stored := textio.ReaderAtCtx(ctx, ds.r, 0, ds.size)
	if tee != nil {
		stored = io.TeeReader(stored, tee)
	}
	un, err := textio.Unpack(ds.name, stored, ds.pack)
	if err != nil {
		return nil, nil, err
	}
	text := textio.Decode(un, ds.enc)
	if ds.blank {
		text = &squeeze{r: text, nl: ds.d.nl, start: true}
	}
	return text, un, nil
}

// sample reads the beginning of the text and, of plain files, some of its middle.
func (ds *Dataset) sample(ctx context.Context) (head []byte, middle [][]byte, err error) {
	first := make([]byte, min(ds.size, 64))
	if _, err := ds.r.ReadAt(first, 0); err != nil && err != io.EOF {
		return nil, nil, err
	}
	ds.pack = textio.Packed(first)
	un, err := textio.Unpack(ds.name, textio.ReaderAtCtx(ctx, ds.r, 0, ds.size), ds.pack)
	if err != nil {
		return nil, nil, err
	}
	defer un.Close()
	head = make([]byte, ds.opts.SampleBytes)
	n, err := io.ReadFull(un, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	head = head[:n]
	if err != nil || ds.pack != textio.Plain || ds.size < sampleBytes+8*middleBytes || ds.opts.SampleBytes < sampleBytes {
		return head, nil, err
	}
	for k := int64(1); k <= 4; k++ {
		b := make([]byte, middleBytes)
		at := min(ds.size*k/4, ds.size-middleBytes)
		if _, err := ds.r.ReadAt(b, at); err != nil {
			return nil, nil, err
		}
		middle = append(middle, b)
	}
	return head, middle, nil
}

// recognise finds out all that is needed for reading.
func (ds *Dataset) recognise(ctx context.Context) error {
	if ds.size == 0 {
		return fault.New(fault.Input, "the file is empty").WithHint("a table needs at least a line with the names of its columns")
	}
	raw, middle, err := ds.sample(ctx)
	if err != nil {
		return err
	}
	whole := len(raw) < ds.opts.SampleBytes
	sure := true
	if ds.opts.Encoding != "" {
		if ds.enc, err = textio.ParseEncoding(ds.opts.Encoding); err != nil {
			return err
		}
	} else {
		ds.enc, sure = textio.Recognise(append([][]byte{raw}, middle...)...)
	}
	bom, _ := textio.BOM(raw)
	head := decodeSample(raw, ds.enc)
	mark := 0
	if bom > 0 && bytes.HasPrefix(head, []byte("\uFEFF")) {
		mark = 3
	}
	ds.d = dialect{delim: ds.opts.Delimiter, nl: detectNewline(head)}
	body := head[mark:]
	lead := 0
	if ds.d.delim == 0 {
		if ds.d.delim, lead = statedDelimiter(body, ds.d.nl); lead == 0 {
			ds.d.delim = detectDelimiter(body, ds.d.nl, whole)
		}
	}
	shown := ds.d.delim
	if ds.blank = ds.d.delim == ' '; ds.blank {
		ds.d.delim = '\t'
		body, _ = io.ReadAll(&squeeze{r: bytes.NewReader(body), nl: ds.d.nl, start: true})
	}
	if len(bytes.Trim(body, "\r\n \x00")) == 0 && whole {
		return fault.New(fault.Input, "the file holds nothing but empty lines").WithHint("a table needs at least a line with the names of its columns")
	}
	header, used, err := ds.columns(body, lead, whole)
	if err != nil {
		return err
	}
	ds.infer(body[used:], whole, middle)
	ds.describe(shown, header, sure)
	return ds.cut(ctx, raw, mark, bom, body[:used])
}

func decodeSample(raw []byte, e textio.Encoding) []byte {
	if e == textio.UTF8 {
		return raw
	}
	out, _ := io.ReadAll(textio.Decode(bytes.NewReader(raw), e))
	// A character that the end of the sample cuts is a false U+FFFD.
	return bytes.TrimSuffix(out, []byte("\uFFFD"))
}

var errFirstRow error = fault.New(fault.Input, "the first row is longer than %d KiB or has more than %d columns", sampleBytes>>10, maxColumns).WithHint("is it a text table at all? each row must end with a newline")

// columns names the columns and returns how much of the text the header takes,
// with the lead before it.
func (ds *Dataset) columns(body []byte, lead int, whole bool) (header bool, used int, err error) {
	var cells [][]byte
	complete := true
	p := lead
	for p < len(body) {
		var next int
		cells, next, complete = splitRecord(body, p, ds.d, nil)
		used = next
		if len(cells) > 1 || len(cells[0]) > 0 {
			break
		}
		p = next
	}
	if !complete && !whole || len(cells) > maxColumns {
		return false, 0, errFirstRow
	}
	switch ds.opts.Header {
	case HeaderYes:
		header = true
	case HeaderAuto:
		header = detectHeader(sampleRecords(body[lead:], ds.d, max(3, min(1000, 100000/len(cells))), whole))
	}
	count := len(cells)
	var notes []string
	var names []string
	if header {
		names, notes = headerNames(cells, count)
	} else {
		used = p
		names, _ = headerNames(nil, count)
		if ds.opts.Header == HeaderAuto {
			notes = append(notes, fmt.Sprintf("no header line was recognised; the columns are called column_1 to column_%d", count))
		}
	}
	for _, n := range notes {
		ds.notices = append(ds.notices, ds.name+": "+n)
	}
	fields := make([]arrow.Field, count)
	for i, n := range names {
		fields[i] = arrow.Field{Name: n, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	ds.schema = arrow.NewSchema(fields, nil)
	ds.line0 = int64(bytes.Count(body[:used], []byte{ds.d.nl}))
	return header, used, nil
}

// infer decides the kinds of the columns.
func (ds *Dataset) infer(body []byte, whole bool, middle [][]byte) {
	n := ds.schema.NumFields()
	ev := make([]value.Evidence, n)
	budget := max(64, min(1<<20, (32<<20)/(n*200)))
	add := func(text []byte, whole bool) {
		var fields [][]byte
		for p := 0; p < len(text) && budget > 0; budget-- {
			var next int
			var complete bool
			fields, next, complete = splitRecord(text, p, ds.d, fields[:0])
			if !complete && !whole {
				break
			}
			p = next
			if len(fields) != n || n > 1 && len(fields) == 1 {
				continue
			}
			for i, f := range fields {
				ev[i].Add(f)
			}
		}
	}
	add(body, whole)
	budget = max(budget, 0) + 20000
	for _, m := range middle {
		if ds.enc == textio.UTF16LE || ds.enc == textio.UTF16BE || ds.blank {
			break
		}
		if i := bytes.IndexByte(m, ds.d.nl); i >= 0 {
			add(decodeSample(m[i+1:], ds.enc), false)
		}
	}
	ds.specs = make([]value.Spec, n)
	fields := append([]arrow.Field(nil), ds.schema.Fields()...)
	for i := range ev {
		ds.specs[i] = ev[i].Decide(fields[i].Name)
		fields[i].Type = ds.specs[i].Type(frame.Any)
	}
	ds.schema = arrow.NewSchema(fields, nil)
}

// describe writes what was recognised.
func (ds *Dataset) describe(delim byte, header, sure bool) {
	parts := []string{"delimiter " + delimName(delim), "encoding " + ds.enc.String()}
	if ds.pack != textio.Plain {
		parts = append(parts, ds.pack.String())
	}
	if !header {
		parts = append(parts, "no header")
	}
	ds.detail = strings.Join(parts, ", ")
	if !sure {
		ds.notices = append(ds.notices, fmt.Sprintf("%s: not UTF-8; read as %s, the likeliest encoding", ds.name, ds.enc))
	}
}

// cut makes the splits. raw is the stored beginning, mark and bom the length of the
// byte order mark decoded and stored, header the decoded text of the header.
func (ds *Dataset) cut(ctx context.Context, raw []byte, mark, bom int, header []byte) error {
	byBytes := ds.pack == textio.Plain && !ds.blank
	switch ds.enc {
	case textio.UTF16LE, textio.UTF16BE:
		byBytes = false
	case textio.GB18030:
		byBytes = byBytes && ds.d.delim != '|' // may be the second byte of a character
	}
	if !byBytes {
		ds.first = int64(mark + len(header))
		ds.rows = []int64{-1}
		ds.splits = []source.Split{&split{ds: ds}}
		return nil
	}
	ds.first = int64(bom)
	for n := bytes.Count(header, []byte{ds.d.nl}); n > 0; n-- {
		// Newlines are the same byte in all these encodings, so the header ends behind as many.
		i := bytes.IndexByte(raw[ds.first:], ds.d.nl)
		ds.first += int64(i) + 1
	}
	if len(header) > 0 && header[len(header)-1] != ds.d.nl {
		ds.first = ds.size // only a header, without a newline
	}
	ds.chain = newChain(ds.r, ds.size, ds.first, raw[:ds.first], ds.line0, ds.d, ds.opts.ChunkBytes, ds.opts.MaxRecord)
	for k := range ds.chain.splits() {
		ds.rows = append(ds.rows, -1)
		ds.splits = append(ds.splits, &split{ds: ds, k: k})
	}
	return ctx.Err()
}

func (ds *Dataset) wrap(err error) error {
	return fault.Wrap(fault.As(fault.Input, err), "reading %s", ds.name)
}

// done notes the rows of a split that was read to its end.
func (ds *Dataset) done(k int, rows int64) error {
	if ds.opts.Check != nil {
		if err := ds.opts.Check(); err != nil {
			return err
		}
	}
	ds.mu.Lock()
	ds.rows[k] = rows
	ds.mu.Unlock()
	return nil
}

// buffer and release pass the memory of chunks from reader to reader.
func (ds *Dataset) buffer() []byte {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if n := len(ds.free); n > 0 {
		b := ds.free[n-1]
		ds.free = ds.free[:n-1]
		return b
	}
	return nil
}

func (ds *Dataset) release(b []byte) {
	if int64(cap(b)) > 2*ds.opts.ChunkBytes+window {
		return
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.free) < 16 {
		ds.free = append(ds.free, b[:0])
	}
}

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
			op.code = opFloat
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

// stream lets the reader take the file from its start as one stream of text.
func (r *reader) stream() error {
	var sum hash.Hash
	var tee io.Writer
	if r.ds.digest == "" {
		sum = sha256.New()
		tee = sum
	}
	src, closer, err := r.ds.text(r.ctx, tee)
	if err != nil {
		return err
	}
	r.closer = closer
	if n, err := io.CopyN(io.Discard, src, r.ds.first); err != nil {
		closer.Close()
		if err == io.EOF {
			return fault.New(fault.Input, "the text became shorter by %d bytes since it was opened", r.ds.first-n)
		}
		return err
	}
	r.line0 = r.ds.line0
	r.src = src
	if sum != nil {
		r.src = &atEnd{r: src, f: func() {
			r.ds.mu.Lock()
			r.ds.digest = hex.EncodeToString(sum.Sum(nil))
			r.ds.mu.Unlock()
		}}
	}
	return nil
}

// atEnd calls f when r is at its end.
type atEnd struct {
	r io.Reader
	f func()
}

// Read implements io.Reader.
func (a *atEnd) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if err == io.EOF && a.f != nil {
		a.f()
		a.f = nil
	}
	return n, err
}

func decoded(buf []byte, e textio.Encoding) io.Reader {
	return textio.Decode(bytes.NewReader(buf), e)
}

// squeeze turns runs of blanks into single tabs and drops them at both ends of lines.
type squeeze struct {
	r       io.Reader
	nl      byte
	start   bool // at the start of a line
	pending bool // blanks were seen
	in      [32 << 10]byte
	rest    []byte
}

// Read implements io.Reader.
func (q *squeeze) Read(p []byte) (int, error) {
	for len(q.rest) == 0 {
		n, err := q.r.Read(q.in[:])
		q.rest = q.in[:n]
		if n == 0 && err != nil {
			return 0, err
		}
	}
	n, i := 0, 0
	for i < len(q.rest) && n < len(p) {
		c := q.rest[i]
		switch c {
		case ' ', '\t':
			q.pending = !q.start
			i++
			continue
		case q.nl, '\r':
			q.start, q.pending = true, false
		default:
			if q.pending { // the blanks before c; c comes in the next round
				p[n] = '\t'
				n++
				q.pending = false
				continue
			}
			q.start = false
		}
		p[n] = c
		n++
		i++
	}
	q.rest = q.rest[i:]
	return n, nil
}
