package civil

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAgreesWithTime compares with the standard library over ±290,000 years.
func TestAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.Int64Range(-106_751_991, 106_751_991).Draw(t, "days")
		y, m, d := Date(days)
		want := time.Unix(days*86400, 0).UTC()
		if int64(want.Year()) != y || int64(want.Month()) != m || int64(want.Day()) != d {
			t.Fatalf("%d is %d-%d-%d, want %s", days, y, m, d, want)
		}
		if got := Days(y, m, d); got != days {
			t.Fatalf("%d-%d-%d is day %d, want %d", y, m, d, got, days)
		}
	})
}

func TestFloorDiv(t *testing.T) {
	for _, c := range [][3]int64{{7, 2, 3}, {-7, 2, -4}, {-8, 2, -4}, {0, 5, 0}, {-1, 1 << 40, -1}, {-1 << 63, 7, -1317624576693539402}} {
		if got := FloorDiv(c[0], c[1]); got != c[2] {
			t.Errorf("%d / %d = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
