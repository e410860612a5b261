package phrase

import (
	"math"
	"strings"
)

// ForecastFacts are what is said about the days to come.
type ForecastFacts struct {
	Start, End int64 // the days ahead, [Start, End)
	Weeks      int   // whole weeks among them; 0 = say days
	Expected   int64 // exact money in all
	Low, High  int64 // the 80 % interval of the sum; equal = cannot be told
	Before     int64 // money of as many days just before; -1 = not known
	YearAgo    int64 // money of the same days of the week 52 weeks before; -1 = not known

	Tests        int     // back-tests behind what follows; 0 = the history is too short
	Miss, Repeat float64 // share of revenue that daily forecasts missed, and last week's values repeated
	Inside       float64 // share of back-tested days within the 80 % interval; NaN = not known
	Held         int     // back-tests whose sum lay within the 80 % interval of such sums; −1 = not known
	Odd          []OddDay
}

// OddDay is a day at the end of the history that the forecast leaves out.
type OddDay struct {
	Day          int64
	Money, Usual int64 // what came, and what was expected in its place
}

// span names the days ahead.
func (p Printer) ahead(f ForecastFacts) string {
	if f.Weeks > 0 {
		n := p.Count(int64(f.Weeks))
		return p.Pick("The next "+n+" "+Plural(int64(f.Weeks), "week", "weeks"), "未来 "+n+" 周")
	}
	n := p.Count(f.End - f.Start)
	return p.Pick("The next "+n+" "+Plural(f.End-f.Start, "day", "days"), "未来 "+n+" 天")
}

// Forecast says what to expect, against what, how sure that is, and how good such forecasts were.
func (p Printer) Forecast(f ForecastFacts) []string {
	when := p.Span(f.Start, f.End)
	s := p.Pick(p.ahead(f)+" ("+when+") should bring about "+p.MoneyWords(roundTo(f.Expected, 3)),
		p.ahead(f)+"（"+when+"）预计收入约 "+p.MoneyWords(roundTo(f.Expected, 3)))
	likely := f.High > f.Low
	if likely {
		s += p.Pick(" (likely "+p.MoneyWords(roundTo(f.Low, 3))+" to "+p.MoneyWords(roundTo(f.High, 3))+")",
			"（大致在 "+p.MoneyWords(roundTo(f.Low, 3))+" 至 "+p.MoneyWords(roundTo(f.High, 3))+" 之间）")
	}
	if c := p.against(f.Expected, f.Before, p.before(f)); c != "" {
		s += p.Pick(", "+c, "，"+c)
	}
	out := []string{s + p.Pick(".", "。")}
	second := ""
	if c := p.against(f.Expected, f.YearAgo, p.Pick("the same weeks a year ago", "去年同期")); c != "" {
		second = p.Pick("That is "+c+". ", "这"+c+"。")
	}
	if likely {
		second += p.likely(f)
	}
	if second != "" {
		out = append(out, strings.TrimSpace(second))
	}
	if len(f.Odd) > 0 {
		out = append(out, p.oddDays(f.Odd))
	}
	return append(out, p.ForecastRecord(f))
}

// likely says what the interval of the sum is meant for, and how often it held on the past.
func (p Printer) likely(f ForecastFacts) string {
	if f.Tests == 0 || f.Held < 0 {
		return p.Pick("“Likely” is meant for four in five such forecasts; this history is too short to test it.", "“大致”意在五次中成立四次；历史太短，无法检验。")
	}
	n, all := p.Small(f.Held), p.Small(f.Tests)
	if p.ZH() {
		n, all = p.Count(int64(f.Held)), p.Count(int64(f.Tests))
	}
	s := p.Pick("“Likely” is meant for four in five such forecasts; on the past it held for "+n+" of "+all, "“大致”意在五次中成立四次；在过去的 "+all+" 次检验中成立 "+n+" 次")
	if 5*f.Held < 3*f.Tests {
		s += p.Pick(": count on a wider range", "：请按更宽的范围估计")
	}
	return s + p.Pick(".", "。")
}

// oddDays names the days that the forecast does not go on from.
func (p Printer) oddDays(odd []OddDay) string {
	words := make([]string, len(odd))
	for i, o := range odd {
		words[i] = p.Pick(p.Day(o.Day)+" ("+p.MoneyWords(o.Money)+" where about "+p.MoneyWords(roundTo(o.Usual, 3))+" was expected)",
			p.Day(o.Day)+"（收入 "+p.MoneyWords(o.Money)+"，预期约 "+p.MoneyWords(roundTo(o.Usual, 3))+"）")
	}
	if len(odd) == 1 {
		return p.Pick("It does not go on from "+words[0]+": nothing before or after announces such a day.", "预测未沿用 "+words[0]+"：前后均无迹象。")
	}
	return p.Pick("It does not go on from "+p.Join(words)+": nothing before or after announces such days.", "预测未沿用 "+p.Join(words)+"：前后均无迹象。")
}

