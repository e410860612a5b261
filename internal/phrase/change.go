package phrase

import "math"

// CauseKind says what a change is explained by.
type CauseKind uint8

// The kinds of causes.
const (
	NoCause    CauseKind = iota
	ByCustomer           // a few customers
	ByRegion             // one or two places
	ByCategory           // one or two categories
	ByVolume             // number of orders against their size
)

// Cause explains a change of revenue.
type Cause struct {
	Kind  CauseKind
	Names []string // who or where, largest contribution first
	// Share is their part of the net change: 0.9 = nine tenths of it, above 1 = more than all.
	Share float64
	// Rest is the relative change of everyone else; NaN when they had nothing before.
	Rest float64
	// Orders and AOV are relative changes, for ByVolume.
	Orders, AOV float64
}

// Change is a period's revenue against the period before.
type Change struct {
	Period, Prev         Period
	Now, Before          int64 // exact money
	Orders, OrdersBefore int64 // -1 = unknown
	Cause                Cause
	Unusual              int // 1 outside the usual range, 0 within, -1 cannot be told
	Low, High            float64
	Past                 int // number of earlier changes the range is made from
}

// flat is the relative change below which revenue is said to hold.
const flat = 0.005

// Rate returns the relative change; NaN when there was nothing before.
func (c Change) Rate() float64 {
	if c.Before <= 0 {
		return math.NaN()
	}
	return float64(c.Now-c.Before) / float64(c.Before)
}

// thin reports whether a period has too few orders to interpret.
func (c Change) thin() (int64, bool) {
	if c.Orders < 0 || c.OrdersBefore < 0 {
		return 0, false
	}
	n := min(c.Orders, c.OrdersBefore)
	return n, n < Thin
}

// Headline writes the finding: the change, the figure, and its cause or why
// none can be told.
func (p Printer) Headline(c Change) string {
	s := p.moved(c)
	if n, thin := c.thin(); thin && c.Now+c.Before > 0 {
		return s + p.Pick(" ("+p.Count(n)+" "+Plural(n, "order", "orders")+" in the smaller "+p.unit(c.Period.Cut)+": too few to tell).",
			"（较少的一"+p.unit(c.Period.Cut)+"只有 "+p.Count(n)+" 笔订单：太少，无法判断）。")
	}
	if math.IsNaN(c.Rate()) || math.Abs(c.Rate()) < flat || c.Cause.Kind == NoCause {
		return s + p.Pick(".", "。")
	}
	return s + p.Pick(": ", "：") + p.cause(c) + p.Pick(".", "。")
}

// moved writes the change and the figure.
func (p Printer) moved(c Change) string {
	rate, now, when := c.Rate(), p.MoneyWords(c.Now), p.Period(c.Period)
	in := p.When(c.Period.Cut) + when
	if c.Now == 0 && c.Before == 0 {
		return p.Pick("There was no revenue "+in+", nor in the "+p.unit(c.Period.Cut)+" before", when+"没有收入，前一"+p.unit(c.Period.Cut)+"也没有")
	}
	if math.IsNaN(rate) {
		return p.Pick("Revenue was "+now+" "+in+"; there was none in the "+p.unit(c.Period.Cut)+" before",
			when+"收入为 "+now+"；前一"+p.unit(c.Period.Cut)+"没有收入")
	}
	amount := p.Percent(math.Abs(rate))
	switch {
	case c.Now == 0:
		return p.Pick("There was no revenue "+in+", after "+p.MoneyWords(c.Before)+" the "+p.unit(c.Period.Cut)+" before",
			when+"没有收入；前一"+p.unit(c.Period.Cut)+"为 "+p.MoneyWords(c.Before))
	case math.Abs(rate) < flat:
		return p.Pick("Revenue held at "+now+" "+in, when+"收入持平，为 "+now)
	case rate > 0:
		return p.Pick("Revenue rose "+amount+" to "+now+" "+in, when+"收入增长 "+amount+"，至 "+now)
	}
	return p.Pick("Revenue fell "+amount+" to "+now+" "+in, when+"收入下降 "+amount+"，至 "+now)
}

// unit names the period's length.
func (p Printer) unit(c Cut) string {
	switch c {
	case Week:
		return p.Pick("week", "周")
	case Month:
		return p.Pick("month", "个月")
	}
	return p.Pick("day", "天")
}

func (p Printer) cause(c Change) string {
	if c.Cause.Kind == ByVolume {
		return p.volume(c.Cause)
	}
	what := p.Pick("loss", "降幅")
	if c.Now > c.Before {
		what = p.Pick("gain", "增幅")
	}
	names := p.Join(c.Cause.Names)
	n := len(c.Cause.Names)
	var who string
	switch c.Cause.Kind {
	case ByCustomer:
		who = p.Pick(p.Small(n)+" "+Plural(int64(n), "customer", "customers")+" ("+names+")", p.Count(int64(n))+" 位客户（"+names+"）")
	case ByRegion, ByCategory:
		who = names
	}
	if c.Cause.Share > 1.05 {
		return p.Pick("the "+what+" comes from "+who+" alone", what+"全部来自"+who) + p.rest(c.Cause)
	}
	share := p.InTen(c.Cause.Share)
	s := p.Pick(share+" of the "+what+" comes from "+who, what+"的"+share+"来自"+who)
	return s + p.rest(c.Cause)
}

