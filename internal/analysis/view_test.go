package analysis

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/source"
)

func TestUsualRangeIgnoresOneOutlier(t *testing.T) {
	values := []float64{100}
	for i := range 20 { // steps of ±5 %, and one week of 10 ×
		v := 100 * (1 + 0.05*float64(i%2))
		if i == 9 {
			v = 1000
		}
		values = append(values, v)
	}
	for _, c := range []struct {
		last float64
		want Trend
	}{{104, Usual}, {130, Unusual}, {60, Unusual}} {
		got, lo, hi, past := trendOf(append(append([]float64(nil), values...), 100, c.last), true)
		if got != c.want {
			t.Errorf("from 100 to %v is %v, want %v (range %v to %v of %d)", c.last, got, c.want, lo, hi, past)
		}
	}
	if got, _, _, past := trendOf([]float64{1, 2, 3, 4}, true); got != TooFewData || past != 2 {
		t.Errorf("three changes: %v of %d", got, past)
	}
	if got, _, _, _ := trendOf(append(values, 0), true); got != TooFewData {
		t.Errorf("a change to nothing has no ratio: %v", got)
	}
}

func TestQuantileIsTypeSeven(t *testing.T) {
	v := []float64{1, 2, 3, 4, 10}
	for p, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 0.9: 7.6, 1: 10} { // numpy.quantile(v, p)
		if got := quantile(v, p); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %v is %v, want %v", p, got, want)
		}
	}
	if !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("the median of nothing is a number")
	}
}

func parts(pairs ...int64) []part { // before, now, before, now …
	var out []part
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, part{name: string(rune('a' + i/2)), before: pairs[i], now: pairs[i+1]})
	}
	return out
}

func total(ps []part) (now, before int64) {
	for _, p := range ps {
		now, before = now+p.now, before+p.before
	}
	return now, before
}

func TestCauseIsNamedOnlyWhenItExplains(t *testing.T) {
	cases := []struct {
		name  string
		kind  phrase.CauseKind
		parts []part
		limit int
		want  string // names joined; "" = none
		share float64
	}{
		{"one customer of many", phrase.ByCustomer, parts(500, 100, 100, 105, 100, 95, 100, 100, 100, 100), 3, "a", 1},
		{"two customers", phrase.ByCustomer, parts(300, 100, 300, 150, 400, 400, 400, 390, 600, 600), 3, "ab", 350.0 / 360},
		{"everyone alike", phrase.ByCustomer, parts(100, 90, 100, 90, 100, 90, 100, 90, 100, 90), 3, "", 0},
		{"the large part falls as its size says", phrase.ByRegion, parts(900, 810, 40, 36, 30, 27, 30, 27), 2, "", 0},
		{"noise both ways", phrase.ByCategory, parts(100, 140, 100, 60, 100, 135, 100, 70, 100, 90), 2, "", 0},
		{"too few parts", phrase.ByRegion, parts(500, 100, 100, 100), 2, "", 0},
		{"no net change", phrase.ByCustomer, parts(500, 100, 100, 500, 1, 1, 1, 1), 3, "", 0},
		{"a gain", phrase.ByCategory, parts(100, 400, 100, 100, 100, 100, 100, 100), 2, "a", 1},
	}
	for _, c := range cases {
		now, before := total(c.parts)
		got, score := concentrated(c.kind, c.parts, now, before, c.limit)
		if names := strings.Join(got.Names, ""); names != c.want || (c.want != "") != (score > 0) {
			t.Errorf("%s: named %q (score %v), want %q", c.name, names, score, c.want)
		}
		if c.want != "" && math.Abs(got.Share-c.share) > 1e-9 {
			t.Errorf("%s: share %v, want %v", c.name, got.Share, c.share)
		}
	}
}

// account says that the data hold sold lines between two days.
func account(first, last int64) query.Account {
	return query.Account{Rows: 1, Reasons: []query.Reason{{Kind: relation.Sold, Reason: "sold", Rows: 1}},
		FirstSold: first*dayMicros + 5, LastSold: last*dayMicros + 7}
}

