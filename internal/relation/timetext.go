package relation

import (
	"bytes"
	"math"
	"strings"
	"time"
	"unsafe"

	"github.com/ecomctl/ecomctl/internal/civil"
)

// Words that Column.Layout accepts beside Go reference layouts. They state the
// order of day, month and year, or the unit of a number.
const (
	LayoutMDY    = "mdy" // 12/31/2010 23:59, also with two-digit years and AM/PM
	LayoutDMY    = "dmy" // 31/12/2010 23:59
	LayoutYMD    = "yyyymmdd"
	LayoutUnix   = "unix"   // seconds since 1970, UTC
	LayoutUnixMs = "unixms" // milliseconds
	LayoutUnixUs = "unixus" // microseconds
	LayoutUnixNs = "unixns" // nanoseconds
)

// timeParser reads times in text into µs of wall time. Without a layout it
// reads ISO 8601 and its relatives (2010-12-01 08:26:00.123+08:00,
// 2010/12/1 8:26, 20101201, 2010年12月1日, 1.12.2010, 1-Dec-2010) and Unix times in digits.
// Day and month in slashed dates need LayoutMDY or LayoutDMY.
type timeParser struct {
	layout string
	zone   *zone
}

// parse reads one text.
func (p *timeParser) parse(s []byte) (int64, status) {
	s = bytes.TrimSpace(s)
	if isBlank(s) {
		return 0, absent
	}
	switch p.layout {
	case "", LayoutMDY, LayoutDMY, LayoutYMD:
		return p.recognised(s)
	case LayoutUnix, LayoutUnixMs, LayoutUnixUs, LayoutUnixNs:
		x, st := parseWhole(s)
		if st != fine {
			return 0, st
		}
		t, ok := numberTime(x, p.layout, p.zone)
		return t, okStatus(ok)
	}
	t, err := time.Parse(p.layout, unsafe.String(unsafe.SliceData(s), len(s)))
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return 0, bad
	}
	if strings.Contains(p.layout, "Z07") || strings.Contains(p.layout, "-07") {
		return p.zone.wall(t.UnixMicro()), fine
	}
	return wallOf(t), fine
}

// okStatus is fine or bad.
func okStatus(ok bool) status {
	if ok {
		return fine
	}
	return bad
}

// wallOf drops the zone of t and keeps its clock.
func wallOf(t time.Time) int64 {
	_, off := t.Zone()
	return t.UnixMicro() + int64(off)*1e6
}

// scan is a cursor over a text.
type scan struct {
	s []byte
	i int
}

// digits reads at most most digits and tells how many there were.
func (c *scan) digits(most int) (v, n int) {
	for c.i < len(c.s) && n < most && c.s[c.i]-'0' <= 9 {
		v = v*10 + int(c.s[c.i]-'0')
		c.i++
		n++
	}
	return v, n
}

// eat skips b if it is next.
func (c *scan) eat(b string) bool {
	if len(c.s)-c.i >= len(b) && string(c.s[c.i:c.i+len(b)]) == b {
		c.i += len(b)
		return true
	}
	return false
}

// spaces skips blanks.
func (c *scan) spaces() {
	for c.i < len(c.s) && c.s[c.i] == ' ' {
		c.i++
	}
}

// recognised reads a date, and after it an optional time and zone.
func (p *timeParser) recognised(s []byte) (int64, status) {
	c := scan{s: s}
	y, m, d, ok := p.date(&c)
	if !ok {
		return p.number(s)
	}
	if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, bad
	}
	t := civil.Days(int64(y), int64(m), int64(d)) * dayMicros
	if c.i == len(c.s) {
		return t, fine
	}
	if !c.eat("T") && !c.eat("t") && !c.eat(" ") && c.s[c.i]-'0' > 9 {
		return 0, bad
	}
	c.spaces()
	clock, ok := c.clock()
	if !ok {
		return 0, bad
	}
	t += clock
	c.spaces()
	if c.i == len(c.s) {
		return t, fine
	}
	off, ok := c.offset()
	if !ok || c.i != len(c.s) {
		return 0, bad
	}
	return p.zone.wall(t - off), fine
}