// before names the span that a forecast is compared with.
func (p Printer) before(f ForecastFacts) string {
	if f.Weeks > 0 {
		n := p.Count(int64(f.Weeks))
		return p.Pick("the "+n+" "+Plural(int64(f.Weeks), "week", "weeks")+" before", "之前 "+n+" 周")
	}
	n := p.Count(f.End - f.Start)
	return p.Pick("the "+n+" "+Plural(f.End-f.Start, "day", "days")+" before", "之前 "+n+" 天")
}

// against compares the forecast with what came before; "" without a base.
func (p Printer) against(now, before int64, what string) string {
	if before <= 0 {
		return ""
	}
	r := float64(now-before) / float64(before)
	base := p.Pick(" ("+p.MoneyWords(before)+")", "（"+p.MoneyWords(before)+"）")
	switch {
	case math.Abs(r) < flat:
		return p.Pick("as much as "+what, "与"+what+"持平") + base
	case r > 0:
		return p.Pick(p.Percent(r)+" more than "+what, "比"+what+"多 "+p.Percent(r)) + base
	}
	return p.Pick(p.Percent(-r)+" less than "+what, "比"+what+"少 "+p.Percent(-r)) + base
}

// ForecastRecord says how forecasts like this one did.
func (p Printer) ForecastRecord(f ForecastFacts) string {
	if f.Tests == 0 {
		return p.Pick("The history is too short to test such a forecast on it: take it as a rough guide.", "历史太短，无法检验：仅供粗略参考。")
	}
	n := p.Small(f.Tests)
	if p.ZH() {
		n = p.Count(int64(f.Tests))
	}
	s := p.Pick("In "+n+" "+Plural(int64(f.Tests), "test", "tests")+" on the past, such forecasts missed the days by "+p.Percent(f.Miss)+" of revenue; repeating the last week missed by "+p.Percent(f.Repeat),
		"在过去检验 "+n+" 次，每日预测误差为收入的 "+p.Percent(f.Miss)+"；重复上一周的误差为 "+p.Percent(f.Repeat))
	if !math.IsNaN(f.Inside) {
		s += p.Pick(", and "+p.Percent(f.Inside)+" of the days lay in the 80"+p.pct()+" band", "；"+p.Percent(f.Inside)+" 的日子落在 80"+p.pct()+" 区间内")
	}
	switch {
	case f.Miss > 0.5:
		s += p.Pick(". Days vary too much to plan by: use the sum", "。每日波动太大，不宜逐日计划：请看总额")
	case f.Miss > 0.97*f.Repeat:
		s += p.Pick(". It is no better than repeating the last week: do not read more into it", "。并不优于重复上一周：请勿过度解读")
	}
	return s + p.Pick(".", "。")
}

// roundTo rounds exact money to so many significant digits: a forecast's further digits say nothing.
func roundTo(m int64, digits int) int64 {
	if m == 0 {
		return 0
	}
	e := math.Pow(10, math.Floor(math.Log10(math.Abs(float64(m))))-float64(digits-1))
	return int64(math.Round(float64(m)/e) * e)
}

// ForecastRange names the weakest and the strongest day ahead.
func (p Printer) ForecastRange(low, high int64, lowDay, highDay int64) string {
	return p.Pick("From "+p.MoneyWords(roundTo(low, 3))+" ("+p.DayLong(lowDay)+") to "+p.MoneyWords(roundTo(high, 3))+" ("+p.DayLong(highDay)+") a day.",
		"每日从 "+p.MoneyWords(roundTo(low, 3))+"（"+p.DayLong(lowDay)+"）到 "+p.MoneyWords(roundTo(high, 3))+"（"+p.DayLong(highDay)+"）。")
}

// ForecastSums says by how much the sums of back-tests were off, signed, the latest first.
func (p Printer) ForecastSums(off []float64) string {
	words := make([]string, len(off))
	for i, v := range off {
		words[i] = Signed(v, p.Percent(v))
	}
	return p.Pick("The sums forecast were off by "+p.Join(words)+", the latest first.", "预测总额的偏差（由近及远）："+p.Join(words)+"。")
}

// OpenDay says that the last day was left out.
func (p Printer) OpenDay(day int64, clock string) string {
	return p.Pick(p.Day(day)+", whose sales end at "+clock+", is not a whole day and is left out.", p.Day(day)+" 的销售止于 "+clock+"，不是完整的一天，未计入。")
}
