package open

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/arrowipc"
	"github.com/ecomctl/ecomctl/internal/source/basket"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// sniffBytes is how much of a file decides on its format.
const sniffBytes = 64 << 10

// The formats told apart.
const (
	fmtParquet = "parquet"
	fmtArrow   = "arrow"
	fmtStream  = "arrow-stream"
	fmtCSV     = "csv"
	fmtNDJSON  = "ndjson"
	fmtBasket  = "basket"
)

// openFile opens one file by its content.
func openFile(ctx context.Context, f file, opts *Options) (source.Dataset, error) {
	h := f.data
	if h.info.Size == 0 {
		return nil, fault.New(fault.Input, "opening %s: the file is empty", f.name).WithHint("a table needs at least a line with the names of its columns")
	}
	head := make([]byte, min(h.info.Size, sniffBytes))
	if _, err := h.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fault.Wrap(fault.As(fault.Input, err), "opening %s", f.name)
	}
	format, err := sniff(f.name, head, opts)
	if err != nil {
		return nil, err
	}
	if (format == fmtParquet || format == fmtArrow || format == fmtStream) && textio.Packed(head) != textio.Plain {
		if h, err = unpacked(ctx, f, opts); err != nil {
			return nil, err
		}
	}
	var ds source.Dataset
	switch format {
	case fmtParquet:
		return parquet.Open(ctx, f.name, h, h.info.Size, parquet.Options{Memory: opts.Memory})
	case fmtArrow, fmtStream:
		ds, err = arrowipc.Open(ctx, f.name, h, h.info.Size, arrowipc.Options{Memory: opts.Memory, Check: h.check})
	case fmtNDJSON:
		ds, err = ndjson.Open(ctx, f.name, h, h.info.Size, ndjson.Options{Encoding: opts.CSV.Encoding, MaxRecord: opts.CSV.MaxRecord, ChunkBytes: opts.CSV.ChunkBytes, Check: h.check})
	case fmtBasket:
		ds, err = basket.Open(ctx, f.name, h, h.info.Size, basket.Options{Encoding: opts.CSV.Encoding, Check: h.check})
	default:
		ds, err = openCSV(ctx, f, h, opts)
	}
	if err != nil {
		return nil, err // and no dataset: a nil pointer in an interface is not nil
	}
	return ds, nil
}

// unpacked keeps the contents of a packed file of a binary format, which must be
// read at any place, in a temporary file.
func unpacked(ctx context.Context, f file, opts *Options) (*handle, error) {
	h := f.data
	un, err := textio.Unpack(f.name, textio.ReaderAtCtx(ctx, h, 0, h.info.Size), packing(h))
	if err != nil {
		return nil, err
	}
	defer un.Close()
	return keep(ctx, f.name, un, opts, h.pool)
}

func packing(h *handle) textio.Compression {
	var head [8]byte
	n, _ := h.ReadAt(head[:], 0)
	return textio.Packed(head[:n])
}

func openCSV(ctx context.Context, f file, h *handle, opts *Options) (source.Dataset, error) {
	co := opts.CSV
	co.Check = h.check
	if opts.Format == "tsv" && co.Delimiter == 0 {
		co.Delimiter = '\t'
	}
	ds, err := csv.Open(ctx, f.name, h, h.info.Size, co)
	if err != nil {
		return nil, err
	}
	return ds, nil
}

// strangers are formats that people take for tables, and what to do about them.
var strangers = []struct{ magic, what, hint string }{
	{"PK\x03\x04", "an Excel workbook or another zip archive", "save the sheet as CSV (UTF-8), or unzip the archive"},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV (UTF-8)"},
	{"SQLite format 3\x00", "an SQLite database", "name one of its tables: sqlite:FILE?table=NAME"},
	{"ORC", "an ORC file", "convert it to Parquet first"},
	{"Obj\x01", "an Avro file", "convert it to Parquet first"},
	{"FEA1", "a Feather file of version 1", "write it again as Feather version 2 (Arrow IPC)"},
	{"BZh", "packed by bzip2", "unpack it first: bunzip2 FILE"},
	{"\xfd7zXZ\x00", "packed by xz", "unpack it first: unxz FILE"},
	{"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"},
	{"Rar!", "a RAR archive", "unpack it first"},
	{"%PDF", "a PDF document", "give the table that the document was made from"},
	{"\x89PNG", "an image", "give a table"},
}

