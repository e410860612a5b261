package gbt

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/kernel/classify"
)

// hash is a fixed source of numbers for tables of tests.
func hash(a, b int) float64 {
	x := uint64(a)*0x9e3779b97f4a7c15 + uint64(b)*0xd1b54a32d192ed03 + 1
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// table makes n rows: two numbers that matter together, a categorical column, noise, missing values.
func table(n int) (cols []Column, y []bool, rows []int32) {
	cols = make([]Column, 10)
	for c := range cols {
		cols[c].Values = make([]float64, n)
		for i := range n {
			cols[c].Values[i] = hash(i, c)
			if c == 4 && hash(i, 44) < 0.2 {
				cols[c].Values[i] = math.NaN()
			}
		}
	}
	codes := make([]int32, n)
	for i := range n {
		codes[i] = int32(hash(i, 50) * 40)
	}
	cols[3] = Column{Codes: codes, Levels: 40}
	for i := range n {
		z := 3 * (cols[0].Values[i] - 0.5) * (cols[1].Values[i] - 0.5) * 4
		if codes[i]%3 == 0 {
			z++
		}
		if math.IsNaN(cols[4].Values[i]) {
			z += 1.5
		}
		y = append(y, hash(i, 99) < 1/(1+math.Exp(-z)))
		rows = append(rows, int32(i))
	}
	return cols, y, rows
}

func bin(t testing.TB, cols []Column, rows []int32) ([]*Bins, *Matrix) {
	t.Helper()
	bins := make([]*Bins, len(cols))
	for i := range cols {
		bins[i] = NewBins(&cols[i], rows)
	}
	m, err := NewMatrix(context.Background(), cols, bins, len(rows), 2)
	if err != nil {
		t.Fatal(err)
	}
	return bins, m
}

func TestBinsKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 2000).Draw(t, "n")
		scale := rapid.SampledFrom([]float64{1, 1e-300, 1e300, 0}).Draw(t, "scale")
		distinct := rapid.IntRange(1, 1000).Draw(t, "distinct")
		c := Column{Values: make([]float64, n)}
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(i)
			c.Values[i] = math.Floor(hash(i, distinct)*float64(distinct)) * scale
			if hash(i, 7) < 0.1 {
				c.Values[i] = math.NaN()
			}
		}
		b := NewBins(&c, rows)
		if !b.valid() {
			t.Fatalf("bins %+v", b)
		}
		for i := range rows {
			at := b.number(c.Values[i])
			want := 1
			for _, e := range b.Edges {
				if e < c.Values[i] {
					want++
				}
			}
			if missing(c.Values[i]) {
				want = 0
			}
			if int(at) != want || want >= b.N {
				t.Fatalf("%g is in bin %d of %d, want %d", c.Values[i], at, b.N, want)
			}
		}
		if distinct <= MaxBins && scale == 1 { // few values: each its own bin
			v := slices.DeleteFunc(slices.Clone(c.Values), missing)
			slices.Sort(v)
			v = slices.Compact(v)
			for i := 1; i < len(v); i++ {
				if b.number(v[i]) == b.number(v[i-1]) {
					t.Fatalf("%g and %g share a bin", v[i-1], v[i])
				}
			}
		}
	})
}

func TestBinsOfManyValuesAreAboutEqual(t *testing.T) {
	c := Column{}
	var rows []int32
	for i := range 100_000 {
		v := hash(i, 1)
		if i%2 == 0 {
			v = 0.5 // half of the rows: one bin of its own
		}
		c.Values, rows = append(c.Values, v), append(rows, int32(i))
	}
	b := NewBins(&c, rows)
	count := make([]int, b.N)
	for _, v := range c.Values {
		count[b.number(v)]++
	}
	if b.N < 250 {
		t.Errorf("%d bins", b.N)
	}
	for i, n := range count[1:] {
		if n > 450 && i+1 != int(b.number(0.5)) {
			t.Errorf("bin %d has %d rows", i+1, n)
		}
	}
}