// number reads digits alone: yyyymmdd, yyyymmddhhmmss or a Unix time.
func (p *timeParser) number(s []byte) (int64, status) {
	x, st := parseWhole(s)
	if st != fine {
		return 0, bad
	}
	t, ok := numberTime(x, "", p.zone)
	return t, okStatus(ok)
}

// date reads the date at the cursor; ok is false when its form is not known.
func (p *timeParser) date(c *scan) (y, m, d int, ok bool) {
	a, n := c.digits(8)
	switch {
	case n == 8:
		if c.i < len(c.s) && c.s[c.i]-'0' <= 9 && len(c.s) != 14 {
			return 0, 0, 0, false // a longer number
		}
		if c.i == len(c.s) || c.s[c.i] == ' ' || c.s[c.i] == 'T' || len(c.s) == 14 {
			return a / 10000, a / 100 % 100, a % 100, a/10000 >= 1000
		}
		return 0, 0, 0, false
	case n == 4:
		return yearFirst(c, a)
	case n == 1 || n == 2:
		return p.yearLast(c, a)
	}
	return 0, 0, 0, false
}

// yearFirst reads -mm-dd after the year, with -, /, . or 年 月 日.
func yearFirst(c *scan, y int) (int, int, int, bool) {
	han := c.eat("年")
	sep := byte(0)
	if !han {
		if c.i >= len(c.s) {
			return 0, 0, 0, false
		}
		sep = c.s[c.i]
		if sep != '-' && sep != '/' && sep != '.' {
			return 0, 0, 0, false
		}
		c.i++
	}
	m, n := c.digits(2)
	if n == 0 {
		return 0, 0, 0, false
	}
	if han {
		if !c.eat("月") {
			return 0, 0, 0, false
		}
	} else if c.i >= len(c.s) || c.s[c.i] != sep {
		return 0, 0, 0, false
	} else {
		c.i++
	}
	d, n := c.digits(2)
	if n == 0 || (han && !c.eat("日")) {
		return 0, 0, 0, false
	}
	return y, m, d, true
}

// yearLast reads dates that end in their year.
func (p *timeParser) yearLast(c *scan, a int) (y, m, d int, ok bool) {
	if c.i >= len(c.s) {
		return 0, 0, 0, false
	}
	sep := c.s[c.i]
	c.i++
	if (sep == '-' || sep == ' ' || sep == '/') && c.i+3 <= len(c.s) {
		if mon := monthName(c.s[c.i : c.i+3]); mon > 0 {
			c.i += 3
			if c.i >= len(c.s) || c.s[c.i] != sep {
				return 0, 0, 0, false
			}
			c.i++
			y, ok = c.year()
			return y, mon, a, ok
		}
	}
	dmy := p.layout == LayoutDMY || (p.layout == "" && sep == '.')
	if (sep != '/' && sep != '-' && sep != '.') || (!dmy && p.layout != LayoutMDY) {
		return 0, 0, 0, false
	}
	b, n := c.digits(2)
	if n == 0 || c.i >= len(c.s) || c.s[c.i] != sep {
		return 0, 0, 0, false
	}
	c.i++
	if y, ok = c.year(); !ok {
		return 0, 0, 0, false
	}
	if dmy {
		return y, b, a, true
	}
	return y, a, b, true
}

// year reads four digits, or two: 69–99 are 1969–1999, 00–68 are 2000–2068 (POSIX).
func (c *scan) year() (int, bool) {
	y, n := c.digits(4)
	switch {
	case n == 4:
		return y, true
	case n == 2 && y >= 69:
		return 1900 + y, true
	case n == 2:
		return 2000 + y, true
	}
	return 0, false
}

