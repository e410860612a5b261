package parquet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
)

const (
	magic          = "PAR1"
	magicEncrypted = "PARE"
	tailBytes      = 8        // footer length and magic
	tailGuess      = 64 << 10 // read at once from the end; most footers fit
)

// Magic is what a Parquet file starts and ends with.
const Magic = magic

const hintDamaged = "the file is damaged, was cut, or is still being written: copy or write it again"

// Options bound what a dataset may use.
type Options struct {
	// Memory is the most bytes that the buffers of all its readers hold together;
	// 0 is 2 GiB.
	Memory int64
}

// dataset is one open Parquet file.
type dataset struct {
	name    string
	r       io.ReaderAt
	dataEnd int64 // offset of the footer
	meta    *fileMeta
	leaves  []leaf
	schema  *arrow.Schema
	splits  []source.Split
	input   source.Input
	notices []string

	shortDict bool // parquet-mr before 1.2.9
	mem       budget
	mu        sync.Mutex
	idle      map[int][]*column // by leaf: columns with buffers to use again
}

// Open reads and checks the footer of a Parquet file of size bytes and returns
// its dataset, whose splits are the row groups or parts of them. The name is only used in
// messages and provenance. The caller keeps r open until it closes the dataset;
// Close does not close it unless it is an io.Closer.
//
// Errors are fault.Input (not Parquet, damaged, encrypted) or fault.Full (more
// than Options.Memory would be needed).
func Open(ctx context.Context, name string, r io.ReaderAt, size int64, opts Options) (_ source.Dataset, err error) {
	defer recovered(&err, name)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opts.Memory <= 0 {
		opts.Memory = defaultMemory
	}
	d := &dataset{name: name, r: r, idle: map[int][]*column{}}
	d.mem.limit = opts.Memory
	footer, err := readFooter(r, size, opts.Memory)
	if err != nil {
		return nil, opening(name, err)
	}
	d.dataEnd = size - tailBytes - int64(len(footer))
	if d.meta, err = parseFooter(footer); err == nil {
		err = d.prepare()
	}
	if err != nil {
		return nil, opening(name, fmt.Errorf("footer: %w", err))
	}
	d.input = source.Input{URI: name, Format: "parquet", Size: size, Rows: d.meta.numRows,
		Digest: footerDigest(size, footer), DigestKind: "length+footer", Detail: d.detail()}
	return d, nil
}

func opening(name string, err error) error {
	e := fault.As(fault.Input, err)
	if fault.HintOf(e) == "" {
		return fault.New(fault.KindOf(e), "opening %s: %w", name, e).WithHint(hintDamaged)
	}
	return fault.Wrap(e, "opening %s", name)
}

// recovered turns a panic into an error. Nothing is known to panic; damaged
// files are the reason to be sure.
func recovered(err *error, name string) {
	if p := recover(); p != nil {
		*err = fault.New(fault.Input, "reading %s: damaged data: %v", name, p).WithHint(hintDamaged)
	}
}

// readFooter checks both ends of the file and returns the footer's bytes.
func readFooter(r io.ReaderAt, size, memory int64) ([]byte, error) {
	if size < int64(len(magic))+tailBytes {
		return nil, fmt.Errorf("%d bytes are too few for a Parquet file", size)
	}
	tail := make([]byte, min(size, tailGuess))
	if err := readAt(r, tail, size-int64(len(tail))); err != nil {
		return nil, err
	}
	head := make([]byte, len(magic))
	if err := readAt(r, head, 0); err != nil {
		return nil, err
	}
	end := tail[len(tail)-tailBytes:]
	switch got := string(end[4:]); {
	case got == magicEncrypted:
		return nil, fault.New(fault.Input, "the file is encrypted").WithHint("decrypt it first; encrypted Parquet is not read")
	case got != magic && string(head) != magic:
		return nil, fault.New(fault.Input, "not a Parquet file (no PAR1 at either end)").WithHint("check the path and the format")
	case got != magic:
		return nil, errors.New("the file does not end with PAR1")
	case string(head) != magic:
		return nil, errors.New("the file does not start with PAR1")
	}
	n := int64(binary.LittleEndian.Uint32(end))
	if n > size-int64(len(magic))-tailBytes {
		return nil, fmt.Errorf("the footer declares %d bytes in a file of %d", n, size)
	}
	// Parsed, a footer takes up to about 30 times its bytes.
	if n > memory/32 {
		return nil, fault.New(fault.Full, "a footer of %d bytes needs more than the memory limit of %d bytes", n, memory).
			WithHint("give more with --memory; a damaged file can ask for any amount")
	}
	if have := int64(len(tail)) - tailBytes; n <= have {
		return tail[have-n : have], nil
	}
	footer := make([]byte, n)
	return footer, readAt(r, footer, size-tailBytes-n)
}

