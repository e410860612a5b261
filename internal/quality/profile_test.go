package quality

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// typesOfTest are the kinds of columns that random tables have, with their values.
var typesOfTest = []struct {
	typ arrow.DataType
	gen *rapid.Generator[any]
}{
	{arrow.PrimitiveTypes.Int64, rapid.Map(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3)), func(v int64) any { return v })},
	{arrow.PrimitiveTypes.Float64, rapid.Map(rapid.OneOf(rapid.Float64Range(-1e9, 1e9), rapid.SampledFrom([]float64{0, 1, 2.5, math.NaN(), math.Inf(1)})), func(v float64) any { return v })},
	{arrow.BinaryTypes.String, rapid.Map(rapid.StringMatching(`[ab]{0,3}|prefix-longer-than-eight-[xy]`), func(v string) any { return v })},
	{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, rapid.Map(rapid.SampledFrom([]string{"SP", "RJ", "深圳"}), func(v string) any { return v })},
	{&arrow.TimestampType{Unit: arrow.Millisecond}, rapid.Map(rapid.Int64Range(-1e12, 2e12), func(v int64) any { return v })},
	{arrow.FixedWidthTypes.Date32, rapid.Map(rapid.Int64Range(-10, 10), func(v int64) any { return v })},
	{arrow.FixedWidthTypes.Boolean, rapid.Map(rapid.Int64Range(0, 1), func(v int64) any { return v })},
	{&arrow.Decimal128Type{Precision: 18, Scale: 2}, rapid.Map(rapid.Int64Range(-99999, 99999), func(v int64) any { return v })},
}

func drawTable(t *rapid.T) *memtest.Dataset {
	n := rapid.IntRange(0, 120).Draw(t, "rows")
	ds := &memtest.Dataset{Batch: rapid.IntRange(1, 50).Draw(t, "batch")}
	for k := range rapid.IntRange(1, 5).Draw(t, "columns") {
		c := rapid.SampledFrom(typesOfTest).Draw(t, "type")
		vals := make([]any, n)
		for i := range vals {
			if rapid.IntRange(0, 5).Draw(t, "null") > 0 {
				vals[i] = c.gen.Draw(t, "value")
			}
		}
		ds.Names = append(ds.Names, fmt.Sprintf("c%d", k))
		ds.Cols = append(ds.Cols, memtest.Column(c.typ, vals...))
	}
	if n > 2 {
		ds.Cuts = rapid.SampledFrom([][]int{nil, {1}, {n / 3, n / 2}}).Draw(t, "cuts")
	}
	return ds
}

// reference describes a column in the plainest way.
func reference(c *frame.Column) (nulls, distinct int64, least, most, top string, mean, stddev, p50, p95 float64) {
	f := newFormatter(c.Type)
	count := map[string]int64{}
	var texts []string
	var numbers []float64
	for i := range c.Len {
		var v datum
		switch {
		case c.IsNull(i), c.Kind == frame.Float && (math.IsNaN(c.F64[i]) || math.IsInf(c.F64[i], 0)):
			nulls++
			continue
		case c.Kind == frame.String:
			v.text = c.Str(i)
		case c.Kind == frame.Float:
			numbers = append(numbers, c.F64[i])
			v.key = toKey(c, i)
		default:
			x := float64(c.I64[i])
			if c.Kind == frame.Decimal {
				x /= 100
			}
			numbers = append(numbers, x)
			v.key = toKey(c, i)
		}
		texts = append(texts, f.string(v))
		count[f.string(v)]++
	}
	mean, stddev, p50, p95 = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if len(texts) == 0 {
		return nulls, 0, "", "", "", mean, stddev, p50, p95
	}
	// text order is byte order; numbers and times are ordered by value
	keys := make([]int, len(texts))
	for i := range keys {
		keys[i] = i
	}
	sort.SliceStable(keys, func(a, b int) bool {
		if c.Kind == frame.String {
			return texts[keys[a]] < texts[keys[b]]
		}
		return numbers[keys[a]] < numbers[keys[b]]
	})
	least, most = texts[keys[0]], texts[keys[len(keys)-1]]
	var best int64
	for _, k := range keys {
		if n := count[texts[k]]; n > best {
			best, top = n, texts[k]
		}
	}
	if c.Kind == frame.Float || c.Kind == frame.Int || c.Kind == frame.Decimal {
		slices.Sort(numbers)
		mean, stddev = exactMoments(numbers)
		p50, p95 = type7(numbers, 0.5), type7(numbers, 0.95)
	}
	return nulls, int64(len(count)), least, most, top, mean, stddev, p50, p95
}

func toKey(c *frame.Column, i int) uint64 {
	var k counter
	one := memtest.Slice(c, i, i+1)
	k.add(&one)
	var key uint64
	if err := walk(c.Kind, []*counter{&k}, func(v datum, _ int64) error { key = v.key; return nil }); err != nil {
		panic(err)
	}
	return key
}

