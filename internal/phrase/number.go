package phrase

import (
	"math"
	"strconv"
	"strings"
)

const (
	nbsp   = "\u00a0"
	narrow = "\u202f" // between a number and its percent sign in English
	minus  = "\u2212"
)

// MoneyScale is the number of units of exact money in one unit of currency.
const MoneyScale = 10_000

// group puts commas between groups of three digits.
func group(digits string) string {
	n := len(digits)
	if n <= 3 {
		return digits
	}
	var b strings.Builder
	for i := range n {
		if i > 0 && (n-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Decimal writes v with a fixed number of decimals and grouped digits, and a
// true minus sign. A value that rounds to zero has no sign.
func Decimal(v float64, decimals int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, frac, _ := strings.Cut(s, ".")
	s = group(whole)
	if frac != "" {
		s += "." + frac
	}
	if v < 0 && strings.Trim(s, "0.,") != "" {
		s = minus + s
	}
	return s
}

// Count writes an integer with grouped digits.
func (p Printer) Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	if rest, neg := strings.CutPrefix(s, "-"); neg {
		return minus + group(rest)
	}
	return group(s)
}

// Money writes exact money with two decimals: "£612,430.15". It rounds half away from zero.
func (p Printer) Money(m int64) string {
	neg := m < 0
	u := uint64(m)
	if neg {
		u = -u
	}
	cents := (u + 50) / 100
	s := p.Sign() + group(strconv.FormatUint(cents/100, 10)) + "." + pad2(cents%100)
	if neg && cents > 0 {
		s = minus + s
	}
	return s
}

// MoneyWords writes money for a sentence: without decimals from 1,000 on.
func (p Printer) MoneyWords(m int64) string {
	if a := math.Abs(float64(m)); a < 1000*MoneyScale {
		return p.Money(m)
	}
	return p.signed(m < 0, Decimal(math.Abs(float64(m))/MoneyScale, 0))
}

// MoneyShort writes money with at most three significant digits: "£612K", "£61.2万".
func (p Printer) MoneyShort(m int64) string {
	v := float64(m) / MoneyScale
	return p.signed(v < 0, p.short(math.Abs(v), true))
}

// CountShort writes a count with at most three significant digits.
func (p Printer) CountShort(n int64) string {
	s := p.short(math.Abs(float64(n)), false)
	if n < 0 {
		s = minus + s
	}
	return s
}

func (p Printer) signed(neg bool, s string) string {
	s = p.Sign() + s
	if neg {
		s = minus + s
	}
	return s
}

// scaleStep is a unit of large numbers.
type scaleStep struct {
	from float64
	name string
}

var (
	stepsEN = []scaleStep{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}}
	stepsZH = []scaleStep{{1e12, "万亿"}, {1e8, "亿"}, {1e4, "万"}, {1e3, "千"}}
)

// short writes v ≥ 0 with three significant digits; money below one unit
// keeps two decimals, counts are whole.
func (p Printer) short(v float64, money bool) string {
	steps := stepsEN
	if p.ZH() {
		steps = stepsZH
	}
	r := round3(v)
	for _, s := range steps {
		if s.from == 1e3 && p.ZH() && r == v {
			break // 千 tells that digits are left out; here none are
		}
		if r >= s.from {
			return significant(r/s.from) + s.name
		}
	}
	switch {
	case r == 0:
		return "0"
	case r >= 1000 || !money && r == math.Trunc(r):
		return Decimal(r, 0)
	case money && r < 100:
		return Decimal(v, 2)
	}
	return significant(r)
}

// round3 rounds to three significant digits, half away from zero.
func round3(v float64) float64 {
	if v == 0 {
		return 0
	}
	e := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	if e < 1 { // dividing by the inverse keeps 6.12 exact enough to print
		inv := math.Round(1 / e)
		return math.Round(v*inv) / inv
	}
	return math.Round(v/e) * e
}

// significant writes a value of three significant digits without trailing zeros.
func significant(v float64) string {
	d := 2
	switch {
	case v >= 100:
		d = 0
	case v >= 10:
		d = 1
	}
	s := Decimal(v, d)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func pad2(n uint64) string {
	if n < 10 {
		return "0" + strconv.FormatUint(n, 10)
	}
	return strconv.FormatUint(n, 10)
}

// Percent writes a share of one: one decimal below 10 %, none from there on;
// "<0.1 %" for what would show as nothing.
func (p Printer) Percent(r float64) string {
	v := r * 100
	a := math.Abs(v)
	switch {
	case math.IsNaN(r) || math.IsInf(r, 0):
		return "–"
	case v > 0 && v < 0.05:
		return "<0.1" + p.pct()
	case v < 0 && v > -0.05:
		return ">" + minus + "0.1" + p.pct()
	case a == 0:
		return "0" + p.pct()
	case a < 9.95:
		return Decimal(v, 1) + p.pct()
	case a < 100 && a >= 99.5: // never "100 %" of what is not all
		return Decimal(math.Trunc(v*10)/10, 1) + p.pct()
	}
	return Decimal(v, 0) + p.pct()
}

// PercentFull writes a share with two decimals, for hover and tables.
func (p Printer) PercentFull(r float64) string {
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return "–"
	}
	return Decimal(r*100, 2) + p.pct()
}

func (p Printer) pct() string {
	if p.ZH() {
		return "%"
	}
	return narrow + "%"
}

// Signed puts "+" before a text of a positive value.
func Signed(v float64, s string) string {
	if v > 0 {
		return "+" + s
	}
	return s
}

// Points writes a difference of two shares in percent points: "+1.2 points".
func (p Printer) Points(d float64) string {
	s := Decimal(d*100, 1)
	if d > 0 && strings.Trim(s, "0.") != "" {
		s = "+" + s
	}
	return s + p.Pick(nbsp+"points", nbsp+"个百分点")
}

// InTen writes a share as "9 in 10" between 0.05 and 0.95, else in words.
func (p Printer) InTen(share float64) string {
	n := int(math.Round(share * 10))
	switch {
	case share >= 0.95:
		return p.Pick("almost all", "几乎全部")
	case n == 5:
		return p.Pick("half", "一半")
	case n <= 0:
		return p.Pick("hardly any", "几乎没有")
	}
	return p.Pick(strconv.Itoa(n)+" in 10", " "+strconv.Itoa(n)+" 成")
}

// small are the words of small counts in running text.
var small = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// Small writes small counts as words in English.
func (p Printer) Small(n int) string {
	if n >= 0 && n < len(small) && !p.ZH() {
		return small[n]
	}
	return p.Count(int64(n))
}

// Plural returns one or many by n.
func Plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