// dated makes a table (date → revenue, orders) for tests.
func dated(name string, days, revenue, orders []int64) *query.Table {
	col := func(typ expr.Type, v []int64) frame.Column {
		at := result.ArrowType(typ)
		return frame.Column{Type: at, Kind: frame.KindOf(at), Len: len(v), I64: v}
	}
	return &query.Table{Name: name, Names: []string{"day", mRevenue, mOrders}, Types: []expr.Type{expr.Date, expr.Money, expr.Int}, N: len(days),
		Cols: []frame.Column{col(expr.Date, days), col(expr.Money, revenue), col(expr.Int, orders)}}
}

func TestWholePeriods(t *testing.T) {
	// 2024-01-03 is a Wednesday (day 19725); the data end on Sunday 2024-01-21 (day 19743)
	r := &Request{From: query.MinTime, To: query.MaxTime, AsOf: query.MaxTime}
	a := &query.Answer{Account: account(19725, 19743)}
	w := windowOf(r, a)
	if w != (window{19725, 19744}) {
		t.Fatalf("window %v", w)
	}
	s := newSeries(phrase.Week, dated("w", []int64{19723, 19730, 19737}, []int64{1, 2, 3}, []int64{1, 1, 1}), nil, w)
	if len(s.periods) != 3 || s.first != 1 || s.last != 2 {
		t.Errorf("weeks: %d, whole from %d to %d; the first begins before the data", len(s.periods), s.first, s.last)
	}
	m := newSeries(phrase.Month, nil, nil, w)
	if len(m.periods) != 1 || m.whole() != 0 {
		t.Errorf("months: %d, %d whole; January is not covered", len(m.periods), m.whole())
	}
	r.AsOf = 19743 * dayMicros // the last Sunday is outside
	if s := newSeries(phrase.Week, nil, nil, windowOf(r, a)); s.last != 1 {
		t.Errorf("with as-of on the Sunday the last whole week is %d, want 1", s.last)
	}
	r.From, r.To, r.AsOf = 19723*dayMicros, 19737*dayMicros, query.MaxTime // data asked from before the first sale
	if w := windowOf(r, a); w != (window{19725, 19737}) {
		t.Errorf("window %v of an asked period that begins before the data", w)
	}
	a.Account.FirstSold = 19000 * dayMicros // …and from within them
	if w := windowOf(r, a); w != (window{19723, 19737}) {
		t.Errorf("window %v of an asked period", w)
	}
}

