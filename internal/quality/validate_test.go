package quality

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/csv"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

func parseRules(t testing.TB, text string) []Rule {
	t.Helper()
	rules, err := ParseRules("rules.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func validate(t testing.TB, ds source.Dataset, rules string, o Options) *Report {
	t.Helper()
	r, err := Validate(context.Background(), ds, parseRules(t, rules), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// dump prints a dataset: a line a row, values separated by bars.
func dump(t testing.TB, ds source.Dataset) (lines []string) {
	t.Helper()
	var wants []source.Want
	for i := range ds.Schema().NumFields() {
		wants = append(wants, source.Want{Col: i})
	}
	for _, s := range ds.Splits() {
		r, err := s.Open(context.Background(), wants)
		if err != nil {
			t.Fatal(err)
		}
		var b frame.Batch
		for {
			err := r.Next(&b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for row := range b.N {
				var parts []string
				for k := range b.Cols {
					c := &b.Cols[k]
					f := newFormatter(c.Type)
					if c.IsNull(row) {
						parts = append(parts, "∅")
					} else {
						parts = append(parts, f.string(valueAt(c, row)))
					}
				}
				lines = append(lines, strings.Join(parts, "|"))
			}
		}
		r.Close()
	}
	return lines
}

func outcomes(r *Report) string {
	var lines []string
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		lines = append(lines, fmt.Sprintf("%s [%s] %d/%d %s: %s", o.Rule.Name, o.Column, o.Failed, o.Checked, o.Status, o.message()))
	}
	return strings.Join(lines, "\n")
}

const shopCSV = `order_id,product_id,quantity,unit_price,region,order_ts
1,P1,2,9.90,SP,2024-01-01 10:00:00
1,P2,-1,5,RJ,2024-01-02 10:00:00
2,P1,0,,XX,2024-01-03 10:00:00
2,P1,0,,XX,2024-01-03 10:00:00
,P9,three,1e3,SP,yesterday
3,P2,1,1.00,SP,2024-01-04 10:00:00,extra
3,P2,1,-4,,2031-01-01 00:00:00
`

func openCSV(t testing.TB, name, text string) source.Dataset {
	t.Helper()
	ds, err := csv.Open(context.Background(), name, strings.NewReader(text), int64(len(text)), csv.Options{Delimiter: ',', Header: csv.HeaderYes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ds.Close() })
	return ds
}

// TestValidateText checks every type of rule on a small dirty text file.
func TestValidateText(t *testing.T) {
	r := validate(t, openCSV(t, "shop.csv", shopCSV), `
version: 1
rules:
  - {type: not_null, columns: [order_id, unit_price]}
  - {type: unique, columns: [order_id, product_id], name: line_key}
  - {type: unique, columns: ["*"], severity: warn}
  - {type: type, column: quantity, as: integer}
  - {type: type, column: order_ts, as: timestamp}
  - {type: range, column: unit_price, min: 0}
  - {type: range, column: order_ts, min: 2024-01-02, below: 2030-01-01}
  - {type: set, column: region, values: [SP, RJ]}
  - {type: pattern, column: product_id, pattern: '^P[1-5]$'}
  - {type: foreign_key, column: product_id, references: {file: products.csv, column: id}}
  - {type: row_count, min: 10, max: 20}
  - {type: expression, expression: "quantity <> 0 or region = 'SP'", name: sold_something}
  - {type: expression, expression: "unit_price > 5", where: "region = 'SP'", name: dear_in_sp, max_failed: 1}
  - {type: freshness, column: order_ts, max_age: 30d}
  - {type: not_null, column: no_such_column, if_present: true}
`, Options{Threads: 2, Now: 1_735_689_600_000_000, Open: func(_ context.Context, file string) (source.Dataset, error) {
		return openCSV(t, file, "id,name\nP1,one\nP2,two\n"), nil
	}})
	want := strings.TrimSpace(`
readable [] 1/7 fail: row 6: …
not_null_order_id [order_id] 1/6 fail: row 5: null
not_null_unit_price [unit_price] 2/6 fail: row 3: null; row 4: null
line_key [order_id, product_id] 1/5 fail: row 4: order_id=2, product_id="P1"
unique_row [*] 1/6 warn: row 4: order_id=2, product_id="P1", quantity="0", unit_price=null, …
type_quantity [quantity] 1/6 fail: row 5: "three"
type_order_ts [order_ts] 1/6 fail: row 5: "yesterday"
range_unit_price [unit_price] 1/4 fail: row 7: -4
range_order_ts [order_ts] 3/6 fail: row 1: "2024-01-01 10:00:00"; row 5: "yesterday"; row 7: "2031-01-01 00:00:00"
set_region [region] 2/5 fail: row 3: "XX"; row 4: "XX"
pattern_product_id [product_id] 1/6 fail: row 5: "P9"
foreign_key_product_id [product_id] 1/6 fail: row 5: "P9"
row_count [] 1/7 fail: the input has 7 rows, wanted 10 to 20
sold_something [quantity, region] 2/6 fail: row 3: quantity="0", region="XX"; row 4: quantity="0", region="XX"
dear_in_sp [unit_price] 0/2 pass: 
freshness_order_ts [order_ts] 0/5 pass: 
not_null_no_such_column [no_such_column] 0/0 skipped: the input has no column no_such_column`)
	// the reader words why a line cannot be split
	got := regexp.MustCompile(`(?m)^(readable .*: row 6: ).+$`).ReplaceAllString(outcomes(r), "${1}…")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if fault.KindOf(r.Err()) != fault.Data || fault.KindOf(r.Err()).ExitCode() != 3 {
		t.Errorf("error %v", r.Err())
	}
	fails := dump(t, r.Failures())
	if len(fails) != 18 || fails[0] != "1|P1|2|9.90|SP|2024-01-01 10:00:00|range_order_ts|shop.csv|1|∅" ||
		!slices.Contains(fails, "∅|∅|∅|∅|∅|∅|readable|shop.csv|6|3,P2,1,1.00,SP,2024-01-04 10:00:00,extra") ||
		!slices.Contains(fails, "∅|P9|three|1e3|SP|yesterday|type_quantity|shop.csv|5|∅") {
		t.Errorf("%d failing rows:\n%s", len(fails), strings.Join(fails, "\n"))
	}
}

// TestValidateLikeTheDefinition checks random rules over random tables against plain
// loops, with random splits, threads and memory.
func TestValidateLikeTheDefinition(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(rt, "rows")
		ids, names, nums := make([]any, n), make([]any, n), make([]any, n)
		for i := range n {
			if rapid.IntRange(0, 7).Draw(rt, "null") > 0 {
				ids[i] = rapid.Int64Range(0, 40).Draw(rt, "id")
			}
			if rapid.IntRange(0, 7).Draw(rt, "null") > 0 {
				names[i] = rapid.SampledFrom([]string{"SP", "RJ", "MG", "sp", ""}).Draw(rt, "name")
			}
			nums[i] = rapid.SampledFrom([]float64{-1, 0, 1, 2.5, 1000}).Draw(rt, "num")
		}
		ds := memtest.New([]string{"id", "name", "num"},
			memtest.Column(arrow.PrimitiveTypes.Int64, ids...), memtest.Column(&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}, names...), memtest.Column(arrow.PrimitiveTypes.Float64, nums...))
		ds.Batch = rapid.IntRange(1, 40).Draw(rt, "batch")
		if n > 3 {
			ds.Cuts = rapid.SampledFrom([][]int{nil, {n / 2}, {1, n / 3, n - 1}}).Draw(rt, "cuts")
		}
		parent := memtest.New([]string{"key"}, memtest.Column(arrow.BinaryTypes.String, "0", "1", "2", "30", "5", "5"))
		r, err := Validate(context.Background(), ds, parseRules(t, `
rules:
  - {type: not_null, column: id}
  - {type: unique, column: id}
  - {type: unique, columns: [id, name]}
  - {type: unique, columns: ["*"], where: "num >= 0"}
  - {type: range, column: num, above: -1, max: 2.5}
  - {type: set, column: name, values: [SP, RJ]}
  - {type: pattern, column: name, pattern: '^[A-Z]{2}$'}
  - {type: foreign_key, column: id, references: {file: p, column: key}}
  - {type: expression, expression: "id < 20 or num > 0"}
`), Options{Threads: rapid.IntRange(1, 3).Draw(rt, "threads"), Memory: rapid.SampledFrom([]int64{1, 4000, 0}).Draw(rt, "memory"), TempDir: dir,
			Open: func(context.Context, string) (source.Dataset, error) { return parent, nil }})
		if err != nil {
			rt.Fatal(err)
		}
		seen := make([]map[string]bool, 3)
		for k := range seen {
			seen[k] = map[string]bool{}
		}
		repeated := func(k int, key string) bool { again := seen[k][key]; seen[k][key] = true; return again }
		var want []string
		checked := make([]int64, len(r.Outcomes))
		names2 := []string{"not_null_id", "unique_id", "unique_id_name", "unique_row", "range_num", "set_name", "pattern_name", "foreign_key_id", "expression"}
		for i := range n {
			rule := func(k int, ok bool) {
				checked[k]++
				if !ok {
					want = append(want, fmt.Sprintf("%s %d", names2[k], i+1))
				}
			}
			id, hasID := ids[i].(int64)
			name, hasName := names[i].(string)
			num := nums[i].(float64)
			rule(0, hasID)
			if hasID {
				rule(1, !repeated(0, fmt.Sprint(id)))
			}
			if hasID && hasName {
				rule(2, !repeated(1, fmt.Sprint(id, "|", name)))
			}
			if num >= 0 {
				rule(3, !repeated(2, fmt.Sprint(ids[i], "|", names[i], hasName, "|", num)))
			}
			rule(4, num > -1 && num <= 2.5)
			if hasName {
				rule(5, name == "SP" || name == "RJ")
				rule(6, name == "SP" || name == "RJ" || name == "MG")
			}
			if hasID {
				rule(7, slices.Contains([]int64{0, 1, 2, 30, 5}, id))
			}
			rule(8, !hasID && num <= 0 || !hasID || id < 20 || num > 0)
		}
		var got []string
		for _, line := range dump(t, r.Failures()) {
			p := strings.Split(line, "|")
			got = append(got, p[3]+" "+p[5])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			rt.Fatalf("failing rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for k := range r.Outcomes {
			failed := int64(0)
			for _, w := range want {
				if strings.HasPrefix(w, names2[k]+" ") {
					failed++
				}
			}
			if o := r.Outcomes[k]; o.Failed != failed || o.Checked != checked[k] || (o.Status == Fail) != (failed > 0) {
				rt.Fatalf("%s: %d of %d %s, want %d of %d", o.Rule.Name, o.Failed, o.Checked, o.Status, failed, checked[k])
			}
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v %v", left, err)
	}
}

// TestTypedColumns: rules on columns of typed files, text among them.
func TestTypedColumns(t *testing.T) {
	ds := memtest.New([]string{"text", "float", "date", "dec", "ns"},
		memtest.Column(arrow.BinaryTypes.String, "12", "x", nil, "1.5", "2024-02-30"),
		memtest.Column(arrow.PrimitiveTypes.Float64, 1.0, 2.5, nil, 17850.0, -3.0),
		memtest.Column(arrow.FixedWidthTypes.Date32, 19723, 19724, nil, 0, 30000),
		memtest.Column(&arrow.Decimal128Type{Precision: 10, Scale: 2}, 100, 250, nil, 0, -1),
		memtest.Column(&arrow.TimestampType{Unit: arrow.Nanosecond}, int64(1_704_067_200_000_000_000), int64(1_704_067_200_000_000_001), nil, int64(-1), int64(0)),
	)
	r := validate(t, ds, `
rules:
  - {name: a, type: type, column: text, as: integer}
  - {name: b, type: type, column: text, as: date}
  - {name: c, type: type, column: float, as: integer}
  - {name: d, type: type, column: dec, as: integer}
  - {name: e, type: type, column: date, as: number}
  - {name: f, type: range, column: text, min: 5}
  - {name: g, type: range, column: date, min: 2024-01-02}
  - {name: h, type: range, column: dec, above: 0, max: 2.5}
  - {name: i, type: range, column: ns, above: 2024-01-01}
  - {name: j, type: set, column: float, values: [1, 2.50, 17850]}
  - {name: k, type: type, column: ns, as: date}
  - {name: l, type: expression, expression: "dec >= 0 and ns >= '1970-01-01'"}
`, Options{})
	want := strings.TrimSpace(`
a [text] 3/4 fail: row 2: "x"; row 4: "1.5"; row 5: "2024-02-30"
b [text] 4/4 fail: row 1: "12"; row 2: "x"; row 4: "1.5"
c [float] 1/4 fail: row 2: 2.5
d [dec] 2/4 fail: row 2: 2.50; row 5: -0.01
e [date] 4/4 fail: row 1: 2024-01-01; row 2: 2024-01-02; row 4: 1970-01-01
f [text] 3/4 fail: row 2: "x"; row 4: "1.5"; row 5: "2024-02-30"
g [date] 2/4 fail: row 1: 2024-01-01; row 4: 1970-01-01
h [dec] 2/4 fail: row 4: 0.00; row 5: -0.01
i [ns] 4/4 fail: row 1: 2024-01-01T00:00:00; row 2: 2024-01-01T00:00:00.000000001; row 4: 1969-12-31T23:59:59.999999999
j [float] 1/4 fail: row 5: -3
k [ns] 2/4 fail: row 2: 2024-01-01T00:00:00.000000001; row 4: 1969-12-31T23:59:59.999999999
l [dec, ns] 2/5 fail: row 4: dec=0.00, ns=1969-12-31T23:59:59.999999999; row 5: dec=-0.01, ns=1970-01-01T00:00:00`)
	if got := outcomes(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRuleMistakes(t *testing.T) {
	for _, c := range []struct{ rule, want, hint string }{
		{"{column: a}", "a rule has no type", "not_null"},
		{"{type: not_nul, column: a}", `"not_nul" is not known`, "did you mean not_null?"},
		{"{type: not_null}", "needs column", "add"},
		{"{type: not_null, column: a, columns: [b]}", "has column and columns", "one"},
		{"{type: not_null, column: a, min: 1}", `has no key "min"`, "takes"},
		{"{type: not_null, column: a, sverity: warn}", `has no key "sverity"`, `did you mean "severity"?`},
		{"{type: not_null, column: a, severity: fatal}", `severity "fatal"`, "error or warn"},
		{"{type: not_null, column: }", "column has no value", "value"},
		{"{type: not_null, column: '*'}", "* stands for all", "name"},
		{"{type: range, column: a}", "no end", "min"},
		{"{type: range, column: a, min: 5, max: 1}", "ends before", "exchange"},
		{"{type: range, column: a, min: 5, max: x}", "different kinds", "numbers"},
		{"{type: range, column: a, min: 5, above: 4}", "two ends", "one"},
		{"{type: range, column: a, min: [1]}", "min is a list", "text"},
		{"{type: set, column: a, values: []}", "values is empty", "list"},
		{"{type: pattern, column: a, pattern: '('}", "missing closing )", "RE2"},
		{"{type: foreign_key, column: a, references: p.csv}", "references is text", "key: value"},
		{"{type: foreign_key, column: a, references: {file: p.csv}}", "references has no column", "write"},
		{"{type: foreign_key, columns: [a, b], references: {file: p, column: c}}", "2 columns", "one"},
		{"{type: row_count}", "no bound", "min"},
		{"{type: row_count, min: 5, max: 2}", "ends before", "exchange"},
		{"{type: row_count, min: -1}", "negative", "0"},
		{"{type: row_count, min: 1, where: a = 1}", "takes no where", "remove"},
		{"{type: type, column: a, as: money}", `"money" is not a type`, "integer"},
		{"{type: expression, expression: 'a >'}", "line 2: expression", ""},
		{"{type: freshness, column: a, max_age: soon}", `"soon" is not a time`, "36h"},
		{"{type: not_null, column: a, max_ratio: 2}", "max_ratio is 2", "share"},
		{"{type: not_null, column: a, max_failed: -2}", "max_failed is negative", "0"},
		{"{name: x, type: not_null, column: a}\n  - {name: x, type: not_null, column: b}", `"x" is given twice`, "differently"},
	} {
		_, err := ParseRules("r.yaml", strings.NewReader("rules:\n  - "+c.rule+"\n"))
		if fault.KindOf(err) != fault.Usage || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "r.yaml") || !strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("%s:\n%v\nhint: %s", c.rule, err, fault.HintOf(err))
		}
	}
	for _, text := range []string{"", "rules: []", "rules: 5", "version: 2\nrules: [{type: row_count, min: 1}]", "ruls: []"} {
		if _, err := ParseRules("r.yaml", strings.NewReader(text)); fault.KindOf(err) != fault.Usage || err == nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestRulesThatDoNotFit: a rule about what the input does not have is a usage error.
func TestRulesThatDoNotFit(t *testing.T) {
	ds := memtest.New([]string{"region", "n"}, memtest.Column(arrow.BinaryTypes.String, "SP"), memtest.Column(arrow.PrimitiveTypes.Int64, 1))
	open := func(context.Context, string) (source.Dataset, error) { return ds, nil }
	for rule, want := range map[string]string{
		"{type: not_null, column: regin}":                                        `no such column`,
		"{type: expression, expression: 'nn > 1'}":                               "unknown column",
		"{type: expression, expression: 'n + 1'}":                                "expression",
		"{type: not_null, column: n, where: \"region > 1\"}":                     "where",
		"{type: foreign_key, column: n, references: {file: x, column: no_such}}": "no such column",
	} {
		_, err := Validate(context.Background(), ds, parseRules(t, "rules: ["+rule+"]"), Options{Open: open})
		if fault.KindOf(err) != fault.Usage || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

// TestTypedColumnsOfTextInputs: a reader that ignores the wish for text (a typed file
// among text files, a partition column) gives the same rules and failing rows.
func TestTypedColumnsOfTextInputs(t *testing.T) {
	ds := memtest.New([]string{"id", "day"}, memtest.Column(arrow.PrimitiveTypes.Int64, 7, 8, 7, nil), memtest.Column(arrow.FixedWidthTypes.Date32, 0, 1, 2, 3))
	ds.Format = "csv"
	r := validate(t, ds, "rules: [{type: unique, column: id}, {type: set, column: id, values: ['7']}, {type: pattern, column: day, pattern: '^1970-01-0[123]$'}]", Options{})
	if got := strings.Join(dump(t, r.Failures()), "\n"); got != "8|1970-01-02|set_id|memory|2|∅\n7|1970-01-03|unique_id|memory|3|∅\n∅|1970-01-04|pattern_day|memory|4|∅" {
		t.Errorf("%s\n%s", got, outcomes(r))
	}
}

// TestTextDatesInTypedFiles: a Parquet file may hold dates as text, written as people
// do; rules read them as the rest of the product does.
func TestTextDatesInTypedFiles(t *testing.T) {
	vals := make([]any, 0, 60)
	for day := 1; day <= 28; day++ {
		vals = append(vals, fmt.Sprintf("12/%d/10 8:%02d", day, day), fmt.Sprintf("12/%d/10 17:05", day))
	}
	vals = append(vals, "13/13/10 1:00", nil, "12/30/11 9:00")
	ds := memtest.New([]string{"InvoiceDate"}, memtest.Column(arrow.BinaryTypes.String, vals...))
	ds.Batch, ds.Cuts = 10, []int{20, 40}
	r := validate(t, ds, "rules: [{type: type, column: InvoiceDate, as: timestamp}, {type: range, column: InvoiceDate, below: 2011-01-01}, {type: freshness, column: InvoiceDate, max_age: 10d}]", Options{Now: 1_325_376_000_000_000})
	want := "type_InvoiceDate [InvoiceDate] 1/58 fail: row 57: \"13/13/10 1:00\"\n" +
		"range_InvoiceDate [InvoiceDate] 2/58 fail: row 57: \"13/13/10 1:00\"; row 59: \"12/30/11 9:00\"\n" +
		"freshness_InvoiceDate [InvoiceDate] 0/57 pass: "
	if got := outcomes(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestReferencesAreBesideTheRules: a relative path starts from the rules file.
func TestReferencesAreBesideTheRules(t *testing.T) {
	for file, want := range map[string]string{"p.csv": "shop/p.csv", "../p.csv": "p.csv", "/data/p.csv": "/data/p.csv", "hdfs://h/p.csv": "hdfs://h/p.csv"} {
		rules, err := ParseRules("shop/rules.yaml", strings.NewReader("rules: [{type: foreign_key, column: a, references: {file: "+file+", column: id}}]"))
		if err != nil || filepath.ToSlash(rules[0].File) != want {
			t.Errorf("%s: %v, %v, want %s", file, rules, err, want)
		}
	}
}

func TestBuiltinOrders(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 60_000, Dirty: 0.06, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	const now = 1_798_761_600_000_000
	rules, err := Builtin("builtin:orders", now)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Validate(context.Background(), shop, rules, Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	// 60,000 × 0.06 / 12 = 300 lines of each kind of dirt
	for _, name := range []string{"order_id_present", "order_ts_present", "product_id_present", "unit_price_present", "unit_price_not_negative", "quantity_not_zero", "order_ts_not_in_future", "no_duplicate_rows", "status_trimmed"} {
		i := slices.IndexFunc(r.Outcomes, func(o Outcome) bool { return o.Rule.Name == name })
		if i < 0 || r.Outcomes[i].Failed < 200 || r.Outcomes[i].Failed > 400 {
			t.Errorf("%s: %+v", name, r.Outcomes[max(0, i)])
		}
	}
	if r.Count(Skipped) != 1 { // amount
		t.Errorf("%s", outcomes(r))
	}
	if _, err := Builtin("builtin:clicks", now); fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	// the canonical names of the pack through a mapping
	ds := memtest.New([]string{"InvoiceNo", "Price"}, memtest.Column(arrow.BinaryTypes.String, "1", nil), memtest.Column(arrow.PrimitiveTypes.Float64, -1.0, 2.0))
	r, err = Validate(context.Background(), ds, rules, Options{Mapping: map[string]string{"order_id": "InvoiceNo", "unit_price": "Price"}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcomes[1].Failed != 1 || r.Count(Fail) != 2 {
		t.Errorf("%s", outcomes(r))
	}
	// duplicates are rows whose mapped columns are equal, as in clean
	ds = memtest.New([]string{"n", "InvoiceNo"}, memtest.Column(arrow.PrimitiveTypes.Int64, 1, 2, 3), memtest.Column(arrow.BinaryTypes.String, "A", "A", "B"))
	r, err = Validate(context.Background(), ds, rules, Options{Mapping: map[string]string{"order_id": "InvoiceNo"}})
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Outcomes[len(r.Outcomes)-1]; o.Rule.Name != "no_duplicate_rows" || o.Failed != 1 {
		t.Errorf("%s", outcomes(r))
	}
}

func TestJUnit(t *testing.T) {
	ds := memtest.New([]string{"name"}, memtest.Column(arrow.BinaryTypes.String, "</failure><evil a=\"b\">\x00\x1b[31m", nil))
	r := validate(t, ds, `rules: [{type: set, column: name, values: [a]}, {type: not_null, column: name, severity: warn}, {type: not_null, column: zz, if_present: true}]`, Options{})
	var b bytes.Buffer
	if err := r.JUnit(&b, "in\x01put & <co>"); err != nil {
		t.Fatal(err)
	}
	var doc junitSuites
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	s := doc.Suites[0]
	if doc.Tests != 3 || doc.Failures != 1 || doc.Skipped != 1 || s.Cases[0].Failure == nil || !strings.Contains(s.Cases[0].Failure.Text, "</failure><evil") ||
		s.Cases[1].Failure != nil || !strings.HasPrefix(s.Cases[1].Out, "warning: 1 of 2") || s.Cases[2].Skipped == nil {
		t.Errorf("%s", b.String())
	}
}

// TestHugeNumberOfRepeats: with little memory repeated keys are verified a part at a time.
func TestHugeNumberOfRepeats(t *testing.T) {
	const n = 40_000
	vals := make([]any, n)
	for i := range vals {
		vals[i] = int64(i % (n / 2))
	}
	ds := memtest.New([]string{"k"}, memtest.Column(arrow.PrimitiveTypes.Int64, vals...))
	ds.Batch, ds.Cuts = 1000, []int{n / 4, n / 2, 3 * n / 4}
	r := validate(t, ds, "rules: [{type: unique, column: k}]", Options{Threads: 2, Memory: 1 << 16, TempDir: t.TempDir()})
	if r.Outcomes[0].Failed != n/2 || r.Outcomes[0].Sample != "row 20001: 0; row 20002: 1; row 20003: 2" {
		t.Errorf("%s", outcomes(r))
	}
}

func TestValidateInterrupted(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Validate(ctx, shop, parseRules(t, "rules: [{type: not_null, column: order_id}]"), Options{}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("after a cancel: %v", err)
	}
}

// TestValidateEqualsDuckDB compares the counts of rules with SQL.
func TestValidateEqualsDuckDB(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 80_000, Dirty: 0.05, Seed: 8, Regions: "us"})
	if err != nil {
		t.Fatal(err)
	}
	want := duckdb(t, shop, shopTypes, `SELECT
  count(*) FILTER (customer_id IS NULL) AS not_null,
  (SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM t WHERE order_id IS NOT NULL AND product_id IS NOT NULL GROUP BY order_id, product_id)) AS uniq,
  count(*) - (SELECT count(*) FROM (SELECT DISTINCT * FROM t)) AS dup,
  count(*) FILTER (unit_price < 1 OR unit_price > 400) AS rng,
  count(*) FILTER (order_ts >= TIMESTAMP '2026-01-01') AS future,
  count(*) FILTER (region NOT IN ('CA', 'NY', 'TX')) AS st,
  count(*) FILTER (NOT regexp_matches(product_name, '^[A-M]')) AS pat,
  count(*) FILTER (customer_id NOT IN (SELECT product_id FROM t WHERE product_id IS NOT NULL)) AS fk,
  count(*) FILTER (NOT (quantity * unit_price - discount > 20) AND status = 'completed') AS ex
FROM t`)[0]
	r := validate(t, shop, `
rules:
  - {name: not_null, type: not_null, column: customer_id}
  - {name: uniq, type: unique, columns: [order_id, product_id]}
  - {name: dup, type: unique, columns: ["*"]}
  - {name: rng, type: range, column: unit_price, min: 1, max: 400}
  - {name: future, type: range, column: order_ts, below: 2026-01-01}
  - {name: st, type: set, column: region, values: [CA, NY, TX]}
  - {name: pat, type: pattern, column: product_name, pattern: '^[A-M]'}
  - {name: fk, type: foreign_key, column: customer_id, references: {file: self, column: product_id}}
  - {name: ex, type: expression, expression: "quantity * unit_price - discount > 20", where: "status = 'completed'"}
`, Options{Threads: 2, Memory: 2 << 20, TempDir: t.TempDir(), Open: func(context.Context, string) (source.Dataset, error) { return shop, nil }})
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		w, ok := want[o.Rule.Name].(float64)
		if !ok || o.Failed != int64(w) || o.Failed == 0 {
			t.Errorf("%s: %d failed, DuckDB %v", o.Rule.Name, o.Failed, want[o.Rule.Name])
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add("rules: [{type: range, column: a, min: 1}]")
	f.Add("version: 1\nrules:\n  - {type: foreign_key, column: a, references: {file: x, column: y}, max_ratio: 0.5}")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := ParseRules("f.yaml", strings.NewReader(s)); err != nil && fault.KindOf(err) != fault.Usage {
			t.Fatalf("%v is %v", err, fault.KindOf(err))
		}
	})
}
