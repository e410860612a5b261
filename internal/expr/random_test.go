package expr

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// The schema of random expressions: two columns of each type, one text with a
// dictionary and one without.
var randomCols = []struct {
	name string
	typ  Type
}{
	{"b1", Bool}, {"b2", Bool}, {"i1", Int}, {"i2", Int}, {"f1", Float}, {"f2", Float}, {"m1", Money}, {"m2", Money},
	{"s1", Text}, {"中文", Text}, {"t1", Time}, {"t2", Time}, {"d1", Date}, {"d2", Date},
}

func randomLookup(name string) (int, Type, bool) {
	for i, c := range randomCols {
		if c.name == name {
			return i, c.typ, true
		}
	}
	return 0, 0, false
}

var someInts = []int64{0, 1, -1, 2, 3, 5, 7, 10, -10, 12345, 10000, -20001, 5000, -5000, 45000, math.MaxInt64, math.MinInt64, math.MaxInt64 / 10000, 1 << 53, 1<<53 + 1}
var someFloats = []float64{0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 10.12345, 1e300, -1e300, 5e-324, 4503599627370497.5, math.NaN(), math.Inf(1), math.Inf(-1), 3}
var someTexts = []string{"", "a", "A", "ab", "SP", "sp", "%", "_", "é", "中文", "中", "a'b", "x\x00y", "zz", "aXb", "  sp  ", " "}
var someTimes = []int64{0, 1, -1, 86400e6, -86400e6, 1704067200000000, 1709164800000000, -62135596800000000, 253402300799999999, -86400e6 - 1}
var someDays = []int64{0, 1, -1, 19723, 19782, -719162, 2932896, 59, 60}

func randomValue(t *rapid.T, typ Type) any {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	switch typ {
	case Bool:
		return rapid.Bool().Draw(t, "b")
	case Float:
		return rapid.SampledFrom(someFloats).Draw(t, "f")
	case Text:
		return rapid.SampledFrom(someTexts).Draw(t, "s")
	case Time:
		return rapid.SampledFrom(someTimes).Draw(t, "t")
	case Date:
		return rapid.SampledFrom(someDays).Draw(t, "d")
	}
	return rapid.SampledFrom(someInts).Draw(t, "i")
}

// exprGen writes random expressions of a wanted type.
type exprGen struct{ t *rapid.T }

func (g exprGen) pick(options ...string) string { return rapid.SampledFrom(options).Draw(g.t, "pick") }

func (g exprGen) column(typ Type) string {
	var names []string
	for _, c := range randomCols {
		if c.typ == typ {
			names = append(names, c.name)
		}
	}
	return g.pick(names...)
}

func (g exprGen) literal(typ Type) string {
	switch typ {
	case Bool:
		return g.pick("true", "false")
	case Int:
		return g.pick("0", "1", "-1", "2", "10", "9223372036854775807", "-9223372036854775808", "1e0")
	case Float:
		return g.pick("0.5", "1.5", "-2.5", "1e300", "10.12345", "0.0")
	case Money:
		return g.pick("m1", "m2")
	case Time:
		return g.pick("timestamp '2024-01-01'", "timestamp '1969-12-31 23:59:59.999999'")
	case Date:
		return g.pick("date '2024-02-29'", "date '1970-01-01'")
	}
	return "'" + strings.ReplaceAll(g.pick(someTexts...), "'", "''") + "'"
}

func (g exprGen) of(typ Type, depth int) string {
	if depth <= 0 {
		if rapid.IntRange(0, 2).Draw(g.t, "leaf") > 0 {
			return g.column(typ)
		}
		return g.literal(typ)
	}
	d := depth - 1
	f := fmt.Sprintf
	switch rapid.IntRange(0, 4).Draw(g.t, "shape") {
	case 0:
		return f("coalesce(%s, %s)", g.of(typ, d), g.of(typ, d))
	case 1:
		return f("nullif(%s, %s)", g.of(typ, d), g.of(typ, d))
	case 2:
		return f("case when %s then %s else %s end", g.of(Bool, d), g.of(typ, d), g.of(typ, d))
	}
	switch typ {
	case Bool:
		return g.boolean(d)
	case Int:
		return g.pick(f("(%s %s %s)", g.of(Int, d), g.pick("+", "-", "*", "%"), g.of(Int, d)), f("length(%s)", g.of(Text, d)), f("- %s", g.of(Int, 0)),
			f("abs(%s)", g.of(Int, d)), f("%s(%s)", g.pick("year", "month", "day", "weekday", "hour"), g.of(Time, d)),
			f("%s(%s)", g.pick("year", "month", "day", "weekday"), g.of(Date, d)), f("(%s - %s)", g.of(Date, d), g.of(Date, d)))
	case Float:
		return g.pick(f("(%s %s %s)", g.of(Float, d), g.pick("+", "-", "*", "/"), g.of(g.number(), d)), f("(%s / %s)", g.of(g.number(), d), g.of(g.number(), d)),
			f("%s(%s)", g.pick("abs", "round", "floor", "ceil"), g.of(Float, d)), f("round(%s, %s)", g.of(Float, d), g.pick("0", "1", "2", "15")))
	case Money:
		return g.pick(f("(%s %s %s)", g.of(Money, d), g.pick("+", "-", "%"), g.of(Money, d)), f("(%s * %s)", g.of(Money, d), g.of(Int, d)),
			f("%s(%s)", g.pick("abs", "round", "floor", "ceil"), g.of(Money, d)), f("round(%s, %s)", g.of(Money, d), g.pick("0", "1", "2", "3", "4")), f("(%s + 1.25)", g.column(Money)))
	case Text:
		return f("%s(%s)", g.pick("lower", "upper", "trim"), g.of(Text, d))
	case Date:
		return g.pick(f("date(%s)", g.of(Time, d)), f("(%s + %s)", g.of(Date, d), g.of(Int, 0)))
	}
	return g.column(typ)
}

