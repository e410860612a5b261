package relation

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// shown joins what the rows became.
func shown(c *frame.Column) string {
	var out []string
	nulls := 0
	for i := range c.Len {
		out = append(out, cell(c, i))
		if c.IsNull(i) {
			nulls++
		}
	}
	if nulls != c.Nulls {
		return "nulls miscounted"
	}
	return strings.Join(out, "|")
}

func TestEmptyTextOfMappedColumnsIsNull(t *testing.T) {
	var z zone
	for _, typ := range []arrow.DataType{stringType, dictType} {
		in := memtest.Column(typ, "", "a", nil, " ", "")
		full := memtest.Column(typ, "b", "a")
		var v vec
		p := plan{typ: expr.Text, blank: true}
		for range 2 {
			if got := shown(v.convert(&p, &in, &z)); got != "null|a|null| |null" {
				t.Errorf("%s: %s", typ, got)
			}
			if c := v.convert(&p, &full, &z); shown(c) != "b|a" || c.Valid != nil {
				t.Errorf("%s: a column without empty text changed: %s", typ, shown(c))
			}
		}
		if got := shown(v.convert(&plan{typ: expr.Text}, &in, &z)); got != "|a|null| |" {
			t.Errorf("%s, unmapped: %s", typ, got)
		}
		if in.Nulls != 1 {
			t.Error("the source changed")
		}
	}
}

func TestCurrenciesAreCodes(t *testing.T) {
	var z zone
	for _, typ := range []arrow.DataType{stringType, dictType} {
		in := memtest.Column(typ, "BRL", "brl", " bRl ", "  ", nil, "é", "")
		same := memtest.Column(typ, "BRL", "USD")
		var v vec
		p := plan{typ: expr.Text}
		p.mappedText("currency")
		for range 2 {
			if got := shown(v.convert(&p, &in, &z)); got != "BRL|BRL|BRL|null|null|é|null" {
				t.Errorf("%s: %s", typ, got)
			}
			if got := shown(v.convert(&p, &same, &z)); got != "BRL|USD" {
				t.Errorf("%s: %s", typ, got)
			}
		}
		if string(in.Str(1)) != "brl" {
			t.Error("the source changed")
		}
	}
}

// TestEmptyKeysJoinNothing joins by text that may be empty, on either side.
func TestEmptyKeysJoinNothing(t *testing.T) {
	for _, typ := range []arrow.DataType{stringType, dictType} {
		fact := memtest.New([]string{"p"}, memtest.Column(typ, "", "a", "b", nil))
		dim := memtest.New([]string{"id", "cat", "cur"}, memtest.Column(typ, "", "a", "b", ""), memtest.Column(typ, "none", "toys", "", "void"), memtest.Column(typ, "x", " eur", "", "y"))
		rel := &Relation{Name: "orders", Fact: fact, Joins: []Join{{Name: "products", Table: dim, On: []On{{"p", "id"}}}}, Columns: []Column{
			{Name: "product_id", Type: expr.Text, From: "p"}, {Name: "category", Type: expr.Text, From: "cat", Join: 1}, {Name: "currency", Type: expr.Text, From: "cur", Join: 1},
		}, Canonical: 3}
		p, err := Compile(rel, []string{"product_id", "category", "currency"})
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
		w := p.NewWorker()
		rows, err := w.Apply(&b)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"null|a|b|null", "null|toys|null|null", "null|EUR|null|null"} {
			if got := shown(rows.Cols[i]); got != want {
				t.Errorf("%s, %s: %s, want %s", typ, p.Cols[i].Name, got, want)
			}
		}
		if w.Tally.Unmatched[0] != 2 {
			t.Errorf("%d rows unmatched", w.Tally.Unmatched[0])
		}
	}
}
