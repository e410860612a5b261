package ndjson

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// tok is the kind of a JSON value.
type tok uint8

const (
	tokBad tok = iota
	tokString
	tokNumber
	tokBool
	tokNull
	tokNested
)

// parser reads the values of one object. All methods return the place behind
// what they read, or a negative number: incomplete or malformed.
type parser struct {
	s       []byte
	end     int // s[end:] is padding that ends every scan
	scratch []byte
	why     string
}

const (
	incomplete = -1
	malformed  = -2
)

func (p *parser) fail(why string) int {
	p.why = why
	return malformed
}

// blank skips spaces.
func (p *parser) blank(i int) int {
	for i < p.end {
		if c := p.s[i]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		i++
	}
	return i
}

// str reads a string that opens at i and returns its text, which is valid until the next call.
func (p *parser) str(i int) ([]byte, int) {
	start := i + 1
	k := plainEnd(p.s, start)
	if k < p.end && p.s[k] == '"' {
		return p.s[start:k], k + 1
	}
	return p.escapedStr(start, k)
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainEnd returns the first place from i on that holds a quote, a backslash or a
// control character, which the padding does.
func plainEnd(s []byte, i int) int {
	for {
		w := binary.LittleEndian.Uint64(s[i : i+8])
		q, b := w^(ones*'"'), w^(ones*'\\')
		m := (((q - ones) &^ q) | ((b - ones) &^ b) | ((w - ones*0x20) &^ w)) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
}

func (p *parser) escapedStr(start, k int) ([]byte, int) {
	out := append(p.scratch[:0], p.s[start:min(k, p.end)]...)
	for k < p.end {
		c := p.s[k]
		switch {
		case c == '"':
			p.scratch = out
			return out, k + 1
		case c < 0x20:
			return nil, p.fail("a control character inside a string")
		case c != '\\':
			e := min(plainEnd(p.s, k), p.end)
			out = append(out, p.s[k:e]...)
			k = e
			continue
		}
		if k+1 >= p.end {
			break
		}
		k += 2
		switch c := p.s[k-1]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r, n := p.unicode(k)
			if n < 0 {
				return nil, n
			}
			out = utf8.AppendRune(out, r)
			k = n
		default:
			return nil, p.fail("an unknown escape in a string")
		}
	}
	return nil, incomplete
}

// unicode reads the four digits of \u at k, and a second escape when they are half of a pair.
func (p *parser) unicode(k int) (rune, int) {
	r, ok := p.hex4(k)
	if k+4 > p.end {
		return 0, incomplete
	}
	if !ok {
		return 0, p.fail("an unknown escape in a string")
	}
	k += 4
	if !utf16.IsSurrogate(r) {
		return r, k
	}
	if k+6 > p.end {
		if k+1 < p.end && (p.s[k] != '\\' || p.s[k+1] != 'u') {
			return utf8.RuneError, k
		}
		return 0, incomplete
	}
	if p.s[k] == '\\' && p.s[k+1] == 'u' {
		if low, ok := p.hex4(k + 2); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, k + 6
			}
		}
	}
	return utf8.RuneError, k
}

func (p *parser) hex4(k int) (rune, bool) {
	if k+4 > p.end {
		return 0, false
	}
	var r rune
	for _, c := range p.s[k : k+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// value reads any value at i and returns its text: of strings without quotes
// and escapes, of all else as it is written.
func (p *parser) value(i int) (tok, []byte, int) {
	if i >= p.end {
		return tokBad, nil, incomplete
	}
	switch c := p.s[i]; {
	case c == '"':
		t, n := p.str(i)
		return tokString, t, n
	case c == '{' || c == '[':
		n := p.nested(i)
		if n < 0 {
			return tokBad, nil, n
		}
		return tokNested, p.s[i:n], n
	case c == '-' || c-'0' <= 9:
		return p.number(i)
	}
	return p.word(i)
}

func (p *parser) tokenEnd(i int) int {
	for i < p.end {
		switch p.s[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r', ':', '"', '{', '[':
			return i
		}
		i++
	}
	return i
}

func (p *parser) word(i int) (tok, []byte, int) {
	n := p.tokenEnd(i)
	if n == p.end {
		return tokBad, nil, incomplete
	}
	w := p.s[i:n]
	switch string(w) {
	case "true", "false":
		return tokBool, w, n
	case "null", "NaN", "Infinity", "-Infinity": // the last three are what some libraries write
		return tokNull, nil, n
	}
	return tokBad, nil, p.fail("a value that is not JSON")
}

func (p *parser) number(i int) (tok, []byte, int) {
	n := p.tokenEnd(i)
	if n == p.end {
		return tokBad, nil, incomplete
	}
	w := p.s[i:n]
	if !isNumber(w) {
		if string(w) == "-Infinity" {
			return tokNull, nil, n
		}
		return tokBad, nil, p.fail("a malformed number")
	}
	return tokNumber, w, n
}

// isNumber checks the grammar of RFC 8259, section 6.
func isNumber(w []byte) bool {
	i, n := 0, len(w)
	if i < n && w[i] == '-' {
		i++
	}
	digits := func() bool {
		k := i
		for i < n && w[i]-'0' <= 9 {
			i++
		}
		return i > k
	}
	if i < n && w[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < n && w[i] == '.' {
		if i++; !digits() {
			return false
		}
	}
	if i < n && (w[i] == 'e' || w[i] == 'E') {
		if i++; i < n && (w[i] == '-' || w[i] == '+') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == n
}

// nested passes over an object or array and checks it.
func (p *parser) nested(i int) int {
	n := p.balanced(i)
	if n > 0 && !json.Valid(p.s[i:n]) {
		return p.fail("a malformed nested value")
	}
	return n
}

// balanced returns the place behind the bracket that closes the one at i.
func (p *parser) balanced(i int) int {
	depth := 0
	for i < p.end {
		switch p.s[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			i++
			for i < p.end && p.s[i] != '"' {
				if p.s[i] == '\\' {
					i++
				}
				i++
			}
		}
		i++
	}
	return incomplete
}

// object reads an object at i and calls f for each member. key is valid until value
// was read.
func (p *parser) object(i int, f func(key []byte) func(t tok, text []byte)) int {
	i = p.blank(i + 1)
	if i < p.end && p.s[i] == '}' {
		return i + 1
	}
	for {
		if i >= p.end {
			return incomplete
		}
		if p.s[i] != '"' {
			return p.fail("a name in quotes is missing")
		}
		key, n := p.str(i)
		if n < 0 {
			return n
		}
		set := f(key)
		if i = p.blank(n); i >= p.end {
			return incomplete
		}
		if p.s[i] != ':' {
			return p.fail("a colon is missing")
		}
		t, text, n := p.value(p.blank(i + 1))
		if n < 0 {
			return n
		}
		if set != nil {
			set(t, text)
		}
		if i = p.blank(n); i >= p.end {
			return incomplete
		}
		switch p.s[i] {
		case '}':
			return i + 1
		case ',':
			i = p.blank(i + 1)
		default:
			return p.fail("a comma is missing")
		}
	}
}
