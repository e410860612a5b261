package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

func versions(t *testing.T, u *sqldb.URL) {
	ctx := context.Background()
	s, err := store.Open(ctx, u, store.Options{Options: sqldb.Options{Create: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if v, target, err := s.Versions(ctx); v != 0 || target < 1 || err != nil {
		t.Errorf("before: %d of %d, %v", v, target, err)
	}
	_, err = s.Import(ctx, Relate(t, session.Settings{}, Write(t, t.TempDir(), "o.csv", header+orders(0, 10))), store.ImportOptions{Files: vfs.Local{}})
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), "db init") {
		t.Errorf("import without tables: %v", err)
	}
	done := make(chan error, 3)
	for range 3 { // several at once
		go func() { _, err := s.Init(ctx); done <- err }()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if again, err := s.Init(ctx); len(again) != 0 || err != nil {
		t.Errorf("again: %v %v", again, err)
	}
	if v, target, err := s.Versions(ctx); v != target || err != nil {
		t.Errorf("after: %d of %d, %v", v, target, err)
	}
	if _, err := s.DB.Exec("INSERT INTO schema_versions (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Init(ctx); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "9999") {
		t.Errorf("tables of a later program: %v", err)
	}
}

func imports(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	file := Write(t, t.TempDir(), "o.csv", header+orders(0, 400)+dirty)
	r := Import(t, s, session.Settings{}, file)
	a := r.Account()
	if r.Files[0].State != store.Imported || a.In != 407 || a.Rows[relation.Void] != 100 || a.Rows[relation.Reversal] != 1 || a.Rows[relation.Reject] != 6 || a.Rows[relation.Sold] != 300 {
		t.Fatalf("%+v", r)
	}
	Follow(t, s)
	before := Dump(t, s)
	r = Import(t, s, session.Settings{}, file)
	if r.Files[0].State != store.Unchanged || r.Account() != a {
		t.Errorf("again: %+v", r)
	}
	if after := Dump(t, s); after != before {
		t.Error("the same import again changed something")
	}
	// the same bytes under another name are the same sales
	r = Import(t, s, session.Settings{}, Write(t, t.TempDir(), "copy.csv", header+orders(0, 400)+dirty))
	if r.Files[0].State != store.Unchanged || Dump(t, s) != before {
		t.Errorf("a copy: %+v", r)
	}
	if got := Rows(t, s, "SELECT revenue_e4, reversals, reversals_e4 FROM daily WHERE day = '2024-01-05'"); !strings.HasSuffix(got, "|1|-25000\n") {
		t.Errorf("5 January: %s", got)
	}
	if got := Rows(t, s, "SELECT raw FROM rejects WHERE reason LIKE 'unparsable%' ORDER BY row_no LIMIT 1"); !strings.Contains(got, `"order_ts":"yesterday"`) {
		t.Errorf("reject: %s", got)
	}
	if got := Rows(t, s, "SELECT state FROM runs"); got != "done\ndone\ndone\n" {
		t.Errorf("runs: %s", got)
	}
}

func changed(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	dir := t.TempDir()
	Import(t, s, session.Settings{}, Write(t, dir, "a.csv", header+orders(0, 300)))
	Import(t, s, session.Settings{}, Write(t, dir, "b.csv", header+orders(200, 300)))
	want := Open(t, sibling(u))
	first := Write(t, dir, "a2.csv", header+orders(50, 320)+dirty)
	r := Import(t, s, session.Settings{}, Write(t, dir, "a.csv", header+orders(50, 320)+dirty))
	if r.Files[0].State != store.Replaced {
		t.Errorf("%+v", r)
	}
	Import(t, want, session.Settings{}, first, dir+"/b.csv")
	if a, b := Dump(t, s), Dump(t, want); a != b {
		t.Errorf("replaced:\n%s\nanew:\n%s", diff(a, b), "")
	}
	// other rules make other rows of the same file
	r = Import(t, s, session.Settings{VoidStatuses: []string{"paid"}}, dir+"/a.csv")
	if r.Files[0].State != store.Replaced || r.Account().Rows[relation.Void] != 240+6-1 && r.Account().Rows[relation.Void] < 240 {
		t.Errorf("other rules: %+v", r)
	}
	if got := Rows(t, s, "SELECT COUNT(*) FROM imports"); got != "2\n" {
		t.Errorf("%s imports stay", got)
	}
}

// sibling names another database beside u's.
func sibling(u *sqldb.URL) *sqldb.URL {
	v := *u
	if u.Dialect == sqldb.SQLite {
		v.File += ".sibling"
	} else {
		v.Database += "_sibling"
	}
	return &v
}

// diff returns the first lines that differ.
func diff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return "one is longer"
}

func several(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	dir := t.TempDir()
	a, b := Write(t, dir, "a.csv", header+orders(0, 100)), Write(t, dir, "b.csv", header+orders(100, 100)+dirty)
	r := Import(t, s, session.Settings{}, a, b)
	if len(r.Files) != 2 || r.Account().In != 207 || r.Files[1].Account.Rows[relation.Reject] != 6 {
		t.Errorf("%+v", r)
	}
	if got := Rows(t, s, "SELECT MAX(l.row_no) FROM line_store l JOIN imports i ON i.id = l.import_id GROUP BY i.source ORDER BY i.source"); got != "99\n105\n" {
		t.Errorf("rows of each file: %s", got)
	}
	c := Write(t, dir, "c.csv", header+orders(190, 20)) // few lines, of orders and days that are there, too
	defer func(want *store.Store) {
		Import(t, want, session.Settings{}, a, b, c)
		for _, table := range []string{"daily ORDER BY day", "orders ORDER BY order_id", "customers ORDER BY customer_id", "products ORDER BY product_id"} {
			if x, y := Rows(t, s, "SELECT * FROM "+table), Rows(t, want, "SELECT * FROM "+table); x != y {
				t.Errorf("%s, one after the other and at once:\n%s", table, diff(x, y))
			}
		}
	}(Open(t, sibling(u)))
	if r = Import(t, s, session.Settings{}, a, b, c); r.Files[0].State+r.Files[1].State+r.Files[2].State != store.Unchanged+store.Unchanged+store.Imported {
		t.Errorf("%+v", r)
	}
	_, err := s.Import(context.Background(), Relate(t, session.Settings{}, a, Write(t, dir, "a copy.csv", header+orders(0, 100))), store.ImportOptions{Files: vfs.Local{}})
	if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "same bytes") {
		t.Errorf("twice: %v", err)
	}
	if got := Rows(t, s, "SELECT state FROM runs ORDER BY id DESC LIMIT 1"); got != "failed\n" {
		t.Errorf("run: %s", got)
	}
	other := Open(t, &sqldb.URL{Dialect: sqldb.SQLite, File: dir + "/other.db"})
	twice := Write(t, dir, "twice.csv", header+orders(300, 40)+orders(320, 20))
	if r := Import(t, other, session.Settings{Dedupe: true}, twice); r.Account().Rows[relation.Reject] != 20 || r.Account().Rows[relation.Sold] != 30 {
		t.Errorf("without duplicates: %+v", r)
	}
}

