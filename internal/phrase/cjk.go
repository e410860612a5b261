package phrase

import (
	"strings"
	"unicode"
)

// Spaced puts a blank between Chinese characters and Latin words or numbers, as
// typesetters do, but not inside dates (2024年1月2日), weeks (第48周) and large
// numbers (61.2万).
func Spaced(s string) string {
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		if i > 0 && apart(runes, i) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// closeUnits follow a number without a blank.
const closeUnits = "年月日周万亿"

// apart reports whether a blank belongs between runes i-1 and i.
func apart(s []rune, i int) bool {
	a, b := s[i-1], s[i]
	switch {
	case unicode.Is(unicode.Han, a) && latin(b), latin(a) && unicode.Is(unicode.Han, b):
		return true
	case digit(a) && unicode.Is(unicode.Han, b):
		return !strings.ContainsRune(closeUnits, b)
	case unicode.Is(unicode.Han, a) && digit(b):
		end := i
		for end < len(s) && (digit(s[end]) || s[end] == '.' || s[end] == ',') {
			end++
		}
		return a != '第' && (end == len(s) || !strings.ContainsRune("年月日周", s[end]))
	}
	return false
}

func latin(r rune) bool { return r < 0x250 && unicode.IsLetter(r) }

func digit(r rune) bool { return r >= '0' && r <= '9' }
