package phrase

import (
	"math"
	"testing"
)

var (
	en = Printer{Lang: "en", Currency: "GBP"}
	zh = Printer{Lang: "zh", Currency: "CNY"}
)

// plain makes no-break spaces readable in expectations.
func plain(s string) string {
	out := []rune{}
	for _, r := range s {
		if r == '\u00a0' || r == '\u202f' {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}

func check(t *testing.T, name, got, want string) {
	t.Helper()
	if plain(got) != want {
		t.Errorf("%s\n got %s\nwant %s", name, plain(got), want)
	}
}

func TestMoney(t *testing.T) {
	cases := []struct {
		m                   int64
		full, words, short_ string
		zhShort             string
	}{
		{0, "£0.00", "£0.00", "£0", "¥0"},
		{49, "£0.00", "£0.00", "£0.00", "¥0.00"},
		{50, "£0.01", "£0.01", "£0.01", "¥0.01"},
		{-50, "−£0.01", "−£0.01", "−£0.01", "−¥0.01"},
		{-49, "£0.00", "£0.00", "−£0.00", "−¥0.00"},
		{61_234, "£6.12", "£6.12", "£6.12", "¥6.12"},
		{999_9900, "£999.99", "£999.99", "£1K", "¥1千"},
		{6_124_3015, "£6,124.30", "£6,124", "£6.12K", "¥6.12千"},
		{612_430_1500, "£612,430.15", "£612,430", "£612K", "¥61.2万"},
		{9_995_000_0000, "£9,995,000.00", "£9,995,000", "£10M", "¥1,000万"},
		{1_234_567_890_0000, "£1,234,567,890.00", "£1,234,567,890", "£1.23B", "¥12.3亿"},
		{-1_500_0000, "−£1,500.00", "−£1,500", "−£1.5K", "−¥1,500"},
		{math.MaxInt64, "£922,337,203,685,477.58", "£922,337,203,685,478", "£922T", "¥922万亿"},
		{math.MinInt64, "−£922,337,203,685,477.58", "−£922,337,203,685,478", "−£922T", "−¥922万亿"},
	}
	for _, c := range cases {
		check(t, "Money", en.Money(c.m), c.full)
		check(t, "MoneyWords", en.MoneyWords(c.m), c.words)
		if c.m != -49 { // a negative nothing
			check(t, "MoneyShort", en.MoneyShort(c.m), c.short_)
			check(t, "MoneyShort zh", zh.MoneyShort(c.m), c.zhShort)
		}
	}
	check(t, "code", Printer{Currency: "CHF"}.Money(10_0000), "CHF 10.00")
	check(t, "none", Printer{}.Money(10_0000), "10.00")
}

func TestCountsAndShares(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1K", 12_468: "12.5K", 999_500: "1M", 1_000_000: "1M", -4200: "−4.2K"} {
		check(t, "CountShort", en.CountShort(n), want)
	}
	check(t, "CountShort zh", zh.CountShort(123_456), "12.3万")
	check(t, "Count", en.Count(-1234567), "−1,234,567")
	for r, want := range map[float64]string{0: "0 %", 0.0004: "<0.1 %", -0.0004: ">−0.1 %", 0.042: "4.2 %", 0.0994: "9.9 %", 0.0996: "10 %", 0.25: "25 %",
		0.9949: "99 %", 0.9999: "99.9 %", 1: "100 %", 1.5: "150 %", -0.32: "−32 %", math.Inf(1): "–"} {
		check(t, "Percent", en.Percent(r), want)
	}
	check(t, "percent zh", zh.Percent(0.042), "4.2%")
	check(t, "points", en.Points(0.012), "+1.2 points")
	check(t, "points zh", zh.Points(-0.031), "−3.1 个百分点")
	check(t, "no points", en.Points(0.0001), "0.0 points")
	for share, want := range map[float64]string{0.02: "hardly any", 0.3: "3 in 10", 0.5: "half", 0.9: "9 in 10", 0.97: "almost all"} {
		check(t, "InTen", en.InTen(share), want)
	}
}

// day of 2011-12-04, a Sunday.
const sunday = 15312

func TestDates(t *testing.T) {
	w := PeriodOf(Week, sunday)
	check(t, "week", en.Period(w), "week 48 (28 Nov – 4 Dec 2011)")
	check(t, "week zh", zh.Period(w), "第48周（2011年11月28日至12月4日）")
	check(t, "week before", en.Period(w.Prev()), "week 47 (21–27 Nov 2011)")
	check(t, "next", en.Period(w.Next()), "week 49 (5–11 Dec 2011)")
	m := PeriodOf(Month, sunday)
	check(t, "month", en.Period(m), "December 2011")
	check(t, "month zh", zh.Period(m), "2011年12月")
	check(t, "month before", en.PeriodShort(m.Prev()), "Nov 2011")
	check(t, "day", en.Period(PeriodOf(Day, sunday)), "Sunday, 4 December 2011")
	check(t, "day zh", zh.Day(19724), "2024年1月2日")
	check(t, "span of years", en.Span(15300, 15400), "22 Nov 2011 – 29 Feb 2012")
	if b := PeriodOf(Week, -1); Date(b.Start).Weekday() != 1 || b.End-b.Start != 7 {
		t.Errorf("the week of 31 Dec 1969 is %v", b)
	}
}

func headlineCase(f func(*Change)) Change {
	c := Change{Period: PeriodOf(Week, sunday), Now: 612_430_0000, Before: 639_280_0000, Orders: 410, OrdersBefore: 430, Unusual: -1}
	c.Prev = c.Period.Prev()
	f(&c)
	return c
}

func TestHeadline(t *testing.T) {
	cases := []struct {
		name   string
		c      Change
		en, zh string
	}{
		{"two wholesale customers", headlineCase(func(c *Change) {
			c.Cause = Cause{Kind: ByCustomer, Names: []string{"14646", "18102"}, Share: 0.9, Rest: 0.013}
		}), "Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): 9 in 10 of the loss comes from two customers (14646 and 18102); the rest grew 1.3 %.",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：降幅的 9 成来自 2 位客户（14646 和 18102）；其余增长 1.3%。"},
		{"one region, the rest held", headlineCase(func(c *Change) {
			c.Before = 500_000_0000
			c.Cause = Cause{Kind: ByRegion, Names: []string{"London"}, Share: 0.97, Rest: 0.001}
		}), "Revenue rose 22 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): almost all of the gain comes from London; the rest held.",
			"第48周（2011年11月28日至12月4日）收入增长 22%，至 ¥612,430：增幅的几乎全部来自 London；其余持平。"},
		{"more than all", headlineCase(func(c *Change) {
			c.Cause = Cause{Kind: ByCategory, Names: []string{"Toys", "Garden"}, Share: 1.4, Rest: math.NaN()}
		}), "Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): the loss comes from Toys and Garden alone.",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：降幅全部来自 Toys 和 Garden。"},
		{"orders and size", headlineCase(func(c *Change) { c.Cause = Cause{Kind: ByVolume, Orders: -0.05, AOV: 0.008} }),
			"Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): fewer orders (−5.0 %) outweighed a larger average order (+0.8 %).",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：订单减少（−5.0%），超过了客单价上升（+0.8%）的影响。"},
		{"orders alone", headlineCase(func(c *Change) { c.Cause = Cause{Kind: ByVolume, Orders: -0.042, AOV: 0.001} }),
			"Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): fewer orders (−4.2 %); the average order held.",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：订单减少（−4.2%）；客单价基本不变。"},
		{"size alone", headlineCase(func(c *Change) { c.Cause = Cause{Kind: ByVolume, Orders: 0.001, AOV: -0.043} }),
			"Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): a smaller average order (−4.3 %); the number of orders held.",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：客单价下降（−4.3%）；订单数基本不变。"},
		{"both, size first", headlineCase(func(c *Change) { c.Cause = Cause{Kind: ByVolume, Orders: -0.01, AOV: -0.033} }),
			"Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011): a smaller average order (−3.3 %) and fewer orders (−1.0 %).",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430：客单价下降（−3.3%），且订单减少（−1.0%）。"},
		{"flat", headlineCase(func(c *Change) {
			c.Before = c.Now + 10_0000
			c.Cause = Cause{Kind: ByVolume, Orders: 0.1, AOV: -0.1}
		}), "Revenue held at £612,430 in week 48 (28 Nov – 4 Dec 2011).", "第48周（2011年11月28日至12月4日）收入持平，为 ¥612,430。"},
		{"thin", headlineCase(func(c *Change) {
			c.Orders = 12
			c.Cause = Cause{Kind: ByRegion, Names: []string{"London"}, Share: 0.97}
		}), "Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011) (12 orders in the smaller week: too few to tell).",
			"第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430（较少的一周只有 12 笔订单：太少，无法判断）。"},
		{"nothing before", headlineCase(func(c *Change) { c.Before = 0 }),
			"Revenue was £612,430 in week 48 (28 Nov – 4 Dec 2011); there was none in the week before.", "第48周（2011年11月28日至12月4日）收入为 ¥612,430；前一周没有收入。"},
		{"nothing now", headlineCase(func(c *Change) { c.Now = 0 }),
			"There was no revenue in week 48 (28 Nov – 4 Dec 2011), after £639,280 the week before.", "第48周（2011年11月28日至12月4日）没有收入；前一周为 ¥639,280。"},
		{"unknown orders", headlineCase(func(c *Change) { c.Orders, c.OrdersBefore = -1, -1 }),
			"Revenue fell 4.2 % to £612,430 in week 48 (28 Nov – 4 Dec 2011).", "第48周（2011年11月28日至12月4日）收入下降 4.2%，至 ¥612,430。"},
	}
	for _, c := range cases {
		check(t, c.name, en.Headline(c.c), c.en)
		check(t, c.name+" zh", zh.Headline(c.c), c.zh)
	}
}

func TestUsualAndYear(t *testing.T) {
	c := headlineCase(func(c *Change) { c.Low, c.High, c.Past, c.Unusual = -0.11, 0.14, 40, 0 })
	check(t, "usual", en.Usual(c), "That is within the usual range: a week normally moves between −11 % and +14 %.")
	check(t, "usual zh", zh.Usual(c), "这在通常范围之内：每周变化一般在 −11% 至 +14% 之间。")
	c.Unusual = 1
	check(t, "unusual", en.Usual(c), "That is outside the usual range: a week normally moves between −11 % and +14 %.")
	c.Unusual, c.Past = -1, 1
	check(t, "too short", en.Usual(c), "With 1 earlier week-on-week change, whether this is usual cannot be told yet.")
	check(t, "year", en.YearBefore(Week, 4, 0.12, 100_000_0000), "Over the last four weeks revenue is 12 % above the same weeks a year before (£100,000).")
	check(t, "year down", en.YearBefore(Month, 1, -0.2, 100_000_0000), "Over that month revenue is 20 % below the same month a year before (£100,000).")
	check(t, "year zh", zh.YearBefore(Week, 4, 0.12, 100_000_0000), "最近 4 周收入比去年同期（¥100,000）高 12%。")
	check(t, "seasonal", en.Season(-0.56, -0.41), "The same week a year before moved alike (−41 %): this looks seasonal.")
	check(t, "not seasonal", en.Season(-0.56, 0.03), "The same week a year before moved +3.0 %: the season does not explain it.")
}

func TestSectionSentences(t *testing.T) {
	check(t, "pareto", en.Pareto(ParetoFacts{Products: 3527, Top: 705, Share: 0.8, Best: "CAKESTAND", BestShare: 0.023, Slow: 357})[1],
		"At the other end 357 products (10 %) sold once or twice: candidates to drop.")
	check(t, "few products", en.Pareto(ParetoFacts{Products: 3, Best: "Tea", BestShare: 0.5})[0], "Of three products, Tea brings most: 50 % of revenue.")
	check(t, "pareto zh", zh.Pareto(ParetoFacts{Products: 100, Top: 20, Share: 0.8, Best: "茶", BestShare: 0.1})[0], "100 种商品中最好的五分之一（20 种）贡献 80% 的收入；居首的“茶”占 10%。")
	check(t, "places", en.Places(PlaceFacts{Places: 34, First: "SP", FirstShare: 0.4, Second: "RJ", SecondShare: 0.13, Eighty: 7}), "SP brings 40 % of revenue, RJ follows with 13 %; 7 of 34 regions make up four fifths.")
	check(t, "one place", en.Places(PlaceFacts{Places: 1, First: "SP", FirstShare: 1}), "All revenue comes from SP.")
	check(t, "few customers", en.Segments(SegmentFacts{Customers: 12})[0], "12 known customers: too few for segments to tell much.")
	check(t, "segments", en.Segments(SegmentFacts{Customers: 2931, CoreShare: 0.34, CoreRevenue: 0.75})[0], "34 % of 2,931 customers, the champions and the loyal, bring 75 % of what known customers spend.")
	check(t, "at risk zh", zh.Segments(SegmentFacts{Customers: 2931, RiskCustomers: 372, RiskMoney: 480_738_0000, RiskShare: 0.12, RiskDays: 181})[1], "372 位购买多于大多数的客户已比大多数人离开更久，平均 181 天：他们此前贡献 ¥480,738（占其中 12%）。")
}

func TestRetention(t *testing.T) {
	f := RetentionFacts{Customers: 3000, Month1: 0.19, Low1: 0.15, High1: 0.22, N1: 5, Month3: 0.24, N3: 3, Latest: 0.21, LatestName: "Apr 2011", LatestCustomers: 300}
	check(t, "no difference", en.Retention(f),
		"Of new customers 19 % buy in the month after their first order (15 % to 22 % by cohort), 24 % in the third month; the latest cohort (Apr 2011, 21 %) does not differ beyond chance.")
	f.Latest, f.LatestCustomers = 0.1, 3000
	check(t, "worse", en.Retention(f)[len(en.Retention(f))-len("comes back less often."):], "comes back less often.")
	check(t, "early", en.Retention(RetentionFacts{Month1: math.NaN()}), "No cohort has a whole month after its own yet: too early to tell who buys again.")
	check(t, "thin", en.Retention(RetentionFacts{Customers: 12, Month1: 0.5, N1: 2}), "12 new customers in all: too few to tell who buys again.")
}

func TestQualitySentences(t *testing.T) {
	f := QualityFacts{Rows: 1000, Sold: 900, SoldMoney: 5000_0000, Rejected: 60, RejectedMoney: 120_0000, NoMoney: 1, TopReason: "no order id", TopRows: 50, Duplicates: 3, DuplicatesMoney: 9_0000}
	got := en.Quality(f)
	want := []string{
		"900 of 1,000 rows (90 %) are sold lines worth £5,000; 60 (6.0 %) were rejected, most of all for “no order id” (50).",
		"Money at stake in rejected rows: £120.00; for 1 row it cannot be computed.",
		"3 rows equal an earlier row in every mapped column (£9.00).",
	}
	if len(got) != len(want) {
		t.Fatalf("%d sentences: %q", len(got), got)
	}
	for i := range want {
		check(t, "quality", got[i], want[i])
	}
	check(t, "clean", en.Quality(QualityFacts{Rows: 10, Sold: 10, SoldMoney: 10_0000, Duplicates: -1})[0], "10 of 10 rows (100 %) are sold lines worth £10.00; none had to be rejected.")
}

func TestNamesLoseWhatDeceives(t *testing.T) {
	for in, want := range map[string]string{
		"  a  b ":                 "a b",
		"\u202egnp.exe\u202c":     "gnp.exe",
		"x\u2028y\x1b[31m\u0000z": "x y [31m z",
		"zero\u200bwidth":         "zero width",
		"abcdef":                  "abcde…",
		"مرحبا":                   "مرحبا",
		"<b>":                     "<b>",
	} {
		limit := 40
		if in == "abcdef" {
			limit = 5
		}
		check(t, "Name", Name(in, limit), want)
	}
}

func TestSpaced(t *testing.T) {
	check(t, "latin", Spaced("来自London和Leeds的"), "来自 London 和 Leeds 的")
	check(t, "dates", Spaced("自2024年1月2日起第48周共61.2万"), "自2024年1月2日起第48周共 61.2万")
	check(t, "numbers", Spaced("客户14646和18102"), "客户 14646 和 18102")
	check(t, "no Chinese", Spaced("a b"), "a b")
}
