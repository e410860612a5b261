package phrase

import (
	"math"
	"strconv"
)

// Elapsed writes a span of time to one unit: "45 s", "12 min", "3.5 h", "2 days".
func (p Printer) Elapsed(seconds float64) string {
	for _, u := range []struct {
		below, per float64
		digits     int
		en, zh     string
	}{{99.5, 1, 0, "s", "秒"}, {99.5 * 60, 60, 0, "min", "分钟"}, {35 * 3600, 3600, 1, "h", "小时"}, {math.Inf(1), 86_400, 1, "days", "天"}} {
		if seconds < u.below {
			v := seconds / u.per
			n := strconv.FormatFloat(v, 'f', u.digits, 64)
			if v >= 10 || u.digits == 0 {
				n = Decimal(v, 0)
			} else if n[len(n)-2:] == ".0" {
				n = n[:len(n)-2]
			}
			return p.Pick(n+"\u202f"+u.en, n+" "+u.zh)
		}
	}
	return ""
}

// FunnelFacts are what is said about a funnel.
type FunnelFacts struct {
	First, Last      string // steps as the data name them
	Users, Done      int64  // who entered and who finished, censored ones left out
	Window           string
	LossFrom, LossTo string // the pair of steps that loses most
	Loss             float64
	Seconds          float64 // median from entry to the last step; NaN = none
	Censored         int64
	MoreThanTwo      bool // steps
}

// Funnel says how many get through, where most are lost, and how long it takes.
func (p Printer) Funnel(f FunnelFacts) []string {
	if f.Users == 0 {
		return []string{p.Pick("Nobody's time to finish is over yet.", "还没有用户走完观察期。")}
	}
	n := p.Count(f.Users)
	if f.Users < fewUsers {
		return []string{p.Pick(n+" "+Plural(f.Users, "visitor", "visitors")+" had an event of type "+f.First+": too few to tell how many come further.",
			"仅 "+n+" 位访客有“"+f.First+"”事件：太少，无法判断。")}
	}
	rate := p.Percent(float64(f.Done) / float64(f.Users))
	out := []string{p.Pick(rate+" of "+n+" visitors came from "+f.First+" to "+f.Last+" within "+f.Window,
		n+" 位访客中有 "+rate+" 在 "+f.Window+"内从“"+f.First+"”走到“"+f.Last+"”")}
	if f.MoreThanTwo {
		out[0] += p.Pick("; most are lost between "+f.LossFrom+" and "+f.LossTo+", where "+p.Percent(f.Loss)+" do not go on.",
			"；流失最多的是从“"+f.LossFrom+"”到“"+f.LossTo+"”，"+p.Percent(f.Loss)+" 没有继续。")
	} else {
		out[0] += p.Pick(".", "。")
	}
	if f.Done > 0 && !math.IsNaN(f.Seconds) {
		t := p.Elapsed(f.Seconds)
		out = append(out, p.Pick("Half of those who finish need no more than "+t+".", "走完全程的人中，一半用时不超过 "+t+"。"))
	}
	if f.Censored > 0 {
		c := p.Count(f.Censored)
		out = append(out, p.Pick(c+" more "+Plural(f.Censored, "visitor", "visitors")+" came so late that they may finish yet: they are hatched, and in no percentage.",
			"另有 "+c+" 位访客来得太晚，仍可能完成：以斜线表示，不计入任何百分比。"))
	}
	return out
}

// Clicks says which days [start, end) a click-stream is about: they need not be those of the orders.
func (p Printer) Clicks(start, end int64) string {
	return p.Pick("The clicks are of "+p.Span(start, end)+".", "点击数据的时间范围："+p.Span(start, end)+"。")
}

// fewUsers is the number of users below which a funnel says nothing.
const fewUsers = 30

// SessionFacts are what is said about sessions.
type SessionFacts struct {
	Sessions, Users, Events, Single int64
	Seconds                         float64 // median length of sessions with several events; NaN = none
	Weekday, Hour                   int     // of most events; Weekday 0 = unknown
	HourShare                       float64 // its share of all events, against 1/168
}

// Sessions says how people visit, and when.
func (p Printer) Sessions(f SessionFacts) []string {
	if f.Sessions == 0 {
		return nil
	}
	each := Decimal(float64(f.Sessions)/float64(max(1, f.Users)), 1)
	per := Decimal(float64(f.Events)/float64(f.Sessions), 1)
	out := []string{p.Pick(p.Count(f.Users)+" "+Plural(f.Users, "visitor", "visitors")+" came "+p.Count(f.Sessions)+" times ("+each+" each), with "+per+" events a visit; "+
		p.Percent(float64(f.Single)/float64(f.Sessions))+" of the visits end after one event.",
		p.Count(f.Users)+" 位访客共来访 "+p.Count(f.Sessions)+" 次（人均 "+each+" 次），每次 "+per+" 个事件；"+p.Percent(float64(f.Single)/float64(f.Sessions))+" 的来访只有一个事件。")}
	if !math.IsNaN(f.Seconds) {
		t := p.Elapsed(f.Seconds)
		out = append(out, p.Pick("Of the others half last no more than "+t+".", "其余来访中，一半不超过 "+t+"。"))
	}
	if f.Weekday > 0 {
		h := strconv.Itoa(f.Hour) + ":00"
		out = append(out, p.Pick("The busiest hour of the week is "+p.WeekdayLong(f.Weekday)+" from "+h+", with "+p.Percent(f.HourShare)+" of all events.",
			"一周中最繁忙的是"+p.WeekdayLong(f.Weekday)+" "+h+" 起的一小时，占全部事件的 "+p.Percent(f.HourShare)+"。"))
	}
	return out
}

// Returns says how many users come back in the week after their first one.
func (p Printer) Returns(rate float64, users int64, weeks int) string {
	if math.IsNaN(rate) || users < fewUsers {
		return ""
	}
	return p.Pick("Of "+p.Count(users)+" new visitors "+p.Percent(rate)+" came back in the week after their first ("+p.Count(int64(weeks))+" "+Plural(int64(weeks), "week", "weeks")+" of newcomers).",
		p.Count(users)+" 位新访客中有 "+p.Percent(rate)+" 在首周后的一周回访（"+p.Count(int64(weeks))+" 周的新访客）。")
}
