package phrase

import (
	"strings"
	"unicode"
)

// Spaced puts a blank between Chinese characters and Latin words, as
// typesetters do; digits stay close to what they count, dates above all.
func Spaced(s string) string {
	var b strings.Builder
	var prev rune
	for _, r := range s {
		if prev != 0 && (unicode.Is(unicode.Han, prev) && latin(r) || latin(prev) && unicode.Is(unicode.Han, r)) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

func latin(r rune) bool { return r < 0x250 && unicode.IsLetter(r) }
