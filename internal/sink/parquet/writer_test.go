package parquet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	arrowparquet "github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	sink "github.com/ecomctl/ecomctl/internal/sink/parquet"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/parquet"
)

// columnOf makes a column of n values, of which a share are null.
func columnOf(r *rand.Rand, typ arrow.DataType, n, distinct int, nulls float64) frame.Column {
	c := frame.Column{Type: typ, Kind: frame.KindOf(typ), Len: n}
	if nulls > 0 {
		c.Valid = make([]byte, n/8+1)
		for i := range n {
			if r.Float64() >= nulls {
				frame.SetBit(c.Valid, i)
			} else {
				c.Nulls++
			}
		}
	}
	switch c.Kind {
	case frame.Float:
		for range n {
			v := float64(float32(r.IntN(distinct)) / 8)
			if r.IntN(50) == 0 {
				v = []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}[r.IntN(4)]
			}
			c.F64 = append(c.F64, v)
		}
	case frame.String:
		c.Off = []int32{0}
		for range n {
			c.Data = append(c.Data, text(r, typ, distinct)...)
			c.Off = append(c.Off, int32(len(c.Data)))
		}
	case frame.Decimal:
		if c.Type.(*arrow.Decimal128Type).Precision > 18 {
			for range n {
				c.D128 = append(c.D128, decimal128.New(r.Int64N(1000)-500, uint64(r.IntN(distinct))))
			}
			break
		}
		fallthrough
	default:
		for range n {
			v := int64(r.IntN(distinct)) % 86_400_000
			if !unsigned(typ) {
				v -= int64(distinct) / 2
			}
			if c.Kind == frame.Bool {
				v &= 1
			}
			c.I64 = append(c.I64, v)
		}
	}
	return c
}

func unsigned(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64, arrow.TIME32, arrow.TIME64: // times of day are not negative
		return true
	}
	return false
}

func text(r *rand.Rand, typ arrow.DataType, distinct int) []byte {
	if f, ok := typ.(*arrow.FixedSizeBinaryType); ok {
		return bytes.Repeat([]byte{byte(r.IntN(distinct))}, f.ByteWidth)
	}
	k := r.IntN(distinct)
	return fmt.Appendf(nil, "值%d%s", k, bytes.Repeat([]byte("x"), k%40))
}

// types are all that frames hold and Parquet keeps as it is.
var types = []arrow.DataType{
	arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
	arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
	arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
	&arrow.Decimal128Type{Precision: 7, Scale: 2}, &arrow.Decimal128Type{Precision: 18, Scale: 4}, &arrow.Decimal128Type{Precision: 38, Scale: 10},
	&arrow.TimestampType{Unit: arrow.Millisecond}, &arrow.TimestampType{Unit: arrow.Microsecond}, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
	arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
	arrow.BinaryTypes.String, arrow.BinaryTypes.Binary, &arrow.FixedSizeBinaryType{ByteWidth: 5},
}

// table makes one batch of all types.
func table(r *rand.Rand, n, distinct int, nulls float64) (*arrow.Schema, *frame.Batch) {
	b := &frame.Batch{N: n}
	var fields []arrow.Field
	for i, t := range types {
		d := distinct
		if t.ID() == arrow.INT8 || t.ID() == arrow.UINT8 {
			d = min(d, 200)
		}
		if t.ID() == arrow.INT16 || t.ID() == arrow.UINT16 {
			d = min(d, 60_000)
		}
		b.Cols = append(b.Cols, columnOf(r, t, n, d, nulls))
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil), b
}

// write writes a batch in pieces of the given number of rows.
func write(t testing.TB, w io.Writer, s *arrow.Schema, b *frame.Batch, piece int, o sink.Options) error {
	t.Helper()
	pw, err := sink.NewWriter(w, s, o)
	if err != nil {
		return err
	}
	for lo := 0; lo < b.N; lo += piece {
		part := slice(b, lo, min(b.N, lo+piece))
		if err := pw.Write(part); err != nil {
			return err
		}
	}
	return pw.Close()
}

