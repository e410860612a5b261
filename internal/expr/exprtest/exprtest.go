// Package exprtest makes random expressions for tests of what evaluates or prints them.
package exprtest

import (
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// Col is a column of the schema.
type Col struct {
	Name string
	Type expr.Type
}

// Cols is the schema of random expressions: two columns of each type, one text with a
// dictionary and one without.
var Cols = []Col{
	{"b1", expr.Bool}, {"b2", expr.Bool}, {"i1", expr.Int}, {"i2", expr.Int}, {"f1", expr.Float}, {"f2", expr.Float}, {"m1", expr.Money}, {"m2", expr.Money},
	{"s1", expr.Text}, {"中文", expr.Text}, {"t1", expr.Time}, {"t2", expr.Time}, {"d1", expr.Date}, {"d2", expr.Date},
}

// Lookup knows the columns of Cols by name.
func Lookup(name string) (int, expr.Type, bool) {
	for i, c := range Cols {
		if c.Name == name {
			return i, c.Type, true
		}
	}
	return 0, 0, false
}

var someInts = []int64{0, 1, -1, 2, 3, 5, 7, 10, -10, 12345, 10000, -20001, 5000, -5000, 45000, math.MaxInt64, math.MinInt64, math.MaxInt64 / 10000, 1 << 53, 1<<53 + 1}
var someFloats = []float64{0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 10.12345, 1e300, -1e300, 5e-324, 4503599627370497.5, math.NaN(), math.Inf(1), math.Inf(-1), 3}
var someTexts = []string{"", "a", "A", "ab", "SP", "sp", "%", "_", "é", "中文", "中", "a'b", "zz", "aXb", "  sp  ", " ", "x\x00y"}
var someTimes = []int64{0, 1, -1, 86400e6, -86400e6, 1704067200000000, 1709164800000000, -62135596800000000, 253402300799999999, -86400e6 - 1}
var someDays = []int64{0, 1, -1, 19723, 19782, -719162, 2932896, 59, 60}

// Value draws a value of a type as memtest.Column takes it; nil is null.
func (g Gen) Value(typ expr.Type) any {
	t := g.T
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	switch typ {
	case expr.Bool:
		return rapid.Bool().Draw(t, "b")
	case expr.Float:
		return rapid.SampledFrom(someFloats).Draw(t, "f")
	case expr.Text:
		return rapid.SampledFrom(g.texts()).Draw(t, "s")
	case expr.Time:
		return rapid.SampledFrom(someTimes).Draw(t, "t")
	case expr.Date:
		return rapid.SampledFrom(someDays).Draw(t, "d")
	}
	return rapid.SampledFrom(someInts).Draw(t, "i")
}

// Gen writes random expressions of a wanted type, and values for their columns.
type Gen struct {
	T *rapid.T
	// Plain leaves out what some databases cannot say: matches, and zero bytes in text.
	Plain bool
}

func (g Gen) texts() []string {
	if g.Plain {
		return someTexts[:len(someTexts)-1]
	}
	return someTexts
}

func (g Gen) pick(options ...string) string { return rapid.SampledFrom(options).Draw(g.T, "pick") }

func (g Gen) column(typ expr.Type) string {
	var names []string
	for _, c := range Cols {
		if c.Type == typ {
			names = append(names, c.Name)
		}
	}
	return g.pick(names...)
}

func (g Gen) literal(typ expr.Type) string {
	switch typ {
	case expr.Bool:
		return g.pick("true", "false")
	case expr.Int:
		return g.pick("0", "1", "-1", "2", "10", "9223372036854775807", "-9223372036854775808", "1e0")
	case expr.Float:
		return g.pick("0.5", "1.5", "-2.5", "1e300", "10.12345", "0.0")
	case expr.Money:
		return g.pick("m1", "m2")
	case expr.Time:
		return g.pick("timestamp '2024-01-01'", "timestamp '1969-12-31 23:59:59.999999'")
	case expr.Date:
		return g.pick("date '2024-02-29'", "date '1970-01-01'")
	}
	return "'" + strings.ReplaceAll(g.pick(g.texts()...), "'", "''") + "'"
}

// Expr writes an expression of the type, nested at most depth levels.
func (g Gen) Expr(typ expr.Type, depth int) string {
	if depth <= 0 {
		if rapid.IntRange(0, 2).Draw(g.T, "leaf") > 0 {
			return g.column(typ)
		}
		return g.literal(typ)
	}
	d := depth - 1
	f := fmt.Sprintf
	switch rapid.IntRange(0, 4).Draw(g.T, "shape") {
	case 0:
		return f("coalesce(%s, %s)", g.Expr(typ, d), g.Expr(typ, d))
	case 1:
		return f("nullif(%s, %s)", g.Expr(typ, d), g.Expr(typ, d))
	case 2:
		return f("case when %s then %s else %s end", g.Expr(expr.Bool, d), g.Expr(typ, d), g.Expr(typ, d))
	}
	switch typ {
	case expr.Bool:
		return g.boolean(d)
	case expr.Int:
		return g.pick(f("(%s %s %s)", g.Expr(expr.Int, d), g.pick("+", "-", "*", "%"), g.Expr(expr.Int, d)), f("length(%s)", g.Expr(expr.Text, d)), f("- %s", g.Expr(expr.Int, 0)),
			f("abs(%s)", g.Expr(expr.Int, d)), f("%s(%s)", g.pick("year", "month", "day", "weekday", "hour"), g.Expr(expr.Time, d)),
			f("%s(%s)", g.pick("year", "month", "day", "weekday"), g.Expr(expr.Date, d)), f("(%s - %s)", g.Expr(expr.Date, d), g.Expr(expr.Date, d)))
	case expr.Float:
		return g.pick(f("(%s %s %s)", g.Expr(expr.Float, d), g.pick("+", "-", "*", "/"), g.Expr(g.number(), d)), f("(%s / %s)", g.Expr(g.number(), d), g.Expr(g.number(), d)),
			f("%s(%s)", g.pick("abs", "round", "floor", "ceil"), g.Expr(expr.Float, d)), f("round(%s, %s)", g.Expr(expr.Float, d), g.pick("0", "1", "2", "15")))
	case expr.Money:
		return g.pick(f("(%s %s %s)", g.Expr(expr.Money, d), g.pick("+", "-", "%"), g.Expr(expr.Money, d)), f("(%s * %s)", g.Expr(expr.Money, d), g.Expr(expr.Int, d)),
			f("%s(%s)", g.pick("abs", "round", "floor", "ceil"), g.Expr(expr.Money, d)), f("round(%s, %s)", g.Expr(expr.Money, d), g.pick("0", "1", "2", "3", "4")), f("(%s + 1.25)", g.column(expr.Money)))
	case expr.Text:
		return f("%s(%s)", g.pick("lower", "upper", "trim"), g.Expr(expr.Text, d))
	case expr.Date:
		return g.pick(f("date(%s)", g.Expr(expr.Time, d)), f("(%s + %s)", g.Expr(expr.Date, d), g.Expr(expr.Int, 0)))
	}
	return g.column(typ)
}

func (g Gen) number() expr.Type {
	return rapid.SampledFrom([]expr.Type{expr.Int, expr.Float, expr.Money}).Draw(g.T, "number")
}

func (g Gen) boolean(d int) string {
	f := fmt.Sprintf
	typ := rapid.SampledFrom([]expr.Type{expr.Int, expr.Float, expr.Money, expr.Text, expr.Time, expr.Date}).Draw(g.T, "type")
	other := typ
	if typ <= expr.Money {
		other = g.number()
	}
	a, b := g.Expr(typ, d), g.Expr(other, d)
	switch rapid.IntRange(0, 8).Draw(g.T, "test") {
	case 0:
		return f("(%s and %s)", g.Expr(expr.Bool, d), g.Expr(expr.Bool, d))
	case 1:
		return f("(%s or %s or %s)", g.Expr(expr.Bool, d), g.Expr(expr.Bool, d), g.Expr(expr.Bool, 0))
	case 2:
		return f("(not %s)", g.Expr(expr.Bool, d))
	case 3:
		return f("(%s is %snull)", a, g.pick("", "not "))
	case 4:
		return f("(%s %sin (%s, %s, %s))", a, g.pick("", "not "), g.constant(typ), g.constant(typ), g.constant(typ))
	case 5:
		return f("(%s %sbetween %s and %s)", a, g.pick("", "not "), b, g.Expr(typ, d))
	case 6:
		return f("(%s %slike '%s')", g.Expr(expr.Text, d), g.pick("", "not "), g.pick("%", "a%", "%b", "%中%", "_", "__", "", "a_b", "%a%b%", "_%"))
	case 7:
		find := "contains"
		if !g.Plain {
			find = g.pick("contains", "matches")
		}
		return f("%s(%s, %s)", g.pick("starts_with", "ends_with", find), g.Expr(expr.Text, d), g.pick("''", "'a'", "'b'", "'中'"))
	}
	return f("(%s %s %s)", a, g.pick("=", "!=", "<", "<=", ">", ">="), b)
}

func (g Gen) constant(typ expr.Type) string {
	if typ == expr.Money {
		return g.pick("1", "0.5", "1.2345", "-2")
	}
	return g.literal(typ)
}

// FrameType is the Arrow type that holds a column of a type in memory.
func FrameType(t expr.Type, dict bool) arrow.DataType {
	switch t {
	case expr.Bool:
		return arrow.FixedWidthTypes.Boolean
	case expr.Float:
		return arrow.PrimitiveTypes.Float64
	case expr.Text:
		if dict {
			return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
		}
		return arrow.BinaryTypes.String
	}
	return arrow.PrimitiveTypes.Int64
}

// Columns makes the columns of Cols from rows of values by name. s1 has a dictionary.
func Columns(rows []map[string]any) []frame.Column {
	cols := make([]frame.Column, len(Cols))
	for i, c := range Cols {
		vals := make([]any, len(rows))
		for r := range rows {
			vals[r] = rows[r][c.Name]
		}
		cols[i] = memtest.Column(FrameType(c.Type, c.Name == "s1"), vals...)
	}
	return cols
}

// Rows draws up to most rows of values.
func (g Gen) Rows(most int) []map[string]any {
	rows := make([]map[string]any, rapid.IntRange(0, most).Draw(g.T, "rows"))
	for r := range rows {
		rows[r] = map[string]any{}
		for _, c := range Cols {
			rows[r][c.Name] = g.Value(c.Type)
		}
	}
	return rows
}
