package holiday

import (
	"sort"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/calendar"
)

// tables are the public holidays by ISO 3166 country.
var tables = map[string][]*cal.Holiday{
	"AR": ar.Holidays, "AT": at.Holidays, "AU": au.HolidaysNSW, "BE": be.Holidays, "BG": bg.Holidays, "BR": br.Holidays, "CA": ca.Holidays,
	"CH": ch.Holidays, "CZ": cz.Holidays, "DE": de.Holidays, "DK": dk.Holidays, "ES": es.Holidays, "FR": fr.Holidays,
	"GB": gb.Holidays, "GR": gr.Holidays, "HR": hr.Holidays, "IE": ie.Holidays, "IT": it.Holidays, "JP": jp.Holidays,
	"LT": lt.Holidays, "LV": lv.Holidays, "NL": nl.Holidays, "NO": no.Holidays, "NZ": nz.Holidays, "PL": pl.Holidays,
	"RO": ro.Holidays, "RU": ru.Holidays, "SE": se.Holidays, "SI": si.Holidays, "SK": sk.Holidays, "UA": ua.Holidays,
	"US": us.Holidays, "ZA": za.Holidays,
}

const china = "CN"

// Countries lists the codes that Of knows.
func Countries() []string {
	codes := []string{china}
	for c := range tables {
		codes = append(codes, c)
	}
	sort.Strings(codes)
	return codes
}

// The days around an event that it may move, too: shoppers buy before a holiday and shops close on it.
const (
	aroundHoliday   = 1
	beforeChristmas = 7
	aroundSale      = 4
)

// Of returns the events of a country from day from to day to, both inclusive (days since
// 1970-01-01), in order of time. It fails with fault.Usage on a country it does not know.
func Of(country string, from, to int64) ([]calendar.Event, error) {
	code := strings.ToUpper(country)
	table, ok := tables[code]
	if !ok && code != china {
		return nil, fault.New(fault.Usage, "--country %s: not one of %s", country, strings.Join(Countries(), ", ")).
			WithHint("give the days of other countries as --events-file")
	}
	var all []calendar.Event
	for year := date(from).Year() - 1; year <= date(to).Year()+1; year++ {
		all = append(all, shopping(year, code)...)
		if code == china {
			all = append(all, chinese(year)...)
			continue
		}
		for _, h := range table {
			if actual, _ := h.Calc(year); !actual.IsZero() && actual.Year() == year {
				all = append(all, around(h.Name, actual))
			}
		}
	}
	all = within(all, from, to)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Day < all[j].Day })
	return all, nil
}

// around is a public holiday with the days it may move.
func around(name string, t time.Time) calendar.Event {
	e := calendar.Event{Name: name, Day: dayOf(t), Before: aroundHoliday, After: aroundHoliday}
	if t.Month() == time.December && t.Day() == 25 {
		e.Before = beforeChristmas
	}
	return e
}

// shopping are the shopping days of a year: Black Friday after the fourth Thursday of November
// with the Monday after it, 11.11, and in China 6.18 and 12.12.
func shopping(year int, code string) []calendar.Event {
	on := func(name string, m time.Month, d int) calendar.Event {
		return calendar.Event{Name: name, Day: dayOf(time.Date(year, m, d, 0, 0, 0, 0, time.UTC)), Before: aroundSale, After: aroundSale}
	}
	events := []calendar.Event{on("11.11", time.November, 11)}
	if code == china {
		return append(events, on("6.18", time.June, 18), on("12.12", time.December, 12))
	}
	november := time.Date(year, time.November, 1, 0, 0, 0, 0, time.UTC)
	thursday := 1 + (int(time.Thursday)-int(november.Weekday())+7)%7 + 21
	friday := on("Black Friday", time.November, thursday+1)
	friday.After = aroundSale // Cyber Monday is its third day
	return append(events, friday)
}

// within keeps the events whose days touch [from, to].
func within(events []calendar.Event, from, to int64) []calendar.Event {
	var out []calendar.Event
	for _, e := range events {
		if e.Day+int64(e.After) >= from && e.Day-int64(e.Before) <= to {
			out = append(out, e)
		}
	}
	return out
}

func date(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

func dayOf(t time.Time) int64 {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
}
