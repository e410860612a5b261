// Package roundtrip tests the sinks together with the sources: what is written reads
// back the same.
package roundtrip

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/arrowipc"
	"github.com/ecomctl/ecomctl/internal/sink/csv"
	"github.com/ecomctl/ecomctl/internal/sink/ndjson"
	"github.com/ecomctl/ecomctl/internal/sink/text"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

var schema = arrow.NewSchema([]arrow.Field{
	{Name: "int", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "small, \"quoted\"", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
	{Name: "float", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "date", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "time", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
	{Name: "instant", Type: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}, Nullable: true},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "coded", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "money", Type: &arrow.Decimal128Type{Precision: 18, Scale: 4}, Nullable: true},
}, nil)

// draw makes a batch of n rows.
func draw(t *rapid.T, n int) *frame.Batch {
	b := &frame.Batch{N: n, Cols: make([]frame.Column, schema.NumFields())}
	ints := func(min, max int64, name string) []int64 {
		return rapid.SliceOfN(rapid.Int64Range(min, max), n, n).Draw(t, name)
	}
	const year1, year9999 = -62135596800, 253402300799
	for i := range b.Cols {
		c := &b.Cols[i]
		f := schema.Field(i)
		c.Type, c.Kind, c.Len = f.Type, frame.KindOf(f.Type), n
		switch f.Name {
		case "int":
			c.I64 = ints(math.MinInt64, math.MaxInt64, f.Name)
		case "small, \"quoted\"":
			c.I64 = ints(-128, 127, f.Name)
		case "float":
			c.F64 = rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.Custom(func(t *rapid.T) float64 {
				return float64(rapid.IntRange(-1e6, 1e6).Draw(t, "cents")) / 100
			})), n, n).Draw(t, f.Name)
		case "bool":
			c.I64 = ints(0, 1, f.Name)
		case "date":
			c.I64 = ints(year1/86400, year9999/86400, f.Name)
		case "time":
			c.I64 = ints(year1*1e6, year9999*1e6, f.Name)
		case "instant":
			c.I64 = ints(year1*1e3, year9999*1e3, f.Name)
		case "money":
			c.I64 = ints(-1e17, 1e17, f.Name)
		default:
			texts := rapid.SliceOfN(rapid.StringMatching(`[a,;"\t\n\r é中\\{}NULX'\x01\x02\x{2028}]{1,5}`), n, n).Draw(t, f.Name)
			fill(c, texts, f.Name == "coded")
		}
		nulls := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "nulls of "+f.Name)
		c.Valid = make([]byte, (n+7)/8)
		for k, null := range nulls {
			if null {
				c.Nulls++
			} else {
				frame.SetBit(c.Valid, k)
			}
		}
		if c.Nulls == 0 {
			c.Valid = nil
		}
	}
	return b
}

func fill(c *frame.Column, texts []string, coded bool) {
	off, data := []int32{0}, []byte(nil)
	for _, s := range texts {
		if s == `\N` || strings.TrimSpace(s) == "" {
			s = "x" + s // what text formats cannot tell from a missing value
		}
		data = append(data, s...)
		off = append(off, int32(len(data)))
	}
	if !coded {
		c.Off, c.Data = off, data
		return
	}
	c.Dict = &frame.Dict{Off: off, Data: data}
	for i := range texts {
		c.Codes = append(c.Codes, int32(len(texts)-1-i))
	}
}

// lines formats batches, a line a row, by the formatter that is not under test here.
func lines(b *frame.Batch) (out []string) {
	for i := range b.N {
		var cells []string
		for k := range b.Cols {
			c := &b.Cols[k]
			switch {
			case c.IsBad(i):
				cells = append(cells, "bad")
			case c.IsNull(i):
				cells = append(cells, "∅")
			case c.Kind == frame.String:
				cells = append(cells, fmt.Sprintf("%q", c.Str(i)))
			case c.Kind == frame.Float:
				cells = append(cells, fmt.Sprintf("%x", c.F64[i]))
			case c.Kind == frame.Decimal:
				v := decimal128.FromI64(c.I64[i])
				cells = append(cells, v.ToString(c.Scale()))
			case c.Kind == frame.Time && c.Type.(*arrow.TimestampType).Unit == arrow.Millisecond:
				cells = append(cells, fmt.Sprint(c.I64[i]*1000))
			default:
				cells = append(cells, fmt.Sprint(c.I64[i]))
			}
		}
		out = append(out, strings.Join(cells, " ¦ "))
	}
	return out
}

