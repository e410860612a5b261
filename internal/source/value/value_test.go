package value

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

func TestFloatEqualsStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`[-+]?[0-9]{0,20}(\.[0-9]{0,20})?`),
			rapid.StringMatching(`-?[0-9]{1,4}(\.[0-9]{1,3})?[eE][-+]?[0-9]{1,3}`),
			rapid.Custom(func(t *rapid.T) string {
				return strconv.FormatFloat(rapid.Float64().Draw(t, "f"), 'g', -1, 64)
			}),
		).Draw(t, "text")
		want, err := strconv.ParseFloat(s, 64)
		got, ok := ParseFloat([]byte(s))
		if ok != (err == nil) || ok && math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%q: %v %v, strconv %v %v", s, got, ok, want, err)
		}
	})
}

func TestFloatRefusesWhatIsNoDecimal(t *testing.T) {
	for _, s := range []string{"", ".", "-", "1,5", "1 000", "$5", "0x1p3", "1_000", "1e", "1e+", "1.2.3", "--1", "1-", "1e400", "é"} {
		if v, ok := ParseFloat([]byte(s)); ok {
			t.Errorf("%q was read as %v", s, v)
		}
	}
}

func TestIntEqualsStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.StringMatching(`[-+]?[0-9]{0,21}`), rapid.Custom(func(t *rapid.T) string {
			return strconv.FormatInt(rapid.Int64().Draw(t, "i"), 10)
		})).Draw(t, "text")
		want, err := strconv.ParseInt(s, 10, 64)
		got, ok := ParseInt([]byte(s))
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%q: %v %v, strconv %v %v", s, got, ok, want, err)
		}
	})
}

func TestWhole(t *testing.T) {
	for s, want := range map[string]int64{"17850.0": 17850, "1e3": 1000, "-2.000": -2, "7": 7} {
		if got, ok := ParseWhole([]byte(s)); !ok || got != want {
			t.Errorf("%s: %d %v", s, got, ok)
		}
	}
	for _, s := range []string{"1.5", "1e300", "x", "9007199254740993e0x", ""} {
		if got, ok := ParseWhole([]byte(s)); ok {
			t.Errorf("%s was read as %d", s, got)
		}
	}
}

func TestDaysEqualsTime(t *testing.T) {
	for d := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 10000; d = d.AddDate(0, 0, 29) {
		if got, want := civil.Days(int64(d.Year()), int64(d.Month()), int64(d.Day())), d.Unix()/86400; got != want {
			t.Fatalf("%v: %d, want %d", d, got, want)
		}
	}
}

// infer decides on a column of values.
func infer(values ...string) Spec {
	var e Evidence
	for _, v := range values {
		e.Add([]byte(v))
	}
	return e.Decide("c")
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		values string // parted by ;
		kind   frame.Kind
		layout string
		first  string // of the first value
	}{
		{"2024-01-31;2024-02-01", frame.Date, "2006-01-02", "2024-01-31T00:00:00Z"},
		{"2024-01-31 10:00;2024-02-01 10:00:01.25", frame.Time, "2006-01-02 15:04:05", "2024-01-31T10:00:00Z"},
		{"2024-01-31T10:00:00Z;2024-02-01T10:00:00+08:00", frame.Time, "2006-01-02 15:04:05", "2024-01-31T10:00:00Z"},
		{"2024-01-31T10:00:00-0230", frame.Time, "2006-01-02 15:04:05", "2024-01-31T12:30:00Z"},
		{"2024/1/31;2024/12/1", frame.Date, "2006/01/02", "2024-01-31T00:00:00Z"},
		{"12/1/10 8:26;12/31/10 23:59", frame.Time, "1/2/06 15:04:05", "2010-12-01T08:26:00Z"},
		{"1/12/2010 8:26;31/12/2010 23:59", frame.Time, "2/1/2006 15:04:05", "2010-12-01T08:26:00Z"},
		{"12/1/2010 08:26 PM;12/31/2010 12:01 AM", frame.Time, "1/2/2006 15:04:05", "2010-12-01T20:26:00Z"},
		{"31.12.2023;01.02.2024", frame.Date, "2.1.2006", "2023-12-31T00:00:00Z"},
		{"01.02.2023;03.04.2024", frame.Date, "2.1.2006", "2023-02-01T00:00:00Z"},
		{"01-02-2023;13-04-2024", frame.Date, "2-1-2006", "2023-02-01T00:00:00Z"},
		{"19970101;19970118;19970802", frame.Date, "20060102", "1997-01-01T00:00:00Z"},
		{"20240131101112;20240201000000;20240201000001", frame.Time, "20060102150405", "2024-01-31T10:11:12Z"},
		{"2024年1月2日;2024年12月31日", frame.Date, "2006年1月2日", "2024-01-02T00:00:00Z"},
		{"2024年1月2日 15时04分05秒;2024年12月31日 8时0分", frame.Time, "2006年1月2日 15:04:05", "2024-01-02T15:04:05Z"},
		{"2024年1月2日15:04:05;2024年12月31日8点5分", frame.Time, "2006年1月2日 15:04:05", "2024-01-02T15:04:05Z"},
		{"2 Jan 2006;31 December 2024", frame.Date, "2 Jan 2006", "2006-01-02T00:00:00Z"},
		{"02-Jan-06;31-Dec-24", frame.Date, "2 Jan 2006", "2006-01-02T00:00:00Z"},
		{"Jan 2, 2006;Dec 31, 2024", frame.Date, "Jan 2, 2006", "2006-01-02T00:00:00Z"},
		{"Mon, 02 Jan 2006 15:04:05 GMT", frame.Time, "2 Jan 2006 15:04:05", "2006-01-02T15:04:05Z"},
		{"2024-02-29", frame.Date, "2006-01-02", "2024-02-29T00:00:00Z"},
	} {
		values := strings.Split(c.values, ";")
		s := infer(values...)
		if s.Kind != c.kind || s.Layout == nil || s.Layout.String(s.Clock) != c.layout {
			t.Errorf("%s: %v %v", c.values, s.Kind, s.Layout)
			continue
		}
		b, err := NewBuilder(&s, frame.Time, "")
		if err != nil {
			t.Fatal(err)
		}
		b.Reset(1)
		b.Text(0, []byte(values[0]))
		var col frame.Column
		b.Finish(1, &col)
		if col.Nulls > 0 {
			t.Errorf("%s: the first is null", c.values)
		} else if got := time.UnixMicro(col.I64[0]).UTC().Format(time.RFC3339); got != c.first {
			t.Errorf("%s: the first is %s", c.values, got)
		}
	}
}

