package parquet

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// FuzzOpen reads arbitrary bytes as a file. It must end in an error or in
// consistent batches, within its memory. The corpus begins with small files of
// several writers; interesting inputs are kept in testdata/fuzz.
func FuzzOpen(f *testing.F) {
	for _, file := range goodFiles(f) {
		if len(file) < 30_000 {
			f.Add(file)
		}
	}
	f.Add([]byte("PAR1\x15\x00\x15\x02\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		outcome(t, file, 32<<20)
	})
}

// FuzzFooter puts arbitrary bytes between the magics as a footer, so that
// the fuzzer need not find the frame.
func FuzzFooter(f *testing.F) {
	good := byArrow(f, 10)
	n := int(uint32(good[len(good)-8]) | uint32(good[len(good)-7])<<8)
	f.Add(good[len(good)-8-n : len(good)-8])
	f.Fuzz(func(t *testing.T, footer []byte) {
		file := append([]byte("PAR1"), make([]byte, 200)...)
		file = append(file, footer...)
		file = append(file, byte(len(footer)), byte(len(footer)>>8), byte(len(footer)>>16), 0)
		outcome(t, append(file, "PAR1"...), 32<<20)
	})
}

// TestBitPacking compares the wide unpackers with one bit at a time.
func TestBitPacking(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for w := 1; w <= 32; w++ {
		n := 8 * (1 + r.IntN(40))
		p := make([]byte, n*w/8)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		want := make([]int32, n)
		for i := range n * w {
			want[i/w] |= int32(p[i>>3]>>(i&7)&1) << (i % w)
		}
		for range 50 {
			at := r.IntN(n)
			got := make([]int32, r.IntN(n-at)+1)
			unpack(got, p, at, w)
			for i := range got {
				if got[i] != want[at+i] {
					t.Fatalf("%d bits, number %d: %d, want %d", w, at+i, got[i], want[at+i])
				}
			}
		}
		for i := range n {
			if w < 64 && unpack64(p, i, w) != uint64(uint32(want[i])) {
				t.Fatalf("%d bits, number %d: %d, want %d", w, i, unpack64(p, i, w), want[i])
			}
		}
	}
}

// TestBitmaps compares the bitmap operations with one bit at a time.
func TestBitmaps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		src, dst := make([]byte, 40), make([]byte, 40)
		for i := range src {
			src[i], dst[i] = byte(r.Uint32()), byte(r.Uint32())
		}
		n := r.IntN(200)
		from, to := r.IntN(8*40-n+1), r.IntN(8*40-n+1)
		want := bytes.Clone(dst)
		ones := 0
		for i := range n {
			b := src[(from+i)>>3] >> ((from + i) & 7) & 1
			ones += int(b)
			putBit(want, to+i, b)
		}
		got := bytes.Clone(dst)
		copyBits(got, to, src, from, n)
		if !bytes.Equal(got, want) || popcount(src, from, n) != ones {
			t.Fatalf("copying %d bits from %d to %d", n, from, to)
		}
		for _, v := range []byte{0, 1} {
			want := bytes.Clone(dst)
			for i := range n {
				putBit(want, to+i, v)
			}
			got := bytes.Clone(dst)
			fillBits(got, to, n, v == 1)
			if !bytes.Equal(got, want) {
				t.Fatalf("filling %d bits at %d with %d", n, to, v)
			}
		}
	}
}

// TestHalfFloat checks the corners of binary16 (IEEE 754-2008, table 3.5).
func TestHalfFloat(t *testing.T) {
	for h, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x3ff: 0x1p-14 - 0x1p-24, 0x400: 0x1p-14, 0x3c00: 1, 0xc000: -2,
		0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		if got := halfFloat(h); got != want {
			t.Errorf("%#x: %v, want %v", h, got, want)
		}
	}
	if !math.IsNaN(halfFloat(0x7e01)) || !math.Signbit(halfFloat(0x8000)) {
		t.Error("NaN or the sign of zero is lost")
	}
}

// TestDecimals checks big-endian numbers of odd lengths.
func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		want int64
		ok   bool
	}{{nil, 0, true}, {[]byte{0xff}, -1, true}, {[]byte{1, 0}, 256, true}, {[]byte{0x80, 0, 0}, -1 << 23, true},
		{[]byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, math.MaxInt64, true},
		{[]byte{0, 0x80, 0, 0, 0, 0, 0, 0, 0}, 0, false},
		{append(bytes.Repeat([]byte{0xff}, 20), 5), -251, true},
		{append(append([]byte{1}, make([]byte, 16)...), 5), 0, false}} {
		got, err := decimal64(c.b)
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%x: %d, %v; want %d", c.b, got, err, c.want)
		}
	}
}
