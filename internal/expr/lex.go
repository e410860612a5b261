package expr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of an expression, see the package comment.
const (
	maxSource = 1 << 20
	maxNest   = 256
	maxNodes  = 1 << 16
)

// token kinds.
type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // identifier or keyword; val as written
	tokQuoted           // quoted identifier; val without quotes
	tokText             // text literal; val unescaped
	tokNumber           // val as written
	tokSign             // operator or punctuation
)

type token struct {
	kind tokenKind
	off  int
	val  string
}

// is reports whether the token is the keyword (letters of any case).
func (t token) is(word string) bool { return t.kind == tokWord && strings.EqualFold(t.val, word) }

// sign reports whether the token is the operator or punctuation.
func (t token) sign(s string) bool { return t.kind == tokSign && t.val == s }

type lexer struct {
	src string
	off int
}

// next returns the next token or an error that stands at its place.
func (l *lexer) next() (token, error) {
	l.space()
	start := l.off
	if start >= len(l.src) {
		return token{kind: tokEnd, off: start}, nil
	}
	c := l.src[start]
	switch {
	case c == '\'':
		v, err := l.quoted('\'', "text")
		return token{tokText, start, v}, err
	case c == '"' || c == '`':
		v, err := l.quoted(c, "column name")
		if err == nil && v == "" {
			err = syntax(&l.src, start, "", "an empty column name")
		}
		return token{tokQuoted, start, v}, err
	case digit(c) || c == '.' && start+1 < len(l.src) && digit(l.src[start+1]):
		v, err := l.number()
		return token{tokNumber, start, v}, err
	}
	if w := l.word(); w != "" {
		return token{tokWord, start, w}, nil
	}
	return l.operator()
}

func (l *lexer) space() {
	for l.off < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		if !unicode.IsSpace(r) && r != '\ufeff' {
			return
		}
		l.off += n
	}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// quoted reads up to the closing quote; a doubled quote stands for itself.
func (l *lexer) quoted(q byte, what string) (string, error) {
	start := l.off
	var b strings.Builder
	for i := start + 1; i < len(l.src); i++ {
		if l.src[i] != q {
			b.WriteByte(l.src[i])
			continue
		}
		if i+1 < len(l.src) && l.src[i+1] == q {
			b.WriteByte(q)
			i++
			continue
		}
		l.off = i + 1
		return b.String(), nil
	}
	l.off = len(l.src)
	return "", syntax(&l.src, start, "close it with "+string(q)+"; a "+string(q)+" inside is written twice", "a %s that is never closed", what)
}

// number reads digits [. digits] [e ± digits] and refuses letters behind.
func (l *lexer) number() (string, error) {
	start, i := l.off, l.off
	run := func() {
		for i < len(l.src) && digit(l.src[i]) {
			i++
		}
	}
	run()
	if i < len(l.src) && l.src[i] == '.' {
		i++
		run()
	}
	if i < len(l.src) && (l.src[i] == 'e' || l.src[i] == 'E') {
		j := i + 1
		if j < len(l.src) && (l.src[j] == '+' || l.src[j] == '-') {
			j++
		}
		if j < len(l.src) && digit(l.src[j]) {
			i = j
			run()
		}
	}
	l.off = i
	if w := l.word(); w != "" {
		return "", syntax(&l.src, start, "text needs quotes: '…'; a column whose name begins with a digit needs double quotes: \"…\"",
			"a number that goes on with letters: %s", clip(l.src[start:l.off], 40))
	}
	if i < len(l.src) && l.src[i] == '.' {
		return "", syntax(&l.src, start, "", "a number with two points")
	}
	return l.src[start:i], nil
}

// word reads a letter or underscore and all letters, marks, digits and underscores behind it.
func (l *lexer) word() string {
	start := l.off
	for l.off < len(l.src) {
		r, n := utf8.DecodeRuneInString(l.src[l.off:])
		inner := l.off > start && (unicode.IsDigit(r) || unicode.IsMark(r))
		if r == utf8.RuneError && n == 1 || r != '_' && !unicode.IsLetter(r) && !inner {
			break
		}
		l.off += n
	}
	return l.src[start:l.off]
}

// advice on signs of other languages and of word processors.
var advice = map[string]string{
	"&&": "write and", "||": "write or", "!": "write not", "~": "write matches(column, 'pattern')",
	"‘": "use straight quotes: '…'", "’": "use straight quotes: '…'",
	"“": "use straight quotes: '…' for text", "”": "use straight quotes: '…' for text",
	"，": "use an ASCII comma", "（": "use ASCII parentheses", "）": "use ASCII parentheses", "＝": "use an ASCII =",
	";": "one expression, without a semicolon",
}

func (l *lexer) operator() (token, error) {
	start := l.off
	rest := l.src[start:]
	for _, s := range [...]string{"==", "!=", "<>", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ","} {
		if strings.HasPrefix(rest, s) {
			l.off += len(s)
			switch s {
			case "==":
				s = "="
			case "<>":
				s = "!="
			}
			return token{tokSign, start, s}, nil
		}
	}
	_, n := utf8.DecodeRuneInString(rest)
	bad := rest[:n]
	if strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "||") {
		bad = rest[:2]
	}
	return token{}, syntax(&l.src, start, advice[bad], "a sign that has no meaning here: %s", show(bad))
}
