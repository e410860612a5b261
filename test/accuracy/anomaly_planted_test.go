package accuracy_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/kernel/stl"
	"github.com/ecomctl/ecomctl/test/accuracy/table"
	"github.com/ecomctl/ecomctl/test/harness"
)

// planted is one anomaly put into a generated shop.
type planted struct {
	kind     string
	from, to time.Time // inclusive; starts of days or hours
	dim      string    // the column that explains it; "" = all of the shop
	value    string
}

// shop is a generated shop as CSV rows, without the days of its own calendar peaks.
type shop struct {
	country  string
	header   []string
	at       map[string]int
	rows     [][]string
	first    time.Time
	days     int
	region   string // the largest
	category string
	events   []planted
}

const day = 24 * time.Hour

// generateShop makes 300 days from January: the big sales of autumn, which nobody planted,
// lie outside.
func generateShop(t *testing.T, country string, seed int) *shop {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.csv")
	harness.Must(t, "", "generate", "orders", "--rows", "400000", "--days", "300", "--from", "2025-01-01", "--seed", strconv.Itoa(seed), "--regions", country, "-o", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{country: country, header: records[0], rows: records[1:], at: map[string]int{}, first: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), days: 300}
	for i, c := range s.header {
		s.at[c] = i
	}
	s.region, s.category = s.largest("region"), s.largest("category")
	return s
}

// largest is the value of a column that most rows have.
func (s *shop) largest(column string) string {
	count, best := map[string]int{}, ""
	for _, row := range s.rows {
		v := row[s.at[column]]
		if count[v]++; count[v] > count[best] {
			best = v
		}
	}
	return best
}

func (s *shop) stamp(row []string) time.Time {
	at, _ := time.Parse("2006-01-02T15:04:05", row[s.at["order_ts"]])
	return at
}

// plant puts spikes, dips, a level shift and failing regions on days, and outages on hours, at random places
// that are a fortnight apart.
func (s *shop) plant(rng *rand.Rand) {
	slots := rng.Perm(14) // of 17 days from day 50 on
	at := func(i int) time.Time { return s.first.AddDate(0, 0, 50+17*slots[i]+rng.IntN(4)) }
	add := func(kind string, from time.Time, length time.Duration, step time.Duration, dim, value string) {
		s.events = append(s.events, planted{kind, from, from.Add(length - step), dim, value})
	}
	for i := range 3 {
		add("spike", at(i), day, day, "", "")
	}
	add("category spike", at(3), day, day, "category", s.category)
	for i := 4; i < 6; i++ {
		add("dip", at(i), day, day, "", "")
	}
	for i := 6; i < 8; i++ {
		add("region fails", at(i), 2*day, day, "region", s.region)
	}
	for i := 8; i < 12; i++ {
		add("missing hours", at(i).Add(time.Duration(9+rng.IntN(8))*time.Hour), 6*time.Hour, time.Hour, "", "")
	}
	shift := s.first.AddDate(0, 0, s.days-15)
	add("level shift", shift, 15*day, day, "", "")
	var out [][]string
	for _, row := range s.rows {
		out = append(out, s.change(row, rng)...)
	}
	s.rows = out
}

// change returns what the planted anomalies make of a row.
func (s *shop) change(row []string, rng *rand.Rand) [][]string {
	ts := s.stamp(row)
	for _, e := range s.events {
		end := e.to.Add(day)
		if e.kind == "missing hours" {
			end = e.to.Add(time.Hour)
		}
		if ts.Before(e.from) || !ts.Before(end) {
			continue
		}
		switch {
		case e.dim != "" && row[s.at[e.dim]] != e.value:
		case e.kind == "missing hours", e.kind == "region fails":
			return nil
		case e.kind == "dip" && rng.Float64() < 0.6, e.kind == "level shift" && rng.Float64() < 0.45:
			return nil
		case e.kind == "spike":
			return s.times(row, 2.2)
		case e.kind == "category spike":
			return s.times(row, 5)
		}
	}
	return [][]string{row}
}

// times returns a row with its quantity multiplied.
func (s *shop) times(row []string, f float64) [][]string {
	row = slices.Clone(row)
	q, _ := strconv.ParseFloat(row[s.at["quantity"]], 64)
	row[s.at["quantity"]] = strconv.Itoa(int(math.Ceil(q * f)))
	return [][]string{row}
}

