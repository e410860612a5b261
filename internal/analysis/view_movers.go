package analysis

import (
	"cmp"
	"slices"

	"github.com/ecomctl/ecomctl/internal/chart"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Bounds of the movers: so many losses and gains are drawn, so many rows listed.
const (
	drawnMovers  = 6
	listedMovers = 100
)

// movers shows which customers or products moved the headline's period: the
// largest losses and gains against the period before.
func (d *salesData) movers(a *query.Answer, column string) (Figure, bool, error) {
	s, p := d.head, d.p
	if s.whole() < 2 {
		return Figure{}, false, nil
	}
	now, before := s.periods[s.last], s.periods[s.last-1]
	parts := d.partsOf(tableNamed(a, "sales.day."+column), now, before, true)
	if len(parts) < 2*drawnMovers {
		return Figure{}, false, nil
	}
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(magnitude(b), magnitude(a)), cmp.Compare(a.name, b.name))
	})
	var losses, gains []part
	for _, q := range parts {
		switch delta := q.now - q.before; {
		case delta < 0 && len(losses) < drawnMovers:
			losses = append(losses, q)
		case delta > 0 && len(gains) < drawnMovers:
			gains = append(gains, q)
		}
	}
	fig := Figure{ID: "movers-" + column, Table: moverTable(column, parts)}
	fig.Question, fig.Alt = d.moverWords(column, now, before, losses, gains)
	slices.Reverse(losses) // from the largest gain down to the largest loss
	drawn := slices.Concat(gains, losses)
	b := chart.Bars{ID: fig.ID, Lying: true, Value: moneyFormat(p)}
	bar := chart.Bar{Name: p.Pick("change of revenue", "收入变化"), Color: "@s1", Fall: "@s2"}
	b.Labels = tellApart(drawn, func(q part) (string, string) { return q.label(36), q.name })
	for _, q := range drawn {
		delta := q.now - q.before
		bar.Values = append(bar.Values, plain(delta))
		bar.Labels = append(bar.Labels, phrase.Signed(float64(delta), p.MoneyShort(delta)))
		b.Tips = append(b.Tips, q.label(80)+"\n"+p.PeriodShort(before)+p.Pick(": ", "：")+p.Money(q.before)+"\n"+p.PeriodShort(now)+p.Pick(": ", "：")+p.Money(q.now))
	}
	b.Series = []chart.Bar{bar}
	b.Legend = []chart.Key{{Color: "@s1", Text: p.Pick("more than before", "比之前多")}, {Color: "@s2", Text: p.Pick("less than before", "比之前少")}}
	var err error
	fig.Chart, err = b.Chart()
	return fig, true, err
}

func magnitude(q part) int64 { return max(q.now-q.before, q.before-q.now) }

// label is the part's name for people.
func (q part) label(runes int) string {
	if n := phrase.Name(q.title, runes); n != "" {
		return n
	}
	if n := phrase.Name(q.name, runes); n != "" {
		return n
	}
	return "–"
}

// moverWords are the question and the sentence of the figure.
func (d *salesData) moverWords(column string, now, before phrase.Period, losses, gains []part) (question, alt string) {
	p := d.p
	question = p.Pick("Which products moved "+p.PeriodShort(now)+"?", p.PeriodShort(now)+"的变化来自哪些商品？")
	if column == "customer_id" {
		question = p.Pick("Which customers moved "+p.PeriodShort(now)+"?", p.PeriodShort(now)+"的变化来自哪些客户？")
	}
	switch {
	case len(losses) == 0 || len(gains) == 0:
		alt = p.Pick("Change of revenue against "+p.PeriodShort(before)+".", "与"+p.PeriodShort(before)+"相比的收入变化。")
	default:
		l, g := losses[0], gains[0]
		who := ""
		if column == "customer_id" {
			who = p.Pick("customer ", "客户 ")
		}
		lost, won := who+l.label(40), who+g.label(40)
		alt = p.Pick("Against "+p.PeriodShort(before)+" the largest loss is "+lost+" ("+p.MoneyWords(l.now-l.before)+"), the largest gain "+won+" (+"+p.MoneyWords(g.now-g.before)+").",
			"与"+p.PeriodShort(before)+"相比，降幅最大的是"+lost+"（"+p.MoneyWords(l.now-l.before)+"），增幅最大的是"+won+"（+"+p.MoneyWords(g.now-g.before)+"）。")
	}
	return question, alt
}

func moverTable(column string, parts []part) *result.Table {
	tb := newTable("movers", textSpec(column, "who or what moved"), textSpec("name", "its name"), moneySpec("before", "revenue of the period before"),
		moneySpec("now", "revenue of the period"), moneySpec("change", "now − before"))
	for _, q := range parts[:min(listedMovers, len(parts))] {
		var title any
		if q.title != "" {
			title = q.title
		}
		tb.row(q.name, title, q.before, q.now, q.now-q.before)
	}
	return dropEmpty(tb.t)
}