// exactMoments computes mean and sample standard deviation in 400 bits.
func exactMoments(v []float64) (mean, stddev float64) {
	sum := new(big.Float).SetPrec(400)
	for _, x := range v {
		sum.Add(sum, big.NewFloat(x))
	}
	n := new(big.Float).SetPrec(400).SetInt64(int64(len(v)))
	m := new(big.Float).SetPrec(400).Quo(sum, n)
	ss := new(big.Float).SetPrec(400)
	for _, x := range v {
		d := new(big.Float).SetPrec(400).Sub(new(big.Float).SetPrec(400).SetFloat64(x), m)
		ss.Add(ss, d.Mul(d, d))
	}
	mean, _ = m.Float64()
	if len(v) < 2 {
		return mean, math.NaN()
	}
	ss.Quo(ss, new(big.Float).SetInt64(int64(len(v)-1)))
	stddev, _ = ss.Sqrt(ss).Float64()
	return mean, stddev
}

func type7(sorted []float64, p float64) float64 {
	h := float64(len(sorted)-1) * p
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (sorted[i+1]-sorted[i])*(h-float64(i))
}

// near allows the last digits of a double: the reference rounds on its own way.
func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b))
}

// TestProfileAgreesWithTheDefinition profiles random tables with random
// splits, threads and memory (so small that everything spills) and compares each
// figure with one computed from its definition.
func TestProfileAgreesWithTheDefinition(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		ds := drawTable(t)
		o := ProfileOptions{
			Threads: rapid.IntRange(1, 4).Draw(t, "threads"), TempDir: dir,
			Memory: rapid.SampledFrom([]int64{1, 5000, 0}).Draw(t, "memory"),
		}
		p, err := NewProfile(context.Background(), ds, o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Memory == 1 && p.Rows > 0 && p.Spilled == 0 && hasValues(ds) {
			t.Fatal("one byte of memory and nothing spilled")
		}
		for i := range p.Columns {
			c := &p.Columns[i]
			nulls, distinct, least, most, top, mean, stddev, p50, p95 := reference(&ds.Cols[i])
			if c.Rows != int64(ds.Rows()) || c.Nulls != nulls || c.Distinct != distinct || c.Min != least || c.Max != most || c.Top != top {
				t.Fatalf("%s %s: got rows %d nulls %d distinct %d min %q max %q top %q\nwant rows %d nulls %d distinct %d min %q max %q top %q", c.Name, c.TypeName,
					c.Rows, c.Nulls, c.Distinct, c.Min, c.Max, c.Top, ds.Rows(), nulls, distinct, least, most, top)
			}
			if scale := 1e-9 * math.Abs(stddev); !near(c.Mean, mean) && math.Abs(c.Mean-mean) > 1e-15*math.Abs(stddev) || !near(c.StdDev, stddev) || !near(c.P50, p50) || !near(c.P95, p95) && math.Abs(c.P95-p95) > scale {
				t.Fatalf("%s %s: got %v %v %v %v\nwant %v %v %v %v", c.Name, c.TypeName, c.Mean, c.StdDev, c.P50, c.P95, mean, stddev, p50, p95)
			}
		}
		if tab := p.Table(); tab.N != len(p.Columns) || tab.Columns[0].Data.Len != tab.N || tab.Columns[11].Data.Len != tab.N {
			t.Fatalf("table of %d rows", tab.N)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v %v", left, err)
	}
}

func hasValues(ds *memtest.Dataset) bool {
	for i := range ds.Cols {
		if n, d, _, _, _, _, _, _, _ := reference(&ds.Cols[i]); int(n) < ds.Rows() && d > 0 {
			return true
		}
	}
	return false
}

// TestProfileSameBytes: threads, memory and the order of rows change no bit.
func TestProfileSameBytes(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 300_000, Dirty: 0.02, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	var want *Profile
	for _, o := range []ProfileOptions{{Threads: 1}, {Threads: 3}, {Threads: 2, Memory: 3 << 20}, {Threads: 40}} {
		o.TempDir = t.TempDir()
		p, err := NewProfile(context.Background(), shop, o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Memory > 0 && p.Spilled == 0 {
			t.Error("3 MiB of memory and nothing spilled")
		}
		p.Spilled = 0
		if want == nil {
			want = p
			continue
		}
		if !reflect.DeepEqual(clean(want), clean(p)) {
			t.Errorf("%+v: another profile\n%+v\n%+v", o, want, p)
		}
	}
}

// clean replaces NaN, which differs from itself.
func clean(p *Profile) string { return fmt.Sprintf("%+v", p.Columns) }

func TestProfileSample(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 300_000})
	if err != nil {
		t.Fatal(err)
	}
	counted := &opened{Dataset: shop}
	p, err := NewProfile(context.Background(), counted, ProfileOptions{Sample: 35_000, Columns: []string{"order_id", "customer_id"}})
	if err != nil {
		t.Fatal(err)
	}
	if counted.n != 1 {
		t.Errorf("%d splits opened for a sample in the first", counted.n)
	}
	if p.Rows != 35_000 || !p.Sampled || len(p.Columns) != 2 || p.Columns[0].Max != "13985" && p.Columns[0].Distinct < 13_000 {
		t.Errorf("%d rows, sampled %v, %+v", p.Rows, p.Sampled, p.Columns)
	}
}

