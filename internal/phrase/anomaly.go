package phrase

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// Incident is a run of unusual days.
type Incident struct {
	Start, End int64  // days, [Start, End)
	Kind       string // spike, dip, missing, shift_up, shift_down
	Money      int64  // exact money that came
	Usual      int64  // exact money that was expected
	Dim        string // the column that explains it; "" = none
	Values     []string
	Share      float64 // of the deviation
	Alone      bool    // Money and Usual are those of Values alone: the rest of the shop was as usual
}

// AnomalyFacts are what is said about unusual days.
type AnomalyFacts struct {
	Days   int     // days judged
	False  float64 // false alarms expected among them
	Latest Incident
	Found  int // incidents
	Recent int // those of the last 28 days
}

// dimensionNames are the words for columns that explain.
var dimensionNames = map[string][2]string{
	"region": {"region", "地区"}, "country": {"country", "国家"}, "category": {"category", "品类"},
	"channel": {"channel", "渠道"}, "payment": {"payment", "支付方式"},
}

// dimension names a column.
func (p Printer) dimension(column string) string {
	if n, ok := dimensionNames[column]; ok {
		return p.Pick(n[0], n[1])
	}
	return Name(column, 24)
}

// cause names the values that explain an incident, "" without.
func (i *Incident) cause(p Printer) string {
	if i.Dim == "" {
		return ""
	}
	names := make([]string, len(i.Values))
	for k, v := range i.Values {
		names[k] = Name(v, 40)
	}
	return p.dimension(i.Dim) + p.Pick(" ", "“") + p.Join(names) + p.Pick("", "”")
}

// Off is the relative deviation, NaN where nothing was expected.
func (i *Incident) Off() float64 {
	if i.Usual == 0 {
		return math.NaN()
	}
	return float64(i.Money-i.Usual) / math.Abs(float64(i.Usual))
}

// Incident says what an unusual run of days brought, against what, and what explains it.
func (p Printer) Incident(i Incident) string {
	return p.Span(i.Start, i.End) + p.Pick(": "+p.what(i)+".", "："+p.what(i)+"。")
}

// what is the incident without its days.
func (p Printer) what(i Incident) string {
	where := ""
	if i.Alone {
		where = i.cause(p)
	}
	var s string
	switch {
	case i.Kind == "missing" && i.Money == 0 && where != "":
		s = p.Pick("nothing was sold in "+where+", where "+p.MoneyWords(i.Usual)+" is usual", where+"没有任何销售，通常为 "+p.MoneyWords(i.Usual))
	case i.Kind == "missing" && i.Money == 0:
		s = p.Pick("nothing was sold; "+p.MoneyWords(i.Usual)+" is usual", "没有任何销售，通常为 "+p.MoneyWords(i.Usual))
	case where != "":
		s = p.Pick(p.MoneyWords(i.Money)+" in "+where+", "+p.far(i), where+"收入 "+p.MoneyWords(i.Money)+"，"+p.far(i))
	default:
		s = p.Pick(p.MoneyWords(i.Money)+", "+p.far(i), "收入 "+p.MoneyWords(i.Money)+"，"+p.far(i))
	}
	switch {
	case where != "":
		s += p.Pick(", while the rest was as usual", "，其余部分正常")
	case i.Dim != "" && i.Share >= 0.95:
		s += p.Pick("; all of it comes from "+i.cause(p), "；全部来自"+i.cause(p))
	case i.Dim != "":
		s += p.Pick("; "+p.InTen(i.Share)+" of it comes from "+i.cause(p), "；其中 "+p.Percent(i.Share)+" 来自"+i.cause(p))
	}
	return s
}

// far says how far above or below the usual.
func (p Printer) far(i Incident) string {
	off, usual := i.Off(), p.MoneyWords(i.Usual)
	switch {
	case math.IsNaN(off):
		return p.Pick("where nothing is usual", "通常没有收入")
	case off > 1:
		return p.Pick(p.Times(1+off)+" the usual "+usual, "是通常 "+usual+" 的 "+p.Times(1+off))
	case off >= 0:
		return p.Pick(p.Percent(off)+" above the usual "+usual, "比通常的 "+usual+" 高 "+p.Percent(off))
	}
	return p.Pick(p.Percent(-off)+" below the usual "+usual, "比通常的 "+usual+" 低 "+p.Percent(-off))
}

// Anomalies opens the section: how many, how many of them chance alone would make, and the latest.
func (p Printer) Anomalies(f AnomalyFacts) []string {
	days := p.Count(int64(f.Days))
	chance := p.Pick("Chance alone would raise "+p.rare(f.False)+" in that time.", "仅凭偶然，同期预计出现"+p.rare(f.False)+" 次。")
	if f.Found == 0 {
		return []string{p.Pick("No day of "+days+" was outside what its past lets expect.", days+" 天中没有一天超出以往规律。")}
	}
	n := int64(f.Found)
	first := p.Pick(p.Count(n)+" "+Plural(n, "incident", "incidents")+" in "+days+" days, ", days+" 天中有 "+p.Count(n)+" 次异常，")
	if f.Recent > 0 {
		first += p.Pick(p.Count(int64(f.Recent))+" of them in the last four weeks. ", "其中最近四周 "+p.Count(int64(f.Recent))+" 次。")
	} else {
		first += p.Pick("none in the last four weeks. ", "最近四周没有。")
	}
	return []string{first + p.Pick("The latest: ", "最近一次：") + p.Incident(f.Latest), chance}
}

// rare writes an expected number of events.
func (p Printer) rare(v float64) string {
	if v < 0.95 {
		return p.Pick("less than one", "不到 1")
	}
	return p.Pick("about "+p.Count(int64(math.Round(v))), "约 "+p.Count(int64(math.Round(v))))
}

// IncidentAction says what happened and what to look at.
func (p Printer) IncidentAction(i Incident) (head, text string) {
	what := p.what(i)
	first, size := utf8.DecodeRuneInString(what)
	what = string(unicode.ToUpper(first)) + what[size:]
	return p.Span(i.Start, i.End), p.Pick(what+". ", what+"。") + p.advice(i)
}

// advice is what to look at.
func (p Printer) advice(i Incident) string {
	switch i.Kind {
	case "missing":
		return p.Pick("Ask whether the shop was open, whether checkout, payment and delivery worked then, and whether the data are whole.",
			"请确认当时是否营业、下单、支付与配送是否正常，以及数据是否完整。")
	case "shift_up":
		return p.Pick("The level stayed: if it is meant to last, plan stock and staff with it.", "此水平保持了下来：若将持续，请据此安排库存与人手。")
	case "shift_down":
		return p.Pick("The level stayed: look for a listing, price, competitor or campaign that changed then.", "此水平保持了下来：请查看当时变动的上架、价格、竞争对手或推广。")
	case "dip":
		return p.Pick("Look for an outage, failed payments or empty shelves; if there was none, it was the calendar.",
			"请查看当时是否有故障、支付失败或缺货；若都没有，可能是日历原因。")
	}
	return p.Pick("If it was a campaign or a holiday, note it for next time; if it was one order, leave it out of plans.",
		"若因活动或节日，请记下以便下次安排；若为单笔大单，请不要计入计划。")
}
