package expr_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	. "github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/expr/exprtest"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// columnsOf are pointers to exprtest.Columns.
func columnsOf(rows []map[string]any) []*frame.Column {
	cols := exprtest.Columns(rows)
	out := make([]*frame.Column, len(cols))
	for i := range cols {
		out[i] = &cols[i]
	}
	return out
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
		g := exprtest.Gen{T: t}
		typ := rapid.SampledFrom([]Type{Bool, Bool, Bool, Int, Float, Money, Text, Date}).Draw(t, "type")
		src := g.Expr(typ, rapid.IntRange(0, 4).Draw(t, "depth"))
		n, err := Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(Format(n))
		if err != nil || Format(again) != Format(n) {
			t.Fatalf("%s prints as %s (%v)", src, Format(n), err)
		}
		typed, got, err := Check(n, exprtest.Lookup)
		if err != nil {
			t.Skip(err.Error()) // such as a null written beside =
		}
		p, err := Compile(n, exprtest.Lookup)
		if err != nil {
			t.Fatal(err)
		}
		s := p.NewScratch()
		for batch := 0; batch < 2; batch++ { // the scratch is used again
			rows := g.Rows(20)
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