func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = fmt.Errorf("the file ends at byte %d", off+int64(n))
	}
	return err
}

// prepare turns the footer into leaves, schema and splits.
func (d *dataset) prepare() error {
	root, err := tree(d.meta.schema)
	if err != nil {
		return err
	}
	var chunks int
	if d.leaves, chunks, err = leaves(root); err != nil {
		return err
	}
	if err := d.meta.validate(d.leaves, chunks, d.dataEnd); err != nil {
		return err
	}
	fields := make([]arrow.Field, len(d.leaves))
	for i := range d.leaves {
		l := &d.leaves[i]
		if l.typ == nil {
			l.typ = arrow.BinaryTypes.Binary
		}
		fields[i] = arrow.Field{Name: l.name, Type: l.typ, Nullable: l.maxDef > 0 || l.refused != ""}
		if l.refused != "" {
			d.notices = append(d.notices, fmt.Sprintf("%s: column %q is passed over: %s", d.name, l.name, l.refused))
		}
	}
	d.schema = arrow.NewSchema(fields, nil)
	d.shortDict = oldParquetMR(d.meta.createdBy)
	parts := 1
	if n := runtime.GOMAXPROCS(0); len(d.meta.groups) < 2*n {
		parts = n
	}
	d.cut(parts, partRows)
	return nil
}

// partRows is the least number of rows that a part of a row group is made of.
const partRows = 1 << 17

// cut makes the splits: every row group in parts of at least so many rows. Files that have
// too few row groups to keep all processors busy are cut so.
func (d *dataset) cut(parts int, least int64) {
	d.splits = d.splits[:0]
	for i := range d.meta.groups {
		rows := d.meta.groups[i].numRows
		n := max(1, min(int64(parts), rows/least))
		for k := range n {
			d.splits = append(d.splits, &split{ds: d, group: i, from: rows * k / n, to: rows * (k + 1) / n})
		}
	}
}

// oldParquetMR recognises "parquet-mr version 1.2.8" and before, whose chunk
// sizes leave out the header of the dictionary page (PARQUET-816).
func oldParquetMR(by string) bool {
	var major, minor, patch int
	if n, _ := fmt.Sscanf(by, "parquet-mr version %d.%d.%d", &major, &minor, &patch); n < 2 {
		return strings.HasPrefix(by, "parquet-mr") && !strings.Contains(by, "version")
	}
	return major < 1 || major == 1 && (minor < 2 || minor == 2 && patch < 9)
}

func (d *dataset) detail() string {
	s := fmt.Sprintf("%d row groups", len(d.meta.groups))
	if len(d.meta.groups) > 0 && len(d.meta.groups[0].columns) > 0 {
		s += ", " + codecName(d.meta.groups[0].columns[0].codec)
	}
	if d.meta.createdBy != "" {
		s += ", by " + d.meta.createdBy
	}
	return s
}

// Schema lists the top-level columns. Nested ones and others that cannot be
// read are there with their type, and Notices says so.
func (d *dataset) Schema() *arrow.Schema  { return d.schema }
func (d *dataset) Splits() []source.Split { return d.splits }
func (d *dataset) Inputs() []source.Input { return []source.Input{d.input} }
func (d *dataset) Notices() []string      { return d.notices }

// Close drops the buffers and closes the file if it can be closed.
func (d *dataset) Close() error {
	d.mu.Lock()
	d.idle = nil
	d.mu.Unlock()
	if c, ok := d.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// column returns a column for a leaf, with the buffers of an earlier one if any.
func (d *dataset) column(leaf int) *column {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.idle[leaf]
	if len(list) == 0 {
		return &column{}
	}
	c := list[len(list)-1]
	d.idle[leaf] = list[:len(list)-1]
	return c
}

// putBack keeps a column's buffers for the next split.
func (d *dataset) putBack(leaf int, c *column) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.idle != nil {
		c.dict = nil
		d.idle[leaf] = append(d.idle[leaf], c)
	}
}

// footerDigest covers the length of the file and its footer, which holds the
// sizes and statistics of every column chunk.
func footerDigest(size int64, footer []byte) string {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(size))
	h.Write(n[:])
	h.Write(footer)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// FullDigest reads all size bytes and returns their SHA-256 as "sha256:…". It
// checks the context between pieces of 1 MiB.
func FullDigest(ctx context.Context, r io.ReaderAt, size int64) (string, error) {
	h := sha256.New()
	buf := make([]byte, min(size, 1<<20))
	for off := int64(0); off < size; off += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		buf = buf[:min(int64(len(buf)), size-off)]
		if err := readAt(r, buf, off); err != nil {
			return "", fault.Wrap(fault.As(fault.Input, err), "computing a digest")
		}
		h.Write(buf)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
