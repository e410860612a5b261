package local

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

var (
	int64Type = arrow.PrimitiveTypes.Int64
	floatType = arrow.PrimitiveTypes.Float64
	textType  = arrow.BinaryTypes.String
	timeType  = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// shop is the relation of the tests.
func shop(m *memory, zone string) *relation.Relation {
	col := func(name string, t expr.Type) relation.Column {
		return relation.Column{Name: name, From: name, Type: t}
	}
	r := &relation.Relation{Name: "orders", Fact: m, Zone: zone, AsOf: math.MaxInt64}
	for i, n := range m.names {
		t := map[arrow.DataType]expr.Type{int64Type: expr.Int, floatType: expr.Float, textType: expr.Text, timeType: expr.Time}[m.types[i]]
		r.Columns = append(r.Columns, col(n, t))
	}
	r.Canonical = len(r.Columns)
	r.Rules = []relation.Rule{
		{Name: "no_money", Kind: relation.Reject, When: expr.IsNull(expr.Col(relation.MoneyColumn)), Test: relation.TestNoMoney},
		{Name: "status", Kind: relation.Void, When: expr.Eq(expr.Col("status"), expr.Lit("void")), Test: relation.TestWords, Column: "status", Words: []string{"void"}},
		{Name: "reversal", Kind: relation.Reversal, When: expr.Lt(expr.Col("quantity"), expr.Lit(0)), Test: relation.TestNegative, Column: "quantity"},
	}
	return r
}

// drawShop makes random rows; few distinct values make groups and ties.
func drawShop(t *rapid.T) *memory {
	m := &memory{names: []string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price", "region", "status", "weight"},
		types: []arrow.DataType{int64Type, timeType, int64Type, textType, int64Type, floatType, textType, textType, floatType},
		batch: rapid.IntRange(1, 50).Draw(t, "batch"), dict: rapid.Bool().Draw(t, "dict"), stats: rapid.Bool().Draw(t, "stats")}
	if rapid.Bool().Draw(t, "textIDs") {
		m.types[0], m.types[2] = textType, textType
	}
	seed := rapid.Uint64().Draw(t, "seed")
	rng := rand.New(rand.NewPCG(seed, 1))
	rows := rapid.IntRange(0, 400).Draw(t, "rows")
	customers := 1 + rng.IntN(40)
	huge := rng.IntN(8) == 0
	scale := []float64{1, 1, 1e3, 1e5}[rng.IntN(4)] // money below and above 32 bits
	texts := []string{"", "a", "A", "ä", "日本", "a\x00", "zz", "longer than eight bytes", "longer than eight bites"}
	id := func(typ arrow.DataType, n int) cell {
		v := int64(rng.IntN(n))
		if huge && rng.IntN(5) == 0 {
			v = []int64{math.MaxInt64, math.MinInt64, -1, 1 << 40}[rng.IntN(4)]
		}
		if typ == textType {
			return fmt.Sprintf("%07d-id", v)
		}
		return v
	}
	for range rows {
		ts := int64(1700000000)*1e6 + rng.Int64N(800*dayMicros)
		switch rng.IntN(40) {
		case 0:
			ts += 50 * 365 * dayMicros
		case 1:
			ts = -ts * 3
		}
		weight := []float64{0.1, math.Copysign(0, -1), 1e300, -1e300, 1e-300, math.NaN(), math.Inf(1), 3.5, 1 / 3.0}[rng.IntN(9)]
		if !huge {
			weight = float64(rng.IntN(1000)) / 10
		}
		row := []cell{id(m.types[0], 1+rows/3), ts, id(m.types[2], customers), texts[rng.IntN(len(texts))], int64(rng.IntN(7) - 1),
			float64(rng.IntN(2000)) / 100 * scale, texts[rng.IntN(4)], []string{"paid", "void", "sent"}[rng.IntN(3)], weight}
		for i := range row {
			if rng.IntN(12) == 0 {
				row[i] = nil
			}
		}
		m.rows = append(m.rows, row)
	}
	cutRows(m, rng)
	return m
}

// cutRows cuts the rows into random splits.
func cutRows(m *memory, rng *rand.Rand) {
	m.splits = nil
	for at := 0; at < len(m.rows); {
		at = min(len(m.rows), at+1+rng.IntN(150))
		m.splits = append(m.splits, at)
	}
}

func drawQuery(t *rapid.T, i int) query.Query {
	q := query.Query{Name: fmt.Sprint("q", i)}
	if rapid.IntRange(0, 3).Draw(t, "scoped") == 0 {
		q.Scope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "scope"))
	}
	if rapid.IntRange(0, 3).Draw(t, "period") == 0 {
		q.From = int64(1700000000)*1e6 + rapid.Int64Range(0, 400).Draw(t, "from")*dayMicros
		q.To = q.From + rapid.Int64Range(0, 400).Draw(t, "days")*dayMicros
	}
	if rapid.IntRange(0, 3).Draw(t, "where") == 0 {
		q.Where = expr.Gt(expr.Col("unit_price"), expr.Lit(float64(rapid.IntRange(0, 20).Draw(t, "price"))))
	}
	cuts := []query.Cut{query.Hour, query.Day, query.Week, query.Month, query.Quarter, query.Year, query.HourOfDay, query.Weekday, query.MonthOfYear}
	for d := range rapid.IntRange(0, 3).Draw(t, "dims") {
		dim := query.Dim{Name: fmt.Sprint("d", d)}
		switch rapid.IntRange(0, 3).Draw(t, "dimKind") {
		case 0:
			dim.Column = rapid.SampledFrom([]string{"region", "product_id", "customer_id", "status", "weight", "quantity"}).Draw(t, "col")
		case 1, 2:
			dim.Column, dim.Cut = "order_ts", rapid.SampledFrom(cuts).Draw(t, "cut")
		case 3:
			dim.Column, dim.Cut, dim.FirstPer = "order_ts", rapid.SampledFrom(cuts).Draw(t, "cut"), rapid.SampledFrom([]string{"customer_id", "region"}).Draw(t, "per")
			dim.FirstScope = rapid.SampledFrom([]relation.Kinds{0, relation.Only(relation.Sold)}).Draw(t, "search")
		}
		q.Dims = append(q.Dims, dim)
	}
	for k := range rapid.IntRange(1, 4).Draw(t, "measures") {
		m := query.Measure{Name: fmt.Sprint("m", k), Op: query.Op(rapid.IntRange(0, 6).Draw(t, "op"))}
		nums := []string{"money", "quantity", "unit_price", "weight"}
		switch m.Op {
		case query.Sum, query.Mean:
			m.Column = rapid.SampledFrom(nums).Draw(t, "num")
		case query.Quantile:
			m.Column, m.P = rapid.SampledFrom(nums).Draw(t, "num"), rapid.Float64Range(0, 1).Draw(t, "p")
		case query.Count:
			m.Column = rapid.SampledFrom([]string{"", "customer_id", "region", "weight"}).Draw(t, "counted")
		default:
			m.Column = rapid.SampledFrom([]string{"order_id", "customer_id", "product_id", "region", "money", "weight", "order_ts", "quantity"}).Draw(t, "any")
			if m.Column == "order_ts" && rapid.Bool().Draw(t, "cutMeasure") {
				m.Cut = rapid.SampledFrom(cuts).Draw(t, "mcut")
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "mscoped") == 0 {
			m.Scope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "mscope"))
		}
		q.Measures = append(q.Measures, m)
	}
	return q
}

