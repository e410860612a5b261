package relation

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

func TestIntegersAsTextKeepAllDigits(t *testing.T) {
	wideDec := memtest.Column(&arrow.Decimal128Type{Precision: 38, Scale: 0}, 0, 0, nil)
	wideDec.I64, wideDec.D128 = nil, []decimal128.Num{decimal128.New(1, 5), decimal128.FromI64(-7), {}}
	tests := []struct {
		in   frame.Column
		want string
	}{
		{memtest.Column(arrow.PrimitiveTypes.Uint64, 0, -1, nil, int64(math.MinInt64)), "0|18446744073709551615|null|9223372036854775808"},
		{memtest.Column(&arrow.Decimal128Type{Precision: 20, Scale: 0}, 12, nil, -3), "12|null|-3"},
		{wideDec, "18446744073709551621|-7|null"},
		{memtest.Column(int64Type, -5, nil), "-5|null"},
	}
	var z zone
	var v vec
	for range 2 { // buffers are reused
		for _, tt := range tests {
			if got := shown(v.convert(&plan{typ: expr.Text, blank: true}, &tt.in, &z)); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.in.Type, got, tt.want)
			}
		}
	}
}

// TestKeysBeyondInt64 joins by unsigned keys, of which none may be lost.
func TestKeysBeyondInt64(t *testing.T) {
	u64 := arrow.PrimitiveTypes.Uint64
	for _, right := range []arrow.DataType{u64, int64Type} {
		fact := memtest.New([]string{"p"}, memtest.Column(u64, -1, 5, nil, 6))
		dim := memtest.New([]string{"id", "cat"}, memtest.Column(right, 5, -1), memtest.Column(stringType, "five", "last"))
		rel := &Relation{Name: "orders", Fact: fact, Joins: []Join{{Name: "products", Table: dim, On: []On{{"p", "id"}}}},
			Columns: []Column{{Name: "product_id", Type: expr.Text, From: "p"}, {Name: "category", Type: expr.Text, From: "cat", Join: 1}}, Canonical: 2}
		p, err := Compile(rel, []string{"product_id", "category"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Load(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		r, err := fact.Splits()[0].Open(t.Context(), p.Wants())
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		if err := r.Next(&b); err != nil {
			t.Fatal(err)
		}
		rows, err := p.NewWorker().Apply(&b)
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(rows.Cols[0]); got != "18446744073709551615|5|null|6" {
			t.Errorf("ids: %s", got)
		}
		want := "last|five|null|null"
		if right == int64Type {
			want = "null|five|null|null" // -1 is not 2^64-1
		}
		if got := shown(rows.Cols[1]); got != want {
			t.Errorf("joined by %s: %s, want %s", right, got, want)
		}
	}
}
