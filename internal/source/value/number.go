// Package value reads typed values from text: integers, floats, booleans,
// dates and times in many spellings. It infers the kind of a column from a
// sample and builds frame columns. CSV and NDJSON readers share it.
package value

import (
	"math"
	"strconv"
	"unsafe"
)

// ParseInt reads a decimal integer of at most 64 bits: an optional sign and
// digits. Leading zeros are digits like any other.
func ParseInt(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	neg := false
	if s[0] == '-' || s[0] == '+' {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	for len(s) > 18 && s[0] == '0' {
		s = s[1:]
	}
	if len(s) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range s {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	if neg {
		if v > 1<<63 {
			return 0, false
		}
		return -int64(v), true
	}
	if v > math.MaxInt64 {
		return 0, false
	}
	return int64(v), true
}

// ParseWhole reads an integer that may be written as a whole float: 17850.0, 1e3.
// Values that a double cannot hold exactly are refused.
func ParseWhole(s []byte) (int64, bool) {
	if v, ok := ParseInt(s); ok {
		return v, true
	}
	for i, c := range s {
		if c != '.' {
			continue
		}
		for _, z := range s[i+1:] {
			if z != '0' {
				return 0, false
			}
		}
		return ParseInt(s[:i])
	}
	f, ok := ParseFloat(s)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Pow10 holds the powers of ten that a float64 represents exactly.
var Pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// ParseFloat reads a decimal floating-point number with a point, to the nearest
// float64. Infinity is accepted as inf, infinity; hexadecimal and digit separators are not.
func ParseFloat(s []byte) (float64, bool) {
	i, n := 0, len(s)
	if n == 0 {
		return 0, false
	}
	neg := false
	if s[0] == '-' || s[0] == '+' {
		neg = s[0] == '-'
		i++
	}
	var mant uint64
	start := i
	for i < n && s[i]-'0' <= 9 {
		mant = mant*10 + uint64(s[i]-'0')
		i++
	}
	digits, frac := i-start, 0
	if i < n && s[i] == '.' {
		i++
		for i < n && s[i]-'0' <= 9 {
			mant = mant*10 + uint64(s[i]-'0')
			i++
			frac++
		}
		digits += frac
	}
	if i == n && digits > 0 && digits <= 15 {
		// Both numbers are exact, so one division rounds correctly (Clinger 1990).
		f := float64(mant) / Pow10[frac]
		if neg {
			f = -f
		}
		return f, true
	}
	return parseFloatSlow(s, i, digits)
}

// parseFloatSlow handles exponents, many digits and infinities; i is where the
// plain digits ended.
func parseFloatSlow(s []byte, i, digits int) (float64, bool) {
	if digits == 0 {
		t := s
		if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
			t = t[1:]
		}
		if !foldEqual(t, "inf") && !foldEqual(t, "infinity") {
			return 0, false
		}
		if s[0] == '-' {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	}
	if i < len(s) {
		if s[i] != 'e' && s[i] != 'E' {
			return 0, false
		}
		for _, c := range s[i+1:] {
			if c-'0' > 9 && c != '-' && c != '+' {
				return 0, false
			}
		}
	}
	f, err := strconv.ParseFloat(unsafe.String(&s[0], len(s)), 64)
	if err != nil {
		return 0, false // also what overflows
	}
	return f, true
}

// ParseBool reads true and false in any case.
func ParseBool(s []byte) (v, ok bool) {
	switch {
	case foldEqual(s, "true"):
		return true, true
	case foldEqual(s, "false"):
		return false, true
	}
	return false, false
}

// wideBool also reads the spellings accepted when a boolean was asked for.
func wideBool(s []byte) (v, ok bool) {
	if v, ok := ParseBool(s); ok {
		return v, ok
	}
	switch {
	case foldEqual(s, "1"), foldEqual(s, "t"), foldEqual(s, "y"), foldEqual(s, "yes"):
		return true, true
	case foldEqual(s, "0"), foldEqual(s, "f"), foldEqual(s, "n"), foldEqual(s, "no"):
		return false, true
	}
	return false, false
}

// foldEqual compares ASCII text without regard to case; lower is lower case.
func foldEqual(s []byte, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// IsNullWord reports whether text in a column of numbers, dates or booleans
// stands for a missing value.
func IsNullWord(s []byte) bool {
	switch len(s) {
	case 0:
		return true
	case 2:
		return s[0] == '\\' && s[1] == 'N' || foldEqual(s, "na")
	case 3:
		return foldEqual(s, "n/a") || foldEqual(s, "nan") || foldEqual(s, "#na")
	case 4:
		return foldEqual(s, "null") || foldEqual(s, "none") || foldEqual(s, "#n/a") || foldEqual(s, "-nan")
	}
	return false
}

// isTextNull reports whether text in a text column stands for a missing value:
// nothing, or MySQL's \N. Words such as NULL are kept, for they may be names.
func isTextNull(s []byte) bool {
	return len(s) == 0 || len(s) == 2 && s[0] == '\\' && s[1] == 'N'
}

// Trim drops spaces and tabs at both ends.
func Trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