func TestKinds(t *testing.T) {
	for values, want := range map[string]frame.Kind{
		"1;2;-3":                       frame.Int,
		"1;;NULL;3":                    frame.Int,
		"1;2.5":                        frame.Float,
		"1e3;2":                        frame.Float,
		"true;FALSE":                   frame.Bool,
		"00123;00124":                  frame.String,
		"+4915;+4916":                  frame.String,
		"-012":                         frame.String,
		"1,234;2,345":                  frame.String,
		"$1;$2":                        frame.String,
		"12345678901234567890":         frame.String, // a double would lose digits
		"9223372036854775807":          frame.Int,
		"2024-02-30":                   frame.String,
		"2024-01-01;x":                 frame.String,
		"2024-01-01T00:00Z;2024-01-01": frame.String, // an instant and a wall time
		"10000001;10000002;10000003":   frame.Int,    // no dates
		"19970101;19971301;19970202":   frame.Int,
		";;":                           frame.String,
		"inf;1":                        frame.Float,
		"1.2.3;4.5.6":                  frame.String,
		"10.12.1999;8.8.8.8":           frame.String,
		"NaN;1.5;N/A":                  frame.Float,
		"1;2; 3":                       frame.Int,
	} {
		if got := infer(strings.Split(values, ";")...).Kind; got != want {
			t.Errorf("%s: %v, want %v", values, got, want)
		}
	}
}

func TestAmbiguousDatesStayText(t *testing.T) {
	for _, c := range []struct {
		values string
		form   frame.Kind
	}{
		{"01/02/2024;01/03/2024;01/04/2024", frame.Date},
		{"03/01/2024;04/01/2024;05/01/2024;01/02/2024;02/02/2024", frame.Date}, // only day/month goes forward: no proof
		{"1-2-24 8:00;3-4-24 9:00", frame.Time},
		{"05/05/2024", frame.Date},
	} {
		s := infer(strings.Split(c.values, ";")...)
		if s.Kind != frame.String || s.Dates != c.form || s.Form() != c.form || s.Other == nil || !strings.Contains(s.Note, "kept as text") {
			t.Errorf("%s: %+v", c.values, s)
		}
	}
	for values, want := range map[string]string{
		"03/01/2024;13/01/2024": "2/1/2006",
		"01/02/2024;01/13/2024": "1/2/2006",
		"1.2.2024;3.4.2024":     "2.1.2006", // by convention
	} {
		if s := infer(strings.Split(values, ";")...); s.Kind != frame.Date || s.Layout.String(false) != want || s.Note != "" || s.Dates != frame.Any {
			t.Errorf("%s: %+v", values, s)
		}
	}
}

