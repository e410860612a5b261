package sqlgen

import "github.com/ecomctl/ecomctl/internal/query"

// floorDiv divides by a positive constant and rounds down.
func (g *printer) floorDiv(x term, by int64) term {
	x = g.let("value", x)
	n := g.int(by)
	return g.f("%s - CASE WHEN %s %% %s < 0 THEN 1 ELSE 0 END", term{s: g.d.IntDiv(x.s, n.s), step: x.step}, x, n)
}

// hour is the hour of the day of a time in microseconds.
func (g *printer) hour(us term) term {
	day := g.let("day", g.floorDiv(us, dayMicros))
	rest := g.f("%s - %s * %s", us, day, g.int(dayMicros))
	return term{s: g.d.IntDiv(rest.p(), g.int(dayMicros/24).s), step: rest.step}
}

// datePart is year, month, day or weekday of a day since 1970; the same
// arithmetic as package expr, by eras of 400 years that begin on 1 March. A
// shift of 800 eras keeps everything positive.
func (g *printer) datePart(name string, day term) term {
	const eras = 800
	z := g.f("%s + %s", day, g.int(719_468+146_097*eras))
	if name == "weekday" {
		// 719468 days before 1970 was a Wednesday, and an era is 20,871 whole weeks.
		return g.f("(%s + 2) %% 7 + 1", z)
	}
	div := func(a term, by int64) term { return term{s: g.d.IntDiv(a.p(), g.int(by).s), step: a.step} }
	z = g.let("era_day", z)
	doe := g.let("day_of_era", g.f("%s %% 146097", z))
	yoe := g.let("year_of_era", div(g.f("%s - %s + %s - %s", doe, div(doe, 1460), div(doe, 36524), div(doe, 146096)), 365))
	doy := g.let("day_of_year", g.f("%s - (365 * %s + %s - %s)", doe, yoe, div(yoe, 4), div(yoe, 100)))
	mp := g.let("month_from_march", div(g.f("5 * %s + 2", doy), 153))
	switch name {
	case "month":
		return g.f("(%s + 2) %% 12 + 1", mp)
	case "day":
		return g.f("%s - %s + 1", doy, div(g.f("153 * %s + 2", mp), 5))
	case "month_start":
		return g.f("%s - (%s - %s)", day, doy, div(g.f("153 * %s + 2", mp), 5))
	case "quarter_start":
		// January to March are months 10, 11 and 0 counted from March; the other
		// quarters begin at 1, 4 and 7. Day 306 of that year is 1 January.
		first := g.f("CASE WHEN %s = 0 THEN %s - %s - 59 - %s WHEN %s >= 10 THEN %s - (%s - 306) ELSE %s - (%s - %s) END",
			mp, day, doy, g.leap(yoe), mp, day, doy, day, doy, div(g.f("153 * (%s - (%s - 1) %% 3) + 2", mp, mp), 5))
		return first
	case "year_start":
		return g.f("CASE WHEN %s >= 306 THEN %s - (%s - 306) ELSE %s - %s - 59 - %s END", doy, day, doy, day, doy, g.leap(yoe))
	}
	return g.f("%s + 400 * (%s - %s) + CASE WHEN %s >= 10 THEN 1 ELSE 0 END", yoe, div(z, 146_097), g.int(eras), mp)
}

// leap is 1 when the civil year that has its March in this year of the era is a leap year.
func (g *printer) leap(yoe term) term {
	return g.f("CASE WHEN %s %% 4 = 0 AND (%s %% 100 <> 0 OR %s = 0) THEN 1 ELSE 0 END", yoe, yoe, yoe)
}

// cut cuts a time (microseconds) or a date (days), see query.Cut.
func (g *printer) cut(c query.Cut, x term, isDate bool) term {
	if c == query.NoCut {
		return x
	}
	day := x
	if !isDate {
		day = g.let("day", g.floorDiv(x, dayMicros))
	}
	switch c {
	case query.Hour:
		if isDate {
			return g.arith(mul, x, g.int(dayMicros))
		}
		h := g.let("hour", g.floorDiv(x, dayMicros/24))
		return g.f("%s * %s", h, g.int(dayMicros/24))
	case query.HourOfDay:
		if isDate {
			return g.f("CASE WHEN %s IS NOT NULL THEN 0 END", x)
		}
		return g.hour(g.let("value", x))
	case query.Day:
		return day
	case query.Week:
		return g.f("%s - (%s - 1)", day, g.let("weekday", g.datePart("weekday", day)))
	case query.Weekday:
		return g.datePart("weekday", day)
	case query.MonthOfYear:
		return g.datePart("month", day)
	case query.Month:
		return g.datePart("month_start", day)
	case query.Quarter:
		return g.datePart("quarter_start", day)
	}
	return g.datePart("year_start", day)
}
