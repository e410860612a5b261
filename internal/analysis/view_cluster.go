package analysis

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/pca"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

var clusterTitle = Text{"Customer groups", "客户分组"}

// clusterSection answers: which kinds of customers are there, and what sets them apart?
var clusterSection = &Section{
	Order: 45,
	Title: clusterTitle,
	Plan:  clusterSectionPlan,
	View:  clusterView,
}

// reportFiner lets the report show more groups where that costs at most a tenth of the silhouette: two
// groups often only part the large customers from the small, which the segments already tell.
const reportFiner = 0.1

// reportFeatures are those of the default that cost one small question by customer: counting different products would
// double the memory of a report.
var reportFeatures = []string{"recency_days", "tenure_days", "orders", "aov"}

func clusterSectionPlan(r *Request) (query.Plan, error) {
	if r.large() {
		return query.Plan{}, errLarge
	}
	if Require(Get("cluster"), r.Rel) != nil {
		return query.Plan{}, nil // the customers' section says what is missing
	}
	return featureQueries(r, func(string) bool { return false }, nil), nil
}

func clusterView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	if Require(Get("cluster"), r.Rel) != nil {
		return nil, nil
	}
	p := r.printer(a)
	v := &View{ID: "groups", Title: clusterTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	in := customerRows(featureTable(r, a, nil), reportFeatures, asOfDay(r, a)*dayMicros)
	facts := phrase.ClusterFacts{Customers: int64(in.n)}
	if in.n < phrase.ThinCustomers {
		v.Lead = p.Clusters(facts)
		return v, nil
	}
	c, err := runClusters(ctx, r, in, &clusterOptions{scale: "log", starts: 3, iterations: 100, effort: reportEffort, finer: reportFiner})
	if err != nil {
		return nil, err
	}
	groups := c.summaries()
	facts.Silhouette, facts.Agreement = c.silhouette, c.stability
	facts.Apart, facts.ApartShare = c.apart(groups)
	for i, g := range groups {
		facts.Groups = append(facts.Groups, phrase.GroupFacts{Number: i + 1, Traits: g.traits, Customers: g.size, Share: g.share, RevenueShare: g.revenueShare})
	}
	v.Lead = p.Clusters(facts)
	if len(groups) < 2 {
		return v, nil
	}
	rows := drawRows(len(c.used), clusterDots, rand.New(rand.NewPCG(uint64(r.Seed), 0x646f7473)))
	radar, err := clusterRadar(p, c, groups)
	if err != nil {
		return nil, err
	}
	dots, err := clusterScatter(p, c, groups, rows)
	v.Figures = []Figure{radar, dots}
	return v, err
}

// apart returns the feature whose variance lies most between the groups, and that share: the weighted mean of
// squared standardised means.
func (c *clustering) apart(groups []clusterSummary) (feature string, share float64) {
	for j, name := range c.in.names {
		between := 0.0
		for a, g := range groups {
			z := c.model.Profile[a][j]
			between += g.share * z * z
		}
		if between > share {
			feature, share = name, min(between, 1)
		}
	}
	return feature, share
}

// clusterDots is the number of customers in the scatter: more would only hide each other.
const clusterDots = 600

// mostDrawn is the number of groups that charts tell apart by colour.
const mostDrawn = 6

// groupColors are the colours of groups in their order.
var groupColors = [mostDrawn]string{"@s1", "@s2", "@s3", "@s4", "@s5", "@other"}

// drawn returns the groups in the charts: the largest, in their order.
func drawn(groups []clusterSummary) []int {
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(groups[b].size - groups[a].size) })
	order = order[:min(len(order), mostDrawn)]
	slices.Sort(order)
	return order
}

func groupName(p phrase.Printer, number int, g clusterSummary) string {
	return p.Pick("Group ", "第 ") + itoa(int64(number)) + p.Pick(": ", " 组：") + p.Traits(g.traits)
}

