package parquet

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/s2"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// streamFrom sets the size from which pages are expanded in pieces.
func streamFrom(t testing.TB, n int) {
	was := streamAbove
	streamAbove = n
	t.Cleanup(func() { streamAbove = was })
}

// sumAndMemory reads a file and returns a sum of its values and the bytes of
// its buffers.
func sumAndMemory(t *testing.T, file []byte) (sum uint64, mem int64) {
	t.Helper()
	ds, err := openBytes(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(ds, readable(ds), func(_ int, b *frame.Batch) {
		for i := range b.Cols {
			sum = sum*31 + checkColumn(t, &b.Cols[i], b.N)
		}
	})
	if err != nil || rows != ds.Inputs()[0].Rows {
		t.Fatalf("%d rows, %v", rows, err)
	}
	return sum, ds.(*dataset).mem.used.Load()
}

// bigPages makes pages of megabytes, of numbers, texts and decimals with nulls.
func bigPages(t *testing.T) []byte {
	return byArrow(t, 200_000, parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(1<<30))
}

// TestPieces reads pages in pieces and whole; both must give the same, in less memory.
func TestPieces(t *testing.T) {
	file := bigPages(t)
	streamFrom(t, math.MaxInt)
	want, whole := sumAndMemory(t, file)
	streamFrom(t, 0)
	got, pieces := sumAndMemory(t, file)
	if got != want {
		t.Error("a page expanded in pieces gives other values")
	}
	if pieces > whole/2 {
		t.Errorf("expanding in pieces takes %d bytes, whole %d", pieces, whole)
	}
}

// crossing compresses Snappy so that copies cross the borders of 64 KiB.
type crossing struct{ compress.Codec }

func (crossing) Encode(_, src []byte) []byte             { return s2.EncodeSnappy(nil, src) }
func (crossing) EncodeLevel(_, src []byte, _ int) []byte { return s2.EncodeSnappy(nil, src) }

// TestPiecesFallBack reads pages whose blocks refer to each other.
func TestPiecesFallBack(t *testing.T) {
	was, err := compress.GetCodec(compress.Codecs.Snappy)
	if err != nil {
		t.Fatal(err)
	}
	compress.RegisterCodec(compress.Codecs.Snappy, crossing{was})
	file := bigPages(t)
	compress.RegisterCodec(compress.Codecs.Snappy, was)
	streamFrom(t, math.MaxInt)
	want, _ := sumAndMemory(t, file)
	streamFrom(t, 0)
	if got, _ := sumAndMemory(t, file); got != want {
		t.Error("falling back gives other values")
	}
}

// TestPiecesLongTexts reads texts longer than a block.
func TestPiecesLongTexts(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 20_000)
	file := textFile(t, text, 30, parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false))
	streamFrom(t, 0)
	ds, err := openBytes(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := readAll(ds, readable(ds), func(_ int, b *frame.Batch) {
		for i := range b.N {
			if string(b.Cols[0].Str(i)) != text {
				t.Fatal("another text")
			}
		}
	}); err != nil || rows != 30 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// TestPiecesDamaged damages pages that are expanded in pieces.
func TestPiecesDamaged(t *testing.T) {
	streamFrom(t, 0)
	small := byArrow(t, 9000, parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false))
	r := rand.New(rand.NewPCG(11, 12))
	errs := 0
	for range 600 {
		if _, _, err := outcome(t, damage(r, small), 64<<20); err != nil {
			errs++
		}
	}
	if errs < 100 {
		t.Errorf("only %d of 600 damaged copies gave an error", errs)
	}
}

// TestSnappyElements cuts random compressible data at its blocks.
func TestSnappyElements(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	snappy, err := compress.GetCodec(compress.Codecs.Snappy)
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		src := make([]byte, 1+r.IntN(300_000))
		for i := range src {
			src[i] = byte(r.IntN(1 + r.IntN(20)))
		}
		comp := snappy.Encode(nil, src)
		_, k := s2uvarint(comp)
		at, done := k, 0
		for done < len(src) {
			want := min(snappyBlock, len(src)-done)
			used, ok := snappyElements(comp[at:], want)
			if !ok {
				t.Fatalf("no border at %d of %d", done, len(src))
			}
			block := append(make([]byte, 3), comp[at:at+used]...)
			putLength(block, want)
			out, err := s2.Decode(nil, block)
			if err != nil || !bytes.Equal(out, src[done:done+want]) {
				t.Fatalf("block at %d: %v", done, err)
			}
			at, done = at+used, done+want
		}
		if at != len(comp) {
			t.Errorf("%d bytes are left over", len(comp)-at)
		}
	}
}

func s2uvarint(b []byte) (int, int) {
	n, _ := s2.DecodedLen(b)
	k := 1
	for v := n; v >= 128; v >>= 7 {
		k++
	}
	return n, k
}
