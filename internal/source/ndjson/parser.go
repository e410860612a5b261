package ndjson

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/textio"
)

// Parser reads objects that arrive over time, in the columns and kinds that a dataset
// opened on a sample of them has.
type Parser struct {
	ds   *Dataset
	r    *reader
	text bytes.Reader
}

// NewParser returns a parser of the wanted columns. The dataset must hold one object a line.
func (ds *Dataset) NewParser(ctx context.Context, want []source.Want) (*Parser, error) {
	if !ds.lines || ds.enc != textio.UTF8 || ds.pack != textio.Plain {
		return nil, fault.New(fault.Input, "parsing %s: %s; one object a line in UTF-8 is wanted", ds.name, ds.detail)
	}
	rd, err := (&split{ds: ds}).Open(ctx, want)
	if err != nil {
		return nil, err
	}
	p := &Parser{ds: ds, r: rd.(*reader)}
	p.r.opened, p.r.src = true, &p.text
	p.r.set, p.r.get = p.r.setValue, p.r.member
	return p, nil
}

// Reset starts over with a text of lines. Rows are counted from 0 again; every line that is
// not blank is a row of a batch or one of its bad rows.
func (p *Parser) Reset(lines []byte) {
	p.text.Reset(lines)
	p.start()
}

func (p *Parser) start() {
	r := p.r
	r.list, r.alone = nil, false
	r.pos, r.p.end, r.eof, r.row, r.line, r.failed = 0, 0, false, 0, 0, nil
	clear(r.seen)
	for _, w := range r.want {
		w.FixUTF8 = false
	}
}

// ResetRecords starts over with a list of records, each an object that may go over several lines. They are
// read where they stand when their slices have room for more: at least Padding bytes behind each,
// and the last Padding ones of the slice's capacity are 0; others are copied. Row i is record i, blank ones included,
// which are bad rows. A batch takes them all, or as many as fit.
func (p *Parser) ResetRecords(list [][]byte) {
	p.start()
	p.r.list, p.r.alone, p.r.eof = list, true, true
}

// Padding is what stands behind a record that is read in place.
const Padding = padding

// inPlace reports whether a record can be read where it stands.
func inPlace(rec []byte) bool {
	return cap(rec)-len(rec) >= padding && binary.LittleEndian.Uint64(rec[cap(rec)-padding:cap(rec)]) == 0
}

// findRecord makes the next record of the list the text that is parsed.
func (r *reader) findRecord() (start, stop int, ok bool) {
	if r.row >= int64(len(r.list)) {
		return 0, 0, false
	}
	rec := r.list[r.row]
	if inPlace(rec) {
		r.p.s, r.p.end = rec[:cap(rec)], len(rec)
	} else {
		r.p.s = append(append(r.copied[:0], rec...), make([]byte, padding)...)
		r.copied, r.p.end = r.p.s, len(rec)
	}
	if !utf8.Valid(rec) {
		for _, w := range r.want {
			w.FixUTF8 = true
		}
	}
	r.line++
	return r.p.blank(0), r.p.end, true
}

// Next fills a batch as source.Reader does.
func (p *Parser) Next(b *frame.Batch) error { return p.r.Next(b) }

// Unknown is the number of values so far that were passed over because no object of the
// sample had a member of their name.
func (p *Parser) Unknown() int64 { return p.ds.late.Load() }

// Object reports whether a text is one whole object in UTF-8, as the sample of a dataset wants them.
func Object(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	p := padded(text)
	i := p.blank(0)
	if i >= p.end || p.s[i] != '{' {
		return false
	}
	n := p.object(i, func([]byte) func(tok, []byte) { return nil })
	return n > 0 && p.blank(n) == p.end
}

// Members calls each with the names of an object's members; a text that is no object has none.
func Members(text []byte, each func(name string)) {
	if !Object(text) {
		return
	}
	p := padded(text)
	p.object(p.blank(0), func(key []byte) func(tok, []byte) {
		each(strings.Clone(string(key)))
		return nil
	})
}