// rest says how everyone else moved.
func (p Printer) rest(c Cause) string {
	switch {
	case math.IsNaN(c.Rest) || math.IsInf(c.Rest, 0):
		return ""
	case math.Abs(c.Rest) < flat:
		return p.Pick("; the rest held", "；其余持平")
	case c.Rest > 0:
		return p.Pick("; the rest grew "+p.Percent(c.Rest), "；其余增长 "+p.Percent(c.Rest))
	}
	return p.Pick("; the rest fell "+p.Percent(-c.Rest), "；其余下降 "+p.Percent(-c.Rest))
}

// volume explains a change by the number of orders and their average size.
func (p Printer) volume(c Cause) string {
	lo, la := math.Log1p(c.Orders), math.Log1p(c.AOV)
	total := lo + la
	o := p.Pick("fewer orders", "订单减少")
	if c.Orders > 0 {
		o = p.Pick("more orders", "订单增加")
	}
	a := p.Pick("a smaller average order", "客单价下降")
	if c.AOV > 0 {
		a = p.Pick("a larger average order", "客单价上升")
	}
	open, shut := p.Pick(" (", "（"), p.Pick(")", "）")
	o += open + Signed(c.Orders, p.Percent(c.Orders)) + shut
	a += open + Signed(c.AOV, p.Percent(c.AOV)) + shut
	switch {
	case math.Abs(la) < 0.15*math.Abs(lo):
		return o + p.Pick("; the average order held", "；客单价基本不变")
	case math.Abs(lo) < 0.15*math.Abs(la):
		return a + p.Pick("; the number of orders held", "；订单数基本不变")
	case lo*la > 0 && math.Abs(lo) >= math.Abs(la):
		return o + p.Pick(" and ", "，且") + a
	case lo*la > 0:
		return a + p.Pick(" and ", "，且") + o
	case lo*total > 0:
		return o + p.Pick(" outweighed ", "，超过了") + a + p.Pick("", "的影响")
	}
	return a + p.Pick(" outweighed ", "，超过了") + o + p.Pick("", "的影响")
}

// Usual says whether the change is outside the usual range; "" where there is no rate.
func (p Printer) Usual(c Change) string {
	unit := p.unit(c.Period.Cut)
	rng := Signed(c.Low, p.Percent(c.Low)) + p.Pick(" and ", " 至 ") + Signed(c.High, p.Percent(c.High))
	switch {
	case math.IsNaN(c.Rate()):
		return ""
	case c.Unusual < 0:
		return p.Pick("With "+p.Count(int64(c.Past))+" earlier "+unit+"-on-"+unit+" "+Plural(int64(c.Past), "change", "changes")+", whether this is usual cannot be told yet.",
			"此前只有 "+p.Count(int64(c.Past))+" 次环比变化，尚不能判断是否正常。")
	case c.Unusual > 0:
		return p.Pick("That is outside the usual range: a "+unit+" normally moves between "+rng+".",
			"这超出了通常范围：每"+unit+"变化一般在 "+rng+" 之间。")
	}
	return p.Pick("That is within the usual range: a "+unit+" normally moves between "+rng+".",
		"这在通常范围之内：每"+unit+"变化一般在 "+rng+" 之间。")
}

// YearBefore compares the last n periods with the same periods a year earlier.
func (p Printer) YearBefore(cut Cut, n int, rate float64, before int64) string {
	unit := Plural(int64(n), p.unit(cut), p.unit(cut)+p.Pick("s", ""))
	span := p.Pick("Over the last "+p.Small(n)+" "+unit, "最近 "+p.Count(int64(n))+" "+unit)
	if n == 1 {
		span = p.Pick("Over that "+unit, "该"+unit)
	}
	base := p.Pick("the same "+unit+" a year before ("+p.MoneyWords(before)+")", "去年同期（"+p.MoneyWords(before)+"）")
	switch {
	case math.Abs(rate) < flat:
		return p.Pick(span+" revenue equals "+base+".", span+"收入与"+base+"持平。")
	case rate > 0:
		return p.Pick(span+" revenue is "+p.Percent(rate)+" above "+base+".", span+"收入比"+base+"高 "+p.Percent(rate)+"。")
	}
	return p.Pick(span+" revenue is "+p.Percent(-rate)+" below "+base+".", span+"收入比"+base+"低 "+p.Percent(-rate)+"。")
}

// Season says whether a change outside the usual range also happened a year
// before; both are relative changes.
func (p Printer) Season(now, before float64) string {
	was := Signed(before, p.Percent(before))
	switch {
	case now*before > 0 && math.Abs(before) >= math.Abs(now)/2:
		return p.Pick("The same week a year before moved alike ("+was+"): this looks seasonal.", "去年同一周变化相近（"+was+"）：可能是季节性的。")
	}
	return p.Pick("The same week a year before moved "+was+": the season does not explain it.", "去年同一周变化为 "+was+"：季节因素无法解释。")
}

// When is the preposition of a period in an English sentence.
func (p Printer) When(c Cut) string {
	if c == Day {
		return p.Pick("on ", "")
	}
	return p.Pick("in ", "")
}
