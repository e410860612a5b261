package value

import (
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
)

// Layout is how dates and times are written in a column. The clock after the
// date is read leniently: 15:04, 15:04:05.999999, 3:04 PM, with T, a space or
// a comma between, with or without a zone.
type Layout struct {
	order   string // "ymd", "mdy", "dmy", "unix"
	sep     byte   // between the parts; 0 none, 'C' Chinese characters, 'n' a month name
	year2   bool   // years of two digits
	unit    int64  // "unix": microseconds a unit
	goWords string // stated layout that only package time understands
}

// The layouts tried on a value, the most usual first. Where month and day could
// be exchanged both are tried and evidence decides.
var layouts = []*Layout{
	{order: "ymd", sep: '-'}, {order: "ymd", sep: '/'}, {order: "ymd", sep: '.'}, {order: "ymd", sep: 'C'},
	{order: "ymd"},
	{order: "mdy", sep: '/'}, {order: "dmy", sep: '/'}, {order: "dmy", sep: '.'}, {order: "mdy", sep: '.'},
	{order: "dmy", sep: '-'}, {order: "mdy", sep: '-'},
	{order: "mdy", sep: '/', year2: true}, {order: "dmy", sep: '/', year2: true},
	{order: "dmy", sep: '.', year2: true}, {order: "mdy", sep: '.', year2: true},
	{order: "dmy", sep: '-', year2: true}, {order: "mdy", sep: '-', year2: true},
	{order: "dmy", sep: 'n'}, {order: "mdy", sep: 'n'},
}

// twin returns the layout with day and month exchanged, or nil.
func (l *Layout) twin() *Layout {
	want := ""
	switch l.order {
	case "mdy":
		want = "dmy"
	case "dmy":
		want = "mdy"
	}
	if want == "" || l.sep == 'n' {
		return nil
	}
	for _, o := range layouts {
		if o.order == want && o.sep == l.sep && o.year2 == l.year2 {
			return o
		}
	}
	return nil
}

// iso reports whether the layout is the one with the fast path.
func (l *Layout) iso() bool { return l.order == "ymd" && l.sep == '-' && l.goWords == "" }

// String returns the layout of the date part in Go's reference form, with a
// clock when withClock is set.
func (l *Layout) String(withClock bool) string {
	if l.goWords != "" {
		return l.goWords
	}
	if l.order == "unix" {
		return map[int64]string{1e6: "unix", 1e3: "unixms", 1: "unixus"}[l.unit]
	}
	year := "2006"
	if l.year2 {
		year = "06"
	}
	clock := ""
	if withClock {
		clock = " 15:04:05"
	}
	switch {
	case l.sep == 0:
		return "20060102" + strings.ReplaceAll(strings.TrimSpace(clock), ":", "")
	case l.sep == 'C':
		return "2006年1月2日" + clock
	case l.sep == 'n' && l.order == "dmy":
		return "2 Jan 2006" + clock
	case l.sep == 'n':
		return "Jan 2, 2006" + clock
	}
	s := string(l.sep)
	switch l.order {
	case "ymd":
		return "2006" + s + "01" + s + "02" + clock
	case "mdy":
		return "1" + s + "2" + s + year + clock
	}
	return "2" + s + "1" + s + year + clock
}

// StatedLayout turns a layout that a user stated into one to read by. It takes
// Go's reference form and unix, unixms, unixus (seconds, milliseconds and
// microseconds since 1970). Known forms of dates are read fast and with any
// clock after them; others exactly as package time reads them.
func StatedLayout(s string) *Layout {
	switch s {
	case "unix":
		return &Layout{order: "unix", unit: 1e6}
	case "unixms":
		return &Layout{order: "unix", unit: 1e3}
	case "unixus":
		return &Layout{order: "unix", unit: 1}
	}
	date, _, _ := strings.Cut(strings.ReplaceAll(s, "T", " "), " ")
	for _, l := range layouts {
		if l.sep == 'n' || l.sep == 0 {
			continue
		}
		year := "2006"
		if l.year2 {
			year = "06"
		}
		if l.sep == 'C' {
			if date == "2006年1月2日" || date == "2006年01月02日" {
				return l
			}
			continue
		}
		for _, md := range [][2]string{{"01", "02"}, {"1", "2"}} {
			parts := map[byte]string{'y': year, 'm': md[0], 'd': md[1]}
			t := parts[l.order[0]] + string(l.sep) + parts[l.order[1]] + string(l.sep) + parts[l.order[2]]
			if date == t {
				return l
			}
		}
	}
	if s == "20060102" || s == "20060102150405" {
		return layouts[4]
	}
	return &Layout{goWords: s}
}

// Instant is a parsed date or time.
type Instant struct {
	Micros int64 // since 1970-01-01 00:00, in UTC when Zone, else wall time
	Clock  bool  // a time of day was given
	Zone   bool  // an offset was given and applied
}

// Parse reads one value, without spaces around it.
func (l *Layout) Parse(s []byte) (Instant, bool) {
	if l.goWords != "" {
		return l.parseGo(s)
	}
	if l.order == "unix" {
		return l.parseUnix(s)
	}
	y, m, d, rest, ok := l.date(s)
	if !ok || m < 1 || m > 12 || d < 1 || d > 31 || d > daysIn(y, m) || y < 1 {
		return Instant{}, false
	}
	in := Instant{Micros: civil.Days(int64(y), int64(m), int64(d)) * dayMicros}
	if len(rest) == 0 {
		return in, true
	}
	us, off, zone, ok := clock(rest, l.sep == 0)
	if !ok {
		return Instant{}, false
	}
	in.Micros += us - off
	in.Clock, in.Zone = true, zone
	return in, true
}