func (g exprGen) number() Type {
	return rapid.SampledFrom([]Type{Int, Float, Money}).Draw(g.t, "number")
}

func (g exprGen) boolean(d int) string {
	f := fmt.Sprintf
	typ := rapid.SampledFrom([]Type{Int, Float, Money, Text, Time, Date}).Draw(g.t, "type")
	other := typ
	if typ <= Money {
		other = g.number()
	}
	a, b := g.of(typ, d), g.of(other, d)
	switch rapid.IntRange(0, 8).Draw(g.t, "test") {
	case 0:
		return f("(%s and %s)", g.of(Bool, d), g.of(Bool, d))
	case 1:
		return f("(%s or %s or %s)", g.of(Bool, d), g.of(Bool, d), g.of(Bool, 0))
	case 2:
		return f("(not %s)", g.of(Bool, d))
	case 3:
		return f("(%s is %snull)", a, g.pick("", "not "))
	case 4:
		return f("(%s %sin (%s, %s, %s))", a, g.pick("", "not "), g.constant(typ), g.constant(typ), g.constant(typ))
	case 5:
		return f("(%s %sbetween %s and %s)", a, g.pick("", "not "), b, g.of(typ, d))
	case 6:
		return f("(%s %slike '%s')", g.of(Text, d), g.pick("", "not "), g.pick("%", "a%", "%b", "%中%", "_", "__", "", "a_b", "%a%b%", "_%"))
	case 7:
		return f("%s(%s, %s)", g.pick("starts_with", "ends_with", "contains", "matches"), g.of(Text, d), g.pick("''", "'a'", "'b'", "'中'"))
	}
	return f("(%s %s %s)", a, g.pick("=", "!=", "<", "<=", ">", ">="), b)
}

func (g exprGen) constant(typ Type) string {
	if typ == Money {
		return g.pick("1", "0.5", "1.2345", "-2")
	}
	return g.literal(typ)
}

// frameType is the Arrow type that holds a column of a type in these tests.
func frameType(t Type, dict bool) arrow.DataType {
	switch t {
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Float:
		return arrow.PrimitiveTypes.Float64
	case Text:
		if dict {
			return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
		}
		return arrow.BinaryTypes.String
	}
	return arrow.PrimitiveTypes.Int64
}

func columnsOf(rows []map[string]any) []*frame.Column {
	cols := make([]*frame.Column, len(randomCols))
	for i, c := range randomCols {
		vals := make([]any, len(rows))
		for r := range rows {
			vals[r] = rows[r][c.name]
		}
		col := memtest.Column(frameType(c.typ, c.name == "s1"), vals...)
		cols[i] = &col
	}
	return cols
}

// cell is the value of row i as naive gives it.
func cell(c *frame.Column, typ Type, i int) any {
	if c.IsNull(i) {
		return nil
	}
	switch typ {
	case Bool:
		return c.I64[i] == 1
	case Float:
		return c.F64[i]
	case Text:
		return string(c.Str(i))
	}
	return c.I64[i]
}

func TestVectorsEqualTheNaiveEvaluator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := exprGen{t}
		typ := rapid.SampledFrom([]Type{Bool, Bool, Bool, Int, Float, Money, Text, Date}).Draw(t, "type")
		src := g.of(typ, rapid.IntRange(0, 4).Draw(t, "depth"))
		n, err := Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(Format(n))
		if err != nil || Format(again) != Format(n) {
			t.Fatalf("%s prints as %s (%v)", src, Format(n), err)
		}
		typed, got, err := Check(n, randomLookup)
		if err != nil {
			t.Skip(err.Error()) // such as a null written beside =
		}
		p, err := Compile(n, randomLookup)
		if err != nil {
			t.Fatal(err)
		}
		s := p.NewScratch()
		for batch := 0; batch < 2; batch++ { // the scratch is used again
			rows := make([]map[string]any, rapid.IntRange(0, 20).Draw(t, "rows"))
			for r := range rows {
				rows[r] = map[string]any{}
				for _, c := range randomCols {
					rows[r][c.name] = randomValue(t, c.typ)
				}
			}
			out, err := p.EvalWith(s, columnsOf(rows), len(rows))
			if err != nil {
				t.Fatal(err)
			}
			for r := range rows {
				want := naive{rows[r]}.eval(typed)
				if b, ok := want.(*big.Int); ok {
					want = b.Int64()
				}
				if have := cell(out, got, r); have != want {
					t.Fatalf("%s\n%v\nrow %d: %v, want %v", src, rows[r], r, have, want)
				}
			}
		}
	})
}
