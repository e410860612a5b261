package table

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Num(-0.001, 2), "0.00"}, {Num(-9582.4292, 2), "-9582.43"}, {Num(math.NaN(), 2), "–"},
		{Count(254944), "254,944"}, {Count(-1000), "-1,000"}, {Count(-999), "-999"}, {Count(7), "7"}, {Count(1234567), "1,234,567"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