func TestHeadlinePeriod(t *testing.T) {
	weeks := func(n int, orders int64) *series {
		s := &series{cut: phrase.Week, last: n - 1}
		for range n {
			s.of = append(s.of, totals{orders: orders})
			s.periods = append(s.periods, phrase.Period{Cut: phrase.Week})
		}
		return s
	}
	months := func(n int, orders int64) *series { s := weeks(n, orders); s.cut = phrase.Month; return s }
	days := weeks(10, 1)
	days.cut = phrase.Day
	for _, c := range []struct {
		name        string
		week, month *series
		want        phrase.Cut
	}{
		{"busy shop", weeks(10, 100), months(2, 400), phrase.Week},
		{"quiet shop", weeks(10, 9), months(2, 40), phrase.Month},
		{"very quiet shop", weeks(40, 2), months(9, 8), phrase.Month},
		{"quiet and short", weeks(6, 2), months(1, 8), phrase.Week},
		{"a few days", weeks(1, 100), months(0, 0), phrase.Day},
	} {
		if got := headline(days, c.week, c.month, true).cut; got != c.want {
			t.Errorf("%s: cut %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReturnsCountOnTheirDay(t *testing.T) {
	back := dated("r", []int64{19731, 19738}, []int64{-5, -7}, []int64{1, 1})
	back.Names[1] = "returned"
	s := newSeries(phrase.Week, nil, back, window{19723, 19744})
	if s.of[0].returned != 0 || s.of[1].returned != 5 || s.of[2].returned != 7 {
		t.Errorf("returned %d, %d, %d; want 0, 5, 7", s.of[0].returned, s.of[1].returned, s.of[2].returned)
	}
}

func TestTileGrids(t *testing.T) {
	names := func(codes string) []place {
		var out []place
		for _, c := range strings.Fields(codes) {
			out = append(out, place{item: item{id: c}})
		}
		return out
	}
	if _, onMap := layoutOf(names("SP RJ MG BA RS PR")); !onMap {
		t.Error("Brazil's states are not put on Brazil's grid")
	}
	l, onMap := layoutOf(names("CA TX NY FL wa OR NV"))
	if !onMap || l.at[4] != [2]int{0, 2} {
		t.Errorf("states of the USA: on a map %v, Washington at %v", onMap, l.at[4])
	}
	if l, onMap := layoutOf(names("London Leeds York Hull Bath")); onMap || l.cols != 5 || l.rows != 1 {
		t.Errorf("places without a map: %v %v", l, onMap)
	}
	for name, m := range map[string]map[string][2]int{"brazil": brazil, "usa": usa} {
		if want := map[string]int{"brazil": 27, "usa": 51}[name]; len(m) != want {
			t.Errorf("%s has %d states, want %d", name, len(m), want)
		}
		seen := map[[2]int]string{}
		for code, at := range m {
			if other, dup := seen[at]; dup {
				t.Errorf("%s: %s and %s share a tile", name, code, other)
			}
			seen[at] = code
		}
	}
}

// stored is a dataset of which only the splits are asked.
type stored struct {
	source.Dataset
	splits []source.Split
}

func (s stored) Splits() []source.Split { return s.splits }

type numberedSplit struct {
	source.Split
	n int
}

func TestSecondScanLeavesOutOnlyWhatCannotMatter(t *testing.T) {
	spans := [][2]int64{{0, 50}, {90, 99}, {90, 100}, {100, 107}, {0, 500}, {106, 300}, {107, 300}, {math.MaxInt64, math.MinInt64}}
	var splits []source.Split
	for i := range spans {
		splits = append(splits, numberedSplit{n: i})
	}
	rel := &relation.Relation{Fact: stored{splits: splits}}
	var got []int
	for _, s := range between(rel, spans, 100, 107).Fact.Splits() {
		got = append(got, s.(numberedSplit).n)
	}
	if want := []int{2, 3, 4, 5}; !slices.Equal(got, want) {
		t.Errorf("splits %v are read, want %v", got, want)
	}
	if n := len(between(rel, nil, 100, 107).Fact.Splits()); n != len(splits) {
		t.Errorf("without spans %d of %d splits are read", n, len(splits))
	}
	rel.Dedupe = true
	if n := len(between(rel, spans, 100, 107).Fact.Splits()); n != len(splits) {
		t.Errorf("with --dedupe %d of %d splits are read", n, len(splits))
	}
}

func TestItemsAreNamedTheSameInAnyOrder(t *testing.T) {
	text := result.NewData(expr.Text, 4)
	name := result.NewData(expr.Text, 4)
	money := result.NewData(expr.Money, 4)
	for _, row := range []struct {
		id, name string
		m        int64
	}{{"1", "old", 5}, {"1", "new", 9}, {"2", "x", 9}, {"3", "", 1}} {
		result.AppendText(&text, row.id)
		result.AppendText(&name, row.name)
		result.AppendInt(&money, row.m)
	}
	tb := &query.Table{Names: []string{"product_id", "product_name", mRevenue}, Cols: []frame.Column{text, name, money}, N: 4}
	items := itemsOf(tb, phrase.Printer{})
	if len(items) != 3 || items[0].id != "1" || items[0].revenue != 14 || items[0].name != "new" {
		t.Errorf("items %+v", items)
	}
	if items[2].label(10) != "3" {
		t.Errorf("an item without a name is %q, want its id", items[2].label(10))
	}
}

// TestThingsOfOneNameAreToldApart: bars of two products of one name would look like one.
func TestThingsOfOneNameAreToldApart(t *testing.T) {
	got := tellApart([][2]string{{"Beans", "17"}, {"Rice", "3"}, {"Beans", "21"}, {"9", "9"}, {"9", "9"}}, func(x [2]string) (string, string) { return x[0], x[1] })
	if want := []string{"Beans · 17", "Rice", "Beans · 21", "9", "9"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