const dayMicros = 86400 * 1e6

func (l *Layout) parseGo(s []byte) (Instant, bool) {
	t, err := time.Parse(l.goWords, string(s))
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return Instant{}, false
	}
	zone := strings.Contains(l.goWords, "Z07") || strings.Contains(l.goWords, "-07") || strings.Contains(l.goWords, "MST")
	return Instant{Micros: t.UnixMicro(), Clock: strings.Contains(l.goWords, "4"), Zone: zone}, true
}

// unixMax is the first second of the year 10000.
const unixMax = 253402300800

func (l *Layout) parseUnix(s []byte) (Instant, bool) {
	if v, ok := ParseWhole(s); ok {
		if lim := unixMax * (1e6 / l.unit); v >= lim || v <= -lim {
			return Instant{}, false
		}
		return Instant{Micros: v * l.unit, Clock: true, Zone: true}, true
	}
	f, ok := ParseFloat(s)
	if !ok || !(f*float64(l.unit) < unixMax*1e6 && f*float64(l.unit) > -unixMax*1e6) {
		return Instant{}, false
	}
	return Instant{Micros: int64(f * float64(l.unit)), Clock: true, Zone: true}, true
}

// date reads the date part and returns what follows it.
func (l *Layout) date(s []byte) (y, m, d int, rest []byte, ok bool) {
	if l.sep == 'n' {
		return namedDate(s, l.order)
	}
	if l.sep == 0 {
		if len(s) < 8 || len(s) > 8 && len(s) != 14 && s[8] != ' ' && s[8] != 'T' && s[8] != '_' {
			return
		}
		y, m, d = num(s[:4]), num(s[4:6]), num(s[6:8])
		return y, m, d, s[8:], y >= 1000 && m >= 0 && d >= 0
	}
	var v [3]int
	for k := range 3 {
		i, x := 0, 0
		for i < len(s) && i < 4 && s[i]-'0' <= 9 {
			x = x*10 + int(s[i]-'0')
			i++
		}
		if l.order[k] == 'y' {
			if l.year2 && i != 2 || !l.year2 && i != 4 {
				return
			}
			if l.year2 {
				x += 1900
				if x < 1969 { // the window that package time and POSIX use
					x += 100
				}
			}
			y = x
		} else if i < 1 || i > 2 {
			return
		}
		v[k] = x
		s = s[i:]
		switch {
		case l.sep == 'C':
			mark := [...]string{"年", "月", "日"}[k]
			if len(s) < 3 || string(s[:3]) != mark {
				if k == 2 && len(s) >= 3 && string(s[:3]) == "号" {
					s = s[3:]
					break
				}
				return
			}
			s = s[3:]
		case k < 2:
			if len(s) == 0 || s[0] != l.sep {
				return
			}
			s = s[1:]
		case len(s) > 0 && s[0]-'0' <= 9:
			return
		}
	}
	switch l.order {
	case "ymd":
		m, d = v[1], v[2]
	case "mdy":
		m, d = v[0], v[1]
	default:
		d, m = v[0], v[1]
	}
	return y, m, d, s, true
}

// num reads ASCII digits; -1 when there is something else.
func num(s []byte) int {
	x := 0
	for _, c := range s {
		if c-'0' > 9 {
			return -1
		}
		x = x*10 + int(c-'0')
	}
	return x
}

var months = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// namedDate reads 2 Jan 2006, 02-Jan-06, Jan 2, 2006 and January 2 2006, with
// a weekday before it or not.
func namedDate(s []byte, order string) (y, m, d int, rest []byte, ok bool) {
	word := func() []byte {
		for len(s) > 0 && (s[0] == ' ' || s[0] == '-' || s[0] == ',' || s[0] == '/' || s[0] == '.') {
			s = s[1:]
		}
		i := 0
		for i < len(s) && (s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i]-'0' <= 9) {
			i++
		}
		w := s[:i]
		s = s[i:]
		return w
	}
	first := word()
	if len(first) >= 3 && (first[0] > '9') && monthOf(first) == 0 { // a weekday
		first = word()
	}
	second, third := word(), word()
	if order == "dmy" {
		d, m = day(first), monthOf(second)
	} else {
		m, d = monthOf(first), day(second)
	}
	y = num(third)
	switch {
	case m == 0 || d <= 0 || y < 0 || len(third) != 4 && len(third) != 2:
		return
	case len(third) == 2:
		if y += 1900; y < 1969 {
			y += 100
		}
	}
	return y, m, d, s, true
}

func day(w []byte) int {
	if len(w) < 1 || len(w) > 2 {
		return -1
	}
	return num(w)
}

func monthOf(w []byte) int {
	if len(w) < 3 || w[0] <= '9' {
		return 0
	}
	for i, name := range months {
		if len(w) <= len(name) && foldEqual(w, name[:len(w)]) && (len(w) == 3 || len(w) == len(name) || i == 8 && len(w) == 4) {
			return i + 1
		}
	}
	return 0
}

var monthDays = [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(y, m int) int {
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		return 29
	}
	return monthDays[m-1]
}
