package intern

import (
	"fmt"
	"math"
	"sync"
	"testing"
)

// TestManyWriters checks that goroutines that intern the same values at the
// same time agree on every id and that Values gives them back.
func TestManyWriters(t *testing.T) {
	const n, workers = 60000, 4
	ints, texts := NewInts(), NewBytes()
	var got [workers][2][n]uint32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range n {
				v := (i + w*n/workers) % n
				got[w][0][v] = ints.ID(value(v))
				got[w][1][v] = texts.ID([]byte(text(v)))
			}
		})
	}
	wg.Wait()
	vals, strs := ints.Values(), texts.Values()
	for w := 1; w < workers; w++ {
		if got[w] != got[0] {
			t.Fatalf("worker %d got other ids than worker 0", w)
		}
	}
	for v := range n {
		if x := vals[got[0][0][v]]; x != value(v) {
			t.Fatalf("integer %d came back as %d", value(v), x)
		}
		if s := strs[got[0][1][v]]; string(s) != text(v) {
			t.Fatalf("text %q came back as %q", text(v), s)
		}
	}
	if int(ints.Bound()) > 2*n || ints.Bytes() < n*16 || texts.Bytes() < n*20 {
		t.Fatalf("bound %d, bytes %d and %d", ints.Bound(), ints.Bytes(), texts.Bytes())
	}
}

func value(i int) int64 {
	switch i {
	case 0:
		return math.MinInt64
	case 1:
		return math.MaxInt64
	}
	return int64(i-100) * 1 << 20
}

func text(i int) string {
	if i%1000 == 7 {
		return fmt.Sprintf("%0*d", 200+i%300, i) // longer than one length byte
	}
	if i == 3 {
		return ""
	}
	return fmt.Sprint(i)
}

func TestHugeKey(t *testing.T) {
	b := NewBytes()
	key := make([]byte, 3*chunkBytes)
	if id := b.ID(key); string(b.Values()[id]) != string(key) || b.ID(key) != id {
		t.Fatal("a key longer than a chunk is lost")
	}
}

func BenchmarkInts(b *testing.B) {
	t := NewInts()
	keys := make([]int64, 1<<15)
	for i := range keys {
		keys[i] = int64(i*7919) % 100000
	}
	dst := make([]uint32, len(keys))
	b.SetBytes(int64(len(keys)))
	for b.Loop() {
		t.IDs(keys, dst)
	}
}

func BenchmarkBytes(b *testing.B) {
	t := NewBytes()
	var keys [][]byte
	for i := range 1 << 15 {
		keys = append(keys, fmt.Appendf(nil, "%08x-75d8-5d20-ad35-80b51ce2bf15", i*7919))
	}
	b.SetBytes(int64(len(keys)))
	for b.Loop() {
		for _, k := range keys {
			t.ID(k)
		}
	}
}
