package analysis

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/phrase"
)

// sparkLength is the number of periods of a tile's sparkline.
const sparkLength = 26

// tileSpec is one headline figure: how it is computed and written.
type tileSpec struct {
	label       string
	value       func(totals) float64
	short, full func(totals) string
	share       bool // a ratio: changes are percent points
	good        bool
	has         bool
}

func (d *salesData) tileSpecs() []tileSpec {
	p := d.p
	aov := func(t totals) int64 { return int64(math.Round(t.aov() * phrase.MoneyScale)) }
	whenOrders := func(f func(int64) string) func(totals) string {
		return func(t totals) string {
			if t.orders == 0 {
				return "–"
			}
			return f(aov(t))
		}
	}
	count := func(f func(int64) string, of func(totals) int64) func(totals) string {
		return func(t totals) string { return f(of(t)) }
	}
	orders := func(t totals) int64 { return t.orders }
	people := func(t totals) int64 { return t.customers }
	units := func(t totals) int64 { return int64(math.Round(t.units)) }
	return []tileSpec{
		{p.Pick("Revenue", "收入"), revenueOf, func(t totals) string { return p.MoneyShort(t.revenue) }, func(t totals) string { return p.Money(t.revenue) }, false, true, true},
		{p.Pick("Orders", "订单"), func(t totals) float64 { return float64(t.orders) }, count(p.CountShort, orders), count(p.Count, orders), false, true, d.orders},
		{p.Pick("Customers", "客户"), func(t totals) float64 { return float64(t.customers) }, count(p.CountShort, people), count(p.Count, people), false, true, d.people},
		{p.Pick("Average order", "客单价"), totals.aov, whenOrders(p.MoneyShort), whenOrders(p.Money), false, true, d.orders},
		{p.Pick("Units", "件数"), func(t totals) float64 { return t.units }, count(p.CountShort, units), count(p.Count, units), false, true, d.r.Rel.Has("quantity")},
		{p.Pick("Returned", "退货率"), totals.returnRate, func(t totals) string { return p.Percent(t.returnRate()) }, func(t totals) string {
			return p.PercentFull(t.returnRate()) + p.Pick(" of revenue, ", "，共 ") + p.Money(t.returned)
		}, true, false, d.hasReturns()},
	}
}

func (d *salesData) hasReturns() bool {
	for _, t := range d.day.of {
		if t.returned != 0 {
			return true
		}
	}
	return false
}

// tiles writes the headline figures of the headline's period.
func (d *salesData) tiles() []Tile {
	s := d.head
	if s.whole() == 0 {
		return nil
	}
	now := s.of[s.last]
	var tiles []Tile
	for _, spec := range d.tileSpecs() {
		if !spec.has {
			continue
		}
		vals := d.values(s, spec.value)
		t := Tile{Label: spec.label, Value: spec.short(now), Full: spec.full(now), Good: spec.good,
			Spark: vals[max(0, len(vals)-sparkLength):], Note: d.p.PeriodShort(s.periods[s.last])}
		if s.whole() >= 2 {
			t.Note = d.p.Pick("vs "+d.p.PeriodShort(s.periods[s.last-1]), "对比 "+d.p.PeriodShort(s.periods[s.last-1]))
			t.Trend, _, _, _ = trendOf(vals, !spec.share)
			before, last := vals[len(vals)-2], vals[len(vals)-1]
			switch {
			case spec.share && !math.IsNaN(last-before):
				t.Change, t.Up = d.p.Points(last-before), last > before
			case !spec.share && before > 0 && !math.IsNaN(last):
				rate := last/before - 1
				t.Change, t.Up = phrase.Signed(rate, d.p.Percent(rate)), rate > 0
			}
		}
		tiles = append(tiles, t)
	}
	return tiles
}
