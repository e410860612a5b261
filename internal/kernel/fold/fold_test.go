package fold

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

var shape = Shape{Ints: 2, Floats: 1, Distinct: 2}

// naive is the plain answer.
type naive struct {
	ints   [2]int64
	float  float64
	values [2]map[string]bool
}

// TestShardLaws drives shards with any rows, written down and read back at any time and
// split over any number of shards, and compares with plain maps.
func TestShardLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shards := make([]*Shard, rapid.IntRange(1, 3).Draw(t, "shards"))
		chunks := make([][][]byte, len(shards))
		for i := range shards {
			shards[i] = NewShard(shape)
		}
		want := map[string]*naive{}
		for range rapid.IntRange(0, 80).Draw(t, "rows") {
			group := rapid.StringMatching("[a-c]?").Draw(t, "group")
			value := rapid.StringMatching("[a-d]{0,2}").Draw(t, "value")
			m := rapid.IntRange(0, 1).Draw(t, "measure")
			v := rapid.Int64Range(-1000, 1000).Draw(t, "v")
			k := (len(value) + 7*m) % len(shards)
			s := shards[k]
			g := s.Group([]byte(group))
			s.AddInt(g, m, v)
			s.AddFloat(g, 0, float64(v)/8)
			s.AddDistinct(g, m, []byte(value))
			w := want[group]
			if w == nil {
				w = &naive{values: [2]map[string]bool{{}, {}}}
				want[group] = w
			}
			w.ints[m] += v
			w.float += float64(v) / 8
			w.values[m][value] = true
			switch rapid.IntRange(0, 9).Draw(t, "then") {
			case 0: // write what changed
				if s.Changed() {
					chunks[k] = append(chunks[k], s.Append(nil, false))
				}
			case 1: // write everything
				chunks[k] = [][]byte{s.Append(nil, true)}
			case 2: // write what changed, forget, read back
				chunks[k] = append(chunks[k], s.Append(nil, false))
				if s.Changed() {
					t.Fatal("changed right after it was written")
				}
				back := NewShard(shape)
				for _, c := range chunks[k] {
					if err := back.Apply(c); err != nil {
						t.Fatal(err)
					}
				}
				shards[k] = back
			}
		}
		all := NewShard(shape)
		for _, s := range shards {
			all.Merge(s)
		}
		if all.Len() != len(want) {
			t.Fatalf("%d groups instead of %d", all.Len(), len(want))
		}
		for g := range all.Len() {
			r := all.Row(uint32(g))
			w := want[string(r.Key)]
			for m := range 2 {
				if v, ok := r.Ints[m].Int64(); !ok || v != w.ints[m] || r.Counts[m] != int64(len(w.values[m])) {
					t.Fatalf("group %q measure %d: %d, %d values instead of %d, %d", r.Key, m, v, r.Counts[m], w.ints[m], len(w.values[m]))
				}
			}
			if r.Floats[0].Float() != w.float {
				t.Fatalf("group %q: %v instead of %v", r.Key, r.Floats[0].Float(), w.float)
			}
		}
	})
}

// TestDamagedChunks: a chunk cut or changed anywhere is an error or harmless, never a panic.
func TestDamagedChunks(t *testing.T) {
	s := NewShard(shape)
	for i := range 20 {
		g := s.Group(fmt.Appendf(nil, "g%d", i%3))
		s.AddInt(g, 0, int64(i))
		s.AddFloat(g, 0, 1e300)
		s.AddDistinct(g, 1, fmt.Appendf(nil, "v%d", i))
	}
	b := s.Append(nil, true)
	for n := range b {
		if err := NewShard(shape).Apply(b[:n]); err == nil {
			t.Fatalf("cut at %d of %d: no error", n, len(b))
		}
	}
	for i := range b {
		c := append([]byte(nil), b...)
		c[i] ^= 0x5a
		_ = NewShard(shape).Apply(c)
	}
}

func TestKeys(t *testing.T) {
	var k, back Keys
	var chunks [][]byte
	for i := range 100 {
		if !k.Add(fmt.Appendf(nil, "k%d", i), int64(i)) || k.Add(fmt.Appendf(nil, "k%d", i), int64(i)) {
			t.Fatal("a key is new once")
		}
		if i%30 == 0 {
			chunks = append(chunks, k.Append(nil, false))
		}
	}
	chunks = append(chunks, k.Append(nil, false))
	for _, c := range chunks {
		if err := back.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	if back.Len() != 100 || back.Changed() || back.Add([]byte("k7"), 7) {
		t.Fatalf("%d keys read back", back.Len())
	}
	if back.Expire(40) {
		t.Fatal("40 of 100 are not half")
	}
	if !back.Expire(60) || back.Len() != 40 || !back.Add([]byte("k7"), 107) || back.Add([]byte("k77"), 77) {
		t.Fatalf("%d keys are left of 100 at 60", back.Len())
	}
	if err := new(Keys).Apply(chunks[0][:len(chunks[0])-1]); err == nil {
		t.Fatal("a cut chunk was read")
	}
}

func BenchmarkAdd(b *testing.B) {
	values := make([][]byte, 1<<16)
	for i := range values {
		values[i] = fmt.Appendf(nil, "customer-%d", i)
	}
	s := NewShard(shape)
	for i := 0; b.Loop(); i++ {
		g := s.Group(values[i&15])
		s.AddInt(g, 0, 1)
		s.AddDistinct(g, 0, values[i&0xffff])
	}
}
