package holiday

import (
	"time"

	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
)

// The days of the year (1 = 1 January) of three lunar dates from firstLunar on, made with PyPI's lunardate
// and equal to those of PyPI's holidays from 2008 on.
const firstLunar = 2000

var (
	// newYear is day 1 of month 1.
	newYear = [...]int{36, 24, 43, 32, 22, 40, 29, 49, 38, 26, 45, 34, 23, 41, 31, 50, 39, 28, 47, 36, 25, 43, 32, 22, 41, 29,
		48, 37, 26, 44, 34, 23, 42, 31, 50, 39, 28, 46, 35, 24, 43, 32, 22, 41, 30, 48, 37, 26, 45, 33, 23}
	// dragonBoat is day 5 of month 5.
	dragonBoat = [...]int{158, 176, 166, 155, 174, 162, 151, 170, 160, 148, 167, 157, 175, 163, 153, 171, 161, 150, 169, 158, 177, 165, 154, 173, 162, 151,
		170, 160, 149, 167, 156, 175, 164, 152, 171, 161, 151, 169, 158, 147, 166, 154, 173, 162, 152, 170, 159, 149, 167, 155, 174}
	// midAutumn is day 15 of month 8.
	midAutumn = [...]int{256, 274, 264, 254, 272, 261, 279, 268, 258, 276, 265, 255, 274, 262, 251, 270, 259, 277, 267, 256, 275, 264, 253, 272, 261, 279,
		268, 258, 277, 265, 255, 274, 263, 251, 270, 259, 278, 267, 256, 275, 264, 253, 271, 260, 279, 268, 258, 277, 266, 254, 273}
)

// lunar is the event of a table in a year; false beyond the table.
func lunar(name string, table []int, year, before, after int) (calendar.Event, bool) {
	i := year - firstLunar
	if i < 0 || i >= len(table) {
		return calendar.Event{}, false
	}
	day := dayOf(time.Date(year, time.January, table[i], 0, 0, 0, 0, time.UTC))
	return calendar.Event{Name: name, Day: day, Before: before, After: after}, true
}

// chinese are the public holidays of China in a year. The days that the government swaps with weekends
// every year are not among them: an --events-file can name them.
func chinese(year int) []calendar.Event {
	on := func(name string, m time.Month, d, before, after int) calendar.Event {
		return calendar.Event{Name: name, Day: dayOf(time.Date(year, m, d, 0, 0, 0, 0, time.UTC)), Before: before, After: after}
	}
	events := []calendar.Event{
		on("元旦", time.January, 1, 1, 1),
		on("劳动节", time.May, 1, 1, 4),
		on("国庆节", time.October, 1, 1, 6),
	}
	for _, l := range []struct {
		name          string
		table         []int
		before, after int
	}{{"春节", newYear[:], 10, 14}, {"端午节", dragonBoat[:], 1, 1}, {"中秋节", midAutumn[:], 1, 1}} {
		if e, ok := lunar(l.name, l.table, year, l.before, l.after); ok {
			events = append(events, e)
		}
	}
	return events
}
