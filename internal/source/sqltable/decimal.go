package sqltable

import (
	"database/sql/driver"
	"math"
	"math/bits"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// decimal reads an exact number: text of MySQL, an integer or a double of SQLite.
func (f *field) decimal(i int, v driver.Value) {
	switch v := v.(type) {
	case []byte:
		f.digits(i, v)
	case string:
		f.digits(i, []byte(v))
	case int64:
		f.digits(i, strconv.AppendInt(nil, v, 10))
	case float64:
		f.double(i, v)
	default:
		f.b.SetBad(i)
	}
}

// double reads the decimal of at most 15 digits that a double stands for: SQLite has no other decimals. The last digits of a
// sum of doubles (0.1 + 0.2) are noise; more than that is no value of the declared type.
func (f *field) double(i int, v float64) {
	if f.scale <= 15 {
		pow := float64(pow10(f.scale))
		if k := math.Round(v * pow); math.Abs(k) < 1e15 && k/pow == v {
			f.set(i, decimal128.FromI64(int64(k)))
			return
		}
	}
	if v != v || math.IsInf(v, 0) {
		f.b.SetNull(i)
		return
	}
	f.digits(i, []byte(strconv.FormatFloat(mustParse(strconv.FormatFloat(v, 'g', 15, 64)), 'f', -1, 64)))
}

func mustParse(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64) // it was printed by FormatFloat
	return v
}

// digits reads [-]digits[.digits]. Digits after the scale must be zeros.
func (f *field) digits(i int, s []byte) {
	neg := len(s) > 0 && s[0] == '-'
	if neg || len(s) > 0 && s[0] == '+' {
		s = s[1:]
	}
	var hi, lo uint64
	point, after, n := false, int32(0), 0
	for _, c := range s {
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c-'0' > 9:
			f.b.SetBad(i)
			return
		}
		n++
		if point && after == f.scale {
			if c != '0' {
				f.b.SetBad(i)
				return
			}
			continue
		}
		if point {
			after++
		}
		if !times10(&hi, &lo, uint64(c-'0')) {
			f.b.SetBad(i)
			return
		}
	}
	ok := n > 0
	for ; after < f.scale && ok; after++ {
		ok = times10(&hi, &lo, 0)
	}
	if !ok || hi>>63 != 0 {
		f.b.SetBad(i)
		return
	}
	num := decimal128.New(int64(hi), lo)
	if neg {
		num = num.Negate()
	}
	f.set(i, num)
}

// times10 adds a digit behind a number of 128 bits.
func times10(hi, lo *uint64, digit uint64) bool {
	carry, l := bits.Mul64(*lo, 10)
	over, h := bits.Mul64(*hi, 10)
	l, c := bits.Add64(l, digit, 0)
	h, c2 := bits.Add64(h, carry, c)
	*hi, *lo = h, l
	return over == 0 && c2 == 0
}

// set stores an unscaled value; the first one beyond 64 bits makes the batch wide.
func (f *field) set(i int, n decimal128.Num) {
	if !n.FitsInPrecision(f.prec) {
		f.b.SetBad(i)
		return
	}
	small := n.HighBits() == int64(n.LowBits())>>63
	if !small && !f.isBig {
		f.isBig = true
		f.wide = frame.Grow(f.wide, frame.BatchRows)
		for k := range i {
			f.wide[k] = decimal128.FromI64(f.b.I64[k])
		}
	}
	f.b.I64[i] = int64(n.LowBits())
	if f.isBig {
		f.wide[i] = n
	}
}

func pow10(n int32) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