func TestProfileWideDecimals(t *testing.T) {
	typ := &arrow.Decimal128Type{Precision: 38, Scale: 3}
	big1, _ := new(big.Int).SetString("123456789012345678901234567", 10)
	ds := memtest.New([]string{"d"}, wideColumn(typ, new(big.Int).Neg(big1), big.NewInt(5), big1, big.NewInt(-7), big1))
	p, err := NewProfile(context.Background(), ds, ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := p.Columns[0]
	if c.Distinct != 4 || c.Min != "-123456789012345678901234.567" || c.Max != "123456789012345678901234.567" || c.Top != c.Max || c.TopCount != 2 || c.P50 != 0.005 {
		t.Errorf("%+v", c)
	}
}

func TestProfileUnknownColumn(t *testing.T) {
	ds := memtest.New([]string{"order_id"}, memtest.Column(arrow.PrimitiveTypes.Int64, 1))
	_, err := NewProfile(context.Background(), ds, ProfileOptions{Columns: []string{"ordr_id"}})
	if fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
}

func TestProfileInterrupted(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewProfile(ctx, shop, ProfileOptions{}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("after a cancel: %v", err)
	}
}

func TestProfileReaderError(t *testing.T) {
	ds := &failing{memtest.New([]string{"a"}, memtest.Column(arrow.PrimitiveTypes.Int64, 1, 2))}
	if _, err := NewProfile(context.Background(), ds, ProfileOptions{Threads: 2}); fault.KindOf(err) != fault.Input {
		t.Errorf("%v", err)
	}
}

// opened counts how many splits are opened.
type opened struct {
	source.Dataset
	n int
}

func (o *opened) Splits() (out []source.Split) {
	for _, s := range o.Dataset.Splits() {
		out = append(out, countedSplit{s, o})
	}
	return out
}

type countedSplit struct {
	source.Split
	o *opened
}

func (s countedSplit) Open(ctx context.Context, w []source.Want) (source.Reader, error) {
	s.o.n++
	return s.Split.Open(ctx, w)
}

type failing struct{ *memtest.Dataset }

func (f *failing) Splits() []source.Split { return []source.Split{failSplit{f.Dataset.Splits()[0]}} }

type failSplit struct{ source.Split }

func (failSplit) Open(context.Context, []source.Want) (source.Reader, error) {
	return nil, fault.New(fault.Input, "reading the file: it is damaged")
}

// TestMomentsAtTheEnds: no square overflows and none vanishes.
func TestMomentsAtTheEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1e-150, 1e-150), rapid.Float64Range(-1e300, 1e300), rapid.Float64Range(1e9, 1e9+1e-3)), 2, 20).Draw(t, "values")
		if rapid.Bool().Draw(t, "alike") {
			for i := range v {
				v[i] = v[0] * (1 + float64(i%3)/8)
			}
		}
		if math.IsInf(slices.Max(v), 0) || math.IsInf(slices.Min(v), 0) {
			return // infinities are null before any rule
		}
		slices.Sort(v)
		var m moments
		for _, x := range v {
			m.add(x, 1)
		}
		mean, stddev := exactMoments(v)
		spread := math.Abs(stddev)
		if v[0] < -math.MaxFloat64/64 || v[len(v)-1] > math.MaxFloat64/64 || spread < 1e-290 {
			return // the answer itself is at the end of doubles
		}
		if !near(m.stddev(), stddev) || math.Abs(m.mean()-mean) > 1e-15*max(spread, math.Abs(mean)) {
			t.Fatalf("%v: %v ± %v, want %v ± %v", v, m.mean(), m.stddev(), mean, stddev)
		}
	})
}

func BenchmarkProfile(b *testing.B) {
	shop, err := generate.Orders(generate.Options{Rows: 1_000_000})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := NewProfile(context.Background(), shop, ProfileOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// TestMeanIsRoundedOnce: a mean that a double holds exactly is that double.
func TestMeanIsRoundedOnce(t *testing.T) {
	var m moments
	for _, v := range []struct{ x, n float64 }{{1, 244}, {2, 80}, {3, 30}, {4, 30}, {6, 16}} {
		m.add(v.x, int64(v.n))
	}
	if got, want := m.mean(), 710.0/400; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	m = moments{}
	m.add(0.1, 10)
	m.add(0.3, 10)
	if got := m.mean(); got != 0.2 {
		t.Errorf("%v, want 0.2", got)
	}
}

// TestNoPlaceToSpill: counts that cannot be spilled end the profile with a clear error,
// in profile and in validate.
func TestNoPlaceToSpill(t *testing.T) {
	ds := memtest.New([]string{"a"}, memtest.Column(arrow.PrimitiveTypes.Int64, 1, 2, 3, 3))
	nowhere := t.TempDir() + "/no/such/folder"
	_, err := NewProfile(context.Background(), ds, ProfileOptions{Memory: 1, TempDir: nowhere})
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "spilling counts: making a temporary file in "+nowhere) {
		t.Errorf("%v", err)
	}
	_, err = Validate(context.Background(), ds, parseRules(t, "rules: [{type: unique, column: a}]"), Options{Memory: 1, TempDir: nowhere})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}