// damage: somebody deletes lines behind our back.
func damage(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	file := Write(t, t.TempDir(), "o.csv", header+orders(0, 200))
	Import(t, s, session.Settings{}, file)
	before := Dump(t, s)
	for _, q := range []string{"DELETE FROM line_store WHERE row_no = 5", "UPDATE line_store SET money_e4 = money_e4 + 1 WHERE row_no = 5"} {
		if _, err := s.DB.Exec(q); err != nil {
			t.Fatal(err)
		}
		if r := Import(t, s, session.Settings{}, file); r.Files[0].State == store.Unchanged || Dump(t, s) != before {
			t.Errorf("%s: %+v", q, r)
		}
	}
}

// brokenOff ends imports after every few rows and goes on with them.
func brokenOff(t *testing.T, u, other *sqldb.URL) {
	s, whole := Open(t, u), Open(t, other)
	text := header + orders(0, 30000) + dirty + orders(30000, 30000) + dirty
	file := Write(t, t.TempDir(), "o.csv", text)
	parts := 0 // attempts that left a part behind
	for batches := 1; ; batches++ {
		rel := Relate(t, session.Settings{}, file)
		rel.Fact = &failing{Dataset: rel.Fact, left: batches}
		_, err := s.Import(context.Background(), rel, store.ImportOptions{Files: vfs.Local{}, ChunkRows: 5000})
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "the disk is gone") {
			t.Fatal(err)
		}
		if got := Rows(t, s, "SELECT COUNT(*) FROM order_lines") + Rows(t, s, "SELECT COUNT(*) FROM daily"); got != "0\n0\n" {
			t.Errorf("half an import is seen: %s", got)
		}
		if Rows(t, s, "SELECT 1 FROM imports WHERE state = 'loading' AND position > 0") != "" {
			parts++
		}
	}
	if parts < 2 {
		t.Errorf("only %d attempts left a part", parts)
	}
	Import(t, whole, session.Settings{}, file)
	if a, b := Dump(t, s), Dump(t, whole); a != b {
		t.Errorf("broken off:\n%s", diff(a, b))
	}
}

