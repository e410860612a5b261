package sqlio_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// hostile are values that databases and ecomctl could see differently, as literals of SQL, by the type of the column.
var hostile = map[string]string{
	"text":  `'SP'|'sp'|'Sp'|'SP '|'SP  '|''|' '|'straße'|'strasse'|'é'|'e'|'É'|'上海'|'🛒'|'a%b'|'a_b'|'a|b'|'5'|'05'|'5.0'|'it''s'|'NULL'|'z'|'true'`,
	"ascii": `'SP'|'sp'|'SP '|''|'e'|'é'|'ß'|'ss'|'z'|'5'`,
	"int":   `0|1|-1|5|24|2024|-9223372036854775808|9223372036854775807`,
	"small": `0|1|-1|5|24|127|-128`,
	"real":  `0|0.1|0.30000000000000004|0.3|-2.5|2.5|10.49|10.5|1e15|-1e300|5e-324|16777217`,
	"dec":   `0|0.1|0.3|10.49|10.5|-2.5|10.4999|12345678.9999|-0.0001`,
	"time":  `'2024-01-31 23:59:59.999999'|'2024-02-01 00:00:00'|'2024-02-29 12:00:00'|'2024-02-29 12:00:00.000001'|'2024-12-31 23:59:59'|'1969-12-31 23:59:59'|'2024-03-31 02:30:00'`,
	"day":   `'2024-01-31'|'2024-02-01'|'2024-02-29'|'1970-01-01'|'9999-12-31'`,
	"bool":  `0|1`,
}

// field is a column of the tables: its name, declared type, values and the type that it has in conditions.
type field struct {
	name, decl, values string
	typ                expr.Type
}

