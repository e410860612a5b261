package kmeans

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

func fit(t testing.TB, p Points, o Options) *Result {
	t.Helper()
	r, err := Fit(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func close9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

func fixture(t *testing.T) Points {
	f, err := os.Open("testdata/points.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	p := Points{N: len(rows), D: len(rows[0])}
	for _, row := range rows {
		for _, s := range row {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			p.X = append(p.X, v)
		}
	}
	return p
}

// The figures of scikit-learn 1.9.1, printed by testdata/make.py: the least inertia of 100
// starts and silhouette_score of that partition.
func TestScikitLearn(t *testing.T) {
	p := fixture(t)
	for _, want := range []struct {
		k                   int
		inertia, silhouette float64
		sizes               []int64
	}{
		{1, 8598.769730645003, math.NaN(), []int64{400}},
		{2, 4369.121096079425, 0.4686936868087313, []int64{107, 293}},
		{3, 2027.1399908510416, 0.5489493232251523, []int64{96, 102, 202}},
		{4, 1195.994030660309, 0.5436749008339029, []int64{95, 96, 97, 112}},
		{5, 1096.5826107865187, 0.4718697815501355, []int64{56, 60, 91, 96, 97}},
	} {
		r := fit(t, p, Options{K: want.k, Starts: 50, Seed: 1, Threads: 2})
		sizes := slices.Clone(r.Sizes)
		slices.Sort(sizes)
		if !close9(r.Inertia, want.inertia) || !slices.Equal(sizes, want.sizes) {
			t.Errorf("k %d: inertia %v of %v, want %v of %v", want.k, r.Inertia, sizes, want.inertia, want.sizes)
		}
		s, err := Silhouette(context.Background(), p, [][]int32{r.Labels}, 2)
		if err != nil || !(close9(s[0], want.silhouette) || math.IsNaN(s[0]) && math.IsNaN(want.silhouette)) {
			t.Errorf("k %d: silhouette %v, want %v (%v)", want.k, s, want.silhouette, err)
		}
		if labels, _, _ := Assign(context.Background(), p, r.Centroids, 2); !slices.Equal(labels, r.Labels) {
			t.Errorf("k %d: labels are not those of the centroids", want.k)
		}
	}
}

// naive runs Lloyd's iteration without bounds from given centres.
func naive(p *Points, centers []float64, iterations int) (labels []int32, inertia float64) {
	d, k := p.D, len(centers)/p.D
	labels = make([]int32, p.N)
	assign := func() (changed bool) {
		inertia = 0
		for i := range p.N {
			best, least := int32(0), math.Inf(1)
			for c := range k {
				if s := square(p.row(i), centers[c*d:(c+1)*d]); s < least {
					best, least = int32(c), s
				}
			}
			changed = changed || labels[i] != best
			labels[i] = best
			inertia += least
		}
		return changed
	}
	assign()
	for range iterations {
		sums, n := make([]float64, k*d), make([]float64, k)
		for i, a := range labels {
			n[a]++
			for j, v := range p.row(i) {
				sums[int(a)*d+j] += v
			}
		}
		for c := range k {
			for j := range d {
				if n[c] > 0 {
					centers[c*d+j] = sums[c*d+j] / n[c]
				}
			}
		}
		if !assign() {
			break
		}
	}
	return labels, inertia
}

// The bounds leave the plain iteration's answer as it is.
func TestBoundsChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d, k := rapid.IntRange(1, 600).Draw(t, "n"), rapid.IntRange(1, 9).Draw(t, "d"), rapid.IntRange(1, 30).Draw(t, "k")
		p := blobs(n, d, 1+k/2, rapid.SampledFrom([]float64{0, 1, 5}).Draw(t, "spread"), rapid.Uint64().Draw(t, "seed"))
		o := Options{K: min(k, n), Iterations: rapid.IntRange(1, 60).Draw(t, "iterations"), Threads: 1}
		w, err := center(context.Background(), p, 1)
		if err != nil {
			t.Fatal(err)
		}
		r := newRun(w, o)
		r.sample = rapid.SampledFrom([]int{refineRows, 8, 64}).Draw(t, "sample")
		if err := r.prepare(context.Background(), rand.New(rand.NewPCG(1, 2))); err != nil {
			t.Fatal(err)
		}
		seeds := slices.Clone(r.centers[:r.k*d])
		if err := r.start(context.Background(), rand.New(rand.NewPCG(1, 2))); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(r.size[:r.k], 0) {
			t.Skip("an emptied cluster: the plain iteration has no repair")
		}
		labels, inertia := naive(&w.Points, seeds, o.Iterations)
		if !slices.Equal(r.labels, labels) || !close9(r.inertia, inertia) {
			t.Fatalf("inertia %v, plain %v; %d iterations", r.inertia, inertia, r.iterations)
		}
	})
}

