package quality

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// TestSuggestedRulesHold: whatever the table, the suggested file is valid and the
// table passes it.
func TestSuggestedRulesHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ds := drawTable(rt)
		for i := range ds.Names {
			ds.Names[i] += rapid.SampledFrom([]string{"_id", "", ": x", "\n- {", "编号", "#"}).Draw(rt, "suffix")
		}
		p, err := NewProfile(context.Background(), ds, ProfileOptions{Threads: 2})
		if err != nil {
			rt.Fatal(err)
		}
		text := Suggest(p, "in\nput")
		rules, err := ParseRules("s.yaml", bytes.NewReader(text))
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		r, err := Validate(context.Background(), ds, rules, Options{Threads: 2})
		if err != nil {
			rt.Fatal(err)
		}
		if ds.Rows() > 0 && r.Count(Pass) != len(rules) {
			rt.Fatalf("%s\n%s", outcomes(r), text)
		}
	})
}

func TestSuggestForAShop(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 20_000, Seed: 2, Regions: "br"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProfile(context.Background(), shop, ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(Suggest(p, "orders.parquet"))
	for _, want := range []string{
		"  # order_id: never empty\n  - {type: not_null, column: order_id}\n",
		"  - {type: type, column: order_ts, as: timestamp}\n",
		"  # unit_price: always above 0, least ",
		"  - {type: range, column: unit_price, above: 0}\n",
		"  # quantity: ",
		"  - {type: set, column: status, severity: warn, values: [cancelled, completed, paid, refunded, returned, unpaid]}\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for _, never := range []string{"not_null, column: customer_id", "type: unique", "range, column: quantity", "set, column: product_name"} {
		if strings.Contains(text, never) {
			t.Errorf("%q is in\n%s", never, text)
		}
	}
}

func TestSuggestFromFewRows(t *testing.T) {
	p, err := NewProfile(context.Background(), memtest.New([]string{"a"}, memtest.Column(arrow.PrimitiveTypes.Int64, 1, 2)), ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if text := string(Suggest(p, "x")); strings.Contains(text, "not_null") || !strings.Contains(text, "too few") {
		t.Error(text)
	}
}