// sniff recognises the format of a file by its first bytes.
func sniff(name string, head []byte, opts *Options) (string, error) {
	if opts.Format != "" {
		return statedFormat(opts.Format, head)
	}
	if f := binaryFormat(head); f != "" {
		return f, nil
	}
	for _, s := range strangers {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return "", fault.New(fault.Input, "opening %s: it is %s, which cannot be read", name, s.what).WithHint("%s", s.hint)
		}
	}
	text, err := textHead(name, head)
	if err != nil {
		return "", err
	}
	if f := binaryFormat(text); f != "" {
		return f, nil
	}
	if opts.CSV.Encoding == "" {
		if n := bytes.Count(text, []byte{0}); n*20 > len(text) {
			return "", fault.New(fault.Input, "opening %s: no known table format (%d of its first %d bytes are zero)", name, n, len(text)).WithHint("Parquet, Arrow IPC, CSV, TSV, NDJSON and baskets can be read, also packed by gzip or zstd")
		}
	}
	lower := bytes.ToLower(text[:min(len(text), 64)])
	if bytes.HasPrefix(lower, []byte("<!doctype html")) || bytes.HasPrefix(lower, []byte("<html")) || bytes.HasPrefix(lower, []byte("<?xml")) {
		return "", fault.New(fault.Input, "opening %s: it is a web page or XML, not a table", name).WithHint("a download may have answered with a page of its own: look into the file")
	}
	if json(text) {
		return fmtNDJSON, nil
	}
	if e := ext(name); (e == ".basket" || e == ".dat") && basketLike(text) {
		return fmtBasket, nil
	}
	return fmtCSV, nil
}

func statedFormat(format string, head []byte) (string, error) {
	switch strings.ToLower(format) {
	case "csv", "tsv":
		return fmtCSV, nil
	case "ndjson", "json", "jsonl":
		return fmtNDJSON, nil
	case "parquet":
		return fmtParquet, nil
	case "arrow":
		if bytes.HasPrefix(head, []byte("ARROW1")) {
			return fmtArrow, nil
		}
		return fmtStream, nil
	case "basket":
		return fmtBasket, nil
	}
	return "", fault.New(fault.Usage, "reading the input format %q: unknown", format).WithHint("one of parquet, arrow, csv, tsv, ndjson, json, basket")
}

// binaryFormat recognises Parquet and Arrow IPC.
func binaryFormat(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")), bytes.HasPrefix(head, []byte("PARE")):
		return fmtParquet
	case bytes.HasPrefix(head, []byte("ARROW1")):
		return fmtArrow
	case len(head) >= 8 && head[0] == 0xff && head[1] == 0xff && head[2] == 0xff && head[3] == 0xff:
		return fmtStream
	case len(head) >= 16 && head[2] == 0 && head[3] == 0 && (head[0] != 0 || head[1] != 0) && head[5] == 0 && head[6] == 0 && head[7] == 0 && head[4] != 0:
		// Arrow before 0.15: the length of the schema, then a flatbuffer whose root is near.
		return fmtStream
	}
	return ""
}

// textHead returns the beginning of the text in UTF-8, without mark and blanks.
func textHead(name string, head []byte) ([]byte, error) {
	if c := textio.Packed(head); c != textio.Plain {
		un, err := textio.Unpack(name, bytes.NewReader(head), c)
		if err != nil {
			return nil, fault.Wrap(err, "opening %s", name)
		}
		defer un.Close()
		text := make([]byte, sniffBytes)
		n, _ := io.ReadFull(un, text) // the head is cut, so it may end too early
		head = text[:n]
	}
	e, _ := textio.Recognise(head)
	if e == textio.UTF16LE || e == textio.UTF16BE {
		head, _ = io.ReadAll(textio.Decode(bytes.NewReader(head), e))
	}
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	return bytes.TrimLeft(head, " \t\r\n"), nil
}

// json reports whether text begins with an object or an array of objects.
func json(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	switch text[0] {
	case '{':
		return len(rest) == 0 || rest[0] == '"' || rest[0] == '}'
	case '[':
		return len(rest) == 0 || rest[0] == '{' || rest[0] == ']'
	}
	return false
}

// basketLike reports whether lines hold different numbers of items.
func basketLike(text []byte) bool {
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	first := -1
	for _, l := range lines[:min(len(lines), 200)] {
		n := len(bytes.FieldsFunc(l, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\r' }))
		if first >= 0 && n != first {
			return true
		}
		first = n
	}
	return len(lines) == 1
}
