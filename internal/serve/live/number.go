package live

import (
	"strconv"
	"strings"
)

// money reads a decimal exactly as 10⁻⁴ units.
func money(s string) (int64, bool) {
	digits, neg := strings.CutPrefix(s, "-")
	int64s, frac, _ := strings.Cut(digits, ".")
	if frac = strings.TrimRight(frac, "0"); len(frac) > 4 || int64s == "" || strings.ContainsAny(int64s+frac, "+-") {
		return 0, false
	}
	v, err := strconv.ParseInt(int64s+frac+"0000"[len(frac):], 10, 64)
	if neg {
		v = -v
	}
	return v, err == nil
}

// whole reads a whole number.
func whole(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil
}
