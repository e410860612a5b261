package phrase

import (
	"slices"
	"testing"
)

const pounds = MoneyScale

func TestIncidentSentences(t *testing.T) {
	day := int64(20_000) // 2024-10-04
	en, zh := Printer{Lang: "en", Currency: "GBP"}, Printer{Lang: "zh", Currency: "CNY"}
	for _, c := range []struct {
		name   string
		i      Incident
		en, zh string
	}{
		{"a dip of one region", Incident{Start: day, End: day + 2, Kind: "dip", Money: 600 * pounds, Usual: 1000 * pounds, Dim: "region", Values: []string{"SP"}, Share: 0.8},
			"4–5 Oct 2024: £600.00, 40\u202f% below the usual £1,000; 8 in 10 of it comes from region SP.",
			"2024年10月4日至5日：收入 ¥600.00，比通常的 ¥1,000 低 40%；其中 80% 来自地区“SP”。"},
		{"a region that fails alone", Incident{Start: day, End: day + 1, Kind: "missing", Usual: 5000 * pounds, Dim: "region", Values: []string{"SP"}, Share: 1, Alone: true},
			"4 Oct 2024: nothing was sold in region SP, where £5,000 is usual, while the rest was as usual.",
			"2024年10月4日：地区“SP”没有任何销售，通常为 ¥5,000，其余部分正常。"},
		{"nothing at all", Incident{Start: day, End: day + 1, Kind: "missing", Usual: 5000 * pounds}, "4 Oct 2024: nothing was sold; £5,000 is usual.", "2024年10月4日：没有任何销售，通常为 ¥5,000。"},
		{"three times", Incident{Start: day, End: day + 1, Kind: "spike", Money: 3000 * pounds, Usual: 1000 * pounds}, "4 Oct 2024: £3,000, 3.0 times the usual £1,000.", "2024年10月4日：收入 ¥3,000，是通常 ¥1,000 的 3.0 倍。"},
		{"a third more", Incident{Start: day, End: day + 1, Kind: "spike", Money: 1330 * pounds, Usual: 1000 * pounds}, "4 Oct 2024: £1,330, 33\u202f% above the usual £1,000.", "2024年10月4日：收入 ¥1,330，比通常的 ¥1,000 高 33%。"},
		{"where nothing is usual", Incident{Start: day, End: day + 1, Kind: "spike", Money: 1330 * pounds}, "4 Oct 2024: £1,330, where nothing is usual.", "2024年10月4日：收入 ¥1,330，通常没有收入。"},
	} {
		if got := en.Incident(c.i); got != c.en {
			t.Errorf("%s: %q, want %q", c.name, got, c.en)
		}
		if got := zh.Incident(c.i); got != c.zh {
			t.Errorf("%s: %q, want %q", c.name, got, c.zh)
		}
		for _, kind := range []string{"spike", "dip", "missing", "shift_up", "shift_down"} {
			c.i.Kind = kind
			if head, text := en.IncidentAction(c.i); head == "" || text == "" {
				t.Errorf("%s as %s: no advice", c.name, kind)
			}
		}
	}
}

func TestAnomaliesLead(t *testing.T) {
	en := Printer{Lang: "en", Currency: "GBP"}
	if got := en.Anomalies(AnomalyFacts{Days: 300}); !slices.Equal(got, []string{"No day of 300 was outside what its past lets expect."}) {
		t.Errorf("without incidents: %q", got)
	}
	f := AnomalyFacts{Days: 355, False: 0.3, Found: 1, Latest: Incident{Start: 20_000, End: 20_001, Kind: "missing", Usual: 100 * pounds}}
	want := []string{"1 incident in 355 days, none in the last four weeks. The latest: 4 Oct 2024: nothing was sold; £100.00 is usual.", "Chance alone would raise less than one in that time."}
	if got := en.Anomalies(f); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	f.False = 2.2
	if got := en.Anomalies(f)[1]; got != "Chance alone would raise about 2 in that time." {
		t.Errorf("%q", got)
	}
}