// mariaFields hold the texts of several collations and character sets, bytes, decimals that are no doubles, dates of zeros.
var mariaFields = []field{
	{"order_ts", "DATETIME(6)", hostile["time"], expr.Time}, {"region", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", hostile["text"], expr.Text},
	{"i", "INT", strings.Replace(strings.Replace(hostile["int"], "-9223372036854775808", "-7", 1), "9223372036854775807", "7", 1), expr.Int}, {"n", "BIGINT", hostile["int"], expr.Int},
	{"u", "BIGINT UNSIGNED", "0|5|18446744073709551615|9223372036854775808", expr.Int}, {"f", "DOUBLE", hostile["real"], expr.Float}, {"g", "FLOAT", strings.Replace(hostile["real"], "-1e300", "-1e30", 1), expr.Float},
	{"d", "DECIMAL(12,4)", hostile["dec"], expr.Float}, {"h", "DECIMAL(38,30)", "0.1|0.100000000000000000000000000001|0.099999999999999999999999999999|10.5", expr.Float},
	{"nopad", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_nopad_ci", hostile["text"], expr.Text}, {"bin", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", hostile["text"], expr.Text},
	{"latin", "VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_german1_ci", hostile["ascii"], expr.Text}, {"c", "CHAR(10) CHARACTER SET utf8mb4", hostile["ascii"], expr.Text},
	{"b", "VARBINARY(40)", hostile["text"], expr.Text}, {"fixed", "BINARY(4)", "'SP'|'sp'|''|'SP  '", expr.Text}, {"e", "ENUM('SP','sp ','2','1','é') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "'SP'|'sp '|'2'|'1'|'é'", expr.Text},
	{"j", "LONGTEXT CHARACTER SET utf8mb4", hostile["text"], expr.Text}, {"day", "DATE", hostile["day"] + "|'0000-00-00'|'2024-00-15'", expr.Date}, {"zero", "DATETIME", hostile["time"] + "|'0000-00-00 00:00:00'", expr.Time},
	{"at", "TIMESTAMP(6) NULL DEFAULT NULL", strings.Replace(hostile["time"], "1969-12-31", "2001-12-31", 1), expr.Time}, {"gift", "TINYINT(1)", hostile["bool"], expr.Bool}, {"bit", "BIT(1)", "b'0'|b'1'", expr.Bool}, {"y", "YEAR", "1901|1924|2024|2005", expr.Int},
}

// liteFields hold what SQLite lets any column hold.
var liteFields = []field{
	{"order_ts", "DATETIME", `'2024-01-31 23:59:59'|'2024-02-01 00:00:00'|'2024-02-29 12:00:00'|'2024-12-31 23:59:59'|'1969-12-31 23:59:59'|'2024-03-31 02:30:00'`, expr.Time},
	{"region", "TEXT COLLATE NOCASE", hostile["text"] + `|CAST(X'535000' AS TEXT)|X'5350'|X'ff'`, expr.Text}, {"rt", "VARCHAR(10) COLLATE RTRIM", hostile["text"], expr.Text}, {"bin", "TEXT", hostile["text"] + "|5|2.5", expr.Text},
	{"free", "", hostile["text"] + "|5|2.5", expr.Text}, {"i", "INTEGER", hostile["int"] + "|'word'|2.5|X'05'", expr.Int}, {"f", "REAL", hostile["real"] + "|'word'|9e999", expr.Float}, {"d", "DECIMAL(12,4)", hostile["dec"] + "|'0.10000000000000000000000001'|'word'", expr.Float},
	{"num", "NUMERIC", "1|2.5|-3", expr.Float}, {"day", "DATE", hostile["day"], expr.Date}, {"mixed", "DATETIME", `'2024-01-31 23:59:59'|'2024-02-01T00:00:00'|'2024-02-29'`, expr.Time}, {"gift", "BOOLEAN", "0|1", expr.Bool},
}

// hostileRows prints statements that fill a table; every column meets every value and null, beside other values of the other columns.
func hostileRows(table string, fields []field, rows int) (out []string) {
	for i := range rows {
		var vals []string
		for k, f := range fields {
			list := append(strings.Split(f.values, "|"), "NULL")
			if strings.Contains(f.values, "'a|b'") { // the separator is a value of its own
				list = append(strings.Split(strings.Replace(f.values, "'a|b'", "'a!b'", 1), "|"), "'a|b'", "NULL")
			}
			vals = append(vals, list[(i*(2*k+1)+i/7*k+i/31)%len(list)])
		}
		out = append(out, "("+strings.Join(vals, ", ")+")")
	}
	names := make([]string, len(fields))
	for k, f := range fields {
		names[k] = f.name
	}
	return []string{"INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES " + strings.Join(out, ",\n")}
}

// trusted is the relation of a table whose rows are not judged.
func trusted(d source.Dataset, fields []field) *relation.Relation {
	rel := &relation.Relation{Name: "orders", Fact: d, Zone: "UTC", AsOf: math.MaxInt64, Canonical: 2}
	for _, f := range fields {
		rel.Columns = append(rel.Columns, relation.Column{Name: f.name, Type: f.typ, From: f.name})
	}
	rel.Columns = append(rel.Columns, relation.Column{Name: "id", Type: expr.Int, From: "id"})
	return rel
}

// whole hides that a dataset can select.
type whole struct{ source.Dataset }

var operators = []func(l, r expr.Node) expr.Node{expr.Eq, expr.Ne, expr.Lt, expr.Le, expr.Gt, expr.Ge}

// literals are constants beside a column, some of them between its values.
func literals(f field) (out []expr.Node) {
	for _, v := range strings.Split(strings.Replace(f.values, "a|b", "a!b", 1), "|") {
		s := strings.ReplaceAll(strings.Trim(v, "'"), "''", "'")
		switch f.typ {
		case expr.Text:
			out = append(out, expr.Lit(s))
		case expr.Bool:
			out = append(out, expr.Lit(strings.Contains(v, "1")))
		case expr.Time, expr.Date:
			if !strings.Contains(s, "-00") && !strings.Contains(s, "T") {
				out = append(out, expr.Lit(s), expr.Lit(s[:10]))
			}
		default:
			if n, err := expr.Parse(s); err == nil && v == s {
				out = append(out, n)
			}
		}
	}
	switch f.typ {
	case expr.Int, expr.Float:
		out = append(out, expr.Lit(4.999999999), expr.Lit(int64(2)), expr.Lit(0.30000000000000004))
	case expr.Text:
		out = append(out, expr.Lit("a|b"), expr.Lit("SP\x00"), expr.Lit(`\`), expr.Lit("sP\t"))
	case expr.Date:
		return out[1:]
	}
	return out
}

// drawCondition draws a condition over the columns.
func drawCondition(t *rapid.T, fields []field, depth int) expr.Node {
	if kind := rapid.IntRange(0, 9).Draw(t, "kind"); depth > 0 && kind < 5 {
		a, b := drawCondition(t, fields, depth-1), drawCondition(t, fields, depth-1)
		return [...]expr.Node{expr.And(a, b), expr.And(a, b), expr.Or(a, b), expr.Not(a), expr.And(a, expr.Not(b))}[kind]
	}
	f := rapid.SampledFrom(fields).Draw(t, "column")
	col, lits := expr.Col(f.name), literals(f)
	lit := func() expr.Node { return rapid.SampledFrom(lits).Draw(t, "literal") }
	if f.typ == expr.Date { // texts with a time of day are none beside a date
		lit = func() expr.Node { return expr.Lit(rapid.SampledFrom(lits).Draw(t, "literal").(*expr.Literal).S[:10]) }
	}
	switch shape := rapid.IntRange(0, 11).Draw(t, "shape"); {
	case shape == 0:
		return expr.IsNull(col)
	case shape == 1:
		return expr.NotNull(col)
	case f.typ == expr.Bool:
		return [...]expr.Node{col, expr.Not(col), expr.Eq(col, lit()), expr.Ne(col, lit())}[shape%4]
	case shape == 2:
		return expr.Between(col, lit(), lit())
	case shape == 3 || shape == 4:
		return &expr.InList{Not: shape == 4, X: col, List: []expr.Node{lit(), lit(), lit()}}
	case shape == 5 && f.typ == expr.Text:
		s := lit().(*expr.Literal).S
		return &expr.Match{X: col, Pattern: prefix(s) + rapid.SampledFrom([]string{"%", "_", "", "%P", "P%", "%P%", "_%s%e"}).Draw(t, "pattern"), Not: rapid.Bool().Draw(t, "not")}
	case shape == 6 && f.typ == expr.Text:
		return expr.Call(rapid.SampledFrom([]string{"starts_with", "ends_with", "contains"}).Draw(t, "function"), col, lit())
	case shape == 7 && f.typ == expr.Text:
		return expr.Eq(expr.Call("upper", col), lit())
	case shape == 8:
		return rapid.SampledFrom(operators).Draw(t, "op")(lit(), col)
	}
	return rapid.SampledFrom(operators).Draw(t, "op")(col, lit())
}

// prefix is the first character of a text, or nothing.
func prefix(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// sameRows draws conditions and periods: the rows that the database gives, judged here, are those of the whole table, and the account knows
// of all rows. It returns how many rows were read of how many.
func sameRows(t *testing.T, d source.Dataset, fields []field) (read, all int64) {
	eng := local.New(local.Options{Threads: 2})
	rapid.Check(t, func(rt *rapid.T) {
		q := query.Query{Name: "q", Where: drawCondition(rt, fields, 3), From: query.MinTime, To: query.MaxTime, Dims: []query.Dim{{Name: "id", Column: "id"}},
			Measures: []query.Measure{{Name: "n", Op: query.Count}}}
		switch rapid.IntRange(0, 3).Draw(rt, "period") {
		case 0:
			q.From = 1_706_659_200_000_000 + rapid.SampledFrom([]int64{0, 86_399_999_999, 86_400_000_000, 1}).Draw(rt, "from") // 2024-01-31
		case 1:
			q.To = 1_709_164_800_000_000 + rapid.SampledFrom([]int64{0, 43_200_000_000, 43_200_000_001}).Draw(rt, "to") // 2024-02-29
			q.Where = nil
		}
		plan := query.Plan{Queries: []query.Query{q}}
		want, err := eng.Run(context.Background(), trusted(whole{d}, fields), plan)
		if err != nil {
			rt.Skip(err) // a pattern or literal that the language refuses
		}
		rel := trusted(d, fields)
		got, err := eng.Run(context.Background(), rel, plan)
		text, explained := eng.Explain(rel, plan)
		if err != nil || explained != nil {
			rt.Fatalf("%v, %v", err, explained)
		}
		asked := text[strings.Index(text, "asks"):]
		if a, b := ids(got), ids(want); !slices.Equal(a, b) {
			rt.Fatalf("%d rows, want %d: %v, want %v\n%s", len(a), len(b), a, b, asked)
		}
		ac, whole := got.Account, want.Account
		sold, _ := ac.Of(relation.Sold)
		if ac.Rows != whole.Rows || ac.Rows != sold+ac.Skipped || ac.FirstSold != whole.FirstSold || ac.LastSold != whole.LastSold {
			rt.Fatalf("account %+v, want %+v\n%s", ac, whole, asked)
		}
		read, all = read+sold, all+ac.Rows
	})
	return read, all
}

func ids(a *query.Answer) []int64 {
	c := a.Tables[0].Cols[0]
	if c.Kind != frame.Int {
		return nil
	}
	return slices.Clone(c.I64[:a.Tables[0].N])
}

// liteTable makes a hostile table in SQLite.
func liteTable(t *testing.T, extra ...string) string {
	url := "sqlite:" + filepath.Join(t.TempDir(), "w.db")
	var defs []string
	for _, f := range liteFields {
		defs = append(defs, f.name+" "+f.decl)
	}
	run(t, connect(t, url), slices.Concat([]string{"CREATE TABLE t (id INTEGER PRIMARY KEY, " + strings.Join(defs, ", ") + ")"}, hostileRows("t", liteFields, 400), extra)...)
	return url + "?table=t"
}

func TestSQLiteWhere(t *testing.T) {
	for name, extra := range map[string][]string{"plain": nil, "indexed": {"CREATE INDEX a ON t (region)", "CREATE INDEX b ON t (order_ts)", "CREATE INDEX c ON t (i)", "CREATE INDEX e ON t (bin, f)", "CREATE INDEX g ON t (d)"}} {
		t.Run(name, func(t *testing.T) {
			d := openTable(t, liteTable(t, extra...), sqltable.Options{RangeKeys: 100, Conns: 2})
			if read, all := sameRows(t, d, liteFields); read*4 > all*3 {
				t.Errorf("%d rows of %d were read", read, all)
			}
		})
	}
}

// mariaWhere is TestSQLiteWhere on a server, and over a view and a table without a key.
func mariaWhere(t *testing.T, s *mariadb.Server) {
	base := secret(s.Database("where"), s.Port)
	db := connect(t, base)
	var defs []string
	for _, f := range mariaFields {
		defs = append(defs, f.name+" "+f.decl)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range slices.Concat([]string{"SET sql_mode = ''", "CREATE TABLE plain (id INT PRIMARY KEY AUTO_INCREMENT, " + strings.Join(defs, ", ") + ")"}, hostileRows("plain", mariaFields, 400),
		[]string{"CREATE TABLE indexed LIKE plain", "INSERT INTO indexed SELECT * FROM plain", "CREATE TABLE keyless AS SELECT * FROM plain", "CREATE INDEX x ON keyless (region)", "CREATE VIEW seen AS SELECT * FROM indexed"}) {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatalf("%v in %.200s", err, q)
		}
	}
	for _, f := range mariaFields {
		if !strings.HasPrefix(f.decl, "LONG") {
			run(t, db, "CREATE INDEX x_"+f.name+" ON indexed ("+f.name+")")
		}
	}
	run(t, db, "ANALYZE TABLE indexed")
	for _, table := range []string{"plain", "indexed", "keyless", "seen"} {
		t.Run(table, func(t *testing.T) {
			d := openTable(t, base+"?table="+table, sqltable.Options{RangeKeys: 100, Conns: 2})
			if read, all := sameRows(t, d, mariaFields); read*4 > all*3 {
				t.Errorf("%d rows of %d were read", read, all)
			}
		})
	}
}

// fewRows: what the server sends is what the condition leaves, by its own count; an index is used where there is one and it helps.
func fewRows(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("few"), s.Port) + "?table=orders"
	db := connect(t, url)
	run(t, db, "CREATE TABLE orders (id INT PRIMARY KEY, order_ts DATETIME NOT NULL, region VARCHAR(10) NOT NULL, amount DECIMAL(10,2) NOT NULL, note TEXT, KEY by_region (region))",
		"INSERT INTO orders SELECT seq, '2024-01-01' + INTERVAL seq MINUTE, CONCAT('r', seq % 100), seq / 100, REPEAT('x', 50) FROM seq_1_to_50000", "ANALYZE TABLE orders")
	fields := []field{{"order_ts", "", "", expr.Time}, {"region", "", "", expr.Text}, {"amount", "", "", expr.Float}}
	eng := local.New(local.Options{Threads: 2})
	for _, c := range []struct {
		where expr.Node
		rows  int
		index string
	}{
		{expr.Eq(expr.Col("region"), expr.Lit("r7")), 500, "by_region"}, {expr.Ge(expr.Col("amount"), expr.Lit(499.0)), 101, ""}, {expr.Ne(expr.Col("region"), expr.Lit("r7")), 49_500, ""},
		{expr.Like(expr.Col("region"), "r_1"), 4_500, ""}, {expr.Eq(expr.Col("region"), expr.Lit("nowhere")), 0, "by_region"},
	} {
		d := openTable(t, url, sqltable.Options{RangeKeys: 10_000, Conns: 2})
		rel := trusted(d, fields)
		plan := query.Plan{Queries: []query.Query{{Name: "q", Where: c.where, Measures: []query.Measure{{Name: "n", Op: query.Count}}}}}
		before := sent(t, db)
		got, err := eng.Run(context.Background(), rel, plan)
		if err != nil {
			t.Fatal(err)
		}
		rows := sent(t, db) - before
		want, err := eng.Run(context.Background(), trusted(whole{d}, fields), plan)
		if err != nil || !reflect.DeepEqual(got.Tables[0].Cols[0].I64, want.Tables[0].Cols[0].I64) {
			t.Errorf("%s: %v, want %v (%v)", expr.Format(c.where), got.Tables[0].Cols[0].I64, want.Tables[0].Cols[0].I64, err)
		}
		if rows < c.rows || rows > c.rows+20 { // the questions about the table have rows of their own
			t.Errorf("%s: the server sent %d rows, want %d", expr.Format(c.where), rows, c.rows)
		}
		text, err := eng.Explain(rel, plan)
		if err != nil {
			t.Fatal(err)
		}
		_, asked, _ := strings.Cut(text, "times: ")
		asked, _, _ = strings.Cut(asked, "\n")
		if strings.Contains(asked, "note") || strings.Contains(asked, "FORCE INDEX") != (c.index == "") {
			t.Errorf("%s: asks %s", expr.Format(c.where), asked)
		}
		if key := used(t, db, asked); c.index != "" && key != c.index {
			t.Errorf("%s: by index %q, want %q", asked, key, c.index)
		}
	}
}

// sent is how many rows the server has sent to all clients.
func sent(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Rows_sent'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// used is the index by which the server answers a query.
func used(t *testing.T, db *sqldb.DB, q string) string {
	t.Helper()
	rows, err := db.Query("EXPLAIN " + q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	cells := make([]any, len(names))
	for i := range cells {
		cells[i] = new(any)
	}
	if err := rows.Scan(cells...); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s", *cells[slices.Index(names, "key")].(*any))
}
