package schema

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// proven is a table whose statistics say that integers are 0 to 9.
type proven struct{ *memtest.Dataset }

func (p proven) Splits() (out []source.Split) {
	for _, s := range p.Dataset.Splits() {
		out = append(out, provenSplit{s})
	}
	return out
}

type provenSplit struct{ source.Split }

func (provenSplit) Stats(int) (source.Stats, bool) { return source.Stats{MaxI64: 9}, true }

// idShop has one order of each id, of a type of integers.
func idShop(t arrow.DataType, ids ...any) *memtest.Dataset {
	ones := make([]any, len(ids))
	for i := range ones {
		ones[i] = 1
	}
	return memtest.New([]string{"order_id", "order_ts", "quantity", "amount"}, memtest.Column(t, ids...),
		memtest.Column(&arrow.TimestampType{Unit: arrow.Microsecond}, ones...), memtest.Column(arrow.PrimitiveTypes.Uint64, ones...),
		memtest.Column(arrow.PrimitiveTypes.Float64, make([]any, len(ids))...))
}

// TestIDsBeyondInt64AreText checks which columns of integers become text ids.
func TestIDsBeyondInt64AreText(t *testing.T) {
	dec := func(p, s int32) arrow.DataType { return &arrow.Decimal128Type{Precision: p, Scale: s} }
	tests := []struct {
		name string
		fact source.Dataset
		maps map[string]string
		want expr.Type
	}{
		{"unsigned", idShop(arrow.PrimitiveTypes.Uint64, 1), nil, expr.Text},
		{"unsigned, small by the statistics", proven{idShop(arrow.PrimitiveTypes.Uint64, 1)}, nil, expr.Int},
		{"unsigned, said to be integers", idShop(arrow.PrimitiveTypes.Uint64, 1), map[string]string{"order_id": "order_id@int"}, expr.Int},
		{"unsigned of 32 bits", idShop(arrow.PrimitiveTypes.Uint32, 1), nil, expr.Int},
		{"signed", idShop(arrow.PrimitiveTypes.Int64, 1), nil, expr.Int},
		{"19 digits", idShop(dec(19, 0), 1), nil, expr.Text},
		{"18 digits", idShop(dec(18, 0), 1), nil, expr.Int},
		{"a fraction", idShop(dec(20, 2), 100), nil, expr.Int},
	}
	for _, tt := range tests {
		rel, _, err := Build(t.Context(), BuildOptions{Table: "orders", Fact: tt.fact, Maps: tt.maps, Now: math.MaxInt32})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := rel.Columns[rel.Find("order_id")].Type; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if got := rel.Columns[rel.Find("quantity")].Type; got != expr.Int {
			t.Errorf("%s: quantities are %s", tt.name, got)
		}
		p, err := relation.Compile(rel, []string{"order_id"})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if p.Cols[0].Type != tt.want {
			t.Errorf("%s: compiled as %s", tt.name, p.Cols[0].Type)
		}
	}
}
