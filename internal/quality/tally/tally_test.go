package tally

import (
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

// TestIntsLikeAMap adds random keys to several tables that spill at random and
// compares the merge with a plain map.
func TestIntsLikeAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFile(dir)
		defer f.Close()
		tables := []*Ints{{}, {}, {}}
		want := map[uint64]int64{}
		keys := rapid.SliceOfN(rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 50), rapid.Uint64Range(7, 9)), 0, 400).Draw(t, "keys")
		if rapid.Bool().Draw(t, "ascending") {
			slices.Sort(keys[:len(keys)*9/10])
		}
		for i, k := range keys {
			n := int64(i%3 + 1)
			tab := tables[i%len(tables)]
			tab.Add(k, n)
			want[k] += n
			if i%97 == 96 {
				if err := tab.Spill(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 2 { // merging can be repeated
			got := map[uint64]int64{}
			last := -1.0
			var lastKey uint64
			err := MergeInts(tables, func(k uint64, n int64) error {
				if last >= 0 && k <= lastKey {
					t.Fatalf("%d after %d", k, lastKey)
				}
				last, lastKey = 0, k
				got[k] = n
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestTextsLikeAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFile(dir)
		defer f.Close()
		tables := []*Texts{{}, {}}
		want := map[string]int64{}
		values := rapid.SliceOfN(rapid.OneOf(rapid.StringN(0, 3, -1), rapid.StringMatching(`same-prefix-[ab]{0,4}`), rapid.Just("\x00"), rapid.Just("")), 0, 300).Draw(t, "values")
		for i, v := range values {
			tab := tables[i%2]
			tab.Add([]byte(v), 2)
			want[v] += 2
			if i%71 == 70 {
				if err := tab.Spill(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		var sorted []string
		for v := range want {
			sorted = append(sorted, v)
		}
		sort.Strings(sorted)
		var got []string
		err := MergeTexts(tables, func(v []byte, n int64) error {
			got = append(got, string(v))
			if want[string(v)] != n {
				t.Fatalf("%q: %d, want %d", v, n, want[string(v)])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", sorted) {
			t.Fatalf("got %q, want %q", got, sorted)
		}
	})
}

func TestLongValuesAndGet(t *testing.T) {
	var x Texts
	long := make([]byte, 3*chunkBytes)
	x.Add(long, 1)
	x.Add([]byte("short"), 4)
	long[len(long)-1] = 1
	x.Add(long, 7)
	if x.Used() != 3 || x.Get(long) != 7 || x.Get([]byte("short")) != 4 || x.Get([]byte("other")) != 0 {
		t.Errorf("used %d, long %d, short %d", x.Used(), x.Get(long), x.Get([]byte("short")))
	}
}

func TestKeysKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		if (a < b) != (FromFloat(a) < FromFloat(b)) || ToFloat(FromFloat(a)) != a {
			t.Fatalf("%v %v", a, b)
		}
		i, j := rapid.Int64().Draw(t, "i"), rapid.Int64().Draw(t, "j")
		if (i < j) != (FromInt(i) < FromInt(j)) || ToInt(FromInt(i)) != i {
			t.Fatalf("%v %v", i, j)
		}
	})
	if FromFloat(math.Copysign(0, -1)) != FromFloat(0) {
		t.Error("−0 and 0 are two keys")
	}
}

func BenchmarkInts(b *testing.B) {
	for _, distinct := range []uint64{100, 100_000, 3_000_000} {
		b.Run(fmt.Sprint(distinct), func(b *testing.B) {
			var t Ints
			x := uint64(1)
			for b.Loop() {
				x = x*6364136223846793005 + 1442695040888963407
				t.Add((x>>33)%distinct, 1)
			}
		})
	}
}

func TestManyRunsAreMerged(t *testing.T) {
	f := NewFile(t.TempDir())
	defer f.Close()
	var ints Ints
	var texts Texts
	for i := range 10 * maxRuns {
		ints.Add(uint64(i%7), 1)
		texts.Add(fmt.Appendf(nil, "value %d", i%7), 1)
		if err := ints.Spill(f); err != nil {
			t.Fatal(err)
		}
		if err := texts.Spill(f); err != nil {
			t.Fatal(err)
		}
		if len(ints.runs) > maxRuns || len(texts.runs) > maxRuns {
			t.Fatalf("%d and %d runs", len(ints.runs), len(texts.runs))
		}
	}
	var total, distinct int64
	if err := MergeInts([]*Ints{&ints}, func(_ uint64, n int64) error { total += n; distinct++; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := MergeTexts([]*Texts{&texts}, func(_ []byte, n int64) error { total += n; distinct++; return nil }); err != nil {
		t.Fatal(err)
	}
	if total != 20*maxRuns || distinct != 14 {
		t.Errorf("%d counted, %d distinct", total, distinct)
	}
}

func TestBagLikeAMap(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		f := NewFile(dir)
		defer f.Close()
		bags := []*Bag{{}, {}}
		want := map[uint64]int64{}
		for i, k := range rapid.SliceOfN(rapid.Uint64Range(0, 60), 0, 300).Draw(t, "keys") {
			bags[i%2].Add(k)
			want[k]++
			if i%40 == 39 {
				if err := bags[i%2].Spill(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := map[uint64]int64{}
		if err := MergeBags(bags, func(k uint64, n int64) error { got[k] += n; return nil }); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
