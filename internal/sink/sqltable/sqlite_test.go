package sqltable_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	_ "modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/sqltable"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// table is a small result: a key that may be null, money, a double, a date.
func table(rows ...[]any) (*arrow.Schema, *frame.Batch) {
	types := []arrow.DataType{arrow.BinaryTypes.String, &arrow.Decimal128Type{Precision: 38, Scale: 4}, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Date32}
	names := []string{"region", "revenue", "share", "day"}
	b := &frame.Batch{N: len(rows)}
	var fields []arrow.Field
	for c, t := range types {
		var vals []any
		for _, r := range rows {
			vals = append(vals, r[c])
		}
		b.Cols = append(b.Cols, memtest.Column(t, vals...))
		fields = append(fields, arrow.Field{Name: names[c], Type: t, Nullable: true})
	}
	return arrow.NewSchema(fields, nil), b
}

func put(t testing.TB, url string, o sqltable.Options, rows ...[]any) (sqltable.Report, error) {
	t.Helper()
	schema, b := table(rows...)
	return sqltable.Write(context.Background(), url, schema, o, func(w sink.Writer) error { return w.Write(b) })
}

// ask returns all cells of a query.
func ask(t testing.TB, file, q string) string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(q)
	if err != nil {
		t.Fatalf("%v in %s", err, q)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	var out []string
	for rows.Next() {
		line, at := make([]any, len(names)), make([]any, len(names))
		for i := range line {
			at[i] = &line[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint(line...))
	}
	return strings.Join(out, "|")
}

const cells = `SELECT coalesce(region, 'NULL') || ' ' || revenue || ' ' || coalesce(share, 'NULL') || ' ' || coalesce(day, 'NULL') FROM t ORDER BY region IS NULL, region, revenue`

// Replace, append and upsert do what they say, and nulls of a key are equal.
func TestModes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.db")
	url := "sqlite:" + file + "?table=t"
	steps := []struct {
		mode sqltable.Mode
		rows [][]any
		want string
	}{
		{sqltable.Replace, [][]any{{"a", int64(10000), 0.5, int64(0)}, {nil, int64(-5), nil, nil}}, "a 1 0.5 1970-01-01|NULL -0.0005 NULL NULL"},
		{sqltable.Replace, [][]any{{"a", int64(15000), math.NaN(), int64(19000)}}, "a 1.5 NULL 2022-01-08"},
		{sqltable.Append, [][]any{{"b", int64(20000), 1.0, nil}}, "a 1.5 NULL 2022-01-08|b 2 1.0 NULL"},
		{sqltable.Upsert, [][]any{{"b", int64(30000), math.Inf(1), nil}, {nil, int64(1), 0.0, nil}}, "a 1.5 NULL 2022-01-08|b 3 NULL NULL|NULL 0.0001 0.0 NULL"},
		{sqltable.Upsert, [][]any{{nil, int64(2), 0.25, nil}}, "a 1.5 NULL 2022-01-08|b 3 NULL NULL|NULL 0.0002 0.25 NULL"},
	}
	for i, s := range steps {
		rep, err := put(t, url, sqltable.Options{Mode: s.mode, Keys: map[bool][]string{true: {"region"}}[s.mode == sqltable.Upsert]}, s.rows...)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if got := ask(t, file, cells); got != s.want || rep.Rows != int64(len(s.rows)) {
			t.Errorf("step %d: %s, want %s (%+v)", i, got, s.want, rep)
		}
		if s.mode == sqltable.Upsert && rep.Updated != 1 {
			t.Errorf("step %d: %+v", i, rep)
		}
	}
	if got := ask(t, file, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'"); got != `CREATE TABLE "t" ("region" TEXT, "revenue" DECIMAL(38,4), "share" REAL, "day" DATE)` {
		t.Error(got)
	}
}

