package local

import (
	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
)

const (
	hourMicros = int64(3600) * 1e6
	dayMicros  = 24 * hourMicros
)

// unitOfDay numbers the calendar unit of a day: consecutive units have
// consecutive numbers, so they serve as array indices and order as time does.
func unitOfDay(cut query.Cut, day int64) int64 {
	switch cut {
	case query.Day:
		return day
	case query.Week:
		return civil.FloorDiv(day+3, 7) // 1970-01-01 was a Thursday
	case query.Weekday:
		return day + 3 - 7*civil.FloorDiv(day+3, 7) + 1
	}
	y, m, _ := civil.Date(day)
	switch cut {
	case query.Month:
		return y*12 + m - 1
	case query.Quarter:
		return y*4 + (m-1)/3
	case query.Year:
		return y
	case query.MonthOfYear:
		return m
	}
	return day
}

// unitOf numbers the calendar unit of a value: µs for Time, days for Date.
func unitOf(typ expr.Type, cut query.Cut, v int64) int64 {
	if cut == query.NoCut {
		return v
	}
	if typ == expr.Date {
		switch cut {
		case query.Hour:
			return v * 24
		case query.HourOfDay:
			return 0
		}
		return unitOfDay(cut, v)
	}
	switch cut {
	case query.Hour:
		return civil.FloorDiv(v, hourMicros)
	case query.HourOfDay:
		return civil.FloorDiv(v, hourMicros) - 24*civil.FloorDiv(v, dayMicros)
	}
	return unitOfDay(cut, civil.FloorDiv(v, dayMicros))
}

// unitStart turns a unit's number into what the answer shows: µs for hours,
// the first day for days to years, the number itself for the others.
func unitStart(cut query.Cut, u int64) int64 {
	switch cut {
	case query.Hour:
		return u * hourMicros
	case query.Week:
		return u*7 - 3
	case query.Month:
		y := civil.FloorDiv(u, 12)
		return civil.Days(y, u-y*12+1, 1)
	case query.Quarter:
		y := civil.FloorDiv(u, 4)
		return civil.Days(y, (u-y*4)*3+1, 1)
	case query.Year:
		return civil.Days(u, 1, 1)
	}
	return u
}

// cutType is the type of a dimension or of an extreme after a cut.
func cutType(typ expr.Type, cut query.Cut) expr.Type {
	switch cut {
	case query.NoCut:
		return typ
	case query.Hour:
		return expr.Time
	case query.HourOfDay, query.Weekday, query.MonthOfYear:
		return expr.Int
	}
	return expr.Date
}

// dayTable holds unitOfDay of the days 1900 to 2099 for one cut, because a load
// is cheaper than a calendar.
type dayTable struct {
	cut  query.Cut
	unit []int32
}

const (
	tableFirst = -25567 // 1900-01-01
	tableDays  = 73049  // to 2099-12-31
)

func newDayTable(cut query.Cut) *dayTable {
	t := &dayTable{cut: cut, unit: make([]int32, tableDays)}
	for i := range t.unit {
		t.unit[i] = int32(unitOfDay(cut, int64(i)+tableFirst))
	}
	return t
}

// apply turns day numbers into unit numbers in place.
func (t *dayTable) apply(days []int64) {
	for i, d := range days {
		if j := uint64(d - tableFirst); j < uint64(len(t.unit)) {
			days[i] = int64(t.unit[j])
		} else {
			days[i] = unitOfDay(t.cut, d)
		}
	}
}
