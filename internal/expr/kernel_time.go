package expr

// Calendar parts by integer arithmetic on days since 1970, proleptic Gregorian.
// The method is the usual one of eras of 400 years (146,097 days) that begin on
// 1 March, so that leap days come last.

const (
	daysPerEra = 146_097
	// epochShift is the number of days from 0000-03-01 to 1970-01-01.
	epochShift = 719_468
	// MaxDay bounds dates on both sides: the days whose midnight fits a timestamp in
	// microseconds, about 292,000 years. Date arithmetic beyond is null.
	MaxDay = 106_751_991
)

// dayInRange drops what is no date.
func dayInRange(d int64) (int64, bool) { return d, -MaxDay <= d && d <= MaxDay }

// civil gives year, month and day of the month of a day since 1970.
func civil(days int64) (year, month, day int64) {
	z := days + epochShift
	era := floorDiv(z, daysPerEra)
	doe := z - era*daysPerEra // 0 … 146096
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = (mp+2)%12 + 1
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

func dayOf(micros int64) (int64, bool) { return floorDiv(micros, dayMicros), true }

func hourOf(micros int64) (int64, bool) {
	return (micros - floorDiv(micros, dayMicros)*dayMicros) / (dayMicros / 24), true
}

// calendar returns the function of a part over days, or over microseconds.
func calendar(name string, t Type) func(int64) (int64, bool) {
	var part func(days int64) int64
	switch name {
	case "hour":
		return hourOf
	case "year":
		part = func(d int64) int64 { y, _, _ := civil(d); return y }
	case "month":
		part = func(d int64) int64 { _, m, _ := civil(d); return m }
	case "day":
		part = func(d int64) int64 { _, _, d = civil(d); return d }
	case "weekday":
		// 1970-01-01 was a Thursday.
		part = func(d int64) int64 { return d + 3 - floorDiv(d+3, 7)*7 + 1 }
	}
	if t == Date {
		return func(d int64) (int64, bool) {
			if _, ok := dayInRange(d); !ok {
				return 0, false
			}
			return part(d), true
		}
	}
	return func(us int64) (int64, bool) { return part(floorDiv(us, dayMicros)), true }
}
