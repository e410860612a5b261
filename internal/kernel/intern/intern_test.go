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

// TestBatches checks that goroutines that look up batches at the same time, texts of
// every form and repeated ones among them, agree on every id, that an id belongs to one
// text only, and that no id reaches Bound.
func TestBatches(t *testing.T) {
	const n, workers = 20000, 4
	texts := NewBytes()
	keys := make([][]byte, n)
	for i := range keys {
		switch v := i%400 + i/2000*400; v % 3 { // five of each, 400 apart
		case 0:
			keys[i] = []byte(text(v))
		case 1:
			keys[i] = fmt.Appendf(nil, "%08x-75d8-5d20-ad35-80b51ce2bf15", v)
		default:
			keys[i] = fmt.Appendf(nil, "a text that is longer: %d", v)
		}
	}
	var got [workers][n]uint32
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var l Lookups
			for from := 0; from < n; {
				to := min(from+1+(from*7+w*1000)%5000, n)
				batch := keys[from:to]
				ps := make([]Packed, len(batch))
				for i, k := range batch {
					ps[i] = texts.Pack(k)
				}
				texts.IDs(ps, func(i int) []byte { return batch[i] }, got[w][from:to], &l)
				for _, id := range got[w][from:to] {
					if id >= texts.Bound() {
						t.Errorf("id %d is not below the bound", id)
						return
					}
				}
				from = to
			}
		})
	}
	wg.Wait()
	strs := texts.Values()
	seen := map[uint32]bool{}
	for i, k := range keys {
		id := got[0][i]
		for w := range workers {
			if got[w][i] != id {
				t.Fatalf("worker %d has another id of %q than worker 0", w, k)
			}
		}
		if string(strs[id]) != string(k) || texts.ID(k) != id {
			t.Fatalf("%q came back as %q", k, strs[id])
		}
		seen[id] = true
	}
	if len(seen) != n/5 {
		t.Fatalf("%d ids for %d texts", len(seen), n/5)
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
	ps, dst := make([]Packed, len(keys)), make([]uint32, len(keys))
	var l Lookups
	b.SetBytes(int64(len(keys)))
	for b.Loop() {
		for i, k := range keys {
			ps[i] = t.Pack(k)
		}
		t.IDs(ps, func(i int) []byte { return keys[i] }, dst, &l)
	}
}

// TestForms checks that texts of every form come back and differ: lengths
// around the limits, zero bytes, UUIDs and what only looks like one.
func TestForms(t *testing.T) {
	b := NewBytes()
	keys := []string{"", "\x00", "\x00\x00", "a", "a\x00", "1234567", "12345678", "123456789", "123456789012345", "1234567890123456",
		"01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg",
		"01234567+89ab-cdef-0123-456789abcdef", "fedcba98-7654-3210-fedc-ba9876543210", "0123456\xb0-89ab-cdef-0123-456789abcdef",
		"0123456`-89ab-cdef-0123-456789abcdef", "0123456:-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcde@"}
	for i := range 256 {
		keys = append(keys, "01234567-89ab-cd"+string([]byte{byte(i)})+"f-0123-456789abcdef")
	}
	ids := map[uint32]string{}
	want := map[string]uint32{}
	for _, k := range keys {
		id := b.ID([]byte(k))
		if other, ok := ids[id]; ok && other != k {
			t.Fatalf("%q and %q have one id", other, k)
		}
		if old, ok := want[k]; ok && old != id {
			t.Fatalf("%q has two ids", k)
		}
		ids[id], want[k] = k, id
	}
	for k, id := range want {
		if v := b.Values()[id]; string(v) != k {
			t.Fatalf("%q came back as %q", k, v)
		}
	}
}
