package generate

import (
	"math"
	"math/bits"
	"sort"
	"time"
)

// calendar tells which orders fall on which day. Weights are quantised to
// integers, so that a last-bit difference of sin between machines changes nothing.
type calendar struct {
	cum      []uint64 // cum[d] = weight of the days before d; len = days + 1
	start    []int64  // µs of each day's midnight
	campaign []bool
	factor   []int64 // price level of the day, per mille
	known    []int64 // customers that have signed up until the day, out of 2³⁰
}

// weekdayWeight runs from Sunday: evenings of work and weekends sell more.
var weekdayWeight = [7]float64{1.16, 0.95, 0.93, 0.95, 1.0, 1.08, 1.22}

// hourCum is the share of a day's orders placed before each hour, of 65,536:
// almost none at night, a bump at noon, most in the evening.
var hourCum = func() (cum [25]uint64) {
	w := [24]uint64{9, 5, 3, 2, 2, 4, 10, 20, 34, 46, 54, 56, 60, 55, 50, 50, 52, 56, 62, 74, 86, 88, 66, 32}
	var total, sum uint64
	for _, v := range w {
		total += v
	}
	for h, v := range w {
		sum += v
		cum[h+1] = sum * 65536 / total
	}
	return cum
}()

// lunarNewYear lists the first days of the Chinese year, when couriers rest.
var lunarNewYear = map[int][2]int{
	2018: {2, 16}, 2019: {2, 5}, 2020: {1, 25}, 2021: {2, 12}, 2022: {2, 1}, 2023: {1, 22}, 2024: {2, 10},
	2025: {1, 29}, 2026: {2, 17}, 2027: {2, 6}, 2028: {1, 26}, 2029: {2, 13}, 2030: {2, 3},
}

func newCalendar(o Options, c *country) *calendar {
	cal := &calendar{
		cum: make([]uint64, o.Days+1), start: make([]int64, o.Days), campaign: make([]bool, o.Days),
		factor: make([]int64, o.Days), known: make([]int64, o.Days),
	}
	for d := range o.Days {
		day := o.From.AddDate(0, 0, d)
		cal.start[d] = day.UnixMicro()
		peak := c.peak(day)
		cal.campaign[d] = peak > 1.2
		years := float64(d) / 365.25
		phase := 2 * math.Pi * float64(day.YearDay()-80) / 365.25
		noise := 0.92 + 0.16*float64(key(o.Seed, uint64(d), 1)>>40)/(1<<24)
		w := (1 + 0.3*years) * weekdayWeight[day.Weekday()] * (1 - 0.12*math.Sin(phase) + 0.05*math.Cos(2*phase)) * peak * noise
		cal.cum[d+1] = cal.cum[d] + max(1, uint64(math.Round(w*10_000)))
		cal.factor[d] = 1000 + int64(d/91)*6
		share := 0.3 + 0.7*float64(d+1)/float64(o.Days)
		cal.known[d] = int64(math.Round(share * (1 << 30)))
	}
	return cal
}

// first returns the number of the first order of day d among n orders.
func (c *calendar) first(d int, n int64) int64 {
	hi, lo := bits.Mul64(c.cum[d], uint64(n))
	q, _ := bits.Div64(hi, lo, c.cum[len(c.cum)-1])
	return int64(q)
}

// day returns the day of order i of n.
func (c *calendar) day(i, n int64) int {
	return sort.Search(len(c.start), func(d int) bool { return c.first(d+1, n) > i })
}

// moment returns the time of the k-th of m orders of day d, in µs; u jitters it
// between its neighbours, so that times never run backwards.
func (c *calendar) moment(d int, k, m int64, u uint64) int64 {
	// position within the day as a fraction of 2³²
	pos, _ := bits.Div64(uint64(k)>>32, uint64(k)<<32|u>>32, uint64(m))
	x := pos >> 16
	h := sort.Search(24, func(h int) bool { return hourCum[h+1] > x })
	if h > 23 {
		h = 23
	}
	within := (pos - hourCum[h]<<16) / (hourCum[h+1] - hourCum[h]) // of 65,536
	sec := int64(h)*3600 + int64(within*3600>>16)
	return c.start[d] + min(sec, 86_399)*1_000_000
}

// around returns how near day is to a date of its year, as days after it.
func around(day time.Time, month time.Month, dom int) int {
	return int(day.Sub(time.Date(day.Year(), month, dom, 0, 0, 0, 0, time.UTC)).Hours() / 24)
}

// thanksgiving is the fourth Thursday of November; Black Friday follows it.
func thanksgiving(year int) time.Time {
	first := time.Date(year, 11, 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, (int(time.Thursday)-int(first.Weekday())+7)%7+21)
}

func peakChina(day time.Time) float64 {
	if md, ok := lunarNewYear[day.Year()]; ok {
		if n := around(day, time.Month(md[0]), md[1]); n >= -2 && n <= 6 {
			return 0.45
		} else if n >= -16 && n < -4 {
			return 1.2
		}
	}
	switch n, m := around(day, 11, 11), around(day, 6, 18); {
	case n == 0:
		return 4.5
	case n >= -3 && n <= 1:
		return 1.9
	case m == 0:
		return 2.8
	case m >= -3 && m <= 1:
		return 1.6
	}
	if n := around(day, 12, 12); n == 0 {
		return 1.7
	}
	return 1
}

func peakWest(day time.Time) float64 {
	switch n := int(day.Sub(thanksgiving(day.Year())).Hours() / 24); {
	case n == 1:
		return 3.6
	case n == 4:
		return 2.8
	case n == 2 || n == 3:
		return 2
	case n >= -3 && n <= 0:
		return 1.4
	}
	switch n := around(day, 12, 25); {
	case n >= -18 && n <= -5:
		return 1.5
	case n >= -1 && n <= 1:
		return 0.5
	}
	return 1
}
