package sqltable_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
)

// database makes a file and runs statements in it.
func database(t testing.TB, script ...string) (file string, db *sql.DB) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, s := range script {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
	}
	return file, db
}

func open(t testing.TB, url string, o sqltable.Options) source.Dataset {
	t.Helper()
	d, err := sqltable.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// cell shows a value with what it is: null, bad or by its kind.
func cell(c *frame.Column, i int) string {
	switch {
	case c.IsBad(i):
		return "bad"
	case c.IsNull(i):
		return "null"
	case c.Kind == frame.String:
		return string(c.Str(i))
	case c.Kind == frame.Float:
		return strconv.FormatFloat(c.F64[i], 'g', -1, 64)
	case c.D128 != nil:
		return c.D128[i].ToString(c.Scale())
	case c.Kind == frame.Decimal:
		return strconv.FormatInt(c.I64[i], 10) + "e-" + strconv.Itoa(int(c.Scale()))
	case c.Unsigned():
		return strconv.FormatUint(uint64(c.I64[i]), 10)
	}
	return strconv.FormatInt(c.I64[i], 10)
}

// all reads the named columns of all splits in order.
func all(t testing.TB, d source.Dataset, names ...string) [][]string {
	t.Helper()
	var want []source.Want
	for _, n := range names {
		at := d.Schema().FieldIndices(n)
		if len(at) != 1 {
			t.Fatalf("no column %q in %s", n, d.Schema())
		}
		want = append(want, source.Want{Col: at[0]})
	}
	var out [][]string
	for _, s := range d.Splits() {
		lines, err := read(s, want)
		if err != nil {
			t.Fatal(err)
		}
		if s.Rows() != int64(len(lines)) {
			t.Fatalf("a split says %d rows and gives %d", s.Rows(), len(lines))
		}
		out = append(out, lines...)
	}
	return out
}

func read(s source.Split, want []source.Want) (out [][]string, err error) {
	r, err := s.Open(context.Background(), want)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var b frame.Batch
	for {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, err
		}
		for i := range b.N {
			line := make([]string, len(b.Cols))
			for c := range b.Cols {
				line[c] = cell(&b.Cols[c], i)
			}
			out = append(out, line)
		}
	}
}

// Declared types become columns of their kind; what does not fit one is unreadable, and told.
func TestSQLiteTypes(t *testing.T) {
	file, _ := database(t, `CREATE TABLE t (
		i INTEGER, small SMALLINT UNSIGNED, f REAL, s VARCHAR(20), x BLOB, b BOOLEAN, nb BOOL, d DATE, ts DATETIME, z TIMESTAMP, unix DATETIME,
		dec DECIMAL(10,2), big DECIMAL(30,2), num NUMERIC, mixed NUMERIC, untyped, word DATE)`,
		`INSERT INTO t VALUES (1, 7, 1.5, 'é', x'00ff', 1, 5, '2024-02-29', '2024-02-29 23:59:59.5', '2024-01-01T00:00:00Z', 1700000000, 1.10, 123456789012.34, 1, 1, 'a', 'soon')`,
		`INSERT INTO t VALUES (-9223372036854775808, 0, 2, '', x'', 0, 0, '0001-01-01', '1969-12-31 23:59:59', '2024-01-01T00:00:00+02:00', 0, 0.1+0.2, -0.01, 2, 2.5, 7, NULL)`,
		`INSERT INTO t VALUES ('x', 2.5, 'no', 12, 'text', NULL, 1, NULL, '2024-02-30', NULL, NULL, 0.005, 'abc', NULL, NULL, NULL, 'later')`)
	d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{})
	want := map[string][]string{
		"i": {"int64", "1", "-9223372036854775808", "bad"}, "small": {"int64", "7", "0", "bad"}, "f": {"float64", "1.5", "2", "bad"},
		"s": {"utf8", "é", "", "12"}, "x": {"binary", "\x00\xff", "", "text"}, "b": {"bool", "1", "0", "null"}, "nb": {"int64", "5", "0", "1"},
		"d": {"date32", "19782", "-719162", "null"}, "ts": {"utf8", "2024-02-29 23:59:59.5", "1969-12-31 23:59:59", "2024-02-30"},
		"z": {"timestamp[us, tz=UTC]", "1704067200000000", "1704060000000000", "null"}, "unix": {"int64", "1700000000", "0", "null"},
		"dec": {"decimal(10, 2)", "110e-2", "30e-2", "bad"}, "big": {"decimal(30, 2)", "12345678901234e-2", "-1e-2", "bad"},
		"num": {"int64", "1", "2", "null"}, "mixed": {"float64", "1", "2.5", "null"}, "untyped": {"utf8", "a", "7", "null"}, "word": {"utf8", "soon", "null", "later"},
	}
	var names []string
	for _, f := range d.Schema().Fields() {
		names = append(names, f.Name)
	}
	got := all(t, d, names...)
	for c, n := range names {
		have := []string{d.Schema().Field(c).Type.String()}
		for _, line := range got {
			have = append(have, line[c])
		}
		if !slices.Equal(have, want[n]) {
			t.Errorf("%s: %q, want %q", n, have, want[n])
		}
	}
	notices := strings.Join(d.Notices(), "\n")
	for _, w := range []string{`"ts" is declared as DATETIME and holds other texts`, `"unix" is declared as DATETIME and holds integer values`, `"word"`} {
		if !strings.Contains(notices, w) {
			t.Errorf("no notice %q in\n%s", w, notices)
		}
	}
	in := d.Inputs()[0]
	if in.Rows != 3 || in.Format != "sqlite" || in.DigestKind != "columns read" || !strings.HasPrefix(in.Digest, "sha256:") {
		t.Errorf("%+v", in)
	}
}

