package phrase

import (
	"math"
	"strings"
	"testing"
)

func TestTraits(t *testing.T) {
	english, chinese := Printer{}, Printer{Lang: "zh"}
	for _, c := range []struct {
		traits []Trait
		en, zh string
	}{
		{nil, "near the average in everything", "各方面接近平均"},
		{[]Trait{{"orders", 0.49}, {"aov", -0.49}}, "near the average in everything", "各方面接近平均"},
		{[]Trait{{"orders", 0.6}, {"recency_days", -2}, {"aov", 1}, {"tenure_days", 0.5}}, "bought lately, large orders, many orders", "最近购买、客单价高、订单多"},
		{[]Trait{{"orders_30d", -1}}, "few orders in the last 30 days", "近 30 天订单少"},
		{[]Trait{{"x_1", 1}, {"y\u202e", -1}}, "high x_1, low y", "x_1 高、y 低"},
		{[]Trait{{"orders", math.NaN()}}, "near the average in everything", "各方面接近平均"},
	} {
		if got := english.Traits(c.traits); got != c.en {
			t.Errorf("%v: %q, want %q", c.traits, got, c.en)
		}
		if got := chinese.Traits(c.traits); got != c.zh {
			t.Errorf("%v: %q, want %q", c.traits, got, c.zh)
		}
	}
}

func TestClusters(t *testing.T) {
	group := func(n int, share, revenue float64, z float64) GroupFacts {
		return GroupFacts{Number: n, Traits: []Trait{{"orders", z}}, Share: share, RevenueShare: revenue}
	}
	full := ClusterFacts{Customers: 2500, Silhouette: 0.41, Agreement: 0.9, Apart: "orders", ApartShare: 0.58,
		Groups: []GroupFacts{group(1, 0.01, 0.2, 3), group(2, 0.29, 0.7, 1), group(3, 0.7, 0.1, -1)}}
	got := strings.Join(Printer{}.Clusters(full), "|")
	for _, want := range []string{
		"Customers fall into three groups. Group 2 (many orders) is 29\u202f% of them and brings 70\u202f% of what they spend, 2.4 times its size; group 3 (few orders) is 70\u202f% and brings 10\u202f%.",
		"What tells them apart most: orders; 58\u202f% of the differences in it lie between groups",
		"stand apart in part (silhouette 0.41)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if strings.Contains(got, "do not act") {
		t.Errorf("hedged without need: %q", got)
	}
	weak := full
	weak.Silhouette, weak.Agreement = 0.2, 0.5
	if got := strings.Join(Printer{}.Clusters(weak), "|"); !strings.Contains(got, "run into one another (silhouette 0.20)") || !strings.Contains(got, "agreement 0.50 of 1): do not act on single customers") {
		t.Errorf("not hedged: %q", got)
	}
	if got := (Printer{}).Clusters(ClusterFacts{Customers: 12}); len(got) != 1 || got[0] != "12 known customers: too few to look for groups." {
		t.Errorf("%q", got)
	}
	if got := (Printer{}).Clusters(ClusterFacts{Customers: 120, Groups: full.Groups[:1]}); len(got) != 1 || !strings.Contains(got[0], "do not fall into groups") {
		t.Errorf("%q", got)
	}
	free := full
	free.Groups = []GroupFacts{group(1, 0.5, math.NaN(), 1), group(2, 0.5, math.NaN(), -1)}
	for _, lang := range []string{"en", "zh"} {
		if got := strings.Join(Printer{Lang: lang}.Clusters(free), "|"); strings.Contains(got, "NaN") || strings.Contains(got, "–") {
			t.Errorf("nobody spent anything: %q", got)
		}
	}
	if got := strings.Join(Printer{Lang: "zh"}.Clusters(full), "|"); !strings.Contains(got, "客户可分为 3 组。第 2 组（订单多）占客户 29%，贡献消费的 70%，为其人数占比的 2.4 倍；第 3 组（订单少）占 70%，仅贡献 10%。") {
		t.Errorf("%q", got)
	}
}
