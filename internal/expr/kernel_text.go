package expr

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// likeToken is a literal run, one arbitrary character, or any run of characters.
type likeToken struct {
	kind byte // 'l', '_' or '%'
	text string
}

// LikeParts splits a like pattern for dialects: literal runs as themselves, "_" and
// "%" with Wild set. The pattern must have been checked.
func LikeParts(m *Match) []LikePart {
	tokens, _ := likeTokens(m.Pattern, m.Escape)
	parts := make([]LikePart, len(tokens))
	for i, t := range tokens {
		parts[i] = LikePart{Wild: t.kind != 'l', Text: t.text}
		if t.kind != 'l' {
			parts[i].Text = string(t.kind)
		}
	}
	return parts
}

// LikePart is a part of a like pattern: literal text, or one of the wild characters.
type LikePart struct {
	Wild bool
	Text string
}

func likeTokens(pattern string, escape rune) ([]likeToken, error) {
	var out []likeToken
	lit := func(s string) {
		if n := len(out); n > 0 && out[n-1].kind == 'l' {
			out[n-1].text += s
			return
		}
		out = append(out, likeToken{'l', s})
	}
	for i := 0; i < len(pattern); {
		r, w := utf8.DecodeRuneInString(pattern[i:])
		s := pattern[i : i+w]
		i += w
		switch {
		case escape != 0 && r == escape:
			if i >= len(pattern) {
				return nil, errors.New("the pattern of like ends with its escape character")
			}
			_, w = utf8.DecodeRuneInString(pattern[i:])
			lit(pattern[i : i+w])
			i += w
		case r == '_':
			out = append(out, likeToken{kind: '_'})
		case r == '%':
			if n := len(out); n == 0 || out[n-1].kind != '%' {
				out = append(out, likeToken{kind: '%'})
			}
		default:
			lit(s)
		}
	}
	return out, nil
}

// likeMatcher compiles a pattern. The matcher takes time linear in the text
// for each run between two %, never exponential.
func likeMatcher(pattern string, escape rune) func([]byte) bool {
	tokens, _ := likeTokens(pattern, escape)
	kinds := make([]byte, len(tokens))
	for i, t := range tokens {
		kinds[i] = t.kind
	}
	switch string(kinds) {
	case "":
		return func(s []byte) bool { return len(s) == 0 }
	case "l":
		return equals(tokens[0].text)
	case "%":
		return func([]byte) bool { return true }
	case "l%":
		return prefix(tokens[0].text)
	case "%l":
		return suffix(tokens[1].text)
	case "%l%":
		return holdsText(tokens[1].text)
	}
	return func(s []byte) bool { return likeMatch(s, tokens) }
}

// likeMatch is the greedy matcher with one point to come back to: the last %.
func likeMatch(s []byte, tokens []likeToken) bool {
	t, back, backTo := 0, -1, 0
	for i := 0; ; {
		if t < len(tokens) && tokens[t].kind == '%' {
			t++
			back, backTo = t, i
			continue
		}
		n := -1
		switch {
		case t == len(tokens):
			if i == len(s) {
				return true
			}
		case tokens[t].kind == 'l':
			if bytes.HasPrefix(s[i:], []byte(tokens[t].text)) {
				n = len(tokens[t].text)
			}
		case i < len(s):
			_, n = utf8.DecodeRune(s[i:])
		}
		if n >= 0 {
			i += n
			t++
			continue
		}
		if back < 0 || backTo >= len(s) {
			return false
		}
		_, w := utf8.DecodeRune(s[backTo:])
		backTo += w
		t, i = back, backTo
	}
}

func equals(v string) func([]byte) bool { return func(s []byte) bool { return string(s) == v } }
func prefix(v string) func([]byte) bool {
	return func(s []byte) bool { return bytes.HasPrefix(s, []byte(v)) }
}
func suffix(v string) func([]byte) bool {
	return func(s []byte) bool { return bytes.HasSuffix(s, []byte(v)) }
}
func holdsText(v string) func([]byte) bool {
	return func(s []byte) bool { return bytes.Contains(s, []byte(v)) }
}

// letterOp changes the case of ASCII letters; the bytes of other characters stay.
type letterOp struct {
	id    int
	upper bool
	x     op
}

func (o *letterOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	from, to := byte('A'), byte('Z')
	if o.upper {
		from, to = 'a', 'z'
	}
	// Letters keep their length, so all rows go into one piece of memory.
	size := 0
	for i := 0; i < b.n; i++ {
		if !x.null(i) {
			size += len(x.str(i))
		}
	}
	f.data = frame.Grow(f.data, max(size, 1))
	f.rows = frame.Grow(f.rows, max(b.n, 1))[:b.n]
	at := 0
	for i := 0; i < b.n; i++ {
		if x.null(i) {
			f.rows[i] = nil
			continue
		}
		v := x.str(i)
		out := f.data[at : at+len(v) : at+len(v)]
		for j, c := range v {
			if from <= c && c <= to {
				c ^= 0x20
			}
			out[j] = c
		}
		f.rows[i] = out
		at += len(v)
	}
	return vec{rows: f.rows}
}

// trimOp drops spaces (U+0020 only) at both ends. The rows point into what they came from.
type trimOp struct {
	id int
	x  op
}

func (o *trimOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.rows = frame.Grow(f.rows, max(b.n, 1))[:b.n]
	for i := range f.rows {
		f.rows[i] = nil
		if x.null(i) {
			continue
		}
		v := x.str(i)
		for len(v) > 0 && v[0] == ' ' {
			v = v[1:]
		}
		for len(v) > 0 && v[len(v)-1] == ' ' {
			v = v[:len(v)-1]
		}
		f.rows[i] = v
	}
	return vec{rows: f.rows}
}

// lengthOp counts characters.
type lengthOp struct {
	id int
	x  op
}

func (o *lengthOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.i64 = frame.Grow(f.i64, b.n)
	valid := f.ones(b.n)
	for i := range f.i64 {
		if x.null(i) {
			frame.ClearBit(valid, i)
			continue
		}
		f.i64[i] = int64(utf8.RuneCount(x.str(i)))
	}
	return vec{i64: f.i64, valid: valid}
}