// slice copies rows lo to hi into a batch of their own, as a reader would give them.
func slice(b *frame.Batch, lo, hi int) *frame.Batch {
	out := &frame.Batch{N: hi - lo}
	for i := range b.Cols {
		c := b.Cols[i]
		if c.Valid != nil {
			v := make([]byte, (hi-lo)/8+1)
			for k := lo; k < hi; k++ {
				if frame.Bit(c.Valid, k) {
					frame.SetBit(v, k-lo)
				}
			}
			c.Valid = v
		}
		c.Len = hi - lo
		switch {
		case c.Off != nil:
			c.Off = c.Off[lo : hi+1]
		case c.F64 != nil:
			c.F64 = c.F64[lo:hi]
		case c.D128 != nil:
			c.D128 = c.D128[lo:hi]
		default:
			c.I64 = c.I64[lo:hi]
		}
		out.Cols = append(out.Cols, c)
	}
	return out
}

func open(t testing.TB, b []byte) source.Dataset {
	t.Helper()
	ds, err := parquet.Open(context.Background(), "mem", bytes.NewReader(b), int64(len(b)), parquet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// each reads all rows and gives the batches to f.
func each(t testing.TB, ds source.Dataset, f func(b *frame.Batch)) {
	t.Helper()
	var want []source.Want
	for i := range ds.Schema().NumFields() {
		want = append(want, source.Want{Col: i})
	}
	var b frame.Batch
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		for err = r.Next(&b); err == nil; err = r.Next(&b) {
			f(&b)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		r.Close()
	}
}

// shown is a value for comparison; floats by their bits.
func shown(c *frame.Column, i int) any {
	switch {
	case c.IsNull(i):
		return nil
	case c.Kind == frame.Float && math.IsNaN(c.F64[i]):
		return "NaN"
	case c.Kind == frame.Float:
		return math.Float64bits(c.F64[i])
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.D128 != nil:
		return c.D128[i]
	}
	return c.I64[i]
}

// TestRoundTrip writes random tables of every type and reads them back.
func TestRoundTrip(t *testing.T) {
	for i, codec := range sink.Codecs() {
		for _, distinct := range []int{1, 2, 300, 1 << 30} {
			for _, nulls := range []float64{0, .01, .5, 1} {
				r := rand.New(rand.NewPCG(uint64(i), uint64(distinct)))
				n := 1 + r.IntN(6_000)
				schema, in := table(r, n, distinct, nulls)
				var buf bytes.Buffer
				o := sink.Options{Codec: codec, RowGroup: 1 + r.IntN(2*n), Threads: 1 + r.IntN(3)}
				if err := write(t, &buf, schema, in, 1+r.IntN(n), o); err != nil {
					t.Fatal(err)
				}
				ds := open(t, buf.Bytes())
				for j, f := range ds.Schema().Fields() {
					if !arrow.TypeEqual(f.Type, types[j]) {
						t.Errorf("column %d is %s, want %s", j, f.Type, types[j])
					}
				}
				row := 0
				each(t, ds, func(b *frame.Batch) {
					for j := range b.Cols {
						for k := range b.N {
							if got, want := shown(&b.Cols[j], k), shown(&in.Cols[j], row+k); got != want {
								t.Fatalf("%s, %d distinct, %g null: row %d of %s: %v, want %v", codec, distinct, nulls, row+k, types[j], got, want)
							}
						}
					}
					row += b.N
				})
				if row != n {
					t.Errorf("%d rows, want %d", row, n)
				}
			}
		}
	}
}

// TestReadByArrow reads with Arrow v17, whose nulls and statistics must agree.
func TestReadByArrow(t *testing.T) {
	schema, in := table(rand.New(rand.NewPCG(1, 2)), 9000, 500, .1)
	var buf bytes.Buffer
	if err := write(t, &buf, schema, in, 1000, sink.Options{RowGroup: 4000}); err != nil {
		t.Fatal(err)
	}
	tab, err := pqarrow.ReadTable(context.Background(), bytes.NewReader(buf.Bytes()), arrowparquet.NewReaderProperties(nil),
		pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Release()
	for j := range in.Cols {
		if got := tab.Column(j); got.Len() != in.N || got.NullN() != in.Cols[j].Nulls {
			t.Errorf("%s: %d rows, %d nulls; want %d and %d", types[j], got.Len(), got.NullN(), in.N, in.Cols[j].Nulls)
		}
		if !arrow.TypeEqual(tab.Column(j).DataType(), types[j]) {
			t.Errorf("Arrow says %s, want %s", tab.Column(j).DataType(), types[j])
		}
	}
	row := 0
	for _, chunk := range tab.Column(4).Data().Chunks() {
		a := chunk.(*array.Int64)
		for i := range a.Len() {
			if !a.IsNull(i) && a.Value(i) != in.Cols[4].I64[row] {
				t.Fatalf("row %d: %d, want %d", row, a.Value(i), in.Cols[4].I64[row])
			}
			row++
		}
	}
}

// TestStats compares the bounds that the reader trusts with the values.
func TestStats(t *testing.T) {
	schema, in := table(rand.New(rand.NewPCG(3, 4)), 3000, 1000, .1)
	var buf bytes.Buffer
	if err := write(t, &buf, schema, in, 3000, sink.Options{}); err != nil {
		t.Fatal(err)
	}
	s := open(t, buf.Bytes()).Splits()[0]
	with := 0
	for j := range in.Cols {
		c := &in.Cols[j]
		st, ok := s.Stats(j)
		if st.Nulls != int64(c.Nulls) {
			t.Errorf("%s: %d nulls, want %d", types[j], st.Nulls, c.Nulls)
		}
		if !ok {
			continue
		}
		with++
		exact := [2]bool{}
		for i := range in.N {
			if c.IsNull(i) {
				continue
			}
			switch {
			case c.Kind == frame.Float:
				if v := c.F64[i]; v < st.MinF64 || v > st.MaxF64 {
					t.Fatalf("%s: %v is outside %v to %v", types[j], v, st.MinF64, st.MaxF64)
				} else if v == v {
					exact = [2]bool{exact[0] || v == st.MinF64, exact[1] || v == st.MaxF64}
				}
			case c.Kind == frame.String:
				v := c.Str(i)
				lo, hi := bytes.Compare(v, st.MinStr), bytes.Compare(v, st.MaxStr)
				if lo < 0 || hi > 0 {
					t.Fatalf("%s: %q is outside %q to %q", types[j], v, st.MinStr, st.MaxStr)
				}
				exact = [2]bool{exact[0] || lo == 0, exact[1] || hi == 0}
			default:
				v := c.I64[i]
				if v < st.MinI64 || v > st.MaxI64 {
					t.Fatalf("%s: %v is outside %v to %v", types[j], v, st.MinI64, st.MaxI64)
				}
				exact = [2]bool{exact[0] || v == st.MinI64, exact[1] || v == st.MaxI64}
			}
		}
		if !exact[0] || !exact[1] {
			t.Errorf("%s: the bounds are no values", types[j])
		}
	}
	if with < len(types)-3 {
		t.Errorf("only %d of %d columns have bounds", with, len(types))
	}
}

// TestSameBytes writes the same rows in other pieces and by other numbers of threads.
func TestSameBytes(t *testing.T) {
	schema, in := table(rand.New(rand.NewPCG(5, 6)), 150_000, 100_000, .05)
	var first []byte
	for _, piece := range []int{150_000, 32768, 7001} {
		for threads := range 4 {
			var buf bytes.Buffer
			if err := write(t, &buf, schema, in, piece, sink.Options{Threads: threads, RowGroup: 140_000}); err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = buf.Bytes()
			} else if !bytes.Equal(first, buf.Bytes()) {
				t.Errorf("other bytes with %d threads and pieces of %d rows", threads, piece)
			}
		}
	}
}

// TestDictInput writes columns given as codes of changing dictionaries.
func TestDictInput(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}}}, nil)
	var buf bytes.Buffer
	w, err := sink.NewWriter(&buf, schema, sink.Options{RowGroup: 5000})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for k := range 30 {
		d := &frame.Dict{Off: []int32{0}}
		for i := range 3000 {
			d.Data = fmt.Appendf(d.Data, "%d", i*(k+1))
			d.Off = append(d.Off, int32(len(d.Data)))
		}
		c := frame.Column{Type: schema.Field(0).Type, Kind: frame.String, Len: 1000, Dict: d, Codes: make([]int32, 1000)}
		for i := range c.Codes {
			c.Codes[i] = int32(i * i % 3000)
			want = append(want, string(d.At(c.Codes[i])))
		}
		if err := w.Write(&frame.Batch{N: 1000, Cols: []frame.Column{c}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	row := 0
	each(t, open(t, buf.Bytes()), func(b *frame.Batch) {
		for i := range b.N {
			if got := string(b.Cols[0].Str(i)); got != want[row] {
				t.Fatalf("row %d: %q, want %q", row, got, want[row])
			}
			row++
		}
	})
	if row != len(want) {
		t.Errorf("%d rows, want %d", row, len(want))
	}
}

// full is a writer with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.n {
		return 0, errFull
	}
	f.n -= len(b)
	return len(b), nil
}