// Equal points, ties and constant columns: what holds for every partition.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 200).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "d")
		values := rapid.SliceOfN(rapid.IntRange(-2, 2), n*d, n*d).Draw(t, "values")
		p := Points{make([]float64, n*d), n, d}
		for i, v := range values {
			p.X[i] = float64(v) * 1000
		}
		k := rapid.IntRange(1, 12).Draw(t, "k")
		o := Options{K: k, Starts: 2, Seed: rapid.Int64().Draw(t, "seed"), Threads: 2}
		r, err := Fit(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		if distinct := distinctRows(p); r.K != min(k, distinct) {
			t.Fatalf("%d clusters of %d asked, %d distinct points", r.K, k, distinct)
		}
		sizes, mean, inertia := make([]int64, r.K), make([]float64, r.K*d), 0.0
		for i, a := range r.Labels {
			sizes[a]++
			for j, v := range p.row(i) {
				mean[int(a)*d+j] += v
			}
			own := square(p.row(i), r.Centroids[int(a)*d:][:d])
			inertia += own
			for c := range r.K {
				if s := square(p.row(i), r.Centroids[c*d:][:d]); s < own-1e-6 {
					t.Fatalf("point %d is nearer to %d", i, c)
				}
			}
		}
		if !slices.Equal(sizes, r.Sizes) || slices.Contains(sizes, 0) {
			t.Fatalf("sizes %v, counted %v", r.Sizes, sizes)
		}
		if math.Abs(inertia-r.Inertia) > 1e-6 || slices.Min(r.Starts) != r.Inertia {
			t.Fatalf("inertia %v, counted %v; starts %v", r.Inertia, inertia, r.Starts)
		}
		if !r.Settled {
			t.Fatal("300 iterations did not settle 200 points")
		}
		for i := range mean {
			if m := mean[i] / float64(sizes[i/d]); math.Abs(m-r.Centroids[i]) > 1e-9*1000 {
				t.Fatalf("centroid value %d: %v, mean %v", i, r.Centroids[i], m)
			}
		}
	})
}

func distinctRows(p Points) int {
	seen := map[[4]float64]bool{}
	for i := range p.N {
		var key [4]float64
		copy(key[:], p.row(i))
		seen[key] = true
	}
	return len(seen)
}

// The same seed gives the same bits for any number of threads.
func TestThreads(t *testing.T) {
	p := blobs(140_000, 5, 6, 1, 3)
	want := fit(t, p, Options{K: 6, Starts: 2, Seed: 9, Threads: 1})
	for _, threads := range []int{2, 3, 8} {
		got := fit(t, p, Options{K: 6, Starts: 2, Seed: 9, Threads: threads})
		if !slices.Equal(got.Labels, want.Labels) || !slices.Equal(got.Centroids, want.Centroids) || got.Inertia != want.Inertia {
			t.Errorf("%d threads: another answer", threads)
		}
	}
	if other := fit(t, p, Options{K: 6, Starts: 1, Iterations: 1, Seed: 10}); other.Inertia == want.Inertia {
		t.Error("another seed and one iteration gave the same inertia")
	}
}