// failing is a dataset that can no longer be read after some batches.
type failing struct {
	source.Dataset
	left int
}

func (f *failing) Splits() []source.Split {
	var out []source.Split
	for _, s := range f.Dataset.Splits() {
		out = append(out, failingSplit{s, f})
	}
	return out
}

type failingSplit struct {
	source.Split
	f *failing
}

func (s failingSplit) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	r, err := s.Split.Open(ctx, want)
	return failingReader{r, s.f}, err
}

type failingReader struct {
	source.Reader
	f *failing
}

func (r failingReader) Next(b *frame.Batch) error {
	if r.f.left--; r.f.left < 0 {
		return errors.New("the disk is gone")
	}
	return r.Reader.Next(b)
}

// wide has rejects of 60 KiB each, more than a statement takes at once.
func wide(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	var b strings.Builder
	b.WriteString(header + orders(0, 100))
	for i := range 400 {
		fmt.Fprintf(&b, ",2024-01-05,C%d,P1,1,1.00,paid,%s\n", i, strings.Repeat("x", 60<<10))
	}
	r := Import(t, s, session.Settings{}, Write(t, t.TempDir(), "w.csv", b.String()))
	if a := r.Account(); a.Rows[relation.Reject] != 400 || a.Stored() != 75 {
		t.Errorf("%+v", a)
	}
	if got := Rows(t, s, "SELECT COUNT(*), MIN(LENGTH(raw)), MAX(row_no) FROM rejects"); !strings.HasPrefix(got, "400|61") || !strings.HasSuffix(got, "|500\n") {
		t.Errorf("rejects: %s", got)
	}
}

func values(t *testing.T, u *sqldb.URL) {
	s := Open(t, u)
	dir := t.TempDir()
	text := "order_id,order_ts,product_id,amount,product_name,currency\n" +
		"00123,2024-01-05 23:59:59.123456,\"tab\tnew\nline\",0.0001,\"back\\slash \"\"quoted\"\"\",EUR\n" +
		"a ,2024-01-05,x,92233720368.4775,漢字 🛒,EUR\n" +
		"a,2024-01-06,x,-5,\\n,EUR\n" +
		"'; DROP TABLE orders; --,2024-01-06,x,12345678.9,,EUR\n" +
		strings.Repeat("i", 300) + ",2024-01-06,x,1,n,EUR\n" +
		"z,0001-01-06,x,1,n,EUR\n"
	r := Import(t, s, session.Settings{}, Write(t, dir, "v.csv", text))
	if a := r.Account(); a.Rows[relation.Sold] != 3 || a.Rows[relation.Reversal] != 1 || a.Rows[relation.Reject] != 2 {
		t.Errorf("%+v", a)
	}
	got := Rows(t, s, "SELECT row_no, kind, order_id, product_id, amount, product_name FROM order_lines ORDER BY row_no")
	want := "1|sold|00123|tab\tnew\nline|0.0001|back\\slash \"quoted\"\n2|sold|a |x|92233720368.4775|漢字 🛒\n3|reversal|a|x|-5.0000|\\n\n4|sold|'; DROP TABLE orders; --|x|12345678.9000|NULL\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := Rows(t, s, "SELECT reason FROM rejects ORDER BY row_no"); got != "too_long (order_id)\nyear_out_of_range (order_ts)\n" {
		t.Errorf("rejects: %s", got)
	}
	if got := Rows(t, s, "SELECT order_id, sold_lines FROM orders ORDER BY order_id"); !strings.Contains(got, "\na|0\na |1\n") {
		t.Errorf("ids that differ by a space: %q", got)
	}
}
