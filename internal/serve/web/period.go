package web

import (
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/phrase"
)

// periods are the presets of the period picker. They end with the last day of the data, not with
// today: yesterday's file is complete up to yesterday.
var periods = []string{"all", "7d", "30d", "90d", "month", "last-month", "year", "12m"}

func periodName(p phrase.Printer, id string) string {
	switch id {
	case "7d":
		return p.Pick("7 days", "近 7 天")
	case "30d":
		return p.Pick("30 days", "近 30 天")
	case "90d":
		return p.Pick("90 days", "近 90 天")
	case "month":
		return p.Pick("This month", "本月")
	case "last-month":
		return p.Pick("Last month", "上月")
	case "year":
		return p.Pick("This year", "今年")
	case "12m":
		return p.Pick("12 months", "近 12 个月")
	}
	return p.Pick("All", "全部")
}

// days is a run of days [from, end), in days since 1970.
type days struct{ from, end int64 }

func (d days) empty() bool { return d.from >= d.end }

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// dayOf is the day of a time in µs.
func dayOf(micros int64) int64 { return civil.FloorDiv(micros, dayMicros) }

func dateOf(day int64) time.Time { return phrase.Date(day) }

func dayNumber(t time.Time) int64 { return t.Unix() / 86400 }

// resolve returns the chosen days within the data's days; all is true when nothing bounds them.
func (s *state) resolve(data days) (chosen days, all bool) {
	if s.period == "all" || data.empty() {
		return data, true
	}
	last := dateOf(data.end - 1)
	month := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
	d := data
	switch s.period {
	case "7d":
		d.from = data.end - 7
	case "30d":
		d.from = data.end - 30
	case "90d":
		d.from = data.end - 90
	case "month":
		d.from = dayNumber(month)
	case "last-month":
		d.from, d.end = dayNumber(month.AddDate(0, -1, 0)), dayNumber(month)
	case "year":
		d.from = dayNumber(time.Date(last.Year(), 1, 1, 0, 0, 0, 0, time.UTC))
	case "12m":
		d.from = dayNumber(dateOf(data.end).AddDate(-1, 0, 0))
	case "custom":
		if t, err := time.Parse(time.DateOnly, s.start); err == nil {
			d.from = dayNumber(t)
		}
		if t, err := time.Parse(time.DateOnly, s.end); err == nil {
			d.end = dayNumber(t) + 1
		}
	}
	return d, false
}

// before returns the days to compare with; empty when none are wanted. It is as long as the part
// of the chosen days that the data reach: a month that is half over is compared with half a month.
func (s *state) before(chosen, data days) days {
	d := days{chosen.from, min(chosen.end, data.end)}
	if s.compare == "none" || s.period == "all" || d.empty() {
		return days{}
	}
	shift := func(years, months int) days {
		from := dayNumber(dateOf(d.from).AddDate(years, months, 0))
		return days{from, from + d.end - d.from}
	}
	switch {
	case s.compare == "year" || s.period == "year":
		return shift(-1, 0)
	case s.period == "last-month":
		return days{dayNumber(dateOf(d.from).AddDate(0, -1, 0)), d.from}
	case s.period == "month":
		out := shift(0, -1)
		out.end = min(out.end, d.from)
		return out
	}
	return days{d.from - (d.end - d.from), d.from}
}
