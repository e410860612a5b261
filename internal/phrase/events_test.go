package phrase

import (
	"math"
	"slices"
	"testing"
)

func TestElapsed(t *testing.T) {
	inEN, inZH := Printer{Lang: "en"}, Printer{Lang: "zh"}
	for _, c := range []struct {
		seconds float64
		en, zh  string
	}{{0, "0\u202fs", "0 秒"}, {45, "45\u202fs", "45 秒"}, {99, "99\u202fs", "99 秒"}, {100, "2\u202fmin", "2 分钟"}, {720, "12\u202fmin", "12 分钟"}, {5960, "99\u202fmin", "99 分钟"},
		{7200, "2\u202fh", "2 小时"}, {12600, "3.5\u202fh", "3.5 小时"}, {86400, "24\u202fh", "24 小时"}, {7 * 86400, "7\u202fdays", "7 天"}, {2.5 * 86400, "2.5\u202fdays", "2.5 天"}, {30 * 86400, "30\u202fdays", "30 天"}} {
		if got := inEN.Elapsed(c.seconds); got != c.en {
			t.Errorf("%v s: %q, want %q", c.seconds, got, c.en)
		}
		if got := inZH.Elapsed(c.seconds); got != c.zh {
			t.Errorf("%v s: %q, want %q", c.seconds, got, c.zh)
		}
	}
}

func TestFunnelSentences(t *testing.T) {
	full := FunnelFacts{First: "view", Last: "purchase", Users: 1000, Done: 230, Window: "7 days", LossFrom: "view", LossTo: "cart", Loss: 0.53, Seconds: 2100, Censored: 12, MoreThanTwo: true}
	zhFull := full
	zhFull.Window = "7 天"
	two := full
	two.MoreThanTwo, two.Censored, two.Seconds, two.Done = false, 0, math.NaN(), 0
	few := full
	few.Users = 12
	none := FunnelFacts{First: "view", Last: "purchase"}
	for _, c := range []struct {
		lang string
		f    FunnelFacts
		want []string
	}{
		{"en", full, []string{"23\u202f% of 1,000 visitors came from view to purchase within 7 days; most are lost between view and cart, where 53\u202f% do not go on.",
			"Half of those who finish need no more than 35\u202fmin.", "12 more visitors came so late that they may finish yet: they are hatched, and in no percentage."}},
		{"zh", zhFull, []string{"1,000 位访客中有 23% 在 7 天内从“view”走到“purchase”；流失最多的是从“view”到“cart”，53% 没有继续。", "走完全程的人中，一半用时不超过 35 分钟。",
			"另有 12 位访客来得太晚，仍可能完成：以斜线表示，不计入任何百分比。"}},
		{"en", two, []string{"0\u202f% of 1,000 visitors came from view to purchase within 7 days."}},
		{"en", few, []string{"12 visitors had an event of type view: too few to tell how many come further."}},
		{"zh", few, []string{"仅 12 位访客有“view”事件：太少，无法判断。"}},
		{"en", none, []string{"Nobody's time to finish is over yet."}},
	} {
		if got := (Printer{Lang: c.lang}).Funnel(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.lang, got, c.want)
		}
	}
}

func TestSessionSentences(t *testing.T) {
	f := SessionFacts{Sessions: 2000, Users: 400, Events: 9000, Single: 500, Seconds: 125, Weekday: 6, Hour: 20, HourShare: 0.015}
	inEN, inZH := Printer{Lang: "en"}, Printer{Lang: "zh"}
	if got, want := inEN.Sessions(f), []string{"400 visitors came 2,000 times (5.0 each), with 4.5 events a visit; 25\u202f% of the visits end after one event.",
		"Of the others half last no more than 2\u202fmin.", "The busiest hour of the week is Saturday from 20:00, with 1.5\u202f% of all events."}; !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := inZH.Sessions(f); len(got) != 3 {
		t.Errorf("%q", got)
	}
	f.Seconds, f.Weekday = math.NaN(), 0
	if got := inEN.Sessions(f); len(got) != 1 {
		t.Errorf("without a length and an hour: %q", got)
	}
	if inEN.Sessions(SessionFacts{}) != nil {
		t.Error("a sentence about no session")
	}
	if got, want := inEN.Returns(0.53, 8426, 11), "Of 8,426 new visitors 53\u202f% came back in the week after their first (11 weeks of newcomers)."; got != want {
		t.Errorf("%q", got)
	}
	if inEN.Returns(math.NaN(), 0, 0) != "" || inEN.Returns(0.5, 10, 1) != "" || inZH.Returns(0.5, 100, 3) == "" {
		t.Error("thin data speak, or Chinese is silent")
	}
}