func groupTip(p phrase.Printer, number int, g clusterSummary, names []string) string {
	tip := groupName(p, number, g) + "\n" + p.Count(g.size) + p.Pick(" customers, ", " 位客户，") + p.Percent(g.share) + p.Pick(", bring ", "，贡献消费的 ") +
		p.Percent(g.revenueShare) + p.Pick(" of the spending", "")
	for j, name := range names {
		tip += "\n" + p.Feature(name) + p.Pick(": ", "：") + featureText(p, name, g.means[j])
	}
	return tip
}

// featureText writes the mean of a feature.
func featureText(p phrase.Printer, name string, v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case name == "aov" || name == mRevenue:
		return p.Money(int64(math.Round(v * phrase.MoneyScale)))
	case v >= 100:
		return phrase.Decimal(v, 0)
	}
	return phrase.Decimal(v, 1)
}

// clusterRadar shows the mean rank of each group among all customers, feature by feature.
func clusterRadar(p phrase.Printer, c *clustering, groups []clusterSummary) (Figure, error) {
	rank := c.meanRanks(groups)
	ch := chart.Radar{ID: "groups-profile", Height: 420, Middle: true}
	for _, name := range c.in.names {
		ch.Axes = append(ch.Axes, p.Feature(name))
	}
	for i, a := range drawn(groups) {
		ch.Shapes = append(ch.Shapes, chart.RadarShape{Name: groupName(p, a+1, groups[a]), Color: groupColors[i], Values: rank[a], Tip: groupTip(p, a+1, groups[a], c.in.names)})
	}
	drawing, err := ch.Chart()
	top := groups[0]
	return Figure{ID: ch.ID, Question: p.Pick("What kinds of customers are there?", "有哪些类型的客户？"), Chart: drawing, Table: groupTable(p, c, groups),
		Alt: p.Pick("Group 1 of "+p.Small(len(groups))+": "+p.Traits(top.traits)+"; "+p.Percent(top.share)+" of customers, "+p.Percent(top.revenueShare)+" of their spending.",
			"共 "+p.Count(int64(len(groups)))+" 组，第 1 组："+p.Traits(top.traits)+"；占客户 "+p.Percent(top.share)+"，占消费 "+p.Percent(top.revenueShare)+"。"),
		Note: p.Pick("Farther out is more: the mean rank of a group's customers among all, from 0 to 1; the darker ring is the middle. Group 1 spends most a customer.",
			"越靠外越多：该组客户在全体中的平均排名（0 至 1），较深的一圈为中位。第 1 组人均消费最高。")}, err
}

// Rows that ranks are taken among, and rows of each group whose ranks are averaged.
const (
	ranksAmong = 4_000
	ranksOf    = 1_000
)

// meanRanks gives, by cluster and column, the mean of (customers below + half of the equal ones) / all, on evenly
// spaced customers.
func (c *clustering) meanRanks(groups []clusterSummary) [][]float64 {
	d, n := len(c.in.names), len(c.used)
	ranks := make([][]float64, len(groups))
	for a := range ranks {
		ranks[a] = make([]float64, d)
	}
	var among []float64
	for i := range min(n, ranksAmong) {
		u := i * n / min(n, ranksAmong)
		among = append(among, c.scaled.X[u*d:(u+1)*d]...)
	}
	sorted := make([][]float64, d)
	for j := range sorted {
		sorted[j] = columnOf(among, d, j)
		slices.Sort(sorted[j])
	}
	seen := make([]int64, len(groups))
	count := make([]float64, len(groups))
	for u, a := range c.cluster {
		seen[a]++
		if seen[a]%(1+groups[a].size/ranksOf) != 0 {
			continue
		}
		count[a]++
		for j, s := range sorted {
			v := c.scaled.X[u*d+j]
			below, _ := slices.BinarySearch(s, v)
			above, _ := slices.BinarySearch(s, math.Nextafter(v, math.Inf(1)))
			ranks[a][j] += float64(below+above) / 2 / float64(len(s))
		}
	}
	for a := range ranks {
		for j := range d {
			ranks[a][j] /= count[a]
		}
	}
	return ranks
}

