package schema_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

var (
	i64  = arrow.PrimitiveTypes.Int64
	f64  = arrow.PrimitiveTypes.Float64
	text = arrow.BinaryTypes.String
	ts   = &arrow.TimestampType{Unit: arrow.Microsecond}
)

func fields(pairs ...any) *arrow.Schema {
	var fs []arrow.Field
	for i := 0; i < len(pairs); i += 2 {
		fs = append(fs, arrow.Field{Name: pairs[i].(string), Type: pairs[i+1].(arrow.DataType)})
	}
	return arrow.NewSchema(fs, nil)
}

// chosen renders a mapping as "canonical=Column …".
func chosen(m schema.Mapping) string {
	var out []string
	for _, c := range m.Choices {
		out = append(out, c.Canonical+"="+c.From)
	}
	return strings.Join(out, " ")
}

func TestPropose(t *testing.T) {
	tests := []struct {
		name  string
		table *schema.Table
		in    *arrow.Schema
		want  string // mapping, or the error
	}{
		{"canonical names win", schema.Orders, fields("order_id", i64, "orderid", i64, "order_ts", ts, "created_at", ts), "order_id=order_id order_ts=order_ts"},
		{"online retail", schema.Orders, fields("InvoiceNo", text, "StockCode", text, "Description", text, "Quantity", i64, "InvoiceDate", ts, "UnitPrice", f64, "CustomerID", f64, "Country", text),
			"order_id=InvoiceNo order_ts=InvoiceDate customer_id=CustomerID product_id=StockCode quantity=Quantity unit_price=UnitPrice product_name=Description country=Country"},
		{"online retail II", schema.Orders, fields("Invoice", text, "StockCode", text, "Price", f64, "Customer ID", f64, "InvoiceDate", ts, "Quantity", i64),
			"order_id=Invoice order_ts=InvoiceDate customer_id=Customer ID product_id=StockCode quantity=Quantity unit_price=Price"},
		{"generated", schema.Orders, fields("order_id", i64, "customer_id", i64, "product_id", i64, "category", text, "quantity", i64, "unit_price", f64, "order_ts", ts, "province", text, "payment", text, "status", text),
			"order_id=order_id order_ts=order_ts customer_id=customer_id product_id=product_id quantity=quantity unit_price=unit_price category=category region=province status=status payment=payment"},
		{"chinese", schema.Orders, fields("订单编号", text, "下单时间", ts, "会员ID", text, "商品编号", text, "商品名称", text, "数量", i64, "单价", f64, "省份", text, "订单状态", text, "支付方式", text),
			"order_id=订单编号 order_ts=下单时间 customer_id=会员ID product_id=商品编号 quantity=数量 unit_price=单价 product_name=商品名称 region=省份 status=订单状态 payment=支付方式"},
		{"doubtful totals are left alone", schema.Orders, fields("order_id", i64, "qty", i64, "price", f64, "total amount", f64), "order_id=order_id quantity=qty unit_price=price"},
		{"an amount alone", schema.Orders, fields("order_id", i64, "revenue", f64), "order_id=order_id amount=revenue"},
		{"types count", schema.Orders, fields("date", f64, "time", ts, "price", text, "state", &arrow.Time64Type{Unit: arrow.Microsecond}), `recognising the columns: "date" and "time" could both be order_ts`},
		{"two equally good", schema.Orders, fields("order_date", ts, "Order Time", ts), `recognising the columns: "order_date" and "Order Time" could both be order_ts`},
		{"a state beside a region is no status", schema.Orders, fields("order_id", i64, "region", text, "State", text), "order_id=order_id region=region"},
		{"optional ones may be unclear", schema.Orders, fields("order_id", i64, "shipping_province", text, "province", text, "state", text), "order_id=order_id"},
		{"nested columns are passed over", schema.Orders, fields("order_id", i64, "items", arrow.ListOf(text)), "order_id=order_id"},
		{"rees46", schema.Events, fields("event_time", ts, "event_type", text, "product_id", i64, "category_id", i64, "category_code", text, "brand", text, "price", f64, "user_id", i64, "user_session", text),
			"user_id=user_id event_ts=event_time event_type=event_type session_id=user_session product_id=product_id category=category_code price=price"},
		{"series", schema.Series, fields("unique_id", text, "ds", ts, "y", f64), "unique_id=unique_id ds=ds y=y"},
		{"movielens", schema.Interactions, fields("userId", i64, "movieId", i64, "rating", f64, "timestamp", i64), "user_id=userId item_id=movieId rating=rating ts=timestamp"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, _, err := schema.Propose(tt.table, tt.in, false)
			got := chosen(m)
			if err != nil {
				if got = err.Error(); fault.KindOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err), "--map ") {
					t.Errorf("kind %v, hint %q", fault.KindOf(err), fault.HintOf(err))
				}
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestGuess(t *testing.T) {
	tests := map[string]*arrow.Schema{
		"orders":       fields("order_id", i64, "order_ts", ts, "customer_id", i64, "product_id", i64, "quantity", i64, "price", f64),
		"events":       fields("event_time", ts, "event_type", text, "user_id", i64, "product_id", i64),
		"series":       fields("unique_id", text, "ds", ts, "y", f64),
		"interactions": fields("userId", i64, "movieId", i64, "rating", f64, "timestamp", i64),
	}
	for want, s := range tests {
		if got := schema.Guess(s, false); got == nil || got.Name != want {
			t.Errorf("%s: %v", want, got)
		}
	}
	if got := schema.Guess(fields("a", i64, "b", text), false); got != nil {
		t.Errorf("%s out of nothing", got.Name)
	}
}

// build makes a relation and renders its columns.
func build(o schema.BuildOptions) (string, *relation.Relation, error) {
	rel, _, err := schema.Build(context.Background(), o)
	if err != nil {
		return "", nil, err
	}
	var out []string
	for i, c := range rel.Columns {
		if i == rel.Canonical {
			out = append(out, "|")
		}
		from := c.From
		if c.Join > 0 {
			from = rel.Joins[c.Join-1].Name + "." + from
		}
		if c.Const != nil {
			from = "'" + *c.Const + "'"
		}
		out = append(out, fmt.Sprintf("%s:%v=%s%s", c.Name, c.Type, from, c.Layout))
	}
	return strings.Join(out, " "), rel, nil
}

func sales() *memtest.Dataset {
	return memtest.New([]string{"no", "when", "sku", "qty", "cost", "who", "amount", "at"},
		memtest.Column(text, "1", "2"), memtest.Column(text, "13/01/2024 10:00", "02/01/2024"), memtest.Column(i64, 7, 8),
		memtest.Column(i64, 1, 2), memtest.Column(f64, 1.5, 2.5), memtest.Column(f64, 17850.0, nil), memtest.Column(text, "x", "y"), memtest.Column(ts, 1, 2))
}

func TestBuildMaps(t *testing.T) {
	base := map[string]string{"order_id": "no", "order_ts": "when", "unit_price": "cost", "customer_id": "who", "amount": ""}
	with := func(more ...string) map[string]string {
		m := map[string]string{}
		for k, v := range base {
			m[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	tests := []struct {
		name string
		opts schema.BuildOptions
		want string
	}{
		{"day before month is seen in the values", schema.BuildOptions{Maps: base},
			"order_id:text=no order_ts:timestamp=whendmy customer_id:integer=who product_id:integer=sku quantity:integer=qty unit_price:number=cost"},
		{"unmapped columns keep their names, or get new ones", schema.BuildOptions{Maps: with("category", "sku", "product_id", "", "amount", "cost", "unit_price", ""), KeepUnmapped: true},
			"order_id:text=no order_ts:timestamp=whendmy customer_id:integer=who quantity:integer=qty amount:number=cost category:integer=sku | amount_raw:text=amount at:timestamp=at"},
		{"stated layout, constant, integer ids", schema.BuildOptions{Maps: with("order_ts", "when@mdy", "currency", "=GBP", "order_id", "no@int")},
			"order_id:integer=no order_ts:timestamp=whenmdy customer_id:integer=who product_id:integer=sku quantity:integer=qty unit_price:number=cost currency:text='GBP'"},
		{"no such column", schema.BuildOptions{Maps: with("order_id", "invoice")}, `--map order_id=invoice: the input has no column "invoice"`},
		{"no such canonical column", schema.BuildOptions{Maps: with("oder_id", "no")}, "--map oder_id: orders have no such column"},
		{"a type that cannot be", schema.BuildOptions{Maps: with("status", "at")}, "mapping status: column \"at\" holds timestamp[us] values, which cannot be its"},
		{"a constant that is no number", schema.BuildOptions{Maps: with("discount", "=a lot")}, "--map discount==a lot: the constant is no number"},
		{"no such preset", schema.BuildOptions{Preset: "amazon"}, `there is no preset "amazon"`},
		{"a preset of other files", schema.BuildOptions{Preset: "shopify"}, "the input does not look like shopify: it has none of its columns"},
		{"a preset of another table", schema.BuildOptions{Preset: "rees46", Table: "orders"}, "the preset rees46 describes events, not orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.opts.Fact = sales()
			got, _, err := build(tt.opts)
			if err != nil {
				if got = err.Error(); fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" {
					t.Errorf("kind %v, hint %q", fault.KindOf(err), fault.HintOf(err))
				}
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestBuildJoinsProducts(t *testing.T) {
	products := memtest.New([]string{"sku", "department", "title"}, memtest.Column(i64, 7, 8), memtest.Column(text, "food", "toys"), memtest.Column(text, "Bread", "Ball"))
	got, _, err := build(schema.BuildOptions{Fact: sales(), Maps: map[string]string{"order_ts": "when", "amount": ""}, Tables: map[string]source.Dataset{"products": products}})
	want := "order_ts:timestamp=whendmy product_id:integer=sku quantity:integer=qty product_name:text=products.title category:text=products.department"
	if got != want || err != nil {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}
	_, _, err = build(schema.BuildOptions{Fact: sales(), Maps: map[string]string{"order_ts": "when", "amount": "", "product_id": ""}, Tables: map[string]source.Dataset{"products": products}})
	if err == nil || !strings.Contains(err.Error(), "joining products: the input has no product_id") {
		t.Errorf("error %v", err)
	}
}

func TestDatesOfUnclearOrder(t *testing.T) {
	for texts, want := range map[string]string{
		"1/2/2024 2/3/2024":            "may be day/month or month/day",
		"1/2/2024 2/13/2024":           relation.LayoutMDY,
		"2024-01-01 2024-02-01":        "",
		"gestern heute":                `its text "gestern" is no time in a known form`,
		"1/2/2024 2/13/2024 31/1/2024": "may be day/month or month/day",
	} {
		var vals []any
		for _, s := range strings.Fields(texts) {
			vals = append(vals, s)
		}
		_, rel, err := build(schema.BuildOptions{Fact: memtest.New([]string{"order_ts"}, memtest.Column(text, vals...))})
		switch {
		case err != nil && !strings.Contains(err.Error(), want), err == nil && rel.Columns[0].Layout != want:
			t.Errorf("%s: %v, want %q", texts, err, want)
		case err != nil && !strings.Contains(fault.HintOf(err), "--map"):
			t.Errorf("%s: hint %q", texts, fault.HintOf(err))
		}
	}
}

func TestRequire(t *testing.T) {
	_, rel, err := build(schema.BuildOptions{Fact: memtest.New([]string{"order_id", "quantity"}, memtest.Column(i64, 1), memtest.Column(i64, 1))})
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Require(rel, "rfm", "order_id"); err != nil {
		t.Error(err)
	}
	err = schema.Require(rel, "rfm", "customer_id", "order_id", "money")
	if err == nil || err.Error() != "rfm needs the columns customer_id, amount (or quantity and unit_price), which the input does not have" || !strings.Contains(fault.HintOf(err), "--map customer_id=COLUMN") {
		t.Errorf("%v %s", err, fault.HintOf(err))
	}
}

// TestPresetsReadWhatCleanWrites: a preset must also know the canonical names.
func TestPresetsReadWhatCleanWrites(t *testing.T) {
	for _, p := range schema.Presets() {
		d := &memtest.Dataset{}
		var want []string
		for _, c := range p.Columns {
			if len(want) > 0 && want[len(want)-1] == c.Canonical {
				continue
			}
			typ := arrow.DataType(text)
			switch p.Table.Column(c.Canonical).Role {
			case schema.Time:
				typ = ts
			case schema.Number:
				typ = f64
			case schema.Quantity:
				typ = i64
			}
			d.Names, d.Cols = append(d.Names, c.Canonical), append(d.Cols, memtest.Column(typ))
			want = append(want, c.Canonical)
		}
		_, rel, err := build(schema.BuildOptions{Fact: d, Preset: p.Name})
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		var got []string
		for _, c := range rel.Columns {
			got = append(got, c.Name)
		}
		if d := cmp.Diff(len(want), len(got)); d != "" {
			t.Errorf("%s: %v, want %v", p.Name, got, want)
		}
	}
}

// TestTablesAreWhole: names once, descriptions in both languages.
func TestTablesAreWhole(t *testing.T) {
	for _, table := range schema.Tables {
		seen := map[string]string{}
		for _, c := range table.Columns {
			if c.EN == "" || c.ZH == "" {
				t.Errorf("%s.%s has no description", table.Name, c.Name)
			}
			for _, class := range c.Names {
				for _, n := range class {
					if n != strings.ToLower(n) || strings.ContainsAny(n, " _-.") {
						t.Errorf("%s.%s: %q is not in the form that names are compared in", table.Name, c.Name, n)
					}
					if old, dup := seen[n]; dup && old == c.Name {
						t.Errorf("%s.%s: %q twice", table.Name, c.Name, n)
					}
					seen[n] = c.Name
				}
			}
		}
	}
}

// TestMappingPage: the page names every table, column and preset.
func TestMappingPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "mapping.md"))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, p := range schema.Presets() {
		words = append(words, p.Name)
	}
	for _, table := range schema.Tables {
		words = append(append(words, table.Name), table.Names()...)
	}
	for _, w := range words {
		if !strings.Contains(string(page), "`"+w+"`") {
			t.Errorf("docs/mapping.md does not name %s", w)
		}
	}
}
