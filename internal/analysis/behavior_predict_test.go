package analysis

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"sort"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/classify"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// click is an event of a test.
type click struct {
	user    string
	at      int64 // µs
	what    string
	product string
	price   float64
}

// groupsOf makes the engine's answer of events, as its contract says.
func groupsOf(clicks []click) *query.Groups {
	sorted := slices.Clone(clicks)
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		return a.user < b.user || a.user == b.user && a.at < b.at
	})
	keys := func(of func(c click) string) (frame.Column, map[string]uint32) {
		var all []string
		for _, c := range clicks {
			all = append(all, of(c))
		}
		slices.Sort(all)
		all = slices.Compact(all)
		col, code := result.NewData(expr.Text, len(all)), map[string]uint32{}
		for i, s := range all {
			result.AppendText(&col, s)
			code[s] = uint32(i)
		}
		return col, code
	}
	g := &query.Groups{Off: []int64{0}, Values: make([][]int64, 2), Codes: make([][]uint32, 1), CodeKeys: make([]frame.Column, 1)}
	var types, products map[string]uint32
	g.Keys, _ = keys(func(c click) string { return c.user })
	g.ItemKeys, types = keys(func(c click) string { return c.what })
	g.CodeKeys[0], products = keys(func(c click) string { return c.product })
	for i, c := range sorted {
		if i > 0 && sorted[i-1].user != c.user {
			g.Off = append(g.Off, int64(i))
		}
		g.Items = append(g.Items, types[c.what])
		g.Values[0] = append(g.Values[0], c.at)
		g.Values[1] = append(g.Values[1], int64(math.Float64bits(c.price)))
		g.Codes[0] = append(g.Codes[0], products[c.product])
	}
	g.Off = append(g.Off, int64(len(sorted)))
	return g
}

func eventsRequest() *Request {
	rel := &relation.Relation{Name: "events", Columns: []relation.Column{
		{Name: "user_id", Type: expr.Text}, {Name: "event_ts", Type: expr.Time}, {Name: "event_type", Type: expr.Text},
		{Name: "product_id", Type: expr.Text}, {Name: "price", Type: expr.Float}}}
	r := &Request{Rel: rel, Params: map[string]string{}, From: query.MinTime, To: query.MaxTime, AsOf: query.MaxTime, Seed: 1}
	for _, p := range predictParams {
		r.Params[p.Name] = p.Default
	}
	return r
}

// someClicks are 60 days of 300 users.
func someClicks() []click {
	var out []click
	draw := func(i, c int) float64 { return float64(classify.Hash(uint64(i), uint64(c))>>11) / (1 << 53) }
	for i := range 12_000 {
		what := "view"
		if d := draw(i, 3); d < 0.1 {
			what = "purchase"
		} else if d < 0.3 {
			what = "cart"
		}
		out = append(out, click{user: "u" + itoa(int64(300*draw(i, 1)*draw(i, 5))), at: int64(draw(i, 2) * 60 * float64(dayMicros)), what: what,
			product: "p" + itoa(int64(40*draw(i, 4))), price: math.Floor(100 * draw(i, 6))})
	}
	return out
}

