package relation

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// pow10 holds the powers of ten that are exact doubles.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// ipow10 holds the powers of ten that fit int64.
var ipow10 = [...]int64{1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// isBlank reports whether a text stands for nothing: empty, or one of the
// words that tools write for a missing value.
func isBlank(s []byte) bool {
	switch len(s) {
	case 0:
		return true
	case 1:
		return s[0] == '-'
	case 2:
		return string(s) == `\N` || bytes.EqualFold(s, []byte("NA"))
	case 3:
		return bytes.EqualFold(s, []byte("NaN")) || bytes.EqualFold(s, []byte("N/A")) || bytes.EqualFold(s, []byte("NaT"))
	case 4:
		return bytes.EqualFold(s, []byte("null")) || bytes.EqualFold(s, []byte("none"))
	}
	return false
}

// parseWhole reads an integer; a fraction of zeros is allowed ("17850.0").
func parseWhole(s []byte) (int64, status) {
	s = bytes.TrimSpace(s)
	if isBlank(s) {
		return 0, absent
	}
	neg, i := false, 0
	if s[0] == '-' || s[0] == '+' {
		neg, i = s[0] == '-', 1
	}
	first := i
	u := uint64(0)
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if u > (math.MaxInt64-9)/10 {
			if x, err := strconv.ParseInt(string(s), 10, 64); err == nil {
				return x, fine
			}
			return 0, bad
		}
		u = u*10 + uint64(s[i]-'0')
	}
	if i == first {
		return 0, bad
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && s[i] == '0'; i++ {
		}
	}
	if i != len(s) {
		return 0, bad
	}
	if neg {
		return -int64(u), fine
	}
	return int64(u), fine
}

// parseFloat reads a number and returns its bits; infinities are null.
func parseFloat(s []byte) (int64, status) {
	s = bytes.TrimSpace(s)
	if isBlank(s) {
		return 0, absent
	}
	f, ok := shortFloat(s)
	if !ok {
		if bytes.ContainsAny(s, "_xXpP") { // Go's own literals are not data
			return 0, bad
		}
		var err error
		if f, err = strconv.ParseFloat(unsafe.String(unsafe.SliceData(s), len(s)), 64); err != nil && !math.IsInf(f, 0) {
			return 0, bad
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, absent
		}
	}
	return int64(math.Float64bits(f)), fine
}

// shortFloat reads plain decimals of at most 15 digits: mantissa and power of
// ten are exact doubles then, so one division rounds correctly (Clinger 1990).
func shortFloat(s []byte) (float64, bool) {
	neg, i := false, 0
	if s[0] == '-' || s[0] == '+' {
		neg, i = s[0] == '-', 1
	}
	m, digits, frac, dot := uint64(0), 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !dot {
			dot = true
			continue
		}
		if c-'0' > 9 {
			return 0, false
		}
		m = m*10 + uint64(c-'0')
		digits++
		if dot {
			frac++
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	f := float64(m) / pow10[frac]
	if neg {
		f = -f
	}
	return f, true
}

// wholeDec returns x·10^−scale when it is an integer of 64 bits.
func wholeDec(x int64, scale int32) (int64, bool) {
	for ; scale > 0; scale-- {
		if x%10 != 0 {
			return 0, false
		}
		x /= 10
	}
	for ; scale < 0; scale++ {
		if x > math.MaxInt64/10 || x < math.MinInt64/10 {
			return 0, false
		}
		x *= 10
	}
	return x, true
}

// wholeDec128 is wholeDec for wide decimals.
func wholeDec128(d decimal128.Num, scale int32) (int64, bool) {
	b := d.BigInt()
	k := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale, -scale))), nil)
	if scale > 0 {
		var r big.Int
		if b.QuoRem(b, k, &r); r.Sign() != 0 {
			return 0, false
		}
	} else {
		b.Mul(b, k)
	}
	return b.Int64(), b.IsInt64()
}

// decimalFloats writes the nearest doubles of a decimal column.
func decimalFloats(in *frame.Column, out []float64) {
	scale := in.Scale()
	if in.I64 != nil && scale >= 0 && int(scale) < len(pow10) {
		p := pow10[scale]
		for i, x := range in.I64[:len(out)] {
			out[i] = float64(x) / p
		}
		return
	}
	for i := range out {
		if in.I64 != nil {
			out[i] = decimal128.FromI64(in.I64[i]).ToFloat64(scale)
		} else {
			out[i] = in.D128[i].ToFloat64(scale)
		}
	}
}
