package phrase

import (
	"fmt"
	"time"
)

// Cut is the length of a period.
type Cut uint8

// The cuts of headline periods.
const (
	Day Cut = iota
	Week
	Month
)

// Period is a run of days [Start, End), in days since 1970-01-01.
type Period struct {
	Cut        Cut
	Start, End int64
}

// Date converts days since 1970-01-01 to a UTC time.
func Date(days int64) time.Time { return time.Unix(days*86400, 0).UTC() }

// PeriodOf returns the period of a cut that holds a day. Weeks start on Monday.
func PeriodOf(c Cut, day int64) Period {
	t := Date(day)
	switch c {
	case Week:
		start := day - int64((int(t.Weekday())+6)%7)
		return Period{c, start, start + 7}
	case Month:
		first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		return Period{c, first.Unix() / 86400, first.AddDate(0, 1, 0).Unix() / 86400}
	}
	return Period{c, day, day + 1}
}

// Prev returns the period before.
func (q Period) Prev() Period { return PeriodOf(q.Cut, q.Start-1) }

// Next returns the period after.
func (q Period) Next() Period { return PeriodOf(q.Cut, q.End) }

// Day writes a date: "9 Dec 2011", "2011年12月9日".
func (p Printer) Day(day int64) string {
	return Date(day).Format(p.Pick("2 Jan 2006", "2006年1月2日"))
}

// DayLong adds the weekday: "Fri 9 Dec 2011", "2011年12月9日 周五".
func (p Printer) DayLong(day int64) string {
	t := Date(day)
	if p.ZH() {
		return t.Format("2006年1月2日 ") + p.Weekday(int(t.Weekday()+6)%7+1)
	}
	return t.Format("Mon 2 Jan 2006")
}

var weekdayEN = [...]string{"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
var weekdayLong = [...]string{"", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
var weekdayZH = [...]string{"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"}

// Weekday writes 1 (Monday) – 7 short.
func (p Printer) Weekday(n int) string { return p.Pick(weekdayEN[n], weekdayZH[n]) }

// WeekdayLong writes 1 (Monday) – 7 for a sentence.
func (p Printer) WeekdayLong(n int) string { return p.Pick(weekdayLong[n], weekdayZH[n]) }

// MonthName writes 1–12 for a calendar month of any year.
func (p Printer) MonthName(n int) string {
	return p.Pick(time.Month(n).String()[:3], fmt.Sprintf("%d月", n))
}

// MonthYear writes the month of a day: "Nov 2011", "2011年11月".
func (p Printer) MonthYear(day int64) string {
	return Date(day).Format(p.Pick("Jan 2006", "2006年1月"))
}

// Span writes the days [start, end) as "28 Nov – 4 Dec 2011".
func (p Printer) Span(start, end int64) string {
	a, b := Date(start), Date(end-1)
	if start == end-1 {
		return p.Day(start)
	}
	if p.ZH() {
		layout := "2006年1月2日"
		switch {
		case a.Year() == b.Year() && a.Month() == b.Month():
			layout = "2日"
		case a.Year() == b.Year():
			layout = "1月2日"
		}
		return a.Format("2006年1月2日") + "至" + b.Format(layout)
	}
	layout := "2 Jan 2006"
	switch {
	case a.Year() == b.Year() && a.Month() == b.Month():
		layout = "2"
	case a.Year() == b.Year():
		layout = "2 Jan"
	}
	dash := "–"
	if layout != "2" {
		dash = " – "
	}
	return a.Format(layout) + dash + b.Format("2 Jan 2006")
}

// Period writes a period for a sentence: "week 48 (28 Nov – 4 Dec 2011)",
// "November 2011", "Friday, 9 December 2011".
func (p Printer) Period(q Period) string {
	switch q.Cut {
	case Week:
		return p.PeriodShort(q) + p.Pick(" (", "（") + p.Span(q.Start, q.End) + p.Pick(")", "）")
	case Month:
		return Date(q.Start).Format(p.Pick("January 2006", "2006年1月"))
	}
	return Date(q.Start).Format(p.Pick("Monday, 2 January 2006", "2006年1月2日"))
}

// PeriodShort writes a period for a label: "week 48", "Nov 2011", "9 Dec".
func (p Printer) PeriodShort(q Period) string {
	t := Date(q.Start)
	switch q.Cut {
	case Week:
		_, w := t.ISOWeek()
		return p.Pick(fmt.Sprintf("week %d", w), fmt.Sprintf("第%d周", w))
	case Month:
		return p.MonthYear(q.Start)
	}
	return t.Format(p.Pick("2 Jan", "1月2日"))
}

// PeriodUnit names the length of a period: "week", "周".
func (p Printer) PeriodUnit(c Cut) string { return p.unit(c) }

// AxisDay writes a period for the axis of a line: "Jan" with the year in
// January and "2 Jan" within a month.
func (p Printer) AxisDay(q Period) string {
	t := Date(q.Start)
	first := t.Day() == 1 || q.Cut == Week && t.Day() <= 7
	switch {
	case first && t.Month() == time.January:
		return t.Format(p.Pick("Jan\n2006", "1月\n2006年"))
	case first:
		return t.Format(p.Pick("Jan", "1月"))
	}
	return t.Format(p.Pick("2 Jan", "1月2日"))
}

// AxisMonth writes a month for an axis, with the year in January and where
// the axis starts.
func (p Printer) AxisMonth(q Period, start bool) string {
	t := Date(q.Start)
	if start || t.Month() == time.January {
		return t.Format(p.Pick("Jan\n2006", "1月\n2006年"))
	}
	return t.Format(p.Pick("Jan", "1月"))
}