func TestBuilderTellsContradictingDates(t *testing.T) {
	s := infer("01/02/2024", "01/13/2024")
	build := func(as frame.Kind, layout string, texts ...string) *frame.Swapped {
		b, err := NewBuilder(&s, as, layout)
		if err != nil {
			t.Fatal(err)
		}
		b.Reset(len(texts))
		for i, x := range texts {
			b.Text(i, []byte(x))
		}
		var c frame.Column
		b.Finish(len(texts), &c)
		return c.Swapped
	}
	if got := build(frame.Date, "", "02/03/2024", "nonsense", "31/12/2024"); got == nil || *got != (frame.Swapped{Row: 2, Text: "31/12/2024"}) {
		t.Errorf("got %+v", got)
	}
	if got := build(frame.Date, "", "02/03/2024", "nonsense", "32/13/2024", ""); got != nil {
		t.Errorf("got %+v", got)
	}
	if got := build(frame.Date, "01/02/2006", "31/12/2024"); got != nil {
		t.Errorf("stated: got %+v", got)
	}
}

func TestBuilderMarksWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		sample, text string
		as           frame.Kind
		layout       string
		want         string
	}{
		{"1;2", "x", frame.Any, "", "bad"},
		{"1;2", "007", frame.Any, "", "bad"}, // 007 is not 7 where nobody asked for numbers
		{"1;2", "007", frame.Int, "", "7"},
		{"1;2", "17850.0", frame.Int, "", "17850"},
		{"1;2", "1.5", frame.Int, "", "bad"},
		{"1;2", "1,234", frame.Float, "", "bad"},
		{"1;2", " ", frame.Any, "", "null"},
		{"1;2", "N/A", frame.String, "", "null"},
		{"a;b", "N/A", frame.String, "", "text N/A"},
		{"a;b", `\N`, frame.String, "", "null"},
		{"a;b", "12.5", frame.Float, "", "12.5"},
		{"a;b", "yes", frame.Bool, "", "1"},
		{"2024-01-01;2024-01-02", "2024-13-01", frame.Any, "", "bad"},
		{"2024-01-01 10:00;2024-01-02 10:00", "2024-01-01T10:00:00Z", frame.Any, "", "bad"},
		{"1700000000;1700000001", "1700000000", frame.Time, "unix", "1700000000000000"},
		{"1700000000;1700000001", "1700000000123", frame.Time, "unixms", "1700000000123000"},
		{"a;b", "05/03/2024 7:00", frame.Time, "02/01/2006", "1709622000000000"},
		{"a;b", "2024|03|05", frame.Date, "2006|01|02", "19787"},
		{"2024-01-05;2024-01-06", "2024-01-05 23:59:59", frame.Date, "", "19727"},
	} {
		s := infer(strings.Split(c.sample, ";")...)
		b, err := NewBuilder(&s, c.as, c.layout)
		if err != nil {
			t.Fatal(err)
		}
		b.Reset(4)
		b.Text(0, []byte(c.text))
		var col frame.Column
		b.Finish(1, &col)
		got := ""
		switch {
		case col.IsBad(0):
			got = "bad"
		case col.IsNull(0):
			got = "null"
		case col.Kind == frame.String:
			got = "text " + string(col.Str(0))
		case col.Kind == frame.Float:
			got = strconv.FormatFloat(col.F64[0], 'g', -1, 64)
		default:
			got = strconv.FormatInt(col.I64[0], 10)
		}
		if got != c.want {
			t.Errorf("%q as %v %s in a column like %s: %s, want %s", c.text, c.as, c.layout, c.sample, got, c.want)
		}
	}
}

func TestDictionariesKeepEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}|[a-c]{7,9}|x[a-d]{15,18}`), 1, 300).Draw(t, "texts")
		var ev Evidence
		for range 10 {
			ev.Add([]byte("aa"))
			ev.Add([]byte("bb"))
		}
		s := ev.Decide("c")
		if s.Common == nil {
			t.Fatal("no dictionary")
		}
		b, _ := NewBuilder(&s, frame.String, "")
		var dicts []*frame.Dict
		var sizes []int
		for range 2 {
			b.Reset(len(texts))
			for i, x := range texts {
				b.Text(i, []byte(x))
			}
			var col frame.Column
			b.Finish(len(texts), &col)
			for i, x := range texts {
				if x == "" != col.IsNull(i) || x != "" && string(col.Str(i)) != x {
					t.Fatalf("row %d: %q", i, x)
				}
			}
			dicts, sizes = append(dicts, col.Dict), append(sizes, col.Dict.Len())
		}
		if dicts[0] != dicts[1] || sizes[0] != dicts[0].Len() {
			t.Fatal("the dictionary changed though no new text came")
		}
	})
}