var shopColumns = []string{"order_id", "order_ts", "customer_id", "product_id", "quantity", "unit_price", "region", "status", "weight", "money"}

func TestQueriesAgreeWithTheNaiveEngine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawShop(t)
		rel := shop(m, rapid.SampledFrom([]string{"UTC", "America/Sao_Paulo", "Asia/Shanghai"}).Draw(t, "zone"))
		var plan query.Plan
		for i := range rapid.IntRange(1, 4).Draw(t, "queries") {
			plan.Queries = append(plan.Queries, drawQuery(t, i))
		}
		n := &naive{rel: rel, rows: naiveRows(fatal{t}, rel, shopColumns)}
		n.pass = func(q query.Query) []bool {
			out := make([]bool, len(n.rows))
			for i, r := range n.rows {
				p, ok := r.vals["unit_price"].(float64)
				out[i] = q.Where == nil || (ok && p > wherePrice(q))
			}
			return out
		}
		opt := attemptOptions{narrow: rapid.Bool().Draw(t, "narrow"), sparse: rapid.Bool().Draw(t, "sparse"),
			look: rapid.IntRange(1, 60).Draw(t, "look"), big: rapid.SampledFrom([]int{0, 2}).Draw(t, "big"), wide: rapid.Bool().Draw(t, "wide")}
		compare(t, rel, plan, n, opt)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "shuffle"), 2))
		rng.Shuffle(len(m.rows), func(i, j int) { m.rows[i], m.rows[j] = m.rows[j], m.rows[i] })
		cutRows(m, rng)
		compare(t, rel, plan, n, attemptOptions{})
		compareSpilled(t, rel, plan, n)
	})
}

// compareSpilled runs the plan outside memory; only what is known to need
// memory may be refused.
func compareSpilled(t *rapid.T, rel *relation.Relation, plan query.Plan, n *naive) {
	dir, err := os.MkdirTemp("", "spill")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	e := New(Options{Threads: rapid.IntRange(1, 3).Draw(t, "spillThreads"), TempDir: dir})
	firsts := func(q query.Query) bool {
		return slices.ContainsFunc(q.Dims, func(d query.Dim) bool { return d.FirstPer != "" })
	}
	for _, q := range plan.Queries {
		ans, err := e.external(context.Background(), rel, query.Plan{Queries: []query.Query{q}}, attemptOptions{})
		if fault.KindOf(err) == fault.Full && firsts(q) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, want := lines(ans.Tables[0]), n.query(q); !slices.Equal(got, want) {
			t.Fatalf("spilled %+v\n got %q\nwant %q", q, got, want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Fatalf("%d temporary files are left", len(left))
	}
}

func wherePrice(q query.Query) float64 {
	price := 0.0
	expr.Walk(q.Where, func(n expr.Node) {
		if l, ok := n.(*expr.Literal); ok {
			price = l.F
		}
	})
	return price
}

func compare(t *rapid.T, rel *relation.Relation, plan query.Plan, n *naive, opt attemptOptions) {
	e := New(Options{Threads: rapid.IntRange(1, 4).Draw(t, "threads")})
	ans, err := e.run(context.Background(), rel, plan, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range plan.Queries {
		got, want := lines(ans.Tables[i]), n.query(q)
		if !slices.Equal(got, want) {
			t.Fatalf("%+v\n got %q\nwant %q", q, got, want)
		}
	}
}

// fatal lets helpers written for testing.TB serve a rapid check.
type fatal struct{ *rapid.T }
