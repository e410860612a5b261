package ndjson

import (
	"bytes"
	"context"
	"strings"

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
	r := p.r
	r.pos, r.p.end, r.eof, r.row, r.line, r.failed = 0, 0, false, 0, 0, nil
	clear(r.seen)
	for _, w := range r.want {
		w.FixUTF8 = false
	}
}

// Next fills a batch as source.Reader does.
func (p *Parser) Next(b *frame.Batch) error { return p.r.Next(b) }

// Unknown is the number of values so far that were passed over because no object of the
// sample had a member of their name.
func (p *Parser) Unknown() int64 { return p.ds.late.Load() }

// Object reports whether a text is one whole object, as the sample of a dataset wants them.
func Object(text []byte) bool {
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
