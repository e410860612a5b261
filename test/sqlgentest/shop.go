package sqlgentest

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// The names of the source are as hostile as names get.
const (
	orderCol   = `Order "No"; DROP TABLE x --`
	tsCol      = "select"
	customer   = "客户 编号"
	productCol = "p'roduct`"
	quantity   = "Qty\n."
	price      = "unit_price"
	regionCol  = "row_kind"
	statusCol  = "source"
	weightCol  = "step_1"
	flagCol    = "key"
	moneyCol   = "code"
	noteCol    = "note"
)

var (
	microsUTC = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	millis    = &arrow.TimestampType{Unit: arrow.Millisecond}
	nanosUTC  = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	dictText  = &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	int64Type = arrow.PrimitiveTypes.Int64
	f64Type   = arrow.PrimitiveTypes.Float64
)

// drawCell draws a value, null now and then.
func drawCell[T any](t *rapid.T, vals ...T) any {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return nil
	}
	return rapid.SampledFrom(vals).Draw(t, "cell")
}

// drawTime draws a timestamp of a unit (ticks a second).
func drawTime(t *rapid.T, ticks int64) any {
	switch rapid.IntRange(0, 12).Draw(t, "time") {
	case 0:
		return nil
	case 1:
		return rapid.SampledFrom([]int64{0, -1, 951782400 * ticks, 951868799 * ticks, -2203977600 * ticks, 4107542400 * ticks, 1709164800*ticks - 1}).Draw(t, "edge")
	}
	return rapid.Int64Range(1_672_531_200, 1_704_067_200).Draw(t, "second")*ticks + rapid.Int64Range(0, ticks-1).Draw(t, "fraction")
}

// drawShop draws a small fact table with a joined one, and the relation over them.
func drawShop(t *rapid.T) (*relation.Relation, *memtest.Dataset, *memtest.Dataset) {
	n := rapid.IntRange(0, 40).Draw(t, "rows")
	cols := map[string][]any{}
	unit := rapid.SampledFrom([]arrow.DataType{microsUTC, millis, nanosUTC}).Draw(t, "unit")
	ticks := map[arrow.DataType]int64{microsUTC: 1e6, millis: 1e3, nanosUTC: 1e9}[unit]
	qtyType := rapid.SampledFrom([]arrow.DataType{int64Type, int64Type, f64Type}).Draw(t, "quantityType")
	priceType := rapid.SampledFrom([]arrow.DataType{f64Type, f64Type, int64Type}).Draw(t, "priceType")
	number := func(typ arrow.DataType, v any) any {
		if f, ok := v.(float64); ok && typ == int64Type {
			return int64(f)
		}
		return v
	}
	for range n {
		if len(cols[orderCol]) > 0 && rapid.IntRange(0, 7).Draw(t, "again") == 0 { // an equal row
			for k, v := range cols {
				cols[k] = append(v, v[len(v)-1])
			}
			continue
		}
		add := func(name string, v any) { cols[name] = append(cols[name], v) }
		add(orderCol, drawCell(t, "1", "2", "3", "x", "", "é"))
		add(tsCol, drawTime(t, ticks))
		add(customer, drawCell(t, 1.0, 2, 3, -7, 1<<53, 2.5, math.NaN(), math.Inf(1)))
		add(productCol, drawCell(t, "a", "A", "中", "a'b", "a\x00", "zz", ""))
		add(quantity, number(qtyType, drawCell(t, 1.0, 2, 3, 0, -1, -2, 1e15)))
		add(price, number(priceType, drawCell(t, 0.0, 1.5, 0.00005, 2.00015, 1.005, 19.99, -1, 1e12, 333333.33335)))
		add(regionCol, drawCell(t, "SP", "RJ", "", "ü", "sp"))
		add(statusCol, drawCell(t, "paid", " VOID", "void ", "sent", ""))
		add(weightCol, drawCell(t, 0.5, math.Copysign(0, -1), 0, 1.0/3, 1e300, math.NaN(), math.Inf(-1), -2.25))
		add(flagCol, drawCell(t, int64(0), 1))
		add(moneyCol, drawCell(t, "BRL", "brl", " bRl ", "USD", "", "  ", "é"))
		add(noteCol, drawCell(t, "", "x"))
	}
	types := []arrow.DataType{arrow.BinaryTypes.String, unit, f64Type, dictText, qtyType, priceType, dictText, arrow.BinaryTypes.String, f64Type, arrow.FixedWidthTypes.Boolean,
		rapid.SampledFrom([]arrow.DataType{dictText, arrow.BinaryTypes.String}).Draw(t, "codeType"), dictText}
	names := []string{orderCol, tsCol, customer, productCol, quantity, price, regionCol, statusCol, weightCol, flagCol, moneyCol, noteCol}
	fact := &memtest.Dataset{Names: names, Batch: rapid.IntRange(1, 20).Draw(t, "batch")}
	for i, name := range names {
		fact.Cols = append(fact.Cols, memtest.Column(types[i], cols[name]...))
	}
	if n > 3 {
		fact.Cuts = []int{rapid.IntRange(1, n-1).Draw(t, "cut")}
	}
	dim := memtest.New([]string{"id", "Cat", "launch"}, memtest.Column(arrow.BinaryTypes.String, "a", "A", "中", "", nil),
		memtest.Column(dictText, "food", "food", "", "toys", nil), memtest.Column(arrow.FixedWidthTypes.Date32, int64(19000), int64(19500), int64(-1), nil, nil))
	return relationOf(t, fact, dim), fact, dim
}