func TestRareLevelsShareABin(t *testing.T) {
	c := Column{Levels: 1000}
	var rows []int32
	for i := range 20_000 {
		k := int32(i % 300)
		if i >= 15_000 {
			k = int32(300 + i%700)
		}
		c.Codes, rows = append(c.Codes, k), append(rows, int32(i))
	}
	b := NewBins(&c, rows)
	if !b.valid() || b.N != maxLevels+2 {
		t.Fatalf("%d bins", b.N)
	}
	if b.level(-1) != 0 || b.level(5000) != uint8(b.N-1) || b.level(999) != uint8(b.N-1) || b.level(3) != 4 {
		t.Errorf("levels in bins %d %d %d %d", b.level(-1), b.level(5000), b.level(999), b.level(3))
	}
}

// TestHistogramIsTheSumOfItsRows compares with a plain loop, over numbers of features around
// the width of a word.
func TestHistogramIsTheSumOfItsRows(t *testing.T) {
	for _, features := range []int{1, 7, 8, 9, 16, 19} {
		cols := make([]Column, features)
		var rows []int32
		d := make([]derivs, 500)
		for i := range 500 {
			d[i] = derivs{int32(hash(i, 5)*2000) - 1000, uint32(hash(i, 6) * 1000)}
			if i%3 != 0 {
				rows = append(rows, int32(i))
			}
		}
		all := make([]int32, 500)
		for c := range cols {
			cols[c].Values = make([]float64, 500)
			for i := range all {
				all[i], cols[c].Values[i] = int32(i), hash(i, c)
			}
		}
		bins, m := bin(t, cols, all)
		h := make(histogram, features)
		h.accumulate(m, rows, d)
		for f := range h {
			var want [MaxBins + 1]cell
			for _, r := range rows {
				c := &want[bins[f].number(cols[f].Values[r])]
				c.g += int64(d[r].g)
				c.hc += uint64(d[r].h)<<countBits + 1
			}
			if h[f] != want {
				t.Fatalf("feature %d of %d differs", f, features)
			}
		}
	}
}

// naiveSplit tries every threshold of a feature with missing values on either side, by rows.
func naiveSplit(v []float64, g, h []float64, p *Params) (best float64) {
	gain := func(left func(x float64) bool) {
		var l, r, a sums
		for i, x := range v {
			s := &r
			if left(x) {
				s = &l
			}
			s.g, s.h, s.n = s.g+g[i], s.h+h[i], s.n+1
			a.g, a.h = a.g+g[i], a.h+h[i]
		}
		if l.n >= int64(p.MinRows) && r.n >= int64(p.MinRows) {
			best = max(best, score(l, p.L2)+score(r, p.L2)-score(a, p.L2))
		}
	}
	for _, cut := range append(slices.Clone(v), math.Inf(1)) {
		gain(func(x float64) bool { return x <= cut })
		gain(func(x float64) bool { return x <= cut || missing(x) })
	}
	return best
}

func TestSplitIsTheBestOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 80).Draw(t, "n")
		p := &Params{MinRows: rapid.IntRange(1, 5).Draw(t, "min"), L2: 1}
		c := Column{Values: make([]float64, n)}
		rows, d := make([]int32, n), make([]derivs, n)
		s := newScale(n)
		g, h := make([]float64, n), make([]float64, n)
		for i := range n {
			c.Values[i] = rapid.SampledFrom([]float64{1, 2, 3, 4, 5, math.NaN()}).Draw(t, "v")
			rows[i] = int32(i)
			d[i] = derivs{int32(rapid.IntRange(-1<<30, 1<<30).Draw(t, "g")), uint32(rapid.IntRange(1, 1<<20).Draw(t, "h"))}
			g[i], h[i] = float64(d[i].g)*s.gInv, float64(d[i].h)*s.hInv
		}
		b := NewBins(&c, rows)
		m, err := NewMatrix(context.Background(), []Column{c}, []*Bins{b}, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		hist := make(histogram, 1)
		hist.accumulate(m, rows, d)
		var total cell
		for _, c := range hist[0] {
			total.g, total.hc = total.g+c.g, total.hc+c.hc
		}
		f := finder{p: p, bins: []*Bins{b}, scale: s}
		if got, want := f.feature(0, &hist[0], total).gain, naiveSplit(c.Values, g, h, p); math.Abs(got-want) > 1e-9*max(1, want) {
			t.Fatalf("gain %g, want %g", got, want)
		}
	})
}

