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
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
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
	// Decimal is the notation of numbers; value.Plain: recognise.
	Decimal value.Notation
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
	name   string
	r      io.ReaderAt
	size   int64
	opts   Options
	pack   textio.Compression
	enc    textio.Encoding
	d      dialect
	blank  bool // runs of blanks are the delimiter
	titled bool // lines stand above the header

	decimal value.Notation // of the file's numbers
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

// Decimal is how the file writes numbers; value.Plain when its sample does not tell.
func (ds *Dataset) Decimal() value.Notation { return ds.decimal }

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
