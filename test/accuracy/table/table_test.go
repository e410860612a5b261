package table

import (
	"math"
	"testing"
)

func TestReplace(t *testing.T) {
	page := "# Page\n\n<!-- begin a -->\nold\n<!-- end a -->\n\ntail\n"
	got, err := replace(page, "a", "new\n")
	if want := "# Page\n\n<!-- begin a -->\nnew\n<!-- end a -->\n\ntail\n"; err != nil || got != want {
		t.Errorf("%v %q", err, got)
	}
	got, err = replace(page, "b", "new\n")
	if want := page + "\n## b\n\n<!-- begin b -->\nnew\n<!-- end b -->\n"; err != nil || got != want {
		t.Errorf("%v %q", err, got)
	}
	if _, err = replace("<!-- begin a -->\n", "a", "new\n"); err == nil {
		t.Error("a section without an end must be an error")
	}
}

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
