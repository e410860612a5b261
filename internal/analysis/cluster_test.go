package analysis

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Scales by hand: 0, 1, 2, 3, 4 has mean 2, standard deviation √2, quartiles 1 and 3.
func TestFitScale(t *testing.T) {
	x := []float64{0, 1, 2, 3, 4}
	for _, c := range []struct {
		method        string
		shift, factor float64
	}{{"none", 0, 1}, {"standard", 2, math.Sqrt2}, {"robust", 2, 2}} {
		s, constant := fitScale(c.method, slices.Clone(x), 1)
		if math.Abs(s.Shift[0]-c.shift) > 1e-15 || math.Abs(s.Factor[0]-c.factor) > 1e-15 || len(constant) > 0 {
			t.Errorf("%s: %+v, constant %v", c.method, s, constant)
		}
	}
	s, _ := fitScale("log", slices.Clone(x), 1)
	got := slices.Clone(x)
	s.apply(got)
	mean, sd := meanAndSD(got)
	if math.Abs(mean) > 1e-15 || math.Abs(sd-1) > 1e-15 || !slices.IsSorted(got) {
		t.Errorf("log: %v", got)
	}
	// half the values equal: no interquartile range, so the standard deviation
	s, _ = fitScale("robust", []float64{1, 1, 1, 1, 6}, 1)
	if s.Shift[0] != 1 || math.Abs(s.Factor[0]-2) > 1e-15 {
		t.Errorf("robust of mostly equal values: %+v", s)
	}
	s, constant := fitScale("standard", []float64{7, 1, 7, 2}, 2)
	if !slices.Equal(constant, []int{0}) || s.Factor[0] != 1 || s.Shift[0] != 7 {
		t.Errorf("a constant column: %+v, %v", s, constant)
	}
	if got := signedLog(-1) + signedLog(1); got != 0 {
		t.Errorf("the log of -1 is not that of 1 with its sign: %v", got)
	}
}

func TestDrawRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(0, 200).Draw(t, "n"), rapid.IntRange(0, 250).Draw(t, "m")
		rows := drawRows(n, m, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)))
		if len(rows) != min(n, m) || !slices.IsSorted(rows) || len(slices.Compact(slices.Clone(rows))) != len(rows) {
			t.Fatalf("%d of %d: %v", m, n, rows)
		}
		if len(rows) > 0 && (rows[0] < 0 || rows[len(rows)-1] >= n) {
			t.Fatalf("out of range: %v", rows)
		}
	})
}

func TestPick(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		tried []float64
		finer float64
		want  int
	}{
		{nil, 0, 1}, {[]float64{nan, nan}, 0, 1}, {[]float64{0.3, 0.4, 0.4}, 0, 3}, {[]float64{0.4, nan, 0.39}, 0, 2},
		{[]float64{0.4, 0.37, 0.2}, 0.1, 3}, {[]float64{0.4, 0.3, 0.2, 0.39, 0.2, 0.4}, 0.1, 5}, {[]float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.5}, 0.1, 7},
	} {
		o := clusterOptions{finer: c.finer}
		if got := o.pick(c.tried); got != c.want {
			t.Errorf("%v, finer %g: %d, want %d", c.tried, c.finer, got, c.want)
		}
	}
}

func TestFeatureWindow(t *testing.T) {
	for feature, want := range map[string]int64{"orders_30d": 30, "revenue_7d": 7, "units_365d": 365, "orders": 0, "aov_30d": 0, "orders_0d": 0, "orders_030d": 0, "orders_d": 0, "orders_3x": 0} {
		if base, days := featureWindow(feature); days != want || (days > 0) != (base != feature) {
			t.Errorf("%s: %s, %d days", feature, base, days)
		}
	}
}

// Whatever stands in a file of --apply, reading it ends in a model whose parts fit, or an error that names the file.
func TestReadClusterModel(t *testing.T) {
	good := &clusterModel{Format: clusterFormat, Version: clusterVersion, Table: "table", Features: []string{"x", "y"},
		Scale: clusterScale{"log", []float64{1, 2}, []float64{0.1, 3}}, Centroids: [][]float64{{0, 1.0 / 3}, {2, 3}}, Profile: [][]float64{{0, 1}, {2, 3}}, Sizes: []int64{1, 2}}
	data, err := good.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := readClusterModel(data, "m.json")
	if err != nil || back.Centroids[0][1] != 1.0/3 || back.Scale.Factor[0] != 0.1 {
		t.Fatalf("%+v, %v", back, err)
	}
	damage := map[string]func(m *clusterModel){
		"no features":   func(m *clusterModel) { m.Features = nil },
		"no centroids":  func(m *clusterModel) { m.Centroids = nil },
		"short scale":   func(m *clusterModel) { m.Scale.Shift = m.Scale.Shift[:1] },
		"zero factor":   func(m *clusterModel) { m.Scale.Factor = []float64{1, 0} },
		"unknown scale": func(m *clusterModel) { m.Scale.Method = "cube" },
		"short fill":    func(m *clusterModel) { m.Fill = []float64{1} },
		"short profile": func(m *clusterModel) { m.Profile = m.Profile[:1] },
		"huge centroid": func(m *clusterModel) { m.Centroids[0][0] = 1e150 },
		"other table":   func(m *clusterModel) { m.Table = "series" },
	}
	for name, f := range damage {
		m := &clusterModel{}
		if err := json.Unmarshal(data, m); err != nil {
			t.Fatal(err)
		}
		f(m)
		bad, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readClusterModel(bad, "m.json"); err == nil || !strings.HasPrefix(err.Error(), "--apply m.json: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadClusterModel(f *testing.F) {
	f.Add([]byte(`{"format":"ecomctl-cluster","version":1,"table":"table","features":["x"],"scale":{"method":"none","shift":[0],"factor":[1]},"fill":null,"centroids":[[1]],"profile":[[0]],"sizes":[1],"inertia":0,"rows":1,"seed":1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := readClusterModel(data, "m"); err == nil && m.fault() != "" {
			t.Fatalf("accepted: %s", m.fault())
		}
	})
}
