package relation

import (
	"math"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// cell is what a value became: its text, "null" or "bad".
func cell(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "bad"
	case c.IsNull(i):
		return "null"
	}
	return cellText(c, i)
}

func TestConvert(t *testing.T) {
	ts := func(u arrow.TimeUnit, zone string) arrow.DataType {
		return &arrow.TimestampType{Unit: u, TimeZone: zone}
	}
	dec := &arrow.Decimal128Type{Precision: 20, Scale: 2}
	tests := []struct {
		name   string
		to     expr.Type
		layout string
		zone   string
		in     frame.Column
		want   []string
	}{
		{"whole doubles", expr.Int, "", "", memtest.Column(doubleType, 17850.0, -3.0, 1.5, nil, math.NaN(), math.Inf(1), 1e16, 9007199254740992.0), []string{"17850", "-3", "bad", "null", "null", "null", "bad", "9007199254740992"}},
		{"unsigned", expr.Int, "", "", memtest.Column(arrow.PrimitiveTypes.Uint64, 5, -1, nil), []string{"5", "bad", "null"}},
		{"decimals as ids", expr.Int, "", "", memtest.Column(dec, 1700, 1750, nil), []string{"17", "bad", "null"}},
		{"text as integers", expr.Int, "", "", memtest.Column(stringType, "17850", " 17850.0 ", "00123", "-4", "1.5", "", "x", "9223372036854775807", "9223372036854775808", "NULL", nil, "-9223372036854775808"), []string{"17850", "17850", "123", "-4", "bad", "null", "bad", "9223372036854775807", "bad", "null", "null", "-9223372036854775808"}},
		{"text as numbers", expr.Float, "", "", memtest.Column(dictType, "1.10", "1e3", "-.5", "5.", "", "NaN", "inf", "1,5", "0x10", "1_0", "12345678901234567890.125", "."), []string{"1.1", "1000", "-0.5", "5", "null", "null", "null", "bad", "bad", "bad", "1.2345678901234567e+19", "bad"}},
		{"NaN is null", expr.Float, "", "", memtest.Column(doubleType, 1.5, math.NaN(), math.Inf(-1), nil), []string{"1.5", "null", "null", "null"}},
		{"decimals as numbers", expr.Float, "", "", memtest.Column(dec, 255, -1), []string{"2.55", "-0.01"}},
		{"seconds", expr.Time, "", "", memtest.Column(ts(arrow.Second, ""), 1, -1, int64(math.MaxInt64)), []string{"1970-01-01T00:00:01", "1969-12-31T23:59:59", "bad"}},
		{"milliseconds", expr.Time, "", "", memtest.Column(ts(arrow.Millisecond, ""), 1, -1), []string{"1970-01-01T00:00:00.001", "1969-12-31T23:59:59.999"}},
		{"nanoseconds round down", expr.Time, "", "", memtest.Column(ts(arrow.Nanosecond, ""), 1999, -1, -1001), []string{"1970-01-01T00:00:00.000001", "1969-12-31T23:59:59.999999", "1969-12-31T23:59:59.999998"}},
		{"zoneless is not shifted", expr.Time, "", "Asia/Shanghai", memtest.Column(ts(arrow.Microsecond, ""), 0), []string{"1970-01-01T00:00:00"}},
		{"instants are converted", expr.Time, "", "Asia/Shanghai", memtest.Column(ts(arrow.Microsecond, "UTC"), 0), []string{"1970-01-01T08:00:00"}},
		{"summer time", expr.Time, "", "America/New_York", memtest.Column(ts(arrow.Second, "Europe/Paris"), 1710053999, 1710054000, 1730613599, 1730613600), []string{"2024-03-10T01:59:59", "2024-03-10T03:00:00", "2024-11-03T01:59:59", "2024-11-03T01:00:00"}},
		{"dates are midnight", expr.Time, "", "Asia/Shanghai", memtest.Column(arrow.FixedWidthTypes.Date32, 1, -1, int64(200_000_000)), []string{"1970-01-02T00:00:00", "1969-12-31T00:00:00", "bad"}},
		{"numbers as times", expr.Time, "", "", memtest.Column(int64Type, 19970101, 19970230, 1511544070, 1511544070000, 1511544070000000, 1511544070000000000, 7, 20240102030405), []string{"1997-01-01T00:00:00", "bad", "2017-11-24T17:21:10", "2017-11-24T17:21:10", "2017-11-24T17:21:10", "2017-11-24T17:21:10", "bad", "2024-01-02T03:04:05"}},
		{"stated unit", expr.Time, LayoutUnix, "", memtest.Column(int64Type, 7), []string{"1970-01-01T00:00:07"}},
		{"days", expr.Date, "", "", memtest.Column(ts(arrow.Microsecond, ""), -1, 86_400_000_000), []string{"1969-12-31", "1970-01-02"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z, err := newZone(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			var v vec
			for range 2 { // buffers are reused
				got := v.convert(&plan{typ: tt.to, layout: tt.layout}, &tt.in, &z)
				for i, want := range tt.want {
					if cell(got, i) != want {
						t.Errorf("row %d: %s, want %s", i, cell(got, i), want)
					}
				}
				nulls := 0
				for i := range got.Len {
					if got.IsNull(i) {
						nulls++
					}
				}
				if nulls != got.Nulls {
					t.Errorf("%d nulls are said to be %d", nulls, got.Nulls)
				}
			}
		})
	}
}

func TestConvertLeavesTheSourceAlone(t *testing.T) {
	in := memtest.Column(doubleType, 1.0, 1.5, nil, 2.0)
	valid := append([]byte(nil), in.Valid...)
	var v vec
	var z zone
	v.convert(&plan{typ: expr.Int}, &in, &z)
	if string(valid) != string(in.Valid) || in.Bad != nil {
		t.Error("the source's bitmaps changed")
	}
}

func TestWideDecimals(t *testing.T) {
	in := memtest.Column(&arrow.Decimal128Type{Precision: 38, Scale: 2}, 0)
	in.I64, in.D128 = nil, []decimal128.Num{decimal128.New(1, 0)}
	var v vec
	var z zone
	if c := v.convert(&plan{typ: expr.Int}, &in, &z); cell(c, 0) != "bad" {
		t.Errorf("2^64/100 became %s", cell(c, 0))
	}
	if c := v.convert(&plan{typ: expr.Float}, &in, &z); math.Abs(c.F64[0]-18446744073709551616.0/100) > 64 {
		t.Errorf("2^64/100 became %v", c.F64[0])
	}
}

func TestTimeText(t *testing.T) {
	shanghai := "Asia/Shanghai"
	tests := []struct{ layout, zone, text, want string }{
		{"", "", "2010-12-01 08:26:00", "2010-12-01T08:26:00"},
		{"", "", "2010-12-01T08:26", "2010-12-01T08:26:00"},
		{"", "", "2010/12/1 8:26", "2010-12-01T08:26:00"},
		{"", "", "2010-12-01", "2010-12-01T00:00:00"},
		{"", "", "20101201", "2010-12-01T00:00:00"},
		{"", "", "20101201 082600", "2010-12-01T08:26:00"},
		{"", "", "20101201082600", "2010-12-01T08:26:00"},
		{"", "", "2010-12-01 08:26:00.123456789", "2010-12-01T08:26:00.123456"},
		{"", shanghai, "2010-12-01T08:26:00Z", "2010-12-01T16:26:00"},
		{"", shanghai, "2019-10-01 00:00:00 UTC", "2019-10-01T08:00:00"},
		{"", shanghai, "2010-12-01T08:26:00+08:00", "2010-12-01T08:26:00"},
		{"", shanghai, "2010-12-01 08:26:00 -0530", "2010-12-01T21:56:00"},
		{"", shanghai, "2010-12-01 08:26:00", "2010-12-01T08:26:00"},
		{"", "", "2010年12月1日", "2010-12-01T00:00:00"},
		{"", "", "2010年12月1日 8时26分", "2010-12-01T08:26:00"},
		{"", "", "1.12.2010 08:26", "2010-12-01T08:26:00"},
		{"", "", "1-Dec-2010", "2010-12-01T00:00:00"},
		{"", "", "1 dec 2010 08:26:01", "2010-12-01T08:26:01"},
		{"", "", "1511544070", "2017-11-24T17:21:10"},
		{"", "", "12/1/10 8:26", "bad"}, // day or month: must be stated
		{LayoutMDY, "", "12/1/10 8:26", "2010-12-01T08:26:00"},
		{LayoutDMY, "", "1/12/2010 8:26 PM", "2010-12-01T20:26:00"},
		{LayoutMDY, "", "12/01/2010 12:05:09 AM", "2010-12-01T00:05:09"},
		{LayoutMDY, "", "2010-12-01 08:26:00", "2010-12-01T08:26:00"},
		{LayoutMDY, "", "13/1/10", "bad"},
		{LayoutYMD, "", "19970101", "1997-01-01T00:00:00"},
		{"", "", "2023-02-29", "bad"},
		{"", "", "2024-02-29", "2024-02-29T00:00:00"},
		{"", "", "1900-02-29", "bad"},
		{"", "", "2024-02-01 24:00", "bad"},
		{"", "", "2024-02-01 23:60", "bad"},
		{"", "", "2024-02-01x", "bad"},
		{"", "", "2024-02-01 08:00 +99:00", "bad"},
		{"", "", "yesterday", "bad"},
		{"", "", "", "null"},
		{"", "", "  ", "null"},
		{"", "", "NULL", "null"},
		{"02.01.2006 15h04", "", "01.12.2010 08h26", "2010-12-01T08:26:00"},
		{"2006-01-02T15:04:05Z07:00", shanghai, "2010-12-01T00:00:00Z", "2010-12-01T08:00:00"},
	}
	for _, tt := range tests {
		z, err := newZone(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		in := memtest.Column(stringType, tt.text)
		var v vec
		if got := cell(v.convert(&plan{typ: expr.Time, layout: tt.layout}, &in, &z), 0); got != tt.want {
			t.Errorf("%q by %q in %q: %s, want %s", tt.text, tt.layout, tt.zone, got, tt.want)
		}
	}
}

// TestDays compares the calendar with package time's.
func TestDays(t *testing.T) {
	for d := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2500; d = d.AddDate(0, 0, 13) {
		if got := civil.Days(int64(d.Year()), int64(d.Month()), int64(d.Day())); got != civil.FloorDiv(d.Unix(), 86400) {
			t.Fatalf("%v is day %d", d, got)
		}
		if n := monthDays(d.Year(), int(d.Month())); n != time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() {
			t.Fatalf("%v has %d days in its month", d, n)
		}
	}
}

func FuzzTimeText(f *testing.F) {
	for _, s := range []string{"2010-12-01 08:26:00", "12/1/10 8:26", "2010年12月1日", "1-Dec-2010", "20101201082600", "99999999999999999999", "1 "} {
		f.Add(s, "")
		f.Add(s, LayoutMDY)
	}
	f.Fuzz(func(t *testing.T, s, layout string) {
		z := zone{utc: true}
		p := timeParser{layout: layout, zone: &z}
		x, st := p.parse([]byte(s))
		if st != fine {
			return
		}
		p.layout = ""
		again := time.UnixMicro(x).UTC().Format("2006-01-02T15:04:05.999999")
		if y, st := p.parse([]byte(again)); st != fine || x != y {
			t.Errorf("%q is %s, which reads as %d", s, again, y)
		}
	})
}
