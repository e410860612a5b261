package value

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
)

func TestPlainNumber(t *testing.T) {
	for _, c := range []struct {
		s     string
		n     Notation
		want  string
		isNot bool
	}{
		{"3,50", CommaDecimal, "3.50", false}, {"-1.234.567,8", CommaDecimal, "-1234567.8", false}, {"1 234,5", CommaDecimal, "1234.5", false},
		{"1\u202f234\u202f567", CommaDecimal, "1234567", false}, {"1234567,25", CommaDecimal, "1234567.25", false}, {",5", CommaDecimal, ".5", false},
		{"1.000", CommaDecimal, "1000", false}, {"17", CommaDecimal, "17", false},
		{"0.5", CommaDecimal, "", true}, {"0.500", CommaDecimal, "", true}, {"1.23", CommaDecimal, "", true}, {"1.2345", CommaDecimal, "", true}, {"1,2,3", CommaDecimal, "", true},
		{"1234.567", CommaDecimal, "", true}, {"1.234 567", CommaDecimal, "", true}, {"3,", CommaDecimal, "", true}, {"-", CommaDecimal, "", true}, {"", CommaDecimal, "", true},
		{"01.02.2024", CommaDecimal, "", true}, {"10.0.0.1", CommaDecimal, "", true},
		{"1,234.5", PointDecimal, "1234.5", false}, {"1'234'567.05", PointDecimal, "1234567.05", false}, {"12,34.5", PointDecimal, "", true}, {"1,234,5", PointDecimal, "", true},
	} {
		got, ok := plainNumber(nil, []byte(c.s), c.n)
		if ok == c.isNot || ok && string(got) != c.want {
			t.Errorf("%q as %v: %q %v, want %q", c.s, c.n, got, ok, c.want)
		}
	}
}

// TestNotationComesBack writes numbers with and without groups and reads them back.
func TestNotationComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64Range(-1e12, 1e12).Draw(t, "cents")
		n := rapid.SampledFrom([]Notation{CommaDecimal, PointDecimal}).Draw(t, "notation")
		mark, group := ".", rapid.SampledFrom([]string{"", ",", "'"}).Draw(t, "point group")
		if n == CommaDecimal {
			mark, group = ",", rapid.SampledFrom([]string{"", ".", " ", "\u00a0", "\u202f"}).Draw(t, "comma group")
		}
		whole := fmt.Sprint(cents / 100)
		if cents < 0 {
			whole = fmt.Sprint(-(cents / 100))
		}
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + group + whole[i:]
		}
		s := fmt.Sprintf("%s%s%02d", whole, mark, max(cents%100, -(cents%100)))
		if cents < 0 {
			s = "-" + s
		}
		b, err := NewBuilder(&Spec{Kind: frame.Float, Notation: n}, frame.Any, "")
		if err != nil {
			t.Fatal(err)
		}
		b.Reset(1)
		b.Text(0, []byte(s))
		var c frame.Column
		b.Finish(1, &c)
		if c.IsNull(0) || c.F64[0] != float64(cents)/100 {
			t.Fatalf("%q is %v, want %v", s, c.F64[0], float64(cents)/100)
		}
	})
}

func columnsOf(columns ...string) []Evidence {
	ev := make([]Evidence, len(columns))
	for i, c := range columns {
		for _, v := range strings.Split(c, "|") {
			ev[i].Add([]byte(v))
		}
	}
	return ev
}

func TestNotate(t *testing.T) {
	for name, c := range map[string]struct {
		columns []string
		want    Notation
		kinds   []frame.Kind
	}{
		"German":                   {[]string{"3,50|1.234,99|4", "1.000|2|3", "A|B|C", "01.02.2024|02.02.2024|31.01.2024"}, CommaDecimal, []frame.Kind{frame.Float, frame.Int, frame.String, frame.Date}},
		"American":                 {[]string{"3.50|1,234.99|4", "12,000|2|3"}, PointDecimal, []frame.Kind{frame.Float, frame.String}},
		"plain":                    {[]string{"3.50|4.25", "1|2"}, PointDecimal, []frame.Kind{frame.Float, frame.Int}},
		"nothing tells":            {[]string{"1.234|5.678", "1|2"}, Plain, []frame.Kind{frame.Float, frame.Int}},
		"thousands or thousandths": {[]string{"1,234|5,678"}, Plain, []frame.Kind{frame.String}},
		"both":                     {[]string{"3,50|4,25", "52.5|13.4"}, CommaDecimal, []frame.Kind{frame.Float, frame.Float}},
		"a tenth may be odd":       {[]string{"3,50|4,25|1,5|2,5|3,5|4,5|5,5|6,5|7,5|gratis"}, CommaDecimal, []frame.Kind{frame.String}},
		"ids with dots":            {[]string{"101.234.567|101.234.568", "3,5|4"}, CommaDecimal, []frame.Kind{frame.String, frame.Float}},
		"pairs are no numbers":     {[]string{"1,2|3,4|5,6,7|8|x,y"}, Plain, []frame.Kind{frame.String}},
	} {
		ev := columnsOf(c.columns...)
		if got := Notate(ev); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for i := range ev {
			if got := ev[i].Decide("c").Kind; got != c.kinds[i] {
				t.Errorf("%s, column %d: %v, want %v", name, i, got, c.kinds[i])
			}
		}
	}
}