func learnClicks(t *testing.T, clicks []click, o predictOptions) *predictData {
	t.Helper()
	r := eventsRequest()
	r.Params["horizon"] = "7d"
	g := newEventGroups(r, groupsOf(clicks))
	d, err := o.learnEvents(t.Context(), r, g, slices.Min(g.times), o.cutoff, 60*dayMicros)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestNothingLooksAhead deals what happened on or after the cut-off to other users, times, types and
// prices: neither what is learned from nor what is predicted may change.
func TestNothingLooksAhead(t *testing.T) {
	const cut = 40 * dayMicros
	clicks := someClicks()
	var later []int
	for i, c := range clicks {
		if c.at >= cut {
			later = append(later, i)
		}
	}
	shuffled := slices.Clone(clicks)
	for k, i := range later {
		a, b, c := later[(k*7+3)%len(later)], later[(k*11+5)%len(later)], later[(k*13+1)%len(later)]
		shuffled[i] = click{user: clicks[a].user + "x", at: clicks[b].at, what: clicks[c].what + "-again", product: "new", price: 1e6}
	}
	o := predictOptions{target: "purchase", horizon: 7 * dayMicros, cutoff: cut}
	a, b := learnClicks(t, clicks, o), learnClicks(t, shuffled, o)
	if len(a.fit) == 0 || len(a.answer) == 0 {
		t.Fatalf("%d rows to fit to, %d to answer", len(a.fit), len(a.answer))
	}
	same := func(c1, c2 learner.Column) bool { // NaN equals NaN
		bits := func(v []float64) (out []uint64) {
			for _, x := range v {
				out = append(out, math.Float64bits(x))
			}
			return out
		}
		return c1.Name == c2.Name && reflect.DeepEqual(bits(c1.Values), bits(c2.Values)) && reflect.DeepEqual(c1.Codes, c2.Codes) && reflect.DeepEqual(c1.Levels, c2.Levels)
	}
	if !reflect.DeepEqual(a.Y, b.Y) || !reflect.DeepEqual(a.Groups, b.Groups) || !reflect.DeepEqual(a.fit, b.fit) || !reflect.DeepEqual(a.answer, b.answer) || !slices.EqualFunc(a.Columns, b.Columns, same) {
		t.Error("the future changes what is learned")
	}
	// The outcome after the cut-off is what --evaluate measures against: it must change there.
	o.evaluate = true
	e, f := learnClicks(t, clicks, o), learnClicks(t, shuffled, o)
	if !slices.EqualFunc(e.Columns, f.Columns, same) || reflect.DeepEqual(e.Y, f.Y) {
		t.Error("--evaluate sees the future in its features, or not in its outcome")
	}
}

// TestFeaturesAreWhatTheyAreCalled counts some features of every user by their definition.
func TestFeaturesAreWhatTheyAreCalled(t *testing.T) {
	const cut = 50 * dayMicros
	clicks := someClicks()
	d := learnClicks(t, clicks, predictOptions{target: "purchase", horizon: 7 * dayMicros, cutoff: cut})
	at := map[string]int{}
	for i, c := range d.Columns {
		at[c.Name] = i
	}
	keys := groupsOf(clicks).Keys
	for _, row := range d.answer {
		user := string(keys.Str(int(d.users[row])))
		var views7, carts, events, weekend float64
		last, first, lastCart, lastBuy := int64(math.MinInt64), int64(math.MaxInt64), int64(math.MinInt64), int64(math.MinInt64)
		products := map[string]bool{}
		var bought, price float64
		for _, c := range clicks {
			if c.user != user || c.at >= cut || c.at < cut-d.events.Lookback {
				continue
			}
			events++
			last, first = max(last, c.at), min(first, c.at)
			products[c.product] = true
			price += c.price
			switch {
			case c.what == "view" && c.at >= cut-7*dayMicros:
				views7++
			case c.what == "cart":
				carts++
				lastCart = max(lastCart, c.at)
			case c.what == "purchase":
				lastBuy = max(lastBuy, c.at)
				bought += c.price
			}
			if wd := (c.at/dayMicros + 4) % 7; wd == 0 || wd == 6 { // Sunday is 0
				weekend++
			}
		}
		cartsSince := 0.0
		for _, c := range clicks {
			if c.user == user && c.at < cut && c.at >= cut-d.events.Lookback && c.what == "cart" && c.at > lastBuy {
				cartsSince++
			}
		}
		ago := math.NaN()
		if lastCart != math.MinInt64 {
			ago = float64(cut-lastCart) / float64(dayMicros)
		}
		for name, want := range map[string]float64{"view_7d": math.Log1p(views7), "cart_all": math.Log1p(carts), "events": math.Log1p(events),
			"recency_days": float64(cut-last) / float64(dayMicros), "tenure_days": float64(cut-first) / float64(dayMicros), "cart_days_ago": ago,
			"cart_since_target": math.Log1p(cartsSince), "products": math.Log1p(float64(len(products))), "target_money": math.Log1p(bought),
			"price_mean": price / events, "weekend": weekend / events} {
			got := d.Columns[at[name]].Values[row]
			if math.Abs(got-want) > 1e-9 && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Fatalf("%s of %s is %g, want %g", name, user, got, want)
			}
		}
	}
}