func (s *shop) write(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(append([][]string{s.header}, s.rows...)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "planted.csv")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// told is an incident that a detector told.
type told struct {
	from, to   time.Time
	dim, value string
}

// tally counts true incidents, false ones, and misses; named counts causes that are right, of those asked.
type tally struct{ hit, miss, wrong, named, asked int }

func (c *tally) f1() float64 { return 2 * float64(c.hit) / float64(2*c.hit+c.miss+c.wrong) }

// count compares incidents with those planted: one within a period of it is a hit. An
// incident outside all planted ones is false, but for the days around the calendar's own peaks.
func (c *tally) count(events []planted, found []told, slack time.Duration, peaks func(time.Time) bool) {
	overlap := func(e planted, f told) bool {
		return !f.to.Before(e.from.Add(-slack)) && !f.from.After(e.to.Add(slack))
	}
	for _, e := range events {
		hit := false
		for _, f := range found {
			if !overlap(e, f) {
				continue
			}
			if !hit && e.dim != "" {
				c.asked++
				if f.dim == e.dim && f.value == e.value {
					c.named++
				}
			}
			hit = true
		}
		if hit {
			c.hit++
		} else {
			c.miss++
		}
	}
	for _, f := range found {
		if !slices.ContainsFunc(events, func(e planted) bool { return overlap(e, f) }) && !peaks(f.from) {
			c.wrong++
		}
	}
}

// TestAnomalyPlanted puts spikes, dips, level shifts, missing hours and failing regions into generated
// shops. Default flags; days by revenue, hours by orders. F1 over incidents is to be .9, beside STL
// with three standard deviations, and the planted dimension is to be named.
func TestAnomalyPlanted(t *testing.T) {
	var ours, plain tally
	kinds := map[string][2]int{}
	for i, country := range []string{"us", "br", "cn"} {
		s := generateShop(t, country, 20+i)
		s.plant(rand.New(rand.NewPCG(uint64(i), 77)))
		file := s.write(t)
		var daily, hourly, all []planted
		for _, e := range s.events {
			if e.kind == "missing hours" {
				hourly = append(hourly, e)
				all = append(all, planted{from: e.from.Truncate(day), to: e.to.Truncate(day)})
			} else {
				daily = append(daily, e)
			}
			all = append(all, e)
		}
		peaks := func(at time.Time) bool { return calendarPeak(country, at) }
		for _, part := range []struct {
			freq, measure string
			step          time.Duration
			events        []planted
			season        int
		}{{"day", "revenue", day, daily, 7}, {"hour", "orders", time.Hour, hourly, 24}} {
			neither := func(at time.Time) bool { // what was planted for the other grid is neither right nor wrong
				return peaks(at) || slices.ContainsFunc(all, func(e planted) bool {
					return !at.Before(e.from.Add(-day)) && at.Before(e.to.Add(2*day))
				})
			}
			a := ask(t, "anomaly", file, "--freq", part.freq, "--measure", part.measure, "--alerts")
			var found []told
			for r := range a.rows {
				found = append(found, told{when(t, a.text(t, r, "from")), when(t, a.text(t, r, "to")), a.text(t, r, "dimension"), a.text(t, r, "value")})
			}
			before := ours
			ours.count(part.events, found, 0, neither)
			for _, e := range part.events {
				k := kinds[e.kind]
				k[1]++
				if slices.ContainsFunc(found, func(f told) bool { return !f.to.Before(e.from) && !f.from.After(e.to) }) {
					k[0]++
				} else {
					t.Logf("%s: %s of %s is missed", country, e.kind, e.from)
				}
				kinds[e.kind] = k
			}
			plain.count(part.events, stlSigma(t, file, part.freq, part.measure, part.season), 0, neither)
			t.Logf("%s by %s: hit %d, missed %d, false %d", country, part.freq, ours.hit-before.hit, ours.miss-before.miss, ours.wrong-before.wrong)
		}
	}
	if f := ours.f1(); f < 0.9 {
		t.Errorf("F1 is %.3f, .9 is wanted", f)
	}
	if ours.named < ours.asked || ours.asked == 0 {
		t.Errorf("the planted dimension is named %d times of %d", ours.named, ours.asked)
	}
	var found []string
	for k, v := range kinds {
		found = append(found, fmt.Sprintf("%s %d of %d", k, v[0], v[1]))
	}
	sort.Strings(found)
	line := func(name string, c tally, named string) []string {
		return []string{name, table.Num(c.f1(), 3), fmt.Sprint(c.hit), fmt.Sprint(c.miss), fmt.Sprint(c.wrong), named}
	}
	table.Section(t, "anomaly-planted", []string{"planted in three generated shops", "F1", "hit", "missed", "false", "dimension named"}, [][]string{
		line("ecomctl anomaly (causal, defaults)", ours, fmt.Sprintf("%d of %d", ours.named, ours.asked)),
		line("STL robust + 3σ (whole series)", plain, "–"),
	}, "Incidents, found: "+strings.Join(found, ", ")+". Days by revenue, hours by orders; the generator's own sales and holidays are neither right nor wrong.")
}

func when(t *testing.T, s string) time.Time {
	t.Helper()
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", s)
	return time.Time{}
}

// calendarPeak tells the days at which the generator's calendar itself sells far more or
// less than usual.
func calendarPeak(country string, at time.Time) bool {
	near := func(month time.Month, d, width int) bool {
		off := at.Sub(time.Date(at.Year(), month, d, 0, 0, 0, 0, time.UTC)).Hours() / 24
		return off > -float64(width)-1 && off < float64(width)+1
	}
	switch country {
	case "cn":
		return near(6, 18, 3) || near(1, 29, 10) || near(10, 3, 5) || near(3, 8, 2)
	default:
		return near(7, 4, 2) || near(9, 1, 3) || near(5, 11, 3) || near(6, 12, 3) || near(9, 7, 3)
	}
}

// stlSigma is the plain peer: robust STL of the whole series, three standard deviations of
// the remainder.
func stlSigma(t *testing.T, file, freq, measure string, season int) []told {
	t.Helper()
	a := ask(t, "sales", file, "--by", freq)
	var y []float64
	var at []time.Time
	for i := range a.rows {
		y, at = append(y, a.number(t, i, measure)), append(at, when(t, a.text(t, i, "date")))
	}
	p, err := stl.Decompose(y, stl.Options{Period: season, Robust: true})
	if err != nil {
		t.Fatal(err)
	}
	mean, sd := 0.0, 0.0
	for _, r := range p.Remainder {
		mean += r / float64(len(y))
	}
	for _, r := range p.Remainder {
		sd += (r - mean) * (r - mean) / float64(len(y)-1)
	}
	var found []told
	for i, r := range p.Remainder {
		if math.Abs(r-mean) <= 3*math.Sqrt(sd) {
			continue
		}
		if n := len(found); n > 0 && at[i].Sub(found[n-1].to) <= time.Duration(season/4)*at[1].Sub(at[0]) {
			found[n-1].to = at[i]
			continue
		}
		found = append(found, told{from: at[i], to: at[i]})
	}
	return found
}