func TestFullDisk(t *testing.T) {
	schema, in := table(rand.New(rand.NewPCG(7, 8)), 3000, 100, .1)
	var buf bytes.Buffer
	if err := write(t, &buf, schema, in, 500, sink.Options{RowGroup: 1000}); err != nil {
		t.Fatal(err)
	}
	for room := 0; room < buf.Len(); room += 1 + buf.Len()/50 {
		if err := write(t, &full{room}, schema, in, 500, sink.Options{RowGroup: 1000}); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
	}
}

func TestRefused(t *testing.T) {
	text := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}}, nil)
	list := arrow.NewSchema([]arrow.Field{{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)}}, nil)
	if _, err := sink.NewWriter(io.Discard, text, sink.Options{Codec: "lzma"}); fault.KindOf(err) != fault.Usage {
		t.Errorf("codec lzma: %v", err)
	}
	if _, err := sink.NewWriter(io.Discard, list, sink.Options{}); fault.KindOf(err) != fault.Input {
		t.Errorf("a list: %v", err)
	}
	w, err := sink.NewWriter(io.Discard, text, sink.Options{Threads: 4})
	if err != nil {
		t.Fatal(err)
	}
	// A malformed batch: offsets beyond the data.
	bad := frame.Column{Type: arrow.BinaryTypes.String, Kind: frame.String, Len: 1, Off: []int32{0, 9}, Data: []byte("abc")}
	if err := w.Write(&frame.Batch{N: 1, Cols: []frame.Column{bad}}); err == nil {
		t.Error("a malformed batch was written")
	}
	if err := w.Close(); err == nil {
		t.Error("a file with a lost batch was completed")
	}
}

