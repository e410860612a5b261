package sqlio_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/sink/sqltable"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
	"github.com/ecomctl/ecomctl/internal/sqldb/sqldbtest"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// small is a result of a text that may be null, money, a double and a time.
func small(rows ...[]any) (*arrow.Schema, *frame.Batch) {
	kinds := []arrow.DataType{arrow.BinaryTypes.String, &arrow.Decimal128Type{Precision: 38, Scale: 4}, arrow.PrimitiveTypes.Float64, &arrow.TimestampType{Unit: arrow.Microsecond}}
	b := &frame.Batch{N: len(rows)}
	var fields []arrow.Field
	for c, n := range []string{"region", "revenue", "share", "at"} {
		var vals []any
		for _, r := range rows {
			vals = append(vals, r[c])
		}
		b.Cols = append(b.Cols, memtest.Column(kinds[c], vals...))
		fields = append(fields, arrow.Field{Name: n, Type: kinds[c], Nullable: true})
	}
	return arrow.NewSchema(fields, nil), b
}

func put(url string, o sqltable.Options, rows ...[]any) (sqltable.Report, error) {
	schema, b := small(rows...)
	return sqltable.Write(context.Background(), url, schema, o, func(w sink.Writer) error { return w.Write(b) })
}

const shown = "SELECT GROUP_CONCAT(CONCAT_WS(' ', COALESCE(region, 'NULL'), revenue, COALESCE(share, 'NULL'), COALESCE(at, 'NULL')) ORDER BY region IS NULL, region, revenue SEPARATOR '|') FROM t"

// modes: replace, append and upsert on the server, with its refusals.
func modes(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("modes"), s.Port) + "?table=t"
	db := connect(t, url)
	key := []string{"region"}
	for i, c := range []struct {
		o    sqltable.Options
		rows [][]any
		want string
	}{
		{sqltable.Options{}, [][]any{{"a", int64(12345), 0.1, int64(-1)}, {nil, int64(-1), math.NaN(), nil}}, "a 1.2345 0.1 1969-12-31 23:59:59.999999|NULL -0.0001 NULL NULL"},
		{sqltable.Options{}, [][]any{{"A", int64(math.MaxInt64), 5e-324, nil}, {"a", int64(1), 0.0, nil}}, "A 922337203685477.5807 5e-324 NULL|a 0.0001 0 NULL"},
		{sqltable.Options{Mode: sqltable.Append}, [][]any{{"a ", int64(2), 1.0 / 3, nil}}, "A 922337203685477.5807 5e-324 NULL|a 0.0001 0 NULL|a  0.0002 0.3333333333333333 NULL"},
		{sqltable.Options{Mode: sqltable.Upsert, Keys: key}, [][]any{{"a", int64(10000), 1.0, nil}, {nil, int64(3), 0.0, nil}},
			"A 922337203685477.5807 5e-324 NULL|a 1.0000 1 NULL|a  0.0002 0.3333333333333333 NULL|NULL 0.0003 0 NULL"},
		{sqltable.Options{Mode: sqltable.Upsert, Keys: key}, [][]any{{nil, int64(4), nil, nil}}, "A 922337203685477.5807 5e-324 NULL|a 1.0000 1 NULL|a  0.0002 0.3333333333333333 NULL|NULL 0.0004 NULL NULL"},
	} {
		rep, err := put(url, c.o, c.rows...)
		if err != nil {
			t.Fatalf("step %d: %v (hint %s)", i, err, fault.HintOf(err))
		}
		if got := one(t, db, shown); got != c.want || rep.Rows != int64(len(c.rows)) {
			t.Errorf("step %d: %s, want %s", i, got, c.want)
		}
	}
	// indexes stay when the columns do; a table that changes its columns is made anew and told
	run(t, db, "CREATE INDEX by_revenue ON t (revenue)")
	if rep, err := put(url, sqltable.Options{}, []any{"x", int64(1), 0.5, nil}); err != nil || len(rep.Notices) > 0 {
		t.Errorf("%+v, %v", rep, err)
	}
	if one(t, db, "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = 'by_revenue'") != "1" {
		t.Error("an index was lost")
	}
	run(t, db, "ALTER TABLE t MODIFY revenue DECIMAL(10,2)")
	for name, c := range map[string]struct {
		before string
		o      sqltable.Options
		row    []any
		kind   fault.Kind
		want   string
	}{
		"a narrower column":  {"", sqltable.Options{Mode: sqltable.Append}, []any{"x", int64(1), 0.5, nil}, fault.Usage, `column "revenue" is decimal(10,2)`},
		"a trigger":          {"CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.share = 1", sqltable.Options{}, []any{"x", int64(1), 0.5, nil}, fault.Usage, "trigger tr"},
		"bytes that no text": {"DROP TRIGGER IF EXISTS tr", sqltable.Options{}, []any{"\xff", int64(1), 0.5, nil}, fault.Data, "does not fit"},
		"a far time":         {"DROP TRIGGER IF EXISTS tr", sqltable.Options{}, []any{"x", int64(1), 0.5, int64(math.MaxInt64)}, fault.Data, "year 294247"},
		"an engine without transactions": {"CREATE OR REPLACE TABLE m (region TEXT, revenue DECIMAL(38,4), share DOUBLE, at DATETIME(6)) ENGINE=MyISAM", sqltable.Options{Mode: sqltable.Append},
			[]any{"x", int64(1), 0.5, nil}, fault.Usage, "no transactions"},
	} {
		if c.before != "" {
			run(t, db, c.before)
		}
		to := url
		if strings.Contains(c.before, "TABLE m") {
			to = strings.Replace(url, "table=t", "table=m", 1)
		}
		_, err := put(to, c.o, c.row)
		if err == nil || fault.KindOf(err) != c.kind || !strings.Contains(err.Error()+fault.HintOf(err), c.want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%v), hint %q", name, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
	run(t, db, "DROP TRIGGER IF EXISTS tr")
	if rep, err := put(url, sqltable.Options{}, []any{"x", int64(1), 0.5, nil}); err != nil || len(rep.Notices) != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
	if got := one(t, db, "SELECT GROUP_CONCAT(table_name) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE '\\_%'"); got != "" {
		t.Errorf("left over: %s", got)
	}
}

