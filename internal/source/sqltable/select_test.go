package sqltable_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
)

// condition checks a condition over the columns of a dataset, whose types it names.
func condition(t *testing.T, d source.Dataset, text string, types map[string]expr.Type) expr.Node {
	t.Helper()
	n, err := expr.Parse(text)
	if err == nil {
		n, err = expr.CheckCondition(n, func(name string) (int, expr.Type, bool) {
			typ, ok := types[name]
			at := -1
			if idx := d.Schema().FieldIndices(name); len(idx) == 1 {
				at = idx[0]
			}
			return at, typ, ok
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSQLiteSelect(t *testing.T) {
	file, _ := database(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, ts DATETIME, region TEXT, note TEXT COLLATE NOCASE, price REAL, rank)`, `CREATE INDEX by_region ON t (region)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, datetime('2024-01-01', '+' || i || ' hours'), 'r' || (i % 50), 'N', i / 10.0, i FROM n`,
		`CREATE VIEW v AS SELECT * FROM t`, `CREATE TABLE full AS SELECT region AS rowid, region AS _rowid_, region AS oid, id FROM t`, `CREATE INDEX of_full ON "full" (oid)`)
	types := map[string]expr.Type{"id": expr.Int, "ts": expr.Time, "region": expr.Text, "note": expr.Text, "price": expr.Float, "oid": expr.Text, "elsewhere": expr.Text}
	for _, c := range []struct{ table, where, says string }{
		{"t", "region = 'r7'", `FROM "t" WHERE "region" IN ('r7', X'7237') ORDER BY rowid`}, // by the index
		{"t", "price between 1 and 2 and elsewhere = 'x'", `FROM "t" NOT INDEXED WHERE rowid >= 1 AND rowid <= 400 AND ("price" >= 0.999998 AND "price" <= 2.000002) ORDER BY rowid`},
		{"t", "ts >= '2024-01-03' and region != 'r1'", `("ts" COLLATE BINARY >= '2024-01-03 00:00:00' AND "region" COLLATE BINARY <> 'r1')`},
		{"t", "not (id < 5 or note = 'n')", `("id" >= 5 AND "note" COLLATE BINARY <> 'n')`},
		{"t", "note like '%n' and region is null", `(INSTR("note", 'n') > 0 OR "note" >= X'')`},
		{"t", "id in (1, 2) or id is null", ""}, // what is null here may not be null there
		{"t", "upper(region) = 'R7'", ""},
		{"t", "region like 'r7%'", `("region" COLLATE BINARY >= 'r7' AND ("region" COLLATE BINARY < 'r8' OR "region" >= X''))`},
		{"v", "region = 'r7'", `FROM "v" WHERE "region" IN`},
		{"full", "oid = 'r7'", `FROM "full" NOT INDEXED WHERE "oid" IN`},
	} {
		d := open(t, "sqlite:"+file+"?table="+c.table, sqltable.Options{RangeKeys: 400, Conns: 2})
		span := d.Schema().FieldIndices("ts")
		at := -1
		if len(span) == 1 {
			at = span[0]
		}
		sel, err := d.(source.Selective).Select(context.Background(), condition(t, d, c.where, types), at)
		if err != nil || (sel == nil) != (c.says == "") {
			t.Fatalf("%s: %v, %v", c.where, sel, err)
		}
		if sel == nil {
			continue
		}
		if text := sel.Dataset.(source.Queried).Statement([]source.Want{{Col: 0}}); !strings.Contains(text, c.says) {
			t.Errorf("%s: asks %s, want %s", c.where, text, c.says)
		}
		if sel.Rows != 1000 || at >= 0 && (sel.Min != 1_704_070_800_000_000 || sel.Max != 1_707_667_200_000_000) {
			t.Errorf("%s: %d rows from %d to %d", c.where, sel.Rows, sel.Min, sel.Max)
		}
		got := all(t, sel.Dataset, "id")
		if c.where == "region = 'r7'" && (len(got) != 20 || fmt.Sprint(got[0], got[19]) != "[7] [957]") {
			t.Errorf("%s: %v", c.where, got)
		}
		in := d.Inputs()[0]
		if in.Rows != 1000 || in.DigestKind != "rows and columns read" || in.Digest == "" {
			t.Errorf("%s: %+v", c.where, in)
		}
		if err := sel.Close(); err != nil || len(all(t, d, "id")) != 1000 {
			t.Errorf("%s: closing the selection closed the table: %v", c.where, err)
		}
	}
}

// Where the limits of the time cannot be told the whole table is read.
func TestSQLiteSelectNothing(t *testing.T) {
	types := map[string]expr.Type{"ts": expr.Time, "v": expr.Int}
	for name, rows := range map[string]string{"written otherwise": "('2024-01-01 00:00:00', 1), ('2024-01-02', 2)", "no date": "('2024-01-01 00:00:00', 1), ('2024-02-31 00:00:00', 2)", "no row": "", "all null": "(NULL, 1)"} {
		script := []string{"CREATE TABLE t (ts DATETIME, v INT)"}
		if rows != "" {
			script = append(script, "INSERT INTO t VALUES "+rows)
		}
		file, _ := database(t, script...)
		d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{})
		if sel, err := d.(source.Selective).Select(context.Background(), condition(t, d, "v = 1", types), 0); sel != nil || err != nil {
			t.Errorf("%s: %v, %v", name, sel, err)
		}
	}
	file, _ := database(t, "CREATE TABLE t (ts DATETIME, v INT)", "INSERT INTO t VALUES ('2024-01-01', 1)")
	d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.(source.Selective).Select(ctx, condition(t, d, "v = 1", types), 0); err == nil {
		t.Error("an interrupt is no reason to read everything")
	}
}