// savedModels are the files of models of both kinds, with events and without.
func savedModels(t testing.TB) [][]byte {
	t.Helper()
	tb := learner.Table{Columns: []learner.Column{{Name: "x", Values: make([]float64, 400)}, {Name: "text", Codes: make([]int32, 400), Levels: []string{"a", "b", "c"}}}}
	d := &predictData{}
	for i := range 400 {
		tb.Columns[0].Values[i], tb.Columns[1].Codes[i] = float64(i%37), int32(i%3)
		tb.Y = append(tb.Y, i%37 > 18 != (i%3 == 1))
		d.fit = append(d.fit, int32(i))
	}
	d.Table = tb
	var out [][]byte
	for _, kind := range []string{learner.Logistic, learner.Boosting} {
		for _, calibration := range []string{learner.PlattScaling, learner.IsotonicRegression} {
			o := predictOptions{label: "y", Options: learner.Options{Kinds: []string{kind}, Calibration: calibration, Threads: 1}}
			tr, err := learner.Train(t.Context(), &d.Table, d.fit, o.Options)
			if err != nil {
				t.Fatal(err)
			}
			b, err := newPredictFile(&o, d, tr).encode()
			if err != nil {
				t.Fatal(err)
			}
			f, err := decodePredictFile(b)
			if err != nil {
				t.Fatal(err)
			}
			want, err := tr.Model.Probabilities(t.Context(), d.Columns, d.fit, 1)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := f.Model.Probabilities(t.Context(), d.Columns, d.fit, 1); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s, %s: a saved model predicts otherwise, %v", kind, calibration, err)
			}
			out = append(out, b)
		}
	}
	return out
}

func TestSavedModelsPredictTheSame(t *testing.T) { savedModels(t) }

func TestDamagedModelFilesAreRefused(t *testing.T) {
	for _, b := range savedModels(t) {
		for _, at := range []int{0, 20, 60, 90, 200, len(b) / 2, len(b) - 3} {
			bad := slices.Clone(b)
			bad[at] ^= 1
			if _, err := decodePredictFile(bad); err == nil {
				t.Errorf("byte %d changed: no error", at)
			}
			if _, err := decodePredictFile(b[:at]); err == nil {
				t.Errorf("cut at byte %d: no error", at)
			}
		}
		if _, err := decodePredictFile(bytes.Replace(b, []byte("predict 1 "), []byte("predict 9 "), 1)); err == nil {
			t.Error("another version: no error")
		}
	}
}

// FuzzParsePredictFile: whatever passes the checks predicts any rows without a panic.
func FuzzParsePredictFile(f *testing.F) {
	for _, b := range savedModels(f) {
		_, body, _ := bytes.Cut(b, []byte("\n"))
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		file, err := parsePredictFile(body)
		if err != nil {
			return
		}
		rows := []int32{0, 1, 2, 3}
		var cols []learner.Column
		for _, field := range file.Model.Fields {
			c := learner.Column{Values: []float64{math.NaN(), 0, -1e308, 5}}
			if field.Levels != nil {
				c = learner.Column{Codes: []int32{-1, 0, int32(len(field.Levels)), 1 << 30}, Levels: field.Levels}
			}
			cols = append(cols, c)
		}
		if _, err := file.Model.Probabilities(t.Context(), cols, rows, 1); err != nil {
			t.Error(err)
		}
	})
}

func TestLabels(t *testing.T) {
	levels := func(codes []int32, texts ...string) *learner.Column {
		return &learner.Column{Codes: codes, Levels: texts}
	}
	for _, c := range []struct {
		name     string
		column   *learner.Column
		positive string
		yes, fit int
		fails    bool
	}{
		{"numbers", &learner.Column{Values: []float64{0, 1, 1, 0, math.NaN()}}, "", 2, 4, false},
		{"words", levels([]int32{0, 1, 0, 1}, "No", "Yes"), "", 2, 4, false},
		{"one word known", levels([]int32{0, 1, 0, 1}, "no", "stays"), "", 2, 4, false},
		{"unknown words", levels([]int32{0, 1, 0, 1}, "blue", "green"), "", 0, 0, true},
		{"unknown words, told", levels([]int32{0, 1, 0, 1}, "blue", "green"), "green", 2, 4, false},
		{"told wrongly", levels([]int32{0, 1, 0, 1}, "blue", "green"), "red", 0, 0, true},
		{"three values", &learner.Column{Values: []float64{0, 1, 2, 0}}, "", 0, 0, true},
		{"three values, told", &learner.Column{Values: []float64{0, 1, 2, 2}}, "2", 2, 4, false},
		{"one class", &learner.Column{Values: []float64{1, 1, 1, 1}}, "", 0, 0, true},
		{"none", &learner.Column{Values: []float64{math.NaN(), math.NaN()}}, "", 0, 0, true},
		{"a single yes", &learner.Column{Values: []float64{1, 0, 0, 0}}, "", 0, 0, true},
	} {
		d := &predictData{answer: make([]int32, max(len(c.column.Values), len(c.column.Codes)))}
		err := d.readLabels(&predictOptions{label: "y", positive: c.positive}, c.column)
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (len(d.fit) != c.fit || yesOf(d, d.fit) != c.yes) {
			t.Errorf("%s: %d of %d are yes", c.name, yesOf(d, d.fit), len(d.fit))
		}
	}
}
