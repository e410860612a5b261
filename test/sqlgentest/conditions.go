package sqlgentest

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/expr/exprtest"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// conditions: a random expression is true for the same rows.
func (e *Engine) conditions(t *testing.T) {
	kinds := map[expr.Type]arrow.DataType{expr.Bool: arrow.FixedWidthTypes.Boolean, expr.Int: int64Type, expr.Float: f64Type, expr.Text: arrow.BinaryTypes.String,
		expr.Time: &arrow.TimestampType{Unit: arrow.Microsecond}, expr.Date: arrow.FixedWidthTypes.Date32}
	rapid.Check(t, func(t *rapid.T) {
		g := exprtest.Gen{T: t, Plain: true}
		const rows = 8
		ids := make([]any, rows)
		for i := range ids {
			ids[i] = int64(i)
		}
		d := memtest.New([]string{"id"}, memtest.Column(int64Type, ids...))
		rel := &relation.Relation{Name: "t", Fact: d, AsOf: math.MaxInt64, Columns: []relation.Column{{Name: "id", From: "id", Type: expr.Int}}, Canonical: 1}
		for _, c := range exprtest.Cols {
			typ, ok := kinds[c.Type]
			if !ok { // no column of a source is money
				continue
			}
			vals := make([]any, rows)
			for i := range vals {
				vals[i] = g.Value(c.Type)
			}
			d.Names, d.Cols = append(d.Names, c.Name), append(d.Cols, memtest.Column(typ, vals...))
			rel.Columns = append(rel.Columns, relation.Column{Name: c.Name, From: c.Name, Type: c.Type})
		}
		if err := e.load("t", d); err != nil {
			t.Fatal(err)
		}
		asked := 0
		for range 6 {
			n, err := expr.Parse(g.Expr(expr.Bool, rapid.IntRange(0, 3).Draw(t, "depth")))
			if err != nil {
				t.Fatal(err)
			}
			lookup := func(name string) (int, expr.Type, bool) {
				if i := rel.Find(name); i >= 0 {
					return i, rel.Columns[i].Type, true
				}
				return 0, 0, false
			}
			if _, err := expr.CheckCondition(n, lookup); err != nil {
				continue
			}
			asked++
			e.sameAnswer(t, rel, query.Query{Name: "c", Where: n, Dims: []query.Dim{{Name: "id", Column: "id"}}, Measures: []query.Measure{{Name: "n", Op: query.Count}}})
		}
		if asked == 0 {
			t.Skip("no expression without money")
		}
	})
}