// back reads a file with the kinds of the schema.
func back(t *rapid.T, path string, typed bool) (out []string) {
	ds, err := open.Open(context.Background(), []string{path}, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	var want []source.Want
	for i, f := range schema.Fields() {
		w := source.Want{Col: ds.Schema().FieldIndices(f.Name)[0], As: frame.KindOf(f.Type)}
		if f.Name == "instant" {
			w.Layout = "2006-01-02T15:04:05Z07:00"
		}
		if w.As == frame.Decimal && !typed {
			w.As = frame.String // exact
		}
		if i == 0 && !typed {
			w.As = frame.Int
		}
		want = append(want, w)
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), want)
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(b.Bad) > 0 {
				t.Fatalf("bad rows %v", b.Bad)
			}
			out = append(out, lines(&b)...)
		}
		r.Close()
	}
	return out
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	dir := t.TempDir()
	formats := map[string]func(io.Writer) (sink.Writer, error){
		"csv": func(w io.Writer) (sink.Writer, error) { return csv.New(w, schema, csv.Options{}) },
		"tsv": func(w io.Writer) (sink.Writer, error) { return csv.New(w, schema, csv.Options{Delimiter: '\t'}) },
		"ndjson": func(w io.Writer) (sink.Writer, error) {
			return ndjson.New(w, schema, ndjson.Options{})
		},
		"json": func(w io.Writer) (sink.Writer, error) {
			return ndjson.New(w, schema, ndjson.Options{Array: true})
		},
		"arrow":  func(w io.Writer) (sink.Writer, error) { return arrowipc.New(w, schema, arrowipc.Options{File: true}) },
		"arrows": func(w io.Writer) (sink.Writer, error) { return arrowipc.New(w, schema, arrowipc.Options{}) },
	}
	for name, create := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var buf bytes.Buffer
				w, err := create(&buf)
				if err != nil {
					t.Fatal(err)
				}
				typed := strings.HasPrefix(name, "arrow")
				var want []string
				for range rapid.IntRange(1, 3).Draw(t, "batches") {
					b := draw(t, rapid.IntRange(1, 20).Draw(t, "rows"))
					if err := w.Write(b); err != nil {
						t.Fatal(err)
					}
					for _, l := range lines(b) {
						if !typed { // the exact decimal is read as text
							k := strings.LastIndex(l, " ¦ ") + len(" ¦ ")
							if l[k:] != "∅" {
								l = l[:k] + fmt.Sprintf("%q", l[k:])
							}
						}
						want = append(want, l)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, buf.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				got := back(t, path, typed)
				if len(got) != len(want) {
					t.Fatalf("%d rows, want %d\n%q", len(got), len(want), buf.Bytes())
				}
				for i := range got {
					if got[i] != want[i] {
						t.Fatalf("row %d\n got %s\nwant %s", i, got[i], want[i])
					}
				}
			})
		})
	}
}

func TestFloatsAreTheShortestThatReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float64(), rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.Int64Range(-1e14, 1e14).Draw(t, "n")) / []float64{1, 10, 100, 1e3, 1e4, 1e5}[rapid.IntRange(0, 5).Draw(t, "scale")]
		})).Draw(t, "v")
		got, ok := text.Float(nil, v)
		want := fmt.Sprintf("%g", v)
		var back, ref float64
		if _, err := fmt.Sscan(string(got), &back); !ok || err != nil || back != v {
			t.Fatalf("%v: %s", v, got)
		}
		_, _ = fmt.Sscan(want, &ref)
		digits := func(s string) int {
			m, _, _ := strings.Cut(s, "e")
			m = strings.Trim(strings.TrimLeft(strings.NewReplacer(".", "", "-", "").Replace(m), "0"), "+")
			return len(strings.TrimRight(m, "0"))
		}
		if digits(string(got)) != digits(want) {
			t.Fatalf("%s has more digits than %s", got, want)
		}
	})
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, ok := text.Float(nil, v); ok || len(got) > 0 {
			t.Errorf("%v: %s", v, got)
		}
	}
}

// orders is a batch of a shop's shape.
func orders(n int) (*frame.Batch, *arrow.Schema) {
	s := arrow.NewSchema([]arrow.Field{
		{Name: "order_id", Type: arrow.PrimitiveTypes.Int64}, {Name: "customer_id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "category", Type: arrow.BinaryTypes.String}, {Name: "unit_price", Type: arrow.PrimitiveTypes.Float64},
		{Name: "order_ts", Type: &arrow.TimestampType{Unit: arrow.Microsecond}}, {Name: "sku", Type: arrow.BinaryTypes.String},
	}, nil)
	b := &frame.Batch{N: n, Cols: make([]frame.Column, 6)}
	for i := range b.Cols {
		b.Cols[i] = frame.Column{Type: s.Field(i).Type, Kind: frame.KindOf(s.Field(i).Type), Len: n, I64: make([]int64, n), F64: make([]float64, n)}
	}
	b.Cols[2].Dict = &frame.Dict{Off: []int32{0, 6, 12}, Data: []byte("cat_01cat_02")}
	b.Cols[2].Codes = make([]int32, n)
	b.Cols[5].Off = []int32{0}
	for i := range n {
		b.Cols[0].I64[i], b.Cols[1].I64[i] = int64(i), int64(i*7919%50000)
		b.Cols[3].F64[i] = float64(i*31%30000) / 100
		b.Cols[4].I64[i] = 1704067205681079 + int64(i)*3_000_017
		b.Cols[2].Codes[i] = int32(i & 1)
		b.Cols[5].Data = fmt.Appendf(b.Cols[5].Data, "SKU-%05d", i%12000)
		b.Cols[5].Off = append(b.Cols[5].Off, int32(len(b.Cols[5].Data)))
	}
	return b, s
}

func BenchmarkSinks(b *testing.B) {
	batch, s := orders(frame.BatchRows)
	for name, create := range map[string]func(io.Writer) (sink.Writer, error){
		"csv":    func(w io.Writer) (sink.Writer, error) { return csv.New(w, s, csv.Options{}) },
		"ndjson": func(w io.Writer) (sink.Writer, error) { return ndjson.New(w, s, ndjson.Options{}) },
		"arrow":  func(w io.Writer) (sink.Writer, error) { return arrowipc.New(w, s, arrowipc.Options{}) },
	} {
		b.Run(name, func(b *testing.B) {
			w, err := create(io.Discard)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := w.Write(batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch.N)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
