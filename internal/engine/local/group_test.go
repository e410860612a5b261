package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/source"
)

// grouping answers a grouping by sorting rows.
func (n *naive) grouping(g query.Grouping) []string {
	q := query.Query{Scope: g.Scope, From: g.From, To: g.To}.Normal()
	groups := map[cell][]*naiveRow{}
	var keys []cell
	for i := range n.rows {
		r := &n.rows[i]
		k := r.vals[g.Key]
		if !q.Scope.In(r.kind) || !n.inPeriod(r, q) || k == nil || r.vals[g.Item] == nil {
			continue
		}
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], r)
	}
	sort.Slice(keys, func(a, b int) bool { return compareCells(keys[a], keys[b]) < 0 })
	var out []string
	ranks := n.textRanks(g, groups)
	for _, k := range keys {
		rows := groups[k]
		sort.SliceStable(rows, func(a, b int) bool {
			for _, o := range g.Order {
				if c := compareCells(rows[a].vals[o], rows[b].vals[o]); c != 0 {
					return c < 0
				}
			}
			return false
		})
		seen := map[cell]bool{}
		line := show(k) + ":"
		for _, r := range rows {
			it := r.vals[g.Item]
			if g.Distinct && seen[it] {
				continue
			}
			seen[it] = true
			line += " " + show(it)
			for _, v := range g.Values {
				line += "/" + show(ranks.of(v, r.vals[v]))
			}
			for _, v := range g.Codes {
				line += "#" + show(r.vals[v])
			}
		}
		out = append(out, line)
	}
	return out
}

// rankOf are the ranks that stand for texts, by column.
type rankOf map[string]map[cell]int64

// of returns what the engine gives for a value.
func (r rankOf) of(column string, c cell) cell {
	if rank, text := r[column]; text && c != nil {
		return rank[c]
	}
	return c
}

func (n *naive) textRanks(g query.Grouping, groups map[cell][]*naiveRow) rankOf {
	ranks := rankOf{}
	for _, v := range g.Values {
		if n.typ(v) != expr.Text {
			continue
		}
		var texts []cell
		seen := map[cell]bool{nil: true}
		for _, rows := range groups {
			for _, r := range rows {
				if c := r.vals[v]; !seen[c] {
					seen[c] = true
					texts = append(texts, c)
				}
			}
		}
		sort.Slice(texts, func(a, b int) bool { return compareCells(texts[a], texts[b]) < 0 })
		ranks[v] = map[cell]int64{}
		for i, c := range texts {
			ranks[v][c] = int64(i)
		}
	}
	return ranks
}

// groupLines shows groups as the naive answer is shown.
func groupLines(n *naive, q query.Grouping, g *query.Groups) []string {
	var out []string
	for k := range g.Keys.Len {
		line := show(cellOf(&g.Keys, k)) + ":"
		for i := g.Off[k]; i < g.Off[k+1]; i++ {
			line += " " + show(cellOf(&g.ItemKeys, int(g.Items[i])))
			for j, v := range g.Values {
				var c cell = v[i]
				if v[i] == query.NullValue {
					c = nil
				} else if n.typ(q.Values[j]) == expr.Float {
					c = floatOf(v[i]) + 0
				}
				line += "/" + show(c)
			}
			for j := range q.Codes {
				var c cell
				if code := g.Codes[j][i]; code != query.NullCode {
					c = cellOf(&g.CodeKeys[j], int(code))
				}
				line += "#" + show(c)
			}
		}
		out = append(out, line)
	}
	return out
}

func TestGroupingsAgreeWithTheNaiveEngine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawShop(t)
		rel := shop(m, "UTC")
		names := []string{"order_id", "customer_id", "product_id", "region", "quantity", "weight"}
		g := query.Grouping{Name: "g", Key: rapid.SampledFrom(names).Draw(t, "key"), Item: rapid.SampledFrom(names).Draw(t, "item"), Distinct: rapid.Bool().Draw(t, "distinct"),
			Order:  rapid.SliceOfN(rapid.SampledFrom([]string{"order_ts", "region", "weight", "quantity", "money"}), 0, 2).Draw(t, "order"),
			Values: rapid.SliceOfN(rapid.SampledFrom([]string{"order_ts", "weight", "quantity", "money", "region"}), 0, 2).Draw(t, "values"),
			Codes:  rapid.SliceOfN(rapid.SampledFrom([]string{"region", "customer_id", "weight", "order_ts"}), 0, 2).Draw(t, "codes")}
		n := &naive{rel: rel, rows: naiveRows(t, rel, shopColumns)}
		ans, err := New(Options{Threads: rapid.IntRange(1, 4).Draw(t, "threads")}).Run(context.Background(), rel, query.Plan{Groupings: []query.Grouping{g}})
		if err != nil {
			t.Fatal(err)
		}
		got := groupLines(n, g, ans.Groups[0])
		if want := n.grouping(g); !slices.Equal(got, want) {
			t.Fatalf("%+v\n got %q\nwant %q", g, got, want)
		}
		items := &ans.Groups[0].ItemKeys
		for i := 1; i < items.Len; i++ {
			if compareCell(items, i-1, items, i) >= 0 {
				t.Fatal("item keys are not sorted")
			}
		}
	})
}