func TestLearnsInteractionsLevelsAndMissingValues(t *testing.T) {
	cols, y, rows := table(20_000)
	bins, m := bin(t, cols, rows)
	model, err := Fit(t.Context(), m, bins, y, rows[:12_000], rows[12_000:16_000], Defaults(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := model.Validate(); err != nil {
		t.Fatal(err)
	}
	f, err := model.LogOdds(t.Context(), m, rows[16_000:], 2)
	if err != nil {
		t.Fatal(err)
	}
	var loss, base float64
	for i, v := range f {
		loss += classify.LossOf(v, y[16_000+i]) / float64(len(f))
		base += classify.LossOf(model.Start, y[16_000+i]) / float64(len(f))
	}
	// The loss of the true probabilities of this table is .575 and of the base rate .68.
	if !(loss < 0.600 && base > 0.65) {
		t.Errorf("log-loss %.4f, of the base rate %.4f", loss, base)
	}
	if n := len(model.Trees); n == 0 || n >= 500 || len(model.Loss) != n+20 {
		t.Errorf("%d trees, %d losses", n, len(model.Loss))
	}
}

func TestAnyNumberOfThreadsGivesTheSameTrees(t *testing.T) {
	cols, y, rows := table(60_000)
	bins, m := bin(t, cols, rows)
	p := Defaults()
	p.Trees = 5
	one, err := Fit(t.Context(), m, bins, y, rows, nil, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 3, 8} {
		o, err := Fit(t.Context(), m, bins, y, rows, nil, p, threads)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(o.Trees, one.Trees) {
			t.Errorf("%d threads give other trees than one", threads)
		}
	}
}

// TestTrainingLossFallsWithEveryTree scores with the trees, so it also finds a fit whose own log-odds drift from them.
func TestTrainingLossFallsWithEveryTree(t *testing.T) {
	cols, y, rows := table(3000)
	bins, m := bin(t, cols, rows)
	last := math.Inf(1)
	for _, trees := range []int{1, 3, 10, 30} {
		p := Defaults()
		p.Trees = trees
		model, err := Fit(t.Context(), m, bins, y, rows, nil, p, 1)
		if err != nil {
			t.Fatal(err)
		}
		f, err := model.LogOdds(t.Context(), m, rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		var loss float64
		for i, v := range f {
			loss += classify.LossOf(v, y[i])
		}
		if !(loss < last) {
			t.Errorf("%d trees: loss %g, before %g", trees, loss, last)
		}
		last = loss
	}
}

func TestPoorTables(t *testing.T) {
	p := Defaults()
	p.Patience = 0
	same := []Column{{Values: []float64{1, 1, 1}}, {Values: []float64{math.NaN(), math.Inf(1), math.NaN()}}, {Codes: []int32{-1, -1, -1}}}
	for _, y := range [][]bool{{true, true, true}, {false, false, false}, {true, false, true}} {
		bins, m := bin(t, same, []int32{0, 1, 2})
		model, err := Fit(t.Context(), m, bins, y, []int32{0, 1, 2}, nil, p, 1)
		if err != nil || len(model.Trees) != 0 || !finite(model.Start) || model.Validate() != nil {
			t.Errorf("labels %v: %v", y, err)
		}
	}
	bins, m := bin(t, same, []int32{0, 1, 2})
	if _, err := Fit(t.Context(), m, bins, nil, nil, nil, p, 1); err == nil {
		t.Error("a fit without rows succeeds")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cols, y, rows := table(1000)
	bins, m = bin(t, cols, rows)
	if _, err := Fit(ctx, m, bins, y, rows, nil, p, 1); err == nil {
		t.Error("a cancelled fit succeeds")
	}
}

func TestPermutedTakesOneFeatureOfOtherRows(t *testing.T) {
	cols, _, rows := table(50)
	_, m := bin(t, cols, rows)
	perm := slices.Clone(rows)
	slices.Reverse(perm)
	p := m.Permuted(8, perm)
	for i := range rows {
		for f := range cols {
			want := m.bin(rows[i], f)
			if f == 8 {
				want = m.bin(perm[i], f)
			}
			if p.bin(rows[i], f) != want {
				t.Fatalf("row %d, feature %d", i, f)
			}
		}
	}
}

func TestValidateRefusesWhatIsNoTree(t *testing.T) {
	bins := []*Bins{{N: 3, Edges: []float64{1}}, {N: 3, Level: []uint8{1, 2}}}
	nan := math.NaN()
	for name, m := range map[string]*Model{
		"a cycle":            {Bins: bins, Trees: []Tree{{{Left: 1, Right: 2}, {Left: 1, Right: 2}, {}}}},
		"a child outside":    {Bins: bins, Trees: []Tree{{{Left: 1, Right: 9}, {}}}},
		"two parents":        {Bins: bins, Trees: []Tree{{{Left: 1, Right: 2}, {Left: 2, Right: 3}, {}, {}}}},
		"an orphan":          {Bins: bins, Trees: []Tree{{{}, {}}}},
		"no node":            {Bins: bins, Trees: []Tree{{}}},
		"a strange feature":  {Bins: bins, Trees: []Tree{{{Feature: 7, Left: 1, Right: 2}, {}, {}}}},
		"levels of a number": {Bins: bins, Trees: []Tree{{{Left: 1, Right: 2, Levels: new([4]uint64)}, {}, {}}}},
		"a value NaN":        {Bins: bins, Trees: []Tree{{{Value: nan}}}},
		"a start NaN":        {Start: nan},
		"edges out of order": {Bins: []*Bins{{N: 4, Edges: []float64{2, 1}}}},
		"bins missing":       {Bins: []*Bins{nil}},
		"a level without":    {Bins: []*Bins{{N: 3, Level: []uint8{9}}}},
	} {
		if m.Validate() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	cols, y, rows := table(200_000)
	bins, m := bin(b, cols, rows)
	p := Defaults()
	p.Trees, p.Patience = 20, 0
	for b.Loop() {
		if _, err := Fit(b.Context(), m, bins, y, rows, nil, p, 1); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLevelsOfNoiseAreNotSplit: two hundred levels that tell nothing, beside a number that tells
// little. Ordering the levels by their own noise must not win.
func TestLevelsOfNoiseAreNotSplit(t *testing.T) {
	const n = 10_000
	cols := []Column{{Codes: make([]int32, n), Levels: 200}, {Values: make([]float64, n)}}
	var y []bool
	var rows []int32
	for i := range n {
		cols[0].Codes[i], cols[1].Values[i] = int32(200*hash(i, 1)), hash(i, 2)
		y, rows = append(y, hash(i, 3) < 0.4+0.2*cols[1].Values[i]), append(rows, int32(i))
	}
	bins, m := bin(t, cols, rows)
	p := Defaults()
	p.Trees, p.Patience = 10, 0
	model, err := Fit(t.Context(), m, bins, y, rows, nil, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	var gain [2]float64
	for _, tree := range model.Trees {
		for i := range tree {
			if tree[i].Left != 0 {
				gain[tree[i].Feature] += tree[i].Gain
			}
		}
	}
	if gain[0] > gain[1]/2 {
		t.Errorf("the levels gain %g, the number %g", gain[0], gain[1])
	}
}

func BenchmarkAccumulate(b *testing.B) {
	const n, features = 1_000_000, 20
	cols := make([]Column, features)
	for c := range cols {
		cols[c].Values = make([]float64, n)
		for i := range n {
			cols[c].Values[i] = hash(i, c)
		}
	}
	d := make([]derivs, n)
	var all, few []int32
	for i := range n {
		d[i] = derivs{int32(i), uint32(i)}
		all = append(all, int32(i))
		if hash(i, 77) < 1.0/16 {
			few = append(few, int32(i))
		}
	}
	_, m := bin(b, cols, all)
	h := make(histogram, features)
	for name, rows := range map[string][]int32{"all": all, "sixteenth": few} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h.accumulate(m, rows, d)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)*features), "ns/cell")
		})
	}
}