// A failure at any moment leaves the table as it was.
func TestAllOrNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.db")
	url := "sqlite:" + file + "?table=t"
	if _, err := put(t, url, sqltable.Options{}, []any{"a", int64(10000), 0.5, nil}); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the input broke")
	schema, b := table([]any{"b", int64(1), 1.0, nil})
	for _, mode := range []sqltable.Mode{sqltable.Replace, sqltable.Append, sqltable.Upsert} {
		o := sqltable.Options{Mode: mode, Keys: []string{"region"}}
		_, err := sqltable.Write(context.Background(), url, schema, o, func(w sink.Writer) error {
			for range 1000 {
				if err := w.Write(b); err != nil {
					return err
				}
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("mode %d: %v", mode, err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		_, err = sqltable.Write(ctx, url, schema, o, func(w sink.Writer) error {
			cancel()
			return w.Write(b)
		})
		if fault.KindOf(err) != fault.Interrupted {
			t.Errorf("mode %d, interrupted: %v", mode, err)
		}
		s, err := sqltable.Begin(context.Background(), url, schema, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Finish(broken); !errors.Is(err, broken) {
			t.Errorf("mode %d, session: %v", mode, err)
		}
		if got := ask(t, file, cells); got != "a 1 0.5 NULL" {
			t.Errorf("mode %d: %s", mode, got)
		}
		if got := ask(t, file, "SELECT count(*) FROM sqlite_schema"); got != "1" {
			t.Errorf("mode %d: %s tables", mode, got)
		}
	}
}

// Indexes of a table that is replaced stay; what would be lost is refused.
func TestWhatHangsOnATable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.db")
	url := "sqlite:" + file + "?table=t"
	row := []any{"a", int64(10000), 0.5, nil}
	if _, err := put(t, url, sqltable.Options{}, row); err != nil {
		t.Fatal(err)
	}
	ask(t, file, "CREATE INDEX by_region ON t (region)")
	if rep, err := put(t, url, sqltable.Options{}, row); err != nil || len(rep.Notices) > 0 {
		t.Fatal(rep, err)
	}
	if got := ask(t, file, "SELECT name FROM sqlite_schema WHERE type = 'index'"); got != "by_region" {
		t.Errorf("indexes %q", got)
	}
	for _, c := range []struct{ make, drop, want string }{
		{"CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END", "DROP TRIGGER tr", "trigger tr"},
		{"CREATE TABLE child (r TEXT REFERENCES t (region))", "DROP TABLE child", "foreign key of table child"},
	} {
		ask(t, file, c.make)
		if _, err := put(t, url, sqltable.Options{}, row); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.make, err)
		}
		ask(t, file, c.drop)
	}
}

// What a table cannot hold as it is, and keys that do not tell rows apart, are refused.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "r.db")
	url := "sqlite:" + file
	ask(t, file, "CREATE TABLE narrow (region INTEGER, revenue DECIMAL, share REAL, day DATE)")
	ask(t, file, "CREATE TABLE other (a INT)")
	ask(t, file, "CREATE VIEW v AS SELECT 1")
	row := []any{"007", int64(10000), 0.5, nil}
	for name, c := range map[string]struct {
		url  string
		o    sqltable.Options
		rows [][]any
		kind fault.Kind
		want string
	}{
		"no table":        {url, sqltable.Options{}, [][]any{row}, fault.Usage, "no table is named"},
		"text in numbers": {url + "?table=narrow", sqltable.Options{Mode: sqltable.Append}, [][]any{row}, fault.Usage, `column "region" is integer`},
		"other columns":   {url + "?table=other", sqltable.Options{Mode: sqltable.Append}, [][]any{row}, fault.Usage, `no column "region"`},
		"a view":          {url + "?table=v", sqltable.Options{}, [][]any{row}, fault.Usage, "a view"},
		"no key":          {url + "?table=t", sqltable.Options{Mode: sqltable.Upsert}, [][]any{row}, fault.Usage, "--key"},
		"a wrong key":     {url + "?table=t", sqltable.Options{Mode: sqltable.Upsert, Keys: []string{"city"}}, [][]any{row}, fault.Usage, "city"},
		"equal keys":      {url + "?table=t", sqltable.Options{Mode: sqltable.Upsert, Keys: []string{"region"}}, [][]any{row, row}, fault.Data, "same key"},
		"too many digits": {url + "?table=t", sqltable.Options{}, [][]any{row, {"a", int64(1_000_000_000_000_000), 0.0, nil}}, fault.Data, "row 2: column \"revenue\": 100000000000.0000 has more than the 15 digits"},
		"a far date":      {url + "?table=t", sqltable.Options{}, [][]any{{"a", int64(1), 0.0, int64(4_000_000)}}, fault.Data, "year 12921"},
		"no folder":       {"sqlite:" + dir + "/none/r.db?table=t", sqltable.Options{}, [][]any{row}, fault.NotFound, "folder"},
	} {
		_, err := put(t, c.url, c.o, c.rows...)
		if err == nil || fault.KindOf(err) != c.kind || !strings.Contains(err.Error()+fault.HintOf(err), c.want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%v), hint %q", name, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	if got := ask(t, file, "SELECT name FROM sqlite_schema WHERE name = 't'"); got != "" {
		t.Error("a refused table was made")
	}
}