// TestGroupsSortManyRows: groups of thousands of rows, with and without nulls in what
// orders them, agree with the naive engine.
func TestGroupsSortManyRows(t *testing.T) {
	m := bigShop(3000)
	rng := rand.New(rand.NewPCG(5, 5))
	for _, r := range m.rows { // in no order of time, some without a price
		r[1] = r[1].(int64) + rng.Int64N(int64(1e12))
		if rng.IntN(40) == 0 {
			r[4] = nil
		}
	}
	rel := shop(m, "UTC")
	n := &naive{rel: rel, rows: naiveRows(t, rel, []string{"order_id", "order_ts", "customer_id", "quantity", "unit_price"})}
	for _, order := range [][]string{{"unit_price"}, {"order_ts"}, {"order_id", "unit_price"}, nil} {
		g := query.Grouping{Name: "g", Scope: 31, Key: "quantity", Item: "order_id", Order: order, Values: []string{"order_ts", "unit_price"}, Codes: []string{"customer_id"}}
		ans, err := New(Options{Threads: 2}).Run(context.Background(), rel, query.Plan{Groupings: []query.Grouping{g}})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := groupLines(n, g, ans.Groups[0]), n.grouping(g); !slices.Equal(got, want) {
			t.Errorf("ordered by %v: %d groups, want %d, or other rows", order, len(got), len(want))
		}
	}
}

// TestGroupsKeepToTheBudget: rows that do not fit are refused, and queries beside
// groups that fit still go to disk.
func TestGroupsKeepToTheBudget(t *testing.T) {
	m := bigShop(20_000)
	rel := shop(m, "UTC")
	g := query.Grouping{Name: "g", Key: "customer_id", Item: "order_id", Order: []string{"order_ts"}, Values: []string{"order_ts"}}
	q := query.Query{Name: "q", Dims: []query.Dim{{Name: "c", Column: "customer_id"}}, Measures: []query.Measure{{Name: "p", Op: query.CountDistinct, Column: "order_id"}}}
	plan := query.Plan{Queries: []query.Query{q}, Groupings: []query.Grouping{g}}
	_, err := New(Options{Threads: 2, Memory: 100 << 10}).Run(context.Background(), rel, plan)
	if fault.KindOf(err) != fault.Full || fault.HintOf(err) == "" {
		t.Errorf("a budget of 100 KiB: %v", err)
	}
	want, err := New(Options{Threads: 2}).Run(context.Background(), rel, plan)
	if err != nil {
		t.Fatal(err)
	}
	got, err := New(Options{Threads: 2, Memory: 2 << 20}).Run(context.Background(), rel, plan)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Groups[0].Items, want.Groups[0].Items) || !slices.Equal(got.Groups[0].Values[0], want.Groups[0].Values[0]) || got.Tables[0].N != want.Tables[0].N {
		t.Error("the answers differ with the budget")
	}
}

// collector checks the order of Finish and sums rows.
type collector struct {
	split int
	rows  int64
	next  *atomic.Int64
	total *int64
	fail  int
}

func (c *collector) Batch(b *frame.Batch) error {
	c.rows += int64(b.N)
	if c.split == c.fail {
		return fault.New(fault.Data, "split %d", c.split)
	}
	return nil
}

func (c *collector) Finish() error {
	if at := c.next.Add(1) - 1; at != int64(c.split) {
		return fmt.Errorf("split %d finished at place %d", c.split, at)
	}
	*c.total += c.rows
	return nil
}

func TestScanFinishesInOrder(t *testing.T) {
	m := bigShop(5000)
	cutRows(m, rand.New(rand.NewPCG(3, 3)))
	want := []source.Want{{Col: 0}}
	for threads := 1; threads <= 4; threads++ {
		for _, fail := range []int{-1, 7} {
			var next atomic.Int64
			total := int64(0)
			err := Scan(context.Background(), m, want, ScanOptions{Threads: threads}, func(split int) (Consumer, error) {
				return &collector{split: split, next: &next, total: &total, fail: fail}, nil
			})
			switch {
			case fail < 0 && (err != nil || total != 5000):
				t.Fatalf("%d rows, %v", total, err)
			case fail >= 0 && fault.KindOf(err) != fault.Data:
				t.Fatalf("the failure of a split is lost: %v", err)
			}
		}
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	err := parallel.Each(context.Background(), 3, 2, func(_ context.Context, _, i int) error {
		if i == 1 {
			panic("boom")
		}
		return nil
	})
	if fault.KindOf(err) != fault.Internal {
		t.Fatalf("got %v", err)
	}
}
