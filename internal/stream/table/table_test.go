package table_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/stream/table"
)

// rows makes a window's rows; a region of "" is null.
func rows(start, revision int64, regions ...string) *result.Table {
	t := &result.Table{Name: "windows", N: len(regions)}
	for _, s := range []result.Spec{{Name: "window_start", Type: expr.Time}, {Name: "region", Type: expr.Text}, {Name: "revenue", Type: expr.Money}, {Name: "units", Type: expr.Int}, {Name: "revision", Type: expr.Int}} {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, 0)})
	}
	for i, r := range regions {
		result.AppendInt(&t.Columns[0].Data, start)
		if r == "" {
			result.AppendNull(&t.Columns[1].Data)
		} else {
			result.AppendText(&t.Columns[1].Data, r)
		}
		result.AppendInt(&t.Columns[2].Data, 10_000*int64(i+1)+revision)
		result.AppendInt(&t.Columns[3].Data, revision)
		result.AppendInt(&t.Columns[4].Data, revision)
	}
	return t
}

// content reads the table.
func content(t *testing.T, file string) string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var s sql.NullString
	if err := db.QueryRow("SELECT group_concat(line, ' ') FROM (SELECT strftime('%H:%M', window_start) || '/' || coalesce(region, 'null') || '=' || revenue || '#' || revision AS line FROM windows ORDER BY window_start, region)").Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s.String
}

func open(t *testing.T, file string) *table.Table {
	t.Helper()
	o, err := table.New("sqlite:"+file+"?table=windows", []string{"region"}, table.Options{Patience: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close(false) })
	return o
}

// do puts rows and commits them.
func do(t *testing.T, o *table.Table, id string, list ...*result.Table) {
	t.Helper()
	for _, r := range list {
		if err := o.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Commit(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

const minute = 60_000_000

// TestTable: windows are written whole, revisions replace rows by their key, null among them, and a
// job that begins anew leaves nothing of the one before.
func TestTable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "w.db")
	o := open(t, file)
	if last, err := o.Begin(t.Context(), "a", true); err != nil || last != "" {
		t.Fatal(last, err)
	}
	do(t, o, "1-x")
	do(t, o, "2-x", rows(0, 0, "", "RJ", "SP"), rows(minute, 0, "SP"), rows(0, 1, "", "MG"))
	if got, want := content(t, file), "00:00/null=1.0001#1 00:00/MG=2.0001#1 00:00/RJ=2#0 00:00/SP=3#0 00:01/SP=1#0"; got != want {
		t.Fatalf("%s\ninstead of\n%s", got, want)
	}
	// the same job goes on; what was not committed is not there
	again := open(t, file)
	if last, err := again.Begin(t.Context(), "a", false); err != nil || last != "2-x" {
		t.Fatal(last, err)
	}
	if err := again.Put(t.Context(), rows(2*minute, 0, "SP")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, file); strings.Contains(got, "00:02") {
		t.Fatal(got)
	}
	do(t, again, "3-x")
	// the first one was overtaken
	if err := o.Commit(t.Context(), "3-y"); fault.KindOf(err) != fault.Locked || fault.HintOf(err) == "" {
		t.Fatal(err)
	}
	fresh := open(t, file)
	if _, err := fresh.Begin(t.Context(), "b", true); err != nil {
		t.Fatal(err)
	}
	if got := content(t, file); got == "" {
		t.Fatal("the table was emptied before the first commit")
	}
	do(t, fresh, "1-z", rows(minute, 0, "BA"))
	if got := content(t, file); got != "00:01/BA=1#0" {
		t.Fatal(got)
	}
	if last, err := open(t, file).Begin(t.Context(), "a", false); err != nil || last != "" {
		t.Fatalf("the table of another job says %q, %v", last, err)
	}
}

// TestRefused: what is not a stream's table is left alone.
func TestRefused(t *testing.T) {
	for _, raw := range []string{"sqlite:w.db", "sqlite:w.db?table=ecomctl_stream", "mysql://"} {
		if _, err := table.New(raw, nil, table.Options{}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", raw, err)
		}
	}
	file := filepath.Join(t.TempDir(), "w.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE windows (a); INSERT INTO windows VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, file).Begin(context.Background(), "a", true); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "no stream wrote") {
		t.Fatal(err)
	}
	if _, err := db.Exec("DELETE FROM windows"); err != nil {
		t.Fatal(err)
	}
	o := open(t, file)
	if _, err := o.Begin(context.Background(), "a", true); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(context.Background(), rows(0, 0, "SP")); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(context.Background(), "1-x"); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "its columns are a, and those of the windows window_start, region") {
		t.Fatal(err)
	}
	big := rows(0, 0, "SP")
	big.Columns[2].Data.I64[0] = 1e15
	o = open(t, filepath.Join(t.TempDir(), "w.db"))
	if _, err := o.Begin(context.Background(), "a", true); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(context.Background(), big); err != nil {
		t.Fatal(err)
	}
	if err := o.Commit(context.Background(), "1-x"); fault.KindOf(err) != fault.Data || !strings.Contains(err.Error(), "15 digits") {
		t.Fatal(err)
	}
}
