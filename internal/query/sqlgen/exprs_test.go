package sqlgen

import (
	"database/sql"
	"fmt"
	"math"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/expr/exprtest"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// rowValue is the value of row i as database/sql gives it.
func rowValue(c *frame.Column, typ expr.Type, i int) any {
	switch {
	case c.IsNull(i):
		return nil
	case typ == expr.Float:
		return c.F64[i]
	case typ == expr.Text:
		return string(c.Str(i))
	}
	return c.I64[i]
}

func openDB(t *testing.T) *sql.DB {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// Every expression has the same value, row by row, in a program and in SQLite.
func TestExpressionsEqualSQLite(t *testing.T) {
	db := openDB(t)
	var names, marks []string
	for _, c := range exprtest.Cols {
		names = append(names, `"`+c.Name+`"`)
		marks = append(marks, "?")
	}
	if _, err := db.Exec("CREATE TABLE t (" + strings.Join(names, ", ") + ")"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		g := exprtest.Gen{T: t, Plain: true}
		src := g.Expr(rapid.SampledFrom([]expr.Type{expr.Bool, expr.Bool, expr.Int, expr.Float, expr.Money, expr.Text, expr.Date}).Draw(t, "type"), rapid.IntRange(0, 3).Draw(t, "depth"))
		n, err := expr.Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		typed, typ, err := expr.Check(n, exprtest.Lookup)
		if err != nil {
			t.Skip(err.Error())
		}
		rows := g.Rows(8)
		cols := exprtest.Columns(rows)
		if _, err := db.Exec("DELETE FROM t"); err != nil {
			t.Fatal(err)
		}
		in := make([]*frame.Column, len(cols))
		for i := range cols {
			in[i] = &cols[i]
		}
		for r := range rows {
			vals := make([]any, len(cols))
			for i, c := range exprtest.Cols {
				vals[i] = rowValue(in[i], c.Type, r)
			}
			if _, err := db.Exec("INSERT INTO t VALUES ("+strings.Join(marks, ", ")+")", vals...); err != nil {
				t.Fatal(err)
			}
		}
		prog, err := expr.Compile(n, exprtest.Lookup)
		if err != nil {
			t.Fatal(err)
		}
		want, err := prog.Eval(in, len(rows))
		if err != nil {
			t.Fatal(err)
		}
		text := statement(t, typed)
		got, err := db.Query(text)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", src, err, text)
		}
		defer got.Close()
		r := 0
		for ; got.Next(); r++ {
			var have any
			if err := got.Scan(&have); err != nil {
				t.Fatal(err)
			}
			w := any(nil)
			if typ != expr.Unknown {
				w = rowValue(want, typ, r)
			}
			if have != w {
				t.Fatalf("%s\nrow %v\nprogram %#v, SQLite %#v\n%s", src, rows[r], w, have, text)
			}
		}
		if r != len(rows) || got.Err() != nil {
			t.Fatalf("%d rows of %d: %v\n%s", r, len(rows), got.Err(), text)
		}
	})
}

// statement selects one expression from table t in the order of the rows.
func statement(t *rapid.T, n expr.Node) string {
	g := newPrinter(SQLite)
	g.from = "FROM t"
	v := g.let("v", g.node(n, func(name string) term {
		_, typ, _ := exprtest.Lookup(name)
		x := g.raw(name, `"`+name+`"`)
		switch typ {
		case expr.Bool:
			return term{s: g.d.AsBool(x.s), step: x.step}
		case expr.Float:
			return term{s: g.d.Finite(x.s), step: x.step}
		}
		return x
	}))
	order := g.raw("file_order", "rowid")
	text, last := g.ctes()
	if g.err != nil {
		t.Fatal(g.err)
	}
	return fmt.Sprintf("%s SELECT %s FROM %s ORDER BY %s", text, v.s, last, order.s)
}

// Doubles are written so that SQLite reads back every bit.
func TestFloatsKeepEveryBit(t *testing.T) {
	db := openDB(t)
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Uint64(), math.Float64frombits), rapid.Map(rapid.Int64Range(-1e15, 1e15), func(i int64) float64 { return float64(i) / 1e4 })).Draw(t, "f")
		if math.IsNaN(f) || math.IsInf(f, 0) {
			t.Skip()
		}
		var got float64
		if err := db.QueryRow("SELECT " + SQLite.Float(f)).Scan(&got); err != nil {
			t.Fatalf("%v in %s", err, SQLite.Float(f))
		}
		if got != f {
			t.Fatalf("%v is written %s and read %v", f, SQLite.Float(f), got)
		}
	})
}

// Texts come back as they are, whatever their bytes.
func TestTextsKeepEveryByte(t *testing.T) {
	db := openDB(t)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringOf(rapid.SampledFrom([]rune("'\"`;\\-\x00%_*?[é中\n")))).Draw(t, "s")
		lit, err := SQLite.Text(s)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := db.QueryRow("SELECT " + lit).Scan(&got); err != nil || got != s {
			t.Fatalf("%q is written %s and read %q (%v)", s, lit, got, err)
		}
	})
}
