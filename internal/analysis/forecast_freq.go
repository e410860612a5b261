package analysis

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
)

// panelGrid is where the points of a series stand in time: every unit, or every so many integer
// steps, from an origin.
type panelGrid struct {
	unit     query.Cut // Hour … Year; NoCut: integers
	step     int64     // of integers
	monthEnd bool      // months, quarters, years: the stamps are last days of months
	typ      expr.Type // Date, Time or Int: how stamps are shown
}

// units are the frequencies a series may have, the longest first.
var units = []query.Cut{query.Year, query.Quarter, query.Month, query.Week, query.Day, query.Hour}

// seasonsOf are the lengths of the seasons that people know of a frequency.
func seasonsOf(unit query.Cut) []int {
	switch unit {
	case query.Hour:
		return []int{24, 168}
	case query.Day:
		return []int{7}
	case query.Week:
		return []int{52}
	case query.Month:
		return []int{12}
	case query.Quarter:
		return []int{4}
	case query.NoCut:
		return []int{4, 7, 12, 24, 52, 168}
	}
	return nil
}

// horizonOf is the default horizon of a frequency.
func horizonOf(unit query.Cut) int {
	switch unit {
	case query.Hour:
		return 48
	case query.Day:
		return 28
	case query.Week:
		return 13
	case query.Quarter:
		return 8
	case query.Year:
		return 6
	}
	return 12
}

// parseFreq reads --freq.
func parseFreq(s string) (query.Cut, error) {
	cut, ok := query.ParseCut(strings.TrimSuffix(strings.ToLower(s), "s"))
	if short := map[string]query.Cut{"h": query.Hour, "d": query.Day, "w": query.Week, "m": query.Month, "q": query.Quarter, "y": query.Year}[strings.ToLower(s)]; short != 0 {
		cut, ok = short, true
	}
	if !ok || !isPeriod(cut) {
		return 0, fault.New(fault.Usage, "--freq %s: not one of hour, day, week, month, quarter, year", s)
	}
	return cut, nil
}

// fixedMicros is the length of a unit that always has the same; 0 for months and longer.
func fixedMicros(u query.Cut) int64 {
	switch u {
	case query.Hour:
		return hourMicros
	case query.Day:
		return dayMicros
	case query.Week:
		return 7 * dayMicros
	}
	return 0
}

func monthsOf(u query.Cut) int64 {
	return map[query.Cut]int64{query.Month: 1, query.Quarter: 3, query.Year: 12}[u]
}

func microTime(us int64) time.Time { return time.UnixMicro(us).UTC() }

// month counts months since year 0.
func monthNumber(t time.Time) int64 { return int64(t.Year())*12 + int64(t.Month()) - 1 }

func lastDay(t time.Time) bool { return t.AddDate(0, 0, 1).Day() == 1 }

// index returns how many units after the origin a stamp lies, rounded down, and whether it lies
// exactly there.
func (g *panelGrid) index(origin, stamp int64) (i int64, exact bool) {
	if g.unit == query.NoCut {
		d := stamp - origin
		return civil.FloorDiv(d, g.step), d%g.step == 0
	}
	if us := fixedMicros(g.unit); us > 0 {
		d := stamp - origin
		return civil.FloorDiv(d, us), d%us == 0
	}
	i = civil.FloorDiv(monthNumber(microTime(stamp))-monthNumber(microTime(origin)), monthsOf(g.unit))
	return i, g.at(origin, i) == stamp
}

// at returns the stamp i units after the origin: µs, or an integer.
func (g *panelGrid) at(origin, i int64) int64 {
	if g.unit == query.NoCut {
		return origin + i*g.step
	}
	if us := fixedMicros(g.unit); us > 0 {
		return origin + i*us
	}
	t := microTime(origin)
	m := monthNumber(t) + i*monthsOf(g.unit)
	first := time.Date(int(civil.FloorDiv(m, 12)), time.Month(m-civil.FloorDiv(m, 12)*12+1), 1, 0, 0, 0, 0, time.UTC)
	days := first.AddDate(0, 1, -1).Day()
	day := min(t.Day(), days)
	if g.monthEnd {
		day = days
	}
	return first.AddDate(0, 0, day-1).UnixMicro() + floorMod(origin, dayMicros)
}

func floorMod(a, b int64) int64 { return a - civil.FloorDiv(a, b)*b }

// text shows a stamp for messages.
func (g *panelGrid) text(stamp int64) string {
	switch {
	case g.typ == expr.Int:
		return fmt.Sprint(stamp)
	case g.typ == expr.Date:
		return microTime(stamp).Format(time.DateOnly)
	}
	return microTime(stamp).Format("2006-01-02T15:04:05")
}

// shortestFit is the share of steps that a frequency has to fit.
const shortestFit = 0.9

// findGrid tells the frequency of series of stamps (each sorted, without duplicates): the longest
// calendar unit that fits 90 % of the steps.
func findGrid(typ expr.Type, freq string, ids []string, stamps [][]int64) (*panelGrid, error) {
	g := &panelGrid{typ: typ, step: 1}
	if typ == expr.Int {
		if freq != "" {
			return nil, fault.New(fault.Usage, "--freq %s: ds holds integer steps, which have no calendar", freq)
		}
		g.step = commonStep(stamps)
		return g, nil
	}
	g.monthEnd = allMonthEnds(stamps)
	if freq != "" {
		var err error
		g.unit, err = parseFreq(freq)
		return g, err
	}
	if g.unit = fittingUnit(g, stamps); g.unit == query.NoCut {
		return nil, fault.New(fault.Input, "finding the frequency of the series: no unit from hour to year fits 90 %% of the steps").
			WithHint("say it with --freq hour, day, week, month, quarter or year; what is not there counts as missing")
	}
	for i, s := range stamps {
		if len(s) < 6 {
			continue
		}
		if u := fittingUnit(g, stamps[i:i+1]); u != g.unit && u != query.NoCut {
			return nil, fault.New(fault.Input, "finding the frequency of the series: most are by %s, but %q is by %s", g.unit, ids[i], u).
				WithHint("forecast series of different frequencies apart (--where), or say one with --freq")
		}
	}
	return g, nil
}

// fittingUnit returns the longest unit that fits enough steps; NoCut when none does.
func fittingUnit(g *panelGrid, stamps [][]int64) query.Cut {
	steps, fits := 0, make([]int, len(units))
	for _, s := range stamps {
		for i := 1; i < len(s); i++ {
			steps++
			for k, u := range units {
				try := panelGrid{unit: u, monthEnd: g.monthEnd}
				if n, exact := try.index(s[i-1], s[i]); n == 1 && exact {
					fits[k]++
					break
				}
			}
		}
	}
	if steps == 0 {
		return query.Day
	}
	for k, u := range units {
		if float64(fits[k]) >= shortestFit*float64(steps) {
			return u
		}
	}
	return query.NoCut
}

func allMonthEnds(stamps [][]int64) bool {
	for _, s := range stamps {
		for _, v := range s {
			if !lastDay(microTime(v)) {
				return false
			}
		}
	}
	return true
}

// commonStep is the step of integer stamps: the one that fits 90 % of them, else 1.
func commonStep(stamps [][]int64) int64 {
	count, steps := map[int64]int{}, 0
	for _, s := range stamps {
		for i := 1; i < len(s); i++ {
			steps++
			if d := s[i] - s[i-1]; d > 0 && (len(count) < 1000 || count[d] > 0) {
				count[d]++
			}
		}
	}
	for d, n := range count {
		if float64(n) >= shortestFit*float64(steps) {
			return d
		}
	}
	return 1
}
