package ndjson

import (
	"bytes"

	"github.com/ecomctl/ecomctl/internal/source/value"
)

// padded returns a parser over text.
func padded(text []byte) *parser {
	return &parser{s: append(text[:len(text):len(text)], make([]byte, padding)...), end: len(text)}
}

// linesOfObjects reports whether the first line that is not blank is a whole object.
func linesOfObjects(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	line := text
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		line = text[:i]
	}
	p := padded(line)
	n := p.object(0, func([]byte) func(tok, []byte) { return nil })
	if n == incomplete && len(line) < len(text) {
		return false // an object of several lines
	}
	return n < 0 || p.blank(n) == p.end
}

// inference gathers the members of sampled objects.
type inference struct {
	ds      *Dataset
	names   []string
	ev      []*value.Evidence
	nested  map[int]bool
	objects int
}

func (in *inference) lines(text []byte, whole bool) {
	for len(text) > 0 {
		line := text
		i := bytes.IndexByte(text, '\n')
		switch {
		case i >= 0:
			line, text = text[:i], text[i+1:]
		case !whole:
			return
		default:
			text = nil
		}
		p := padded(line)
		if k := p.blank(0); k < p.end && p.s[k] == '{' {
			in.add(p, k)
		}
	}
}

func (in *inference) values(text []byte) {
	p := padded(text)
	for i := 0; i < p.end; {
		for i < p.end && p.s[i] != '{' {
			i++
		}
		n := p.balanced(i)
		if n < 0 {
			return
		}
		in.add(p, i)
		i = n
	}
}

// add takes the members of the object at i.
func (in *inference) add(p *parser, i int) {
	type member struct {
		c    int
		t    tok
		text string
	}
	var got []member
	n := p.object(i, func(key []byte) func(tok, []byte) {
		c, ok := in.ds.index[string(key)]
		if !ok {
			if len(in.names) > maxColumns {
				return nil
			}
			c = len(in.names)
			in.ds.index[string(key)] = c
			in.names = append(in.names, string(key))
			in.ev = append(in.ev, &value.Evidence{})
		}
		return func(t tok, text []byte) { got = append(got, member{c, t, string(text)}) }
	})
	if n < 0 {
		return
	}
	in.objects++
	for _, m := range got {
		switch m.t {
		case tokString:
			in.ev[m.c].AddQuoted([]byte(m.text))
		case tokNested:
			if in.nested == nil {
				in.nested = map[int]bool{}
			}
			in.nested[m.c] = true
			in.ev[m.c].AddQuoted([]byte(m.text))
		case tokNumber, tokBool:
			in.ev[m.c].Add([]byte(m.text))
		}
	}
}
