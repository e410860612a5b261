package itemset

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
	"pgregory.net/rapid"
)

// basketsOf codes lists of item numbers.
func basketsOf(lists [][]uint32) *Baskets {
	b := &Baskets{Off: []int64{0}}
	for _, l := range lists {
		l = slices.Compact(slices.Sorted(slices.Values(l)))
		for _, it := range l {
			b.N = max(b.N, int(it)+1)
		}
		b.Items = append(b.Items, l...)
		b.Off = append(b.Off, int64(len(b.Items)))
	}
	return b
}

// naive counts every subset of at most 8 items by enumeration.
func naive(lists [][]uint32, min int64) map[string]int64 {
	count := map[string]int64{}
	for _, l := range lists {
		l = slices.Compact(slices.Sorted(slices.Values(l)))
		for mask := 1; mask < 1<<len(l); mask++ {
			var s []uint32
			for j, it := range l {
				if mask>>j&1 == 1 {
					s = append(s, it)
				}
			}
			count[fmt.Sprint(s)]++
		}
	}
	for k, n := range count {
		if n < min {
			delete(count, k)
		}
	}
	return count
}

func parse(key string) (s []uint32) {
	for _, f := range strings.Fields(strings.Trim(key, "[]")) {
		n, _ := strconv.ParseUint(f, 10, 32)
		s = append(s, uint32(n))
	}
	return s
}

func contains(sup, sub []uint32) bool {
	for _, it := range sub {
		if !slices.Contains(sup, it) {
			return false
		}
	}
	return true
}

func TestMineIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfN(rapid.SliceOfN(rapid.Uint32Range(0, 7), 0, 8), 0, 30).Draw(t, "baskets")
		min := rapid.Int64Range(1, 6).Draw(t, "min")
		want := naive(lists, min)
		for _, target := range []Target{Frequent, Closed, Maximal} {
			sets, err := Mine(context.Background(), basketsOf(lists), Options{MinCount: min, Target: target, Threads: rapid.IntRange(1, 3).Draw(t, "threads")})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for i := range sets.Len() {
				key := fmt.Sprint(sets.At(i))
				if _, dup := got[key]; dup {
					t.Fatalf("target %d: %s twice", target, key)
				}
				got[key] = sets.Count[i]
			}
			for k, n := range want {
				keep := true
				for k2, n2 := range want {
					if target != Frequent && k != k2 && (target == Maximal || n2 == n) && contains(parse(k2), parse(k)) {
						keep = false
					}
				}
				if keep && got[k] != n {
					t.Fatalf("target %d: %s counted %d, want %d", target, k, got[k], n)
				}
				if !keep && got[k] != 0 {
					t.Fatalf("target %d: %s should not be there", target, k)
				}
			}
			if target == Frequent && len(got) != len(want) {
				t.Fatalf("%d sets, want %d", len(got), len(want))
			}
		}
	})
}

// TestFisher compares with the definition by binomial coefficients.
func TestFisher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 60).Draw(t, "n")
		nx, ny := rapid.Int64Range(0, n).Draw(t, "nx"), rapid.Int64Range(0, n).Draw(t, "ny")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		want := 0.0
		for j := max(k, nx+ny-n, 0); j <= min(nx, ny); j++ {
			want += math.Exp(combin.LogGeneralizedBinomial(float64(ny), float64(j)) + combin.LogGeneralizedBinomial(float64(n-ny), float64(nx-j)) -
				combin.LogGeneralizedBinomial(float64(n), float64(nx)))
		}
		if got := NewFisher(n).Greater(k, nx, ny); math.Abs(got-want) > 1e-10 {
			t.Fatalf("P(K ≥ %d | %d, %d, %d) = %g, want %g", k, nx, ny, n, got, want)
		}
	})
}

// shared opens a file of the shared data, or skips.
func shared(t testing.TB, parts ...string) *os.File {
	t.Helper()
	dir := os.Getenv("ECOMCTL_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(append([]string{dir, "data"}, parts...)...))
	if err != nil {
		if os.Getenv("ECOMCTL_REQUIRE_SHARED") != "" {
			t.Fatal(err)
		}
		t.Skip("the shared data are not here: ", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// fimi reads one transaction a line.
func fimi(t testing.TB, name string) *Baskets {
	t.Helper()
	zr, err := gzip.NewReader(shared(t, "fimi", name+".dat.gz"))
	if err != nil {
		t.Fatal(err)
	}
	b := &Baskets{Off: []int64{0}}
	sc := bufio.NewScanner(zr)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		for _, f := range strings.Fields(sc.Text()) {
			n, err := strconv.ParseUint(f, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			b.N = max(b.N, int(n)+1)
			b.Items = append(b.Items, uint32(n))
		}
		b.Off = append(b.Off, int64(len(b.Items)))
	}
	return b
}

// TestFIMI counts frequent, closed and maximal sets of T10I4D100K and chess as the
// reference does (reference_counts.json beside the data).
func TestFIMI(t *testing.T) {
	raw, err := io.ReadAll(shared(t, "fimi", "reference_counts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref map[string]struct {
		Counts map[string]struct {
			Min      int64 `json:"min_count"`
			Frequent int   `json:"frequent"`
			Closed   int   `json:"closed"`
			Maximal  int   `json:"maximal"`
		}
	}
	if err := json.Unmarshal(raw, &ref); err != nil {
		t.Fatal(err)
	}
	for name, r := range ref {
		b := fimi(t, name)
		for support, want := range r.Counts {
			for target, n := range map[Target]int{Frequent: want.Frequent, Closed: want.Closed, Maximal: want.Maximal} {
				sets, err := Mine(context.Background(), b, Options{MinCount: want.Min, Target: target, Threads: 2})
				if err != nil {
					t.Fatal(err)
				}
				if sets.Len() != n {
					t.Errorf("%s at %s %%, target %d: %d sets, want %d", name, support, target, sets.Len(), n)
				}
			}
		}
	}
}

func BenchmarkMine(b *testing.B) {
	for _, c := range []struct {
		name string
		min  int64
	}{{"T10I4D100K", 100}, {"chess", 1918}} {
		data := fimi(b, c.name)
		for _, target := range []Target{Frequent, Closed, Maximal} {
			b.Run(fmt.Sprintf("%s/%d", c.name, target), func(b *testing.B) {
				for b.Loop() {
					if _, err := Mine(context.Background(), data, Options{MinCount: c.min, Target: target, Threads: 1}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
