package sqlgen

import (
	"testing"
	"time"
)

// The list of changes gives the offset that package time gives, at every
// change and between them.
func TestZoneChangesAreThoseOfPackageTime(t *testing.T) {
	for _, name := range []string{"Europe/London", "America/Sao_Paulo", "Asia/Shanghai", "Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "UTC", "Africa/Casablanca"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		first, list := changes(loc)
		off := func(at int64) int64 {
			o := first
			for _, c := range list {
				if at >= c.at {
					o = c.off
				}
			}
			return o
		}
		check := func(at int64) {
			if _, sec := time.UnixMicro(at).In(loc).Zone(); off(at) != int64(sec)*1e6 {
				t.Fatalf("%s at %d: %d, want %d s", name, at, off(at), sec)
			}
		}
		for _, c := range list {
			check(c.at - 1)
			check(c.at)
		}
		for y := 1800; y < lastYear; y++ {
			for m := time.January; m <= time.December; m++ {
				check(time.Date(y, m, 10, 5, 0, 0, 0, time.UTC).UnixMicro())
			}
		}
		t.Log(name, len(list))
	}
}

// Within a span few changes give the offsets that all give.
func TestChangesWithinASpan(t *testing.T) {
	day := func(y int, m time.Month, d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMicro() }
	for _, name := range []string{"Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "America/New_York", "Africa/Casablanca"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		all, list := changes(loc)
		for _, s := range []Span{{day(2016, 12, 1), day(2018, 11, 30)}, {day(2030, 1, 1), day(2030, 1, 2)}, {day(1850, 1, 1), day(1990, 6, 1)}, {list[3].at, list[3].at}, {list[3].at - 1, list[3].at - 1}} {
			first, few := s.within(all, list)
			if s.Least > day(2000, 1, 1) && len(few) > 8 {
				t.Errorf("%s: %d changes within %v", name, len(few), s)
			}
			check := func(at int64) {
				if at < s.Least || at > s.Greatest {
					return
				}
				off := first
				for _, c := range few {
					if at >= c.at {
						off = c.off
					}
				}
				if _, sec := time.UnixMicro(at).In(loc).Zone(); off != int64(sec)*1e6 {
					t.Fatalf("%s at %d: %d, want %d s", name, at, off, sec)
				}
			}
			for _, c := range list {
				check(c.at - 1)
				check(c.at)
			}
			for at := s.Least; at <= s.Greatest; at += max(1, (s.Greatest-s.Least)/97) {
				check(at)
			}
		}
	}
}
