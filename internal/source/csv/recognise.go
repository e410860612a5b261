package csv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/textio"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

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
	lead := ds.aboveHeader(body, whole)
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
		header = ds.titled || detectHeader(sampleRecords(body[lead:], ds.d, max(3, min(1000, 100000/len(cells))), whole))
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
	if ds.decimal = ds.opts.Decimal; ds.decimal == value.Plain {
		ds.decimal = value.Notate(ev)
	} else {
		for i := range ev {
			ev[i].Write(ds.decimal)
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
	if ds.decimal == value.CommaDecimal {
		parts = append(parts, "decimal comma")
		if ds.opts.Decimal == value.Plain {
			ds.notices = append(ds.notices, fmt.Sprintf("%s: numbers are read with a decimal comma (1.234,5); --decimal point if that is wrong", ds.name))
		}
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
