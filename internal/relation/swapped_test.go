package relation_test

import (
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source/memtest"

	"github.com/apache/arrow/go/v17/arrow"
)

// TestDatesThatContradict: an order of day and month that values told ends the run at
// a value that only the other reads; a stated order makes a reject of it.
func TestDatesThatContradict(t *testing.T) {
	apply := func(guessed bool, texts ...any) error {
		rel := &relation.Relation{Name: "orders", Zone: "UTC", Canonical: 1,
			Fact:    memtest.New([]string{"when"}, memtest.Column(arrow.BinaryTypes.String, texts...)),
			Columns: []relation.Column{{Name: "order_ts", Type: expr.Time, From: "when", Layout: relation.LayoutMDY, Guessed: guessed}}}
		p, err := relation.Compile(rel, []string{"order_ts"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := rel.Fact.Splits()[0].Open(t.Context(), p.Wants())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var b frame.Batch
		if err := r.Next(&b); err != nil {
			t.Fatal(err)
		}
		_, err = p.NewWorker().Apply(&b)
		return err
	}
	err := apply(true, "1/13/2024", "nonsense", nil, "31/1/2024")
	if fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), `row 4: column "when": in "31/1/2024" day and month are exchanged`) ||
		!strings.Contains(fault.HintOf(err), "--map 'order_ts=when@dmy'") {
		t.Errorf("%v (hint %q)", err, fault.HintOf(err))
	}
	for _, err := range []error{apply(true, "1/13/2024", "nonsense", nil), apply(false, "1/13/2024", "31/1/2024")} {
		if err != nil {
			t.Error(err)
		}
	}
}