// Dates that the sample reads and a later row does not are unreadable values.
func TestSQLiteLateMisfits(t *testing.T) {
	file, _ := database(t, `CREATE TABLE t (ts DATETIME)`,
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) INSERT INTO t SELECT '2024-01-01 00:00:' || printf('%02d', i % 60) FROM n`,
		`INSERT INTO t VALUES ('yesterday'), (12), (NULL)`)
	d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{})
	got := all(t, d, "ts")
	if typ := d.Schema().Field(0).Type.String(); typ != "timestamp[us]" || len(got) != 5003 || got[0][0] != "1704067201000000" || fmt.Sprint(got[5000:]) != "[[bad] [bad] [null]]" {
		t.Errorf("%s: %d rows, last %v", typ, len(got), got[len(got)-3:])
	}
}

// However the keys lie, ranges give each row once, in the order of the key, also when the table is cut again.
func TestSQLiteRanges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Int64Range(0, 300), rapid.Int64Range(-50, 50), rapid.Int64()), 0, 120, rapid.ID).Draw(rt, "keys")
		file, db := database(t, `CREATE TABLE "t""x" ("select" TEXT, id INTEGER PRIMARY KEY)`)
		for _, k := range keys {
			if _, err := db.Exec(`INSERT INTO "t""x" VALUES (?, ?)`, fmt.Sprint("v", k), k); err != nil {
				rt.Fatal(err)
			}
		}
		slices.Sort(keys)
		o := sqltable.Options{RangeKeys: rapid.Int64Range(1, 64).Draw(rt, "range"), Conns: rapid.IntRange(1, 4).Draw(rt, "conns")}
		url := "sqlite:" + file + "?table=t%22x"
		d := open(t, url, o)
		defer d.Close()
		got := all(t, d, "id", "select")
		if len(got) != len(keys) {
			rt.Fatalf("%d rows of %d", len(got), len(keys))
		}
		for i, k := range keys {
			if got[i][0] != fmt.Sprint(k) || got[i][1] != fmt.Sprint("v", k) {
				rt.Fatalf("row %d: %v, want %d", i, got[i], k)
			}
		}
		first := d.Inputs()[0]
		d2 := open(t, url, sqltable.Options{RangeKeys: o.RangeKeys})
		defer d2.Close()
		all(t, d2, "id", "select")
		if second := d2.Inputs()[0]; first.Digest != second.Digest || first.Rows != int64(len(keys)) {
			rt.Fatalf("%+v and %+v", first, second)
		}
	})
}

// A table that changes while it is read is read as it was at the beginning; a second reading sees the change.
func TestSQLiteSnapshot(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		file, db := database(t, "PRAGMA journal_mode="+mode, `CREATE TABLE t (id INTEGER PRIMARY KEY, v INT)`,
			`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, 1 FROM n`)
		d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{RangeKeys: 100, Conns: 3})
		_, err := db.Exec(`PRAGMA busy_timeout=100; UPDATE t SET v = 2; DELETE FROM t WHERE id > 900`)
		if (err == nil) != (mode == "WAL") {
			t.Errorf("%s: writing beside a reader: %v", mode, err)
		}
		if got := all(t, d, "v"); len(got) != 1000 || got[0][0] != "1" || got[999][0] != "1" {
			t.Errorf("%s: %d rows, %v", mode, len(got), got[0])
		}
		before := d.Inputs()[0].Digest
		d.Close()
		if mode == "DELETE" {
			continue
		}
		d = open(t, "sqlite:"+file+"?table=t", sqltable.Options{RangeKeys: 100, Conns: 3})
		if got := all(t, d, "v"); len(got) != 900 || got[0][0] != "2" || d.Inputs()[0].Digest == before {
			t.Errorf("%s: %d rows, %v", mode, len(got), got[0])
		}
	}
}

// Tables without a rowid, views and tables without rows are read, too.
func TestSQLiteKindsOfTables(t *testing.T) {
	file, _ := database(t, `CREATE TABLE w (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID`, `INSERT INTO w VALUES ('b', 1), ('a', 2), ('a', 1)`,
		`CREATE VIEW v AS SELECT a || b AS ab FROM w`, `CREATE TABLE e (a, rowid TEXT, g INT GENERATED ALWAYS AS (length(a)))`, `CREATE TABLE full (rowid, _rowid_, oid)`, `INSERT INTO full VALUES (1, 2, 3)`)
	for table, want := range map[string]string{"w": "[[a] [a] [b]]", "v": "[[a1] [a2] [b1]]", "e": "[]", "full": "[[1]]"} {
		d := open(t, "sqlite:"+file+"?table="+table, sqltable.Options{})
		if got := fmt.Sprint(all(t, d, d.Schema().Field(0).Name)); got != want {
			t.Errorf("%s: %s, want %s", table, got, want)
		}
	}
}

// What cannot be opened is told with its cause and a remedy.
func TestSQLiteErrors(t *testing.T) {
	file, _ := database(t, `CREATE TABLE orders (id INT)`, `CREATE TABLE lines (id INT)`)
	for url, want := range map[string]struct {
		kind fault.Kind
		text string
	}{
		"sqlite:" + file:                          {fault.Usage, "no table is named"},
		"sqlite:" + file + "?table=nothing":       {fault.NotFound, `no table "nothing"`},
		"sqlite:" + file + "x?table=orders":       {fault.NotFound, "no such file"},
		"sqlite:" + file + "?tabel=orders":        {fault.Usage, "unknown parameter"},
		"sqlite:sqlite_test.go?table=orders":      {fault.Input, "no SQLite database"},
		"sqlite:?table=orders":                    {fault.Usage, "no file is named"},
		"mysql://u@127.0.0.1:1/shop?table=orders": {fault.Unavailable, "127.0.0.1:1"},
	} {
		_, err := sqltable.Open(context.Background(), url, sqltable.Options{})
		if err == nil || fault.KindOf(err) != want.kind || !strings.Contains(err.Error()+fault.HintOf(err), want.text) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%v), hint %q", url, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	_, err := sqltable.Open(context.Background(), "sqlite:"+file, sqltable.Options{})
	if hint := fault.HintOf(err); !strings.Contains(hint, "lines, orders") {
		t.Errorf("hint %q", hint)
	}
}

// An interrupt ends a reading at once, and what was open is closed.
func TestSQLiteInterrupt(t *testing.T) {
	file, _ := database(t, `CREATE TABLE t (id INTEGER PRIMARY KEY)`, `INSERT INTO t VALUES (1)`)
	d := open(t, "sqlite:"+file+"?table=t", sqltable.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	r, err := d.Splits()[0].Open(ctx, []source.Want{{Col: 0}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var b frame.Batch
	if err := r.Next(&b); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("%v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
