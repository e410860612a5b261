// Package civil counts days of the proleptic Gregorian calendar from 1970-01-01 by integer
// arithmetic: years begin in March, so that leap days come last, and eras are 400 years of
// 146,097 days (E. G. Richards, in Explanatory Supplement to the Astronomical Almanac, 3rd ed., 15.11).
package civil

const (
	daysPerEra = 146_097
	epochShift = 719_468 // days from 0000-03-01 to 1970-01-01
)

// FloorDiv divides rounding down; b > 0.
func FloorDiv(a, b int64) int64 {
	q := a / b
	return q + (a-q*b)>>63
}

// Date returns year, month (1–12) and day of the month of a day.
func Date(days int64) (year, month, day int64) {
	z := days + epochShift
	era := FloorDiv(z, daysPerEra)
	doe := z - era*daysPerEra // 0 … 146096
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month, day = yoe+era*400, mp+3, doy-(153*mp+2)/5+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// Days is the inverse of Date; day may lie beyond the end of the month.
func Days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := FloorDiv(year, 400)
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	return era*daysPerEra + yoe*365 + yoe/4 - yoe/100 + doy - epochShift
}
