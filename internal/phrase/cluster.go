package phrase

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Trait is how far the mean of a group lies from that of the others in one column, in
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

// featureNames are the features in words, as axes of a chart.
var featureNames = map[string]struct{ en, zh string }{
	"recency_days":  {"days since last order", "距上次下单天数"},
	"tenure_days":   {"days since first order", "距首次下单天数"},
	"orders":        {"orders", "订单数"},
	"units":         {"units", "件数"},
	"revenue":       {"revenue", "消费额"},
	"aov":           {"average order", "平均每单金额"},
	"products":      {"different products", "不同商品数"},
	"categories":    {"different categories", "不同品类数"},
	"mean_gap_days": {"days between orders", "购买间隔天数"},
	"returns_ratio": {"share returned", "退货率"},
	"weekend_ratio": {"share at weekends", "周末占比"},
}

// Feature names a column of the features table.
func (p Printer) Feature(column string) string {
	if n, ok := featureNames[column]; ok {
		return p.Pick(n.en, n.zh)
	}
	return Name(column, 40)
}

// GroupFacts are what is said of one group of customers.
type GroupFacts struct {
	Number       int // from 1: by mean spending
	Traits       []Trait
	Customers    int64
	Share        float64
	RevenueShare float64
}

// ClusterFacts are what is said of the groups of customers.
type ClusterFacts struct {
	Customers  int64
	Groups     []GroupFacts
	Silhouette float64 // NaN when there is none
	Agreement  float64 // of fits to two halves; NaN when there are too few customers
	// Apart is the feature of whose differences the largest share lies between the groups.
	Apart      string
	ApartShare float64
}

// Bounds of what a silhouette and an agreement are taken to mean.
const (
	blurred  = 0.25 // below: groups run into one another (Kaufman & Rousseeuw 1990, table 4: no substantial structure)
	distinct = 0.5  // from here: groups stand apart (the same: a reasonable structure)
	tiny     = 0.05 // share of customers below which the lead passes a group over
	unstable = 0.75 // agreement below which another half would have drawn other borders
)

// Clusters says into which groups customers fall, which of them carries the shop, and how
// far that can be trusted.
func (p Printer) Clusters(f ClusterFacts) []string {
	n := p.Count(f.Customers)
	if f.Customers < ThinCustomers {
		return []string{p.Pick(n+" known "+Plural(f.Customers, "customer", "customers")+": too few to look for groups.", "已知客户仅 "+n+" 位：太少，不足以分组。")}
	}
	if len(f.Groups) < 2 {
		return []string{p.Pick("In when, how often and how much they buy, "+n+" customers do not fall into groups.", "从购买时间、频次与金额看，"+n+" 位客户没有明显的分组。")}
	}
	out := []string{p.carrier(f)}
	if f.Apart != "" {
		out = append(out, p.Pick("What tells them apart most: "+p.Feature(f.Apart)+"; "+p.Percent(f.ApartShare)+" of the differences in it lie between groups, not within.",
			"区别最大的是"+p.Feature(f.Apart)+"：其差异的 "+p.Percent(f.ApartShare)+" 在组间而非组内。"))
	}
	return append(out, p.trust(f))
}

// carrier is the leading sentence: the group that outspends its size, and the one that does the contrary. Very small
// groups are no news.
func (p Printer) carrier(f ClusterFacts) string {
	groups := slices.DeleteFunc(slices.Clone(f.Groups), func(g GroupFacts) bool { return !(g.Share >= tiny) })
	if len(groups) < 2 {
		groups = f.Groups
	}
	best, least := groups[0], groups[0]
	for _, g := range groups[1:] {
		if g.RevenueShare*best.Share > best.RevenueShare*g.Share {
			best = g
		}
		if g.RevenueShare*least.Share < least.RevenueShare*g.Share {
			least = g
		}
	}
	k := p.Small(len(f.Groups))
	name := func(g GroupFacts) string {
		n := p.Count(int64(g.Number))
		return p.Pick("group "+n+" ("+p.Traits(g.Traits)+")", "第 "+n+" 组（"+p.Traits(g.Traits)+"）")
	}
	if math.IsNaN(best.RevenueShare) || best.Number == least.Number { // nobody spent anything, or all alike
		return p.Pick("Customers fall into "+k+" groups; "+name(best)+" is "+p.Percent(best.Share)+" of them.",
			"客户可分为 "+k+" 组；"+name(best)+"占 "+p.Percent(best.Share)+"。")
	}
	times := Decimal(best.RevenueShare/best.Share, 1)
	en := "Customers fall into " + k + " groups. G" + strings.TrimPrefix(name(best), "g") + " is " + p.Percent(best.Share) + " of them and brings " +
		p.Percent(best.RevenueShare) + " of what they spend, " + times + " times its size; " + name(least) + " is " + p.Percent(least.Share) +
		" and brings " + p.Percent(least.RevenueShare) + "."
	zh := "客户可分为 " + k + " 组。" + name(best) + "占客户 " + p.Percent(best.Share) + "，贡献消费的 " + p.Percent(best.RevenueShare) +
		"，为其人数占比的 " + times + " 倍；" + name(least) + "占 " + p.Percent(least.Share) + "，仅贡献 " + p.Percent(least.RevenueShare) + "。"
	return p.Pick(en, zh)
}

// trust hedges by how far the groups stand apart and whether other customers would draw them alike.
func (p Printer) trust(f ClusterFacts) string {
	s := Decimal(f.Silhouette, 2)
	var text string
	switch {
	case math.IsNaN(f.Silhouette) || f.Silhouette < blurred:
		text = p.Pick("The groups run into one another (silhouette "+s+"): read them as tendencies; customers near a border belong to both.",
			"各组彼此交叠（轮廓系数 "+s+"）：只宜看作倾向，边界附近的客户兼属两组。")
	case f.Silhouette < distinct:
		text = p.Pick("The groups stand apart in part (silhouette "+s+"): their centres differ, their borders are a matter of degree.",
			"各组部分分离（轮廓系数 "+s+"）：中心不同，边界只是程度之分。")
	default:
		text = p.Pick("The groups stand well apart (silhouette "+s+").", "各组界限分明（轮廓系数 "+s+"）。")
	}
	if f.Agreement < unstable {
		text += p.Pick(" Half of the customers would have drawn other borders than the other half (agreement "+Decimal(f.Agreement, 2)+" of 1): do not act on single customers.",
			"两半客户各自得出的边界并不一致（一致性 "+Decimal(f.Agreement, 2)+"，满分 1）：不要据此处理单个客户。")
	}
	return text
}