// monthName returns 1–12 for the English abbreviation of a month, else 0.
func monthName(s []byte) int {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	var low [3]byte
	for i := range low {
		low[i] = s[i] | 0x20
	}
	i := strings.Index(names, string(low[:]))
	if i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

// clock reads h:mm[:ss[.f]] [AM|PM] or hhmmss, or 时 分 秒, in µs.
func (c *scan) clock() (int64, bool) {
	h, n := c.digits(6)
	m, s, us := 0, 0, 0
	switch {
	case n == 6:
		h, m, s = h/10000, h/100%100, h%100
	case n == 1 || n == 2:
		if !c.eat(":") && !c.eat("时") {
			return 0, false
		}
		if m, n = c.digits(2); n == 0 {
			return 0, false
		}
		c.eat("分")
		if c.eat(":") || (c.i < len(c.s) && c.s[c.i]-'0' <= 9) {
			if s, n = c.digits(2); n == 0 {
				return 0, false
			}
			c.eat("秒")
		}
	default:
		return 0, false
	}
	if c.eat(".") || c.eat(",") {
		f, n := c.digits(6)
		if n == 0 {
			return 0, false
		}
		for ; n < 6; n++ {
			f *= 10
		}
		us = f
		c.digits(12) // beyond microseconds
	}
	if !c.half(&h) || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return int64(h)*3600e6 + int64(m)*60e6 + int64(s)*1e6 + int64(us), true
}

// half reads AM or PM and moves the hour.
func (c *scan) half(h *int) bool {
	j := c.i
	for j < len(c.s) && c.s[j] == ' ' {
		j++
	}
	if len(c.s)-j < 2 || c.s[j+1]|0x20 != 'm' || (c.s[j]|0x20 != 'a' && c.s[j]|0x20 != 'p') {
		return true
	}
	if *h < 1 || *h > 12 {
		return false
	}
	*h %= 12
	if c.s[j]|0x20 == 'p' {
		*h += 12
	}
	c.i = j + 2
	return true
}

// offset reads Z, UTC, GMT or ±hh[:mm], in µs east of UTC.
func (c *scan) offset() (int64, bool) {
	if c.eat("Z") || c.eat("z") || c.eat("UTC") || c.eat("GMT") {
		return 0, true
	}
	sign := int64(1)
	if c.eat("-") {
		sign = -1
	} else if !c.eat("+") {
		return 0, false
	}
	h, n := c.digits(2)
	if n != 2 || h > 18 {
		return 0, false
	}
	c.eat(":")
	m, n := c.digits(2)
	if n == 1 || m > 59 {
		return 0, false
	}
	return sign * (int64(h)*3600e6 + int64(m)*60e6), true
}

// numberTime reads an integer as a time: by the stated unit, or yyyymmdd,
// yyyymmddhhmmss and Unix times by magnitude. Unix times are instants.
func numberTime(x int64, layout string, z *zone) (int64, bool) {
	switch layout {
	case LayoutYMD:
		return compactDate(x)
	case LayoutUnix:
		return scaleInstant(x, 1_000_000, z)
	case LayoutUnixMs:
		return scaleInstant(x, 1000, z)
	case LayoutUnixUs:
		return z.wall(x), true
	case LayoutUnixNs:
		return z.wall(civil.FloorDiv(x, 1000)), true
	}
	switch {
	case x >= 1900_00_00 && x <= 2199_99_99:
		return compactDate(x)
	case x >= 1900_00_00_000000 && x <= 2199_12_31_235959:
		t, ok := compactDate(x / 1_000_000)
		h, m, s := x/10000%100, x/100%100, x%100
		return t + h*3600e6 + m*60e6 + s*1e6, ok && h < 24 && m < 60 && s < 60
	case x >= 1e8 && x < 1e11:
		return scaleInstant(x, 1_000_000, z)
	case x >= 1e11 && x < 1e14:
		return scaleInstant(x, 1000, z)
	case x >= 1e14 && x < 1e17:
		return z.wall(x), true
	case x >= 1e17:
		return z.wall(x / 1000), true
	}
	return 0, false
}

// scaleInstant returns the wall time of x units of k µs.
func scaleInstant(x, k int64, z *zone) (int64, bool) {
	if x > math.MaxInt64/k || x < math.MinInt64/k {
		return 0, false
	}
	return z.wall(x * k), true
}

// compactDate reads yyyymmdd.
func compactDate(x int64) (int64, bool) {
	y, m, d := int(x/10000), int(x/100%100), int(x%100)
	if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return civil.Days(int64(y), int64(m), int64(d)) * dayMicros, true
}

// monthDays returns the length of a month of the Gregorian calendar.
func monthDays(y, m int) int {
	if m == 2 {
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (m+m>>3)&1
}