func relationOf(t *rapid.T, fact, dim source.Dataset) *relation.Relation {
	rel := &relation.Relation{Name: "Or'd\"ers", Fact: fact, AsOf: math.MaxInt64, Dedupe: rapid.IntRange(0, 3).Draw(t, "dedupe") == 0,
		Joins: []relation.Join{{Name: "products", Table: dim, On: []relation.On{{Left: productCol, Right: "id"}}}}}
	if rapid.Bool().Draw(t, "present") {
		rel.Joins[0].Present = "Cat"
	}
	rel.Zone = rapid.SampledFrom([]string{"UTC", "", "America/Sao_Paulo", "Asia/Shanghai", "Europe/London", "Asia/Kathmandu"}).Draw(t, "zone")
	add := func(name, from string, typ expr.Type, join int) {
		rel.Columns = append(rel.Columns, relation.Column{Name: name, From: from, Type: typ, Join: join})
	}
	add("order_id", orderCol, expr.Text, 0)
	add("order_ts", tsCol, expr.Time, 0)
	add("customer_id", customer, expr.Int, 0)
	add("product_id", productCol, expr.Text, 0)
	if rapid.Bool().Draw(t, "else") {
		rel.Columns[len(rel.Columns)-1].Else = noteCol
	}
	add("quantity", quantity, rapid.SampledFrom([]expr.Type{expr.Int, expr.Float}).Draw(t, "quantityAs"), 0)
	add("unit_price", price, expr.Float, 0)
	add("region", regionCol, expr.Text, 0)
	add("status", statusCol, expr.Text, 0)
	add("category", "Cat", expr.Text, 1)
	add("currency", moneyCol, expr.Text, 0)
	rel.Canonical = len(rel.Columns)
	add("weight", weightCol, expr.Float, 0)
	add("flag", flagCol, expr.Bool, 0)
	add("note", noteCol, expr.Text, 0)
	add("launch", "launch", expr.Date, 1)
	if rapid.Bool().Draw(t, "asof") {
		rel.AsOf = 1_690_000_000_000_000
	}
	if rapid.IntRange(0, 4).Draw(t, "rules") > 0 {
		money := expr.Col(relation.MoneyColumn)
		status := expr.Call("lower", expr.Call("trim", expr.Col("status")))
		rel.Rules = []relation.Rule{
			{Name: "no_order_id", Kind: relation.Reject, Test: relation.TestNull, Column: "order_id", When: expr.IsNull(expr.Col("order_id"))},
			{Name: relation.ReasonUnparsable, Kind: relation.Reject, Test: relation.TestBad, When: expr.Col(relation.BadColumn)},
			{Name: "no_money", Kind: relation.Reject, Test: relation.TestNoMoney, When: expr.IsNull(money)},
			{Name: "negative_price", Kind: relation.Reject, Test: relation.TestNegative, Column: "unit_price", When: expr.Lt(expr.Col("unit_price"), expr.Lit(0))},
			{Name: "zero_quantity", Kind: relation.Reject, Test: relation.TestZero, Column: "quantity", When: expr.Eq(expr.Col("quantity"), expr.Lit(0))},
			{Name: "void", Kind: relation.Void, Test: relation.TestWords, Column: "status", Words: []string{"void"}, When: expr.In(status, "void")},
			{Name: "reversal", Kind: relation.Reversal, Test: relation.TestExpr, When: expr.Or(expr.Lt(expr.Col("quantity"), expr.Lit(0)), expr.Lt(money, expr.MoneyLit(0)))},
		}
	}
	return rel
}