// cutWriting: a writer that loses its server, at any moment, leaves the table as it was or whole, and the next one works.
func cutWriting(t *testing.T, s *mariadb.Server) {
	u := s.Database("cutw")
	direct := secret(u, s.Port) + "?table=t"
	db := connect(t, direct)
	proxy := sqldbtest.NewProxy(t, fmt.Sprintf("127.0.0.1:%d", s.Port))
	way := fmt.Sprintf("mysql://shop:shop@%s/%s?table=t", proxy.Addr(), u.Database)
	rows := make([][]any, 20_000)
	for i := range rows {
		rows[i] = []any{fmt.Sprint("r", i), int64(i), 0.5, nil}
	}
	for _, mode := range []sqltable.Mode{sqltable.Replace, sqltable.Append, sqltable.Upsert} {
		o := sqltable.Options{Mode: mode, Keys: []string{"region"}}
		cut, done := 0, 0
		for _, after := range []int64{2_000, 100_000, 400_000, 700_000, 1_000_000} {
			if _, err := put(direct, sqltable.Options{}, []any{"old", int64(1), 1.0, nil}); err != nil {
				t.Fatal(err)
			}
			proxy.CutAfter(after)
			_, err := put(way, o, rows...)
			proxy.CutAfter(-1)
			want := map[sqltable.Mode]string{sqltable.Replace: "20000", sqltable.Append: "20001", sqltable.Upsert: "20001"}[mode]
			got := one(t, db, "SELECT COUNT(*) FROM t")
			switch {
			case err == nil && got == want:
				done++
			case err != nil && got == "1":
				cut++
				if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
					t.Errorf("mode %d cut after %d: %v (%v)", mode, after, err, fault.KindOf(err))
				}
			case err != nil && got == want: // cut between the commit and its answer
				cut++
			default:
				t.Errorf("mode %d cut after %d bytes: %s rows, %v", mode, after, got, err)
			}
		}
		if cut == 0 {
			t.Errorf("mode %d: nothing was cut, %d done", mode, done)
		}
		if _, err := put(way, o, rows...); err != nil {
			t.Errorf("mode %d after the cuts: %v", mode, err)
		}
	}
	if got := one(t, db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 't'"); got != "0" {
		t.Errorf("%s tables left over", got)
	}
	schema, b := small(rows[0])
	_, err := sqltable.Write(context.Background(), direct, schema, sqltable.Options{}, func(w sink.Writer) error {
		if _, err := put(direct, sqltable.Options{LockWait: time.Second}, rows[1]); fault.KindOf(err) != fault.Locked {
			t.Errorf("two writers: %v", err)
		}
		return errors.Join(w.Write(b), errors.New("enough"))
	})
	if err == nil {
		t.Error("an error was lost")
	}
}

// rawBytes: bytes stay bytes, and texts go into the character set of their column or nowhere.
func rawBytes(t *testing.T, s *mariadb.Server) {
	url := secret(s.Database("bytes"), s.Port) + "?table=t"
	db := connect(t, url)
	run(t, db, "CREATE TABLE t (name VARCHAR(20) CHARACTER SET latin1, raw VARBINARY(40))")
	schema := arrow.NewSchema([]arrow.Field{{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "raw", Type: arrow.BinaryTypes.Binary, Nullable: true}}, nil)
	store := func(names, raws []any) error {
		b := &frame.Batch{N: len(names), Cols: []frame.Column{memtest.Column(arrow.BinaryTypes.String, names...), memtest.Column(arrow.BinaryTypes.Binary, raws...)}}
		_, err := sqltable.Write(context.Background(), url, schema, sqltable.Options{Mode: sqltable.Append}, func(w sink.Writer) error { return w.Write(b) })
		return err
	}
	if err := store([]any{"Zürich\t\\N", nil, ""}, []any{"\x00\t\n\\\xff\xfe'\x1a", "", nil}); err != nil {
		t.Fatalf("%v, hint %q", err, fault.HintOf(err))
	}
	const shown = "SELECT GROUP_CONCAT(COALESCE(HEX(name), 'NULL'), ':', COALESCE(HEX(raw), 'NULL') ORDER BY name DESC SEPARATOR '|') FROM t"
	got := one(t, db, shown)
	if want := "5AFC72696368095C4E:00090A5CFFFE271A|:NULL|NULL:"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for name, c := range map[string][2]any{"a text that its column cannot hold": {"上海", "x"}, "too long a text": {strings.Repeat("x", 21), "x"}, "too many bytes": {"x", strings.Repeat("x", 41)}} {
		if err := store([]any{"fits", c[0]}, []any{"fits", c[1]}); fault.KindOf(err) != fault.Data || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%v)", name, err, fault.KindOf(err))
		}
		if again := one(t, db, shown); again != got {
			t.Errorf("%s: half is stored: %s", name, again)
		}
	}
}
