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
