package relation

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// dupRelation draws a small table with many equal rows, whose order ids may
// rise, fall, repeat far away, or be missing.
func dupRelation(t *rapid.T) (*Relation, *memtest.Dataset) {
	n := rapid.IntRange(0, 60).Draw(t, "rows")
	ids := make([]int, n)
	step := rapid.SampledFrom([]int{1, -1, 0, 7}).Draw(t, "step")
	id := 100
	for i := range ids {
		switch {
		case step == 0:
			id = rapid.IntRange(0, 8).Draw(t, "id")
		case rapid.IntRange(0, 2).Draw(t, "next") == 0:
			id += step
			if step == 7 {
				id = 100 + (id+3)%11
			}
		}
		ids[i] = id
	}
	asText := rapid.Bool().Draw(t, "text ids")
	noKey := rapid.Bool().Draw(t, "no ids") && rapid.Bool().Draw(t, "really")
	var key, product, name, price, at []any
	for _, id := range ids {
		var k any = id
		if asText {
			k = fmt.Sprint("order ", id)
		}
		if rapid.IntRange(0, 20).Draw(t, "null id") == 0 {
			if k = nil; asText && rapid.Bool().Draw(t, "empty id") {
				k = "" // as good as null
			}
		}
		key = append(key, k)
		product = append(product, rapid.IntRange(1, 2).Draw(t, "product"))
		name = append(name, rapid.SampledFrom([]any{"a", "", nil}).Draw(t, "name"))
		price = append(price, rapid.SampledFrom([]any{1.5, 0.0, math.Copysign(0, -1), nil}).Draw(t, "price"))
		at = append(at, 1)
	}
	typ, stored := expr.Int, int64Type
	if asText {
		typ, stored = expr.Text, stringType
	}
	keyCol := memtest.Column(stored, key...)
	d := memtest.New([]string{"k", "p", "n", "v", "t"}, keyCol, memtest.Column(int64Type, product...), memtest.Column(dictType, name...),
		memtest.Column(doubleType, price...), memtest.Column(microType, at...))
	for c := range n {
		if c > 0 && rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
			d.Cuts = append(d.Cuts, c)
		}
	}
	d.Batch = rapid.SampledFrom([]int{0, 1, 3, 10}).Draw(t, "batch")
	cols := []Column{{Name: "order_id", Type: typ, From: "k"}, {Name: "product_id", Type: expr.Int, From: "p"},
		{Name: "product_name", Type: expr.Text, From: "n"}, {Name: "amount", Type: expr.Float, From: "v"}, {Name: "order_ts", Type: expr.Time, From: "t"}}
	if noKey {
		cols = cols[1:]
	}
	return &Relation{Name: "orders", Fact: d, Canonical: len(cols), Columns: cols, Zone: "UTC", AsOf: math.MaxInt64,
		Rules: []Rule{{Name: "no_order_id", Kind: Reject, Test: TestNull, Column: "order_id"}}}, d
}

// naive finds duplicates by comparing every row with every earlier one.
func naive(rel *Relation, d *memtest.Dataset) []string {
	var out []string
	starts := append(append([]int{0}, d.Cuts...), d.Rows())
	for i := range d.Rows() {
		reject := rel.Has("order_id") && blankAt(&d.Cols[0], i)
		for j := 0; j < i && !reject; j++ {
			same := true
			for _, c := range rel.Columns {
				in := &d.Cols[slices.Index(d.Names, c.From)]
				same = same && (equalAt(in, i, j) || (blankAt(in, i) && blankAt(in, j)))
			}
			if same {
				split := 0
				for starts[split+1] <= i {
					split++
				}
				out = append(out, fmt.Sprint(split, ":", i-starts[split]))
				break
			}
		}
	}
	return out
}

// blankAt reports whether a mapped value is null: empty text is.
func blankAt(c *frame.Column, i int) bool {
	return c.IsNull(i) || (c.Kind == frame.String && len(c.Str(i)) == 0)
}

func places(s *DupSet) []string {
	var out []string
	for split := range 1000 {
		for _, r := range s.Rows[split] {
			out = append(out, fmt.Sprint(split, ":", r))
		}
	}
	return out
}

func TestDuplicatesAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel, d := dupRelation(t)
		want := naive(rel, d)
		f, err := newDuplicates(context.Background(), rel, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "little memory") {
			f.memory, f.room = 100, 6000
		}
		set, sum, err := f.find(context.Background(), rapid.IntRange(1, 3).Draw(t, "threads"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, places(set)); diff != "" {
			t.Fatal(diff)
		}
		if sum.Rows != int64(len(want)) {
			t.Fatalf("%d rows counted", sum.Rows)
		}
		p, err := Compile(rel, nil, Duplicates(set))
		if err != nil {
			t.Fatal(err)
		}
		look := &tallyLook{prog: p}
		if _, err := p.Scan(context.Background(), 1, func() Visitor { return look }); err != nil {
			t.Fatal(err)
		}
		if got := look.rejected[ReasonDuplicate]; got != len(want) {
			t.Fatalf("%d rows rejected as duplicates instead of %d", got, len(want))
		}
	})
}

// tallyLook counts rows by reason.
type tallyLook struct {
	prog     *Program
	rejected map[string]int
}

func (v *tallyLook) Begin(int) {}
func (v *tallyLook) End()      {}
func (v *tallyLook) Visit(rows *Rows) error {
	if v.rejected == nil {
		v.rejected = map[string]int{}
	}
	for _, r := range rows.Reason {
		if r != NoReason {
			v.rejected[v.prog.Reasons[r].Name]++
		}
	}
	return nil
}
