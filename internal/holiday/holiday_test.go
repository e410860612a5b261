package holiday

import (
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func day(s string) int64 {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return dayOf(t)
}

// PyPI holidays 0.84: country_holidays(c, years=y, observed=False); days the two sources name differently by
// tradition (regional ones) are left to either.
func TestPublicHolidays(t *testing.T) {
	for _, c := range []struct{ country, year, days string }{
		{"US", "2019", "01-01 01-21 02-18 05-27 07-04 09-02 10-14 11-11 11-28 12-25"},
		{"US", "2024", "01-01 01-15 02-19 05-27 06-19 07-04 09-02 10-14 11-11 11-28 12-25"},
		{"DE", "2019", "01-01 04-19 04-22 05-01 05-30 06-10 10-03 12-25 12-26"},
		{"DE", "2024", "01-01 03-29 04-01 05-01 05-09 05-20 10-03 12-25 12-26"},
		{"GB", "2024", "01-01 03-29 05-06 05-27 12-25 12-26"},
		{"FR", "2024", "01-01 04-01 05-01 05-08 05-09 05-20 07-14 08-15 11-01 11-11 12-25"},
		{"BR", "2024", "01-01 03-29 04-21 05-01 09-07 10-12 11-02 11-15 12-25"},
	} {
		events, err := Of(strings.ToLower(c.country), day(c.year+"-01-01"), day(c.year+"-12-31"))
		if err != nil {
			t.Fatal(err)
		}
		have := map[int64]bool{}
		for i, e := range events {
			have[e.Day] = true
			if i > 0 && e.Day < events[i-1].Day {
				t.Fatalf("%s: not in order of time", c.country)
			}
		}
		for _, d := range strings.Fields(c.days) {
			if !have[day(c.year+"-"+d)] {
				t.Errorf("%s %s-%s is missing", c.country, c.year, d)
			}
		}
	}
}

func TestShoppingDays(t *testing.T) {
	find := func(country, name, year string) string {
		events, err := Of(country, day(year+"-01-01"), day(year+"-12-31"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Name == name && date(e.Day).Format("2006") == year {
				return date(e.Day).Format("01-02")
			}
		}
		return ""
	}
	for _, c := range []struct{ country, name, year, want string }{
		{"US", "Black Friday", "2023", "11-24"}, {"US", "Black Friday", "2024", "11-29"}, {"DE", "Black Friday", "2018", "11-23"},
		{"CN", "Black Friday", "2024", ""}, {"CN", "6.18", "2024", "06-18"}, {"CN", "11.11", "2024", "11-11"},
		// the State Council's holidays of 2023, 2024 and 2025
		{"CN", "春节", "2023", "01-22"}, {"CN", "春节", "2024", "02-10"}, {"CN", "春节", "2025", "01-29"},
		{"CN", "端午节", "2023", "06-22"}, {"CN", "端午节", "2024", "06-10"}, {"CN", "端午节", "2025", "05-31"},
		{"CN", "中秋节", "2023", "09-29"}, {"CN", "中秋节", "2024", "09-17"}, {"CN", "中秋节", "2025", "10-06"},
	} {
		if got := find(c.country, c.name, c.year); got != c.want {
			t.Errorf("%s %s %s: %s, want %s", c.country, c.name, c.year, got, c.want)
		}
	}
	if _, err := Of("XX", 0, 400); fault.KindOf(err) != fault.Usage {
		t.Errorf("an unknown country: %v", err)
	}
	for _, code := range Countries() {
		if events, err := Of(code, day("1999-06-01"), day("2052-06-01")); err != nil || len(events) < 53*3 {
			t.Errorf("%s: %d events, %v", code, len(events), err)
		}
	}
}

func TestParse(t *testing.T) {
	events, err := Parse([]byte("\xef\xbb\xbfDate, name ,after,before\n2025-11-11,sale,3,1\n2024-11-11,sale,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 2 || events[0].Day != day("2024-11-11") || events[1].After != 3 || events[1].Before != 1 || events[0].After != 0 {
		t.Errorf("%+v", events)
	}
	for file, want := range map[string]string{
		"":                                  "empty",
		"name,date\n":                       "no event",
		"name,day\nx,2025-01-01\n":          "no column date",
		"date\n2025-01-01\n":                "no column name",
		"name,date\nx,11.11.2025\n":         "line 2",
		"name,date\nx,2025-02-30\n":         "line 2",
		"name,date\n ,2025-02-03\n":         "name is empty",
		"name,date,before\nx,2025-01-01,-1": "line 2",
		"name,date\nx,2025-01-01,9\n":       "wrong number of fields",
		"name,date\n\"x,2025-01-01\n":       "reading events",
	} {
		if _, err := Parse([]byte(file)); err == nil || fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("name,date,before,after\na,2025-11-11,1,2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := Parse(b)
		if err == nil && len(events) == 0 {
			t.Fatal("neither events nor an error")
		}
		for _, e := range events {
			if e.Name == "" || e.Before < 0 || e.After < 0 || e.Before > mostAround {
				t.Fatalf("%+v", e)
			}
		}
	})
}