// groupTable is what stands behind the charts.
func groupTable(p phrase.Printer, c *clustering, groups []clusterSummary) *result.Table {
	specs := []result.Spec{countSpec("group", result.NoUnit, "the group; 1 spends most a customer"), textSpec("profile", "what sets it apart"),
		countSpec("customers", result.Customers, "customers in it"), ratioSpec("share", "of all customers"), ratioSpec("revenue_share", "of what they spent")}
	for _, name := range c.in.names {
		i := slices.IndexFunc(featureSpecs, func(s result.Spec) bool { return s.Name == name })
		unit := featureSpecs[i].Unit
		if unit == result.Money {
			unit = result.NoUnit // a mean is not exact money
		}
		specs = append(specs, result.Spec{Name: name, Type: expr.Float, Unit: unit, Desc: "mean of " + name, Null: "no value"})
	}
	b := newTable("groups", specs...)
	for a, g := range groups {
		row := []any{a + 1, p.Traits(g.traits), g.size, g.share, g.revenueShare}
		for _, m := range g.means {
			row = append(row, m)
		}
		b.row(row...)
	}
	return b.t
}

// clusterScatter shows some customers on the plane of the first two principal components.
func clusterScatter(p phrase.Printer, c *clustering, groups []clusterSummary, rows []int) (Figure, error) {
	d := len(c.in.names)
	comp, err := pca.Fit(c.scaled.X, c.scaled.N, d, 2)
	if err != nil {
		return Figure{}, err
	}
	ch := chart.Scatter{ID: "groups-scatter", Height: 420, XName: axisName(p, c, comp, 0)}
	second := len(comp.Direction) > 1
	if second {
		ch.YName = axisName(p, c, comp, 1)
	}
	for i, a := range drawn(groups) {
		cloud := chart.Cloud{Name: groupName(p, a+1, groups[a]), Color: groupColors[i], Tip: groupTip(p, a+1, groups[a], c.in.names)}
		for _, u := range rows {
			if int(c.cluster[u]) != a {
				continue
			}
			row, y := c.scaled.X[u*d:(u+1)*d], 0.0
			if second {
				y = comp.Score(row, 1)
			}
			cloud.X, cloud.Y = append(cloud.X, comp.Score(row, 0)), append(cloud.Y, y)
		}
		ch.Clouds = append(ch.Clouds, cloud)
	}
	drawing, err := ch.Chart()
	seen := comp.Share[0]
	if second {
		seen += comp.Share[1]
	}
	return Figure{ID: ch.ID, Question: p.Pick("How far do the groups stand apart?", "各组相距多远？"), Chart: drawing, Table: groupTable(p, c, groups),
		Alt: p.Pick(p.Count(int64(len(rows)))+" customers on the two directions in which they differ most, which show "+p.Percent(seen)+" of the differences.",
			p.Count(int64(len(rows)))+" 位客户在差异最大的两个方向上的分布，占全部差异的 "+p.Percent(seen)+"。"),
		Note: p.Pick("Each dot is a customer ("+p.Count(int64(len(rows)))+" of "+p.Count(int64(len(c.used)))+" drawn by lot). The directions are principal components of the scaled features; together they show "+p.Percent(seen)+" of the differences, so dots that touch may still differ.",
			"每点为一位客户（从 "+p.Count(int64(len(c.used)))+" 位中抽取 "+p.Count(int64(len(rows)))+" 位）。两轴为标准化特征的主成分，合计占差异的 "+p.Percent(seen)+"，相近的点仍可能不同。")}, err
}

// axisName says in words where a component points: its strongest columns.
func axisName(p phrase.Printer, c *clustering, comp *pca.Components, a int) string {
	var ts []phrase.Trait
	for j, v := range comp.Direction[a] {
		ts = append(ts, phrase.Trait{Column: c.in.names[j], Z: v})
	}
	ts = phrase.Strongest(ts)
	text := p.Traits(ts)
	if len(ts) == 0 {
		text = p.Pick("a mixture of all", "各项混合")
	}
	arrow := "→ "
	if a == 1 {
		arrow = "↑ "
	}
	return arrow + text + p.Pick(" (", "（") + p.Percent(comp.Share[a]) + p.Pick(" of the differences)", " 的差异）")
}
