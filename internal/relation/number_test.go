package relation

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNumbersReadAsStrconvDoes: the short way gives the nearest double too.
func TestNumbersReadAsStrconvDoes(t *testing.T) {
	digits := rapid.StringMatching(`[+-]?[0-9]{0,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		s := digits.Draw(t, "text")
		x, st := parseFloat([]byte(s))
		want, err := strconv.ParseFloat(s, 64)
		switch {
		case s == "" || s == "-":
			if st != absent {
				t.Fatalf("%q: %d", s, st)
			}
		case math.IsInf(want, 0):
			if st != absent {
				t.Fatalf("%q is infinite: %d", s, st)
			}
		case err != nil:
			if st != bad {
				t.Fatalf("%q: %d, %v", s, st, err)
			}
		case st != fine || math.Float64bits(want) != uint64(x):
			t.Fatalf("%q: %v, want %v", s, math.Float64frombits(uint64(x)), want)
		}
	})
}

func TestWholeNumbersReadAsStrconvDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[+-]?[0-9]{0,20}(\.0{0,3})?`).Draw(t, "text")
		x, st := parseWhole([]byte(s))
		cut, _, _ := strings.Cut(s, ".")
		want, err := strconv.ParseInt(cut, 10, 64)
		if s == "" || s == "-" {
			return
		}
		if ok := st == fine; ok != (err == nil) || (ok && x != want) {
			// Nineteen digits and a fraction of zeros are refused rather than read.
			if len(strings.TrimLeft(cut, "+-0")) < 19 {
				t.Fatalf("%q: %d %d, want %d %v", s, x, st, want, err)
			}
		}
	})
}