// TestSeconds checks the one unit that Parquet lacks.
func TestSeconds(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "t", Type: &arrow.TimestampType{Unit: arrow.Second}}}, nil)
	col := frame.Column{Type: schema.Field(0).Type, Kind: frame.Time, Len: 2, I64: []int64{-3, 1_700_000_000}}
	var buf bytes.Buffer
	if err := write(t, &buf, schema, &frame.Batch{N: 2, Cols: []frame.Column{col}}, 2, sink.Options{}); err != nil {
		t.Fatal(err)
	}
	each(t, open(t, buf.Bytes()), func(b *frame.Batch) {
		if b.Cols[0].I64[0] != -3000 || b.Cols[0].I64[1] != 1_700_000_000_000 {
			t.Errorf("%v", b.Cols[0].I64)
		}
	})
	col.I64[0] = math.MaxInt64 / 10
	if err := write(t, io.Discard, schema, &frame.Batch{N: 2, Cols: []frame.Column{col}}, 2, sink.Options{}); err == nil {
		t.Error("a time beyond the range was written")
	}
}

// BenchmarkWrite writes order lines; ns/op is for one million rows.
func BenchmarkWrite(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 1_000_000
	in := &frame.Batch{N: n}
	var fields []arrow.Field
	for i, d := range []int{n / 3, n / 20, 20_000, 30, 10, 100_000, 1 << 40, 34, 6, 3} {
		typ := []arrow.DataType{arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String,
			arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Timestamp_us, arrow.BinaryTypes.String,
			arrow.BinaryTypes.String, arrow.BinaryTypes.String}[i]
		in.Cols = append(in.Cols, columnOf(r, typ, n, d, 0))
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: typ})
	}
	b.SetBytes(n)
	for b.Loop() {
		if err := write(b, io.Discard, arrow.NewSchema(fields, nil), in, frame.BatchRows, sink.Options{Threads: 2}); err != nil {
			b.Fatal(err)
		}
	}
}