func TestBadPoints(t *testing.T) {
	for name, c := range map[string]struct {
		p    Points
		k    int
		kind fault.Kind
	}{
		"none":     {Points{nil, 0, 2}, 2, fault.Input},
		"ragged":   {Points{[]float64{1, 2, 3}, 2, 2}, 2, fault.Input},
		"nan":      {Points{[]float64{1, math.NaN()}, 2, 1}, 2, fault.Input},
		"infinite": {Points{[]float64{1, math.Inf(-1)}, 2, 1}, 2, fault.Input},
		"huge":     {Points{[]float64{1, 1e200}, 2, 1}, 2, fault.Input},
		"k 0":      {Points{[]float64{1, 2}, 2, 1}, 0, fault.Usage},
	} {
		if _, err := Fit(context.Background(), c.p, Options{K: c.k}); err == nil || fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Fit(ctx, blobs(100, 2, 2, 1, 1), Options{K: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestFewPoints(t *testing.T) {
	one := fit(t, Points{[]float64{3, 4}, 1, 2}, Options{K: 5, Starts: 3})
	if one.K != 1 || one.Inertia != 0 || one.Centroids[0] != 3 || one.Centroids[1] != 4 {
		t.Errorf("one point: %+v", one)
	}
	equal := fit(t, Points{slices.Repeat([]float64{7, 0.1}, 50), 50, 2}, Options{K: 3})
	if equal.K != 1 || equal.Inertia > 1e-20 || equal.Sizes[0] != 50 {
		t.Errorf("equal points: %+v", equal)
	}
}

// A cluster that lost all its points takes the point farthest from its centre.
func TestRefill(t *testing.T) {
	p := Points{[]float64{0, 1, 2, 3, 100}, 5, 1}
	w, err := center(context.Background(), p, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(w, Options{K: 2, Threads: 1, Iterations: 10})
	r.k, r.iterations = 2, 1
	r.centers = append(r.centers[:0], w.X[0], 1e6) // nobody is near the second
	for i := range p.N {
		r.labels[i], r.upper[i] = 0, square(w.row(i), w.row(0))
	}
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.update(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := []int32{0, 0, 0, 0, 1}; !slices.Equal(r.labels, want) {
		t.Errorf("labels %v, want %v", r.labels, want)
	}
	r.step()
	if err := r.assign(context.Background()); err != nil {
		t.Fatal(err)
	}
	if want := []int32{0, 0, 0, 0, 1}; !slices.Equal(r.labels, want) || r.center(1)[0]+w.shift[0] != 100 {
		t.Errorf("labels %v, centre %v", r.labels, r.center(1)[0]+w.shift[0])
	}
}

// Silhouettes from the definition, pair by pair.
func TestSilhouetteNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d, k := rapid.IntRange(1, 150).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "d"), rapid.IntRange(1, 6).Draw(t, "k")
		p := blobs(n, d, k, 2, rapid.Uint64().Draw(t, "seed"))
		labels := make([]int32, n)
		for i := range labels {
			labels[i] = int32(rapid.IntRange(0, k-1).Draw(t, "label"))
		}
		got, err := Silhouette(context.Background(), p, [][]int32{labels, make([]int32, n)}, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := naiveSilhouette(p, labels, k)
		if !close9(got[0], want) && !(math.IsNaN(got[0]) && math.IsNaN(want)) || !math.IsNaN(got[1]) {
			t.Fatalf("silhouettes %v, want %v and NaN", got, want)
		}
	})
}

func naiveSilhouette(p Points, labels []int32, k int) float64 {
	total, used := 0.0, map[int32]bool{}
	for i := range p.N {
		used[labels[i]] = true
		sum, n := make([]float64, k), make([]float64, k)
		for j := range p.N {
			if j != i {
				sum[labels[j]] += math.Sqrt(square(p.row(i), p.row(j)))
				n[labels[j]]++
			}
		}
		own := labels[i]
		if n[own] == 0 {
			continue
		}
		a, b := sum[own]/n[own], math.Inf(1)
		for c := range k {
			if int32(c) != own && n[c] > 0 {
				b = min(b, sum[c]/n[c])
			}
		}
		if max(a, b) > 0 && !math.IsInf(b, 1) {
			total += (b - a) / max(a, b)
		}
	}
	if len(used) < 2 {
		return math.NaN()
	}
	return total / float64(p.N)
}

// The figures of sklearn.metrics.adjusted_rand_score 1.9.1 on the same labels.
func TestAdjustedRand(t *testing.T) {
	for _, c := range []struct {
		a, b []int32
		want float64
	}{
		{[]int32{0, 0, 1, 1}, []int32{1, 1, 0, 0}, 1},
		{[]int32{0, 0, 1, 2}, []int32{0, 0, 1, 1}, 0.5714285714285714},
		{[]int32{0, 0, 1, 1}, []int32{0, 1, 0, 1}, -0.5},
		{[]int32{0, 0, 0, 0}, []int32{0, 0, 0, 0}, 1},
		{[]int32{0, 0, 0, 0}, []int32{0, 1, 2, 3}, 0},
		{[]int32{3}, []int32{5}, 1},
		{[]int32{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}, []int32{0, 1, 2, 0, 1, 2, 0, 1, 1, 1}, 0.35251798561151076},
	} {
		if got := AdjustedRand(c.a, c.b); !close9(got, c.want) {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
