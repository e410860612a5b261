package phrase

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Trait is how far the mean of a group lies from that of all in one column, in
// standard deviations.
type Trait struct {
	Column string
	Z      float64
}

// TraitFrom is the distance in standard deviations from which a trait is worth a word.
const TraitFrom = 0.5

// mostTraits are named of one group.
const mostTraits = 3

// traitWords say what little and much of a feature means.
var traitWords = map[string]struct{ low, high, lowZH, highZH string }{
	"recency_days":  {"bought lately", "silent for long", "最近购买", "久未购买"},
	"tenure_days":   {"new", "long-standing", "新客", "老客"},
	"orders":        {"few orders", "many orders", "订单少", "订单多"},
	"units":         {"few units", "many units", "件数少", "件数多"},
	"revenue":       {"spend little", "spend much", "消费低", "消费高"},
	"aov":           {"small orders", "large orders", "客单价低", "客单价高"},
	"products":      {"few products", "many products", "商品种类少", "商品种类多"},
	"categories":    {"few categories", "many categories", "品类少", "品类多"},
	"mean_gap_days": {"short gaps between orders", "long gaps between orders", "购买间隔短", "购买间隔长"},
	"returns_ratio": {"return little", "return much", "退货少", "退货多"},
	"weekend_ratio": {"buy on weekdays", "buy at weekends", "平日购买", "周末购买"},
}

// Strongest returns the traits worth a word, strongest first.
func Strongest(ts []Trait) []Trait {
	var out []Trait
	for _, t := range ts {
		if math.Abs(t.Z) >= TraitFrom {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b Trait) int { return cmp.Compare(math.Abs(b.Z), math.Abs(a.Z)) })
	return out[:min(len(out), mostTraits)]
}

// Traits names what sets a group apart: "bought lately, many orders".
func (p Printer) Traits(ts []Trait) string {
	var out []string
	for _, t := range Strongest(ts) {
		out = append(out, p.trait(t))
	}
	if len(out) == 0 {
		return p.Pick("near the average in everything", "各方面接近平均")
	}
	return strings.Join(out, p.Pick(", ", "、"))
}

// trait words one column; those of the last days name them.
func (p Printer) trait(t Trait) string {
	base, days := t.Column, ""
	if i := strings.LastIndexByte(t.Column, '_'); i > 0 {
		if n, ok := strings.CutSuffix(t.Column[i+1:], "d"); ok {
			if _, err := strconv.Atoi(n); err == nil {
				base, days = t.Column[:i], n
			}
		}
	}
	w, ok := traitWords[base]
	if !ok {
		name := Name(t.Column, 40)
		if t.Z < 0 {
			return p.Pick("low "+name, name+" 低")
		}
		return p.Pick("high "+name, name+" 高")
	}
	text := p.Pick(w.high, w.highZH)
	if t.Z < 0 {
		text = p.Pick(w.low, w.lowZH)
	}
	if days != "" {
		text = p.Pick(text+" in the last "+days+" days", "近 "+days+" 天"+text)
	}
	return text
}
