package analysis_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// shopLine is a sold line of testdata/shop.csv, read without any of our code.
type shopLine struct {
	day, order, customer, category string
	money                          float64
	units                          float64
}

// shopLines reads the sold lines: what is neither void by status nor a return.
func shopLines(t *testing.T, path string) []shopLine {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	number := func(row []string, name string) float64 {
		v, err := strconv.ParseFloat(row[at[name]], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var out []shopLine
	for _, r := range rows[1:] {
		switch r[at["status"]] {
		case "cancelled", "refunded", "unpaid":
			continue
		}
		if q := number(r, "quantity"); q > 0 {
			out = append(out, shopLine{r[at["order_ts"]][:10], r[at["order_id"]], r[at["customer_id"]], r[at["category"]], q*number(r, "unit_price") - number(r, "discount"), q})
		}
	}
	return out
}

// exploreShop asks about testdata/shop.csv.
func exploreShop(t *testing.T, from, to string, e analysis.Explore, change func(*analysis.Request)) (*analysis.View, []shopLine) {
	t.Helper()
	path := filepath.Join("..", "..", "testdata", "shop.csv")
	d, err := open.Open(t.Context(), []string{path}, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	rel, _, err := schema.Build(t.Context(), schema.BuildOptions{Fact: d, Now: 1780293600e6})
	if err != nil {
		t.Fatal(err)
	}
	r := &analysis.Request{Rel: rel, Params: map[string]string{}, From: micros(t, from), To: micros(t, to), AsOf: query.MaxTime, Now: 1780293600e6, Lang: "en"}
	if change != nil {
		change(r)
	}
	rep, err := analysis.RunExplore(t.Context(), local.New(local.Options{}), r, e)
	if err != nil {
		t.Fatal(err)
	}
	return rep.Views[0], shopLines(t, path)
}

func micros(t *testing.T, day string) int64 {
	t.Helper()
	if day == "" {
		return query.MinTime
	}
	p, err := strconv.Atoi(strings.ReplaceAll(day, "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	// days from civil (Howard Hinnant's algorithm), so that no code of ours is trusted here
	y, m, d := p/10000, p/100%100, p%100
	if m <= 2 {
		y--
		m += 12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - 719468
	return int64(days) * 86400e6
}

// sums are the figures of some lines.
func sums(lines []shopLine, from, to string, keep func(shopLine) bool) (money, units float64, orders, customers int) {
	o, c := map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		if l.day >= from && l.day < to && keep(l) {
			money += l.money
			units += l.units
			o[l.order] = true
			if l.customer != "" {
				c[l.customer] = true
			}
		}
	}
	return money, units, len(o), len(c)
}

func tableOf(t *testing.T, v *analysis.View, figure string) *result.Table {
	t.Helper()
	for _, f := range v.Figures {
		if f.ID == figure {
			return f.Table
		}
	}
	t.Fatalf("no figure %s", figure)
	return nil
}

// TestExplore compares every category of a quarter, and of the one before, with a reading of the file by hand.
func TestExplore(t *testing.T) {
	all := func(shopLine) bool { return true }
	v, lines := exploreShop(t, "2024-07-01", "2024-10-01", analysis.Explore{Measure: "revenue", By: "category", CompareFrom: micros(t, "2024-04-01"), CompareTo: micros(t, "2024-07-01")}, nil)
	tb := tableOf(t, v, "explore-parts")
	if tb.N < 8 {
		t.Fatalf("%d categories", tb.N)
	}
	for i := range tb.N {
		name := string(tb.Col("category").Data.Str(i))
		in := func(l shopLine) bool { return l.category == name }
		money, units, orders, customers := sums(lines, "2024-07-01", "2024-10-01", in)
		before, _, _, _ := sums(lines, "2024-04-01", "2024-07-01", in)
		if got := float64(tb.Col("revenue").Data.I64[i]) / 1e4; math.Abs(got-money) > 1e-6 {
			t.Errorf("%s: revenue %v, want %v", name, got, money)
		}
		if got := tb.Col("before").Data.F64[i]; math.Abs(got-before) > 1e-6 {
			t.Errorf("%s: before %v, want %v", name, got, before)
		}
		if o, c := tb.Col("orders").Data.I64[i], tb.Col("customers").Data.I64[i]; o != int64(orders) || c != int64(customers) {
			t.Errorf("%s: %d orders, %d customers, want %d, %d", name, o, c, orders, customers)
		}
		if got := tb.Col("units").Data.F64[i]; math.Abs(got-units) > 1e-9 {
			t.Errorf("%s: %v units, want %v", name, got, units)
		}
	}
	money, _, orders, customers := sums(lines, "2024-07-01", "2024-10-01", all)
	before, _, _, _ := sums(lines, "2024-04-01", "2024-07-01", all)
	want := strconv.FormatFloat(math.Abs(100*(money/before-1)), 'f', 0, 64) + "\u202f%" // from 10 % on without decimals
	if math.Abs(money/before-1) < 0.1 {
		t.Fatalf("the quarters differ by %v only: choose others", money/before-1)
	}
	if !strings.HasPrefix(v.Lead[0], "Revenue ") || !strings.Contains(v.Lead[0], want) {
		t.Errorf("the finding %q does not tell %s", v.Lead[0], want)
	}
	if got := v.Tiles[1].Full; got != strconv.Itoa(orders) {
		t.Errorf("%s orders, want %d", got, orders)
	}
	if got := v.Tiles[2].Full; got != strconv.Itoa(customers) {
		t.Errorf("%s customers, want %d", got, customers)
	}
	trend := tableOf(t, v, "explore-trend")
	sum := 0.0
	for i := range trend.N {
		sum += float64(trend.Col("revenue").Data.I64[i]) / 1e4
	}
	if trend.N != 92 || math.Abs(sum-money) > 1e-6 {
		t.Errorf("%d days that add up to %v, want %v", trend.N, sum, money)
	}
}

// TestExploreHonest: what cannot be compared is not, and thin data are said to be.
func TestExploreHonest(t *testing.T) {
	v, _ := exploreShop(t, "2024-01-10", "2024-01-20", analysis.Explore{Measure: "revenue", CompareFrom: micros(t, "2023-12-31"), CompareTo: micros(t, "2024-01-10")}, nil)
	if !strings.Contains(strings.Join(v.Lead, " "), "nothing is compared") || v.Tiles[0].Change != "" {
		t.Errorf("a period before the data is compared with: %q, %q", v.Lead, v.Tiles[0].Change)
	}
	v, _ = exploreShop(t, "2024-05-10", "2024-05-13", analysis.Explore{Measure: "orders", CompareFrom: micros(t, "2024-05-07"), CompareTo: micros(t, "2024-05-10")}, nil)
	if !strings.Contains(v.Lead[0], "too few to tell") {
		t.Errorf("three days of few orders are interpreted: %q", v.Lead)
	}
	v, _ = exploreShop(t, "2024-05-10", "2024-06-13", analysis.Explore{Measure: "revenue", By: "category"}, func(r *analysis.Request) {
		none := "no such"
		cond, err := analysis.Equals(r.Rel, "category", &none)
		if err != nil {
			t.Fatal(err)
		}
		r.Where = cond
	})
	if v.Missing == "" || len(v.Figures) > 0 {
		t.Errorf("an empty selection has figures: %q", v.Lead)
	}
}

// TestExploreUsual: a tile's flag and the sentence follow from the changes between the ten weeks before, added up by hand.
func TestExploreUsual(t *testing.T) {
	all := func(shopLine) bool { return true }
	judged := map[analysis.Trend]int{}
	for day := time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2024 && day.Month() < 12; day = day.AddDate(0, 0, 7) {
		at := func(weeks int) string { return day.AddDate(0, 0, 7*weeks).Format(time.DateOnly) }
		v, lines := exploreShop(t, at(0), at(1), analysis.Explore{Measure: "revenue", CompareFrom: micros(t, at(-1)), CompareTo: micros(t, at(0))}, nil)
		var changes []float64
		for k := -9; k <= 0; k++ {
			now, _, _, _ := sums(lines, at(k), at(k+1), all)
			before, _, _, _ := sums(lines, at(k-1), at(k), all)
			changes = append(changes, math.Log(now/before))
		}
		past, last := changes[:len(changes)-1], changes[len(changes)-1]
		middle := func(v []float64) float64 {
			s := slices.Sorted(slices.Values(v))
			return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
		}
		m := middle(past)
		var dev []float64
		for _, c := range past {
			dev = append(dev, math.Abs(c-m))
		}
		want, words := analysis.Usual, "within the usual range"
		if math.Abs(last-m) > 2*1.4826*middle(dev) {
			want, words = analysis.Unusual, "outside the usual range"
		}
		judged[want]++
		said := strings.Join(v.Lead, " ")
		if got := v.Tiles[0].Trend; got != want || !strings.Contains(said, words) && !strings.Contains(said, "too few to tell") {
			t.Errorf("%s: trend %d, want %d: %q", at(0), got, want, v.Lead)
		}
	}
	if judged[analysis.Usual] < 5 || judged[analysis.Unusual] < 2 {
		t.Errorf("the weeks of the file try one side only: %v", judged)
	}
	// a short history is said to be one, and a year before is no step of a series
	v, _ := exploreShop(t, "2024-07-01", "2024-10-01", analysis.Explore{Measure: "revenue", CompareFrom: micros(t, "2024-04-01"), CompareTo: micros(t, "2024-07-01")}, nil)
	if got := v.Tiles[0].Trend; got != analysis.NoTrend || !strings.Contains(strings.Join(v.Lead, " "), "cannot be told yet") {
		t.Errorf("three quarters judge: %d %q", got, v.Lead)
	}
	v, _ = exploreShop(t, "2024-08-01", "2024-08-08", analysis.Explore{Measure: "revenue", CompareFrom: micros(t, "2024-02-01"), CompareTo: micros(t, "2024-02-08")}, nil)
	if got := v.Tiles[0].Trend; got != analysis.NoTrend {
		t.Errorf("periods that are no neighbours are judged: %d", got)
	}
	// months are as long as they are: November 2024 against October, and the ten before
	v, lines := exploreShop(t, "2024-12-01", "2025-01-01", analysis.Explore{Measure: "orders", CompareFrom: micros(t, "2024-11-01"), CompareTo: micros(t, "2024-12-01")}, nil)
	if _, _, orders, _ := sums(lines, "2024-02-01", "2024-03-01", all); orders == 0 || v.Tiles[0].Trend == analysis.NoTrend || v.Tiles[0].Trend == analysis.TooFewData {
		t.Errorf("months are not judged: %d, %q", v.Tiles[0].Trend, v.Lead)
	}
}
