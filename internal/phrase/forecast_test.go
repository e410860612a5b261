package phrase

import (
	"math"
	"strings"
	"testing"
)

// plainSpaces makes spaces that do not break or are narrow ordinary ones.
func plainSpaces(s string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ").Replace(s)
}

func TestForecast(t *testing.T) {
	f := ForecastFacts{Start: 17532, End: 17560, Weeks: 4, Expected: 345_123_4567, Low: 326_000_0000, High: 364_900_0000, Before: 364_000_0000, YearAgo: 338_800_0000,
		Tests: 4, Miss: 0.13, Repeat: 0.144, Inside: 0.86, Held: 3}
	en := Printer{Lang: "en", Currency: "USD"}
	zh := Printer{Lang: "zh", Currency: "CNY"}
	for _, c := range []struct {
		p    Printer
		edit func(*ForecastFacts)
		want []string
	}{
		{en, nil, []string{
			"The next 4 weeks (1–28 Jan 2018) should bring about $345,000 (likely $326,000 to $365,000), 5.2 % less than the 4 weeks before ($364,000).",
			"That is 1.9 % more than the same weeks a year ago ($338,800). “Likely” is meant for four in five such forecasts; on the past it held for three of four.",
			"In four tests on the past, such forecasts missed the days by 13 % of revenue; repeating the last week missed by 14 %, and 86 % of the days lay in the 80 % band.",
		}},
		{zh, nil, []string{
			"未来 4 周（2018年1月1日至28日）预计收入约 ¥345,000（大致在 ¥326,000 至 ¥365,000 之间），比之前 4 周少 5.2%（¥364,000）。",
			"这比去年同期多 1.9%（¥338,800）。“大致”意在五次中成立四次；在过去的 4 次检验中成立 3 次。",
			"在过去检验 4 次，每日预测误差为收入的 13%；重复上一周的误差为 14%；86% 的日子落在 80% 区间内。",
		}},
		{en, func(f *ForecastFacts) { f.YearAgo, f.Before, f.High, f.Low, f.Tests = -1, 0, 0, 0, 0 }, []string{
			"The next 4 weeks (1–28 Jan 2018) should bring about $345,000.",
			"The history is too short to test such a forecast on it: take it as a rough guide.",
		}},
		{en, func(f *ForecastFacts) { f.Miss, f.Inside, f.Before = 0.143, math.NaN(), f.Expected }, []string{
			"The next 4 weeks (1–28 Jan 2018) should bring about $345,000 (likely $326,000 to $365,000), as much as the 4 weeks before ($345,123).",
			"That is 1.9 % more than the same weeks a year ago ($338,800). “Likely” is meant for four in five such forecasts; on the past it held for three of four.",
			"In four tests on the past, such forecasts missed the days by 14 % of revenue; repeating the last week missed by 14 %. It is no better than repeating the last week: do not read more into it.",
		}},
		{en, func(f *ForecastFacts) {
			f.Before, f.YearAgo, f.Held = 0, -1, 2
			f.Odd = []OddDay{{17531, 200_921_0000, 57_651_0000}}
		}, []string{
			"The next 4 weeks (1–28 Jan 2018) should bring about $345,000 (likely $326,000 to $365,000).",
			"“Likely” is meant for four in five such forecasts; on the past it held for two of four: count on a wider range.",
			"It does not go on from 31 Dec 2017 ($200,921 where about $57,700 was expected): nothing before or after announces such a day.",
			"",
		}},
		{en, func(f *ForecastFacts) { f.YearAgo, f.Before, f.Tests = -1, 0, 0 }, []string{
			"", "“Likely” is meant for four in five such forecasts; this history is too short to test it.", "",
		}},
		{en, func(f *ForecastFacts) { f.Tests, f.Miss, f.Repeat, f.Held = 1, 0.8, 0.9, 1 }, []string{
			"", "", "In one test on the past, such forecasts missed the days by 80 % of revenue; repeating the last week missed by 90 %, and 86 % of the days lay in the 80 % band. Days vary too much to plan by: use the sum.",
		}},
	} {
		g := f
		if c.edit != nil {
			c.edit(&g)
		}
		got := c.p.Forecast(g)
		if len(got) != len(c.want) {
			t.Fatalf("%d sentences: %q", len(got), got)
		}
		for i, w := range c.want {
			if s := plainSpaces(got[i]); w != "" && s != w {
				t.Errorf("got  %s\nwant %s", s, w)
			}
		}
	}
	if got := plainSpaces(en.ForecastSums([]float64{0.02, -0.15})); got != "The sums forecast were off by +2.0 % and −15 %, the latest first." {
		t.Error(got)
	}
}

func TestRoundTo(t *testing.T) {
	for _, c := range []struct{ in, want int64 }{{0, 0}, {345_123_4567, 345_000_0000}, {-9996, -10000}, {12, 12}, {7, 7}} {
		if got := roundTo(c.in, 3); got != c.want {
			t.Errorf("%d: %d, want %d", c.in, got, c.want)
		}
	}
}