var someWheres = []string{
	"region = 'SP' and unit_price > 1", "not (region in ('SP', 'ü'))", "region is null or length(product_id) = 1", "money > 10.5", "unit_price * quantity >= 3",
	"flag", "order_ts >= '2023-06-01' and order_ts < '2023-09-15 12:00'", "month(order_ts) in (1, 2, 12)", "weekday(order_ts) > 5", "year(launch) = 2022", "product_id like '%a%'",
	"round(unit_price, 2) = 1", "coalesce(customer_id, 0) % 2 = 0", "case when status = 'paid' then 1 else 0 end = 1", "customer_id * 4611686018427387904 is null",
	"hour(order_ts) between 3 and 20", "abs(weight) < 1 or weight is null", "launch + 30 > date '2022-03-01'", "date(order_ts) - launch > 500", "weight / 0 is null",
}

var allCuts = []query.Cut{query.Hour, query.Day, query.Week, query.Month, query.Quarter, query.Year, query.HourOfDay, query.Weekday, query.MonthOfYear}

func drawQuery(t *rapid.T) query.Query {
	q := query.Query{Name: "q"}
	if rapid.IntRange(0, 2).Draw(t, "scoped") == 0 {
		q.Scope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "scope"))
	}
	if rapid.IntRange(0, 3).Draw(t, "period") == 0 {
		q.From = rapid.SampledFrom([]int64{query.MinTime, 1_680_000_000_000_000}).Draw(t, "from")
		q.To = rapid.SampledFrom([]int64{query.MaxTime, 1_695_000_000_000_001}).Draw(t, "to")
	}
	if rapid.Bool().Draw(t, "where") {
		n, err := expr.Parse(rapid.SampledFrom(someWheres).Draw(t, "expr"))
		if err != nil {
			panic(err)
		}
		q.Where = n
	}
	cut := func() query.Cut { return rapid.SampledFrom(allCuts).Draw(t, "cut") }
	for d := range rapid.IntRange(0, 3).Draw(t, "dims") {
		dim := query.Dim{Name: fmt.Sprintf(`d"%d`, d)}
		if rapid.IntRange(0, 3).Draw(t, "searched") == 0 {
			dim.FirstScope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "firstScope"))
		}
		switch rapid.IntRange(0, 3).Draw(t, "dim") {
		case 0:
			dim.Column = rapid.SampledFrom([]string{"region", "product_id", "customer_id", "category", "order_id", "launch", "quantity", "currency", "note"}).Draw(t, "col")
		case 1:
			dim.Column, dim.Cut = "order_ts", cut()
		case 2:
			dim.Column, dim.Cut = "launch", cut()
			if dim.Cut == query.Hour || dim.Cut == query.HourOfDay {
				dim.Cut = query.Month
			}
		case 3:
			dim.Column, dim.Cut, dim.FirstPer = "order_ts", cut(), rapid.SampledFrom([]string{"customer_id", "region", "category"}).Draw(t, "per")
		}
		q.Dims = append(q.Dims, dim)
	}
	for k := range rapid.IntRange(1, 4).Draw(t, "measures") {
		m := query.Measure{Name: fmt.Sprint("m", k), Op: query.Op(rapid.IntRange(0, 6).Draw(t, "op"))}
		numbers := []string{"money", "quantity", "unit_price", "customer_id"}
		switch m.Op {
		case query.Sum, query.Mean:
			m.Column = rapid.SampledFrom(numbers[:3]).Draw(t, "num")
		case query.Quantile:
			m.Column, m.P = rapid.SampledFrom(append(numbers, "weight")).Draw(t, "num"), rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.95, 1, 1.0 / 3}).Draw(t, "p")
		case query.Count:
			m.Column = rapid.SampledFrom([]string{"", "customer_id", "region", "weight", "flag", "currency", "note"}).Draw(t, "counted")
		default:
			m.Column = rapid.SampledFrom([]string{"order_id", "customer_id", "product_id", "region", "currency", "note", "money", "weight", "order_ts", "quantity", "launch"}).Draw(t, "any")
			if m.Column == "order_ts" && rapid.Bool().Draw(t, "cutMeasure") {
				m.Cut = cut()
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "mscoped") == 0 {
			m.Scope = relation.Kinds(rapid.IntRange(1, 31).Draw(t, "mscope"))
		}
		q.Measures = append(q.Measures, m)
	}
	return q
}
