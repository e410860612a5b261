package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// day is the number of a date.
func day(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return dayNumber(at)
}

// TestPeriods: presets end with the data, and what they are compared with is as long as what the data cover.
func TestPeriods(t *testing.T) {
	data := days{day(t, "2023-05-10"), day(t, "2024-03-20")} // the last day is the 19th
	for _, c := range []struct{ address, from, last, beforeFrom, beforeLast string }{
		{"/", "2023-05-10", "2024-03-19", "", ""},
		{"/?period=7d", "2024-03-13", "2024-03-19", "2024-03-06", "2024-03-12"},
		{"/?period=30d", "2024-02-19", "2024-03-19", "2024-01-20", "2024-02-18"},
		{"/?period=90d&compare=none", "2023-12-21", "2024-03-19", "", ""},
		{"/?period=month", "2024-03-01", "2024-03-19", "2024-02-01", "2024-02-19"},
		{"/?period=last-month", "2024-02-01", "2024-02-29", "2024-01-01", "2024-01-31"},
		{"/?period=last-month&compare=year", "2024-02-01", "2024-02-29", "2023-02-01", "2023-03-01"},
		{"/?period=year", "2024-01-01", "2024-03-19", "2023-01-01", "2023-03-20"},
		{"/?period=12m", "2023-03-20", "2024-03-19", "2022-03-19", "2023-03-19"},
		{"/?start_date=2024-03-10&end_date=2024-03-31", "2024-03-10", "2024-03-31", "2024-02-29", "2024-03-09"}, // ten days are there
		{"/?start_date=2024-03-10", "2024-03-10", "2024-03-19", "2024-02-29", "2024-03-09"},
		{"/?end_date=2023-05-12", "2023-05-10", "2023-05-12", "2023-05-07", "2023-05-09"},
		{"/?period=7d&start_date=2024-01-01&end_date=2024-01-02", "2024-01-01", "2024-01-02", "2023-12-30", "2023-12-31"},
		{"/?start_date=2030-01-01&end_date=2030-01-09", "2030-01-01", "2030-01-09", "", ""}, // nothing to compare
	} {
		s, err := readState(httptest.NewRequest(http.MethodGet, c.address, http.NoBody), "")
		if err != nil {
			t.Fatalf("%s: %v", c.address, err)
		}
		got, _ := s.resolve(data)
		if got.from != day(t, c.from) || got.end != day(t, c.last)+1 {
			t.Errorf("%s: %s to %s", c.address, isoDay(got.from), isoDay(got.end-1))
		}
		before := s.before(got, data)
		switch {
		case c.beforeFrom == "" && !before.empty():
			t.Errorf("%s: compared with %s to %s", c.address, isoDay(before.from), isoDay(before.end-1))
		case c.beforeFrom != "" && (before.from != day(t, c.beforeFrom) || before.end != day(t, c.beforeLast)+1):
			t.Errorf("%s: compared with %s to %s, want %s to %s", c.address, isoDay(before.from), isoDay(before.end-1), c.beforeFrom, c.beforeLast)
		}
	}
}

// TestAddress: an address that is read and written again says the same.
func TestAddress(t *testing.T) {
	for _, address := range []string{"", "category=A%26B&period=30d", "by=&measure=units", "compare=year&end_date=2024-01-31&lang=zh&region=%22%3E%3Cimg%3E&start_date=2024-01-01", "currency=BRL&dataset=x&unknown=category%2Cregion"} {
		s, err := readState(httptest.NewRequest(http.MethodGet, "/?"+address, http.NoBody), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.query(); got != address {
			t.Errorf("%q became %q", address, got)
		}
	}
}

// TestLanguage: the address, then the browser by its weights, then the server's own.
func TestLanguage(t *testing.T) {
	for _, c := range []struct{ said, browser, own, want string }{
		{"zh", "en", "", "zh"}, {"", "zh-CN,zh;q=0.9,en;q=0.8", "", "zh"}, {"", "fr,en;q=0.2,zh;q=0.4", "", "zh"}, {"", "fr", "zh", "zh"}, {"", "", "", "en"}, {"xx", "de", "", "en"}, {"", "en;q=0,zh;q=oops", "", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Language", c.browser)
		if got := langOf(r, c.said, c.own); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
