package stream_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/stream/table"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// tableRows reads a table of windows, in the form of batch. A row that is there twice fails.
func tableRows(t *testing.T, uri string) []string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "table.csv")
	run(t, nil, "convert", uri, "-o", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		key := r[0] + "," + r[2]
		if seen[key] {
			t.Fatalf("twice: %v", r)
		}
		seen[key] = true
		for i := 3; i < 7; i++ { // doubles and decimals are written in other forms
			if strings.Contains(r[i], ".") {
				r[i] = strings.TrimRight(strings.TrimRight(r[i], "0"), ".")
			}
		}
		list = append(list, strings.Replace(r[0], "Z", "", 1)+","+strings.Join(r[2:7], ","))
	}
	slices.Sort(list)
	return list
}

// killTable kills a run that follows a growing file and writes to a table; meanwhile happens before each kill and
// returns how much longer the run may live, and what is waited for after it.
func killTable(t *testing.T, uri string, seed uint64, meanwhile func(k int) (life time.Duration, after func())) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "orders.ndjson")
	lines := orders(t, 40_000, seed)
	kills := kills(t)
	written := grow(t, file, bytes.Join(lines, nil), 60*kills)
	args := []string{"stream", file, "--window", "1h", "--by", "region", "--delay", "10m", "--allowed-lateness", "20d", "--checkpoint", filepath.Join(dir, "state"),
		"--checkpoint-interval", "20ms", "-o", uri, "--max-rejects", "1"}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), seed))
	for k := range kills {
		life, after := meanwhile(k)
		runAndKill(t, nil, life+time.Duration(50+rng.IntN(600))*time.Millisecond, append(args, "--follow")...)
		after()
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	_, said := run(t, nil, args...)
	if records, _, late, _, _, _ := counts(t, said); records != len(lines) || late != 0 {
		t.Fatalf("%d records: %s", len(lines), said)
	}
	want := batch(t, file)
	for i := range want {
		want[i] = strings.Replace(want[i], "Z", "", 1)
	}
	same(t, want, tableRows(t, uri))
}

// grow writes a text to a file piece by piece; the pieces do not end with lines.
func grow(t *testing.T, path string, text []byte, pieces int) <-chan error {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		var err error
		for piece := range slices.Chunk(text, len(text)/pieces+1) {
			if _, err = f.Write(piece); err != nil {
				break
			}
			time.Sleep(5 * time.Millisecond) // the load
		}
		written <- errors.Join(err, f.Close())
	}()
	return written
}

// TestKillSQLite: kill -9 at any moment leaves each window in the table once, with the batch answer.
func TestKillSQLite(t *testing.T) {
	killTable(t, "sqlite:"+filepath.Join(t.TempDir(), "w.db")+"?table=hours", 21, func(int) (time.Duration, func()) { return 0, func() {} })
}

// TestKillMariaDB is the same with a server, which is killed on the way as well, and another one that holds the lock of
// the table, so that the sink is slow.
func TestKillMariaDB(t *testing.T) {
	srv := mariadb.Start(t)
	u := srv.Database("windows")
	uri := fmt.Sprintf("mysql://shop:shop@127.0.0.1:%d/%s?table=hours", srv.Port, u.Database)
	killTable(t, uri, 22, func(k int) (time.Duration, func()) {
		done := make(chan struct{})
		var life time.Duration
		switch k % 5 {
		case 1:
			go func() { // the run meets a server that dies
				defer close(done)
				time.Sleep(200 * time.Millisecond)
				srv.Kill()
				srv.Restart()
			}()
			life = 3 * time.Second // and mostly outlives its return
		case 2:
			go func() {
				defer close(done)
				if err := holdLock(u, time.Second); err != nil {
					t.Error(err)
				}
			}()
		default:
			close(done)
		}
		return life, func() { <-done }
	})
	lostAnswer(t, uri)
}

// holdLock keeps the row of the last commit locked for a while.
func holdLock(u *sqldb.URL, long time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := sqldb.Open(ctx, u, sqldb.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var id string
	if err := tx.QueryRowContext(ctx, "SELECT id FROM ecomctl_stream WHERE name = 'hours' FOR UPDATE").Scan(&id); err != nil {
		return err
	}
	time.Sleep(long)
	return nil
}

// lostAnswer: where the answer to a commit is lost, nothing is written twice and nothing left out.
func lostAnswer(t *testing.T, uri string) {
	var cut atomic.Bool
	o, err := table.New(strings.Replace(uri, "hours", "answers", 1), nil, table.Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, network, address)
		return &deaf{c, &cut}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close(true)
	if _, err := o.Begin(t.Context(), "job", true); err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		rows := &result.Table{N: 1}
		for _, name := range []string{"window_start", "revision"} {
			c := result.Column{Spec: result.Spec{Name: name, Type: expr.Int}, Data: result.NewData(expr.Int, 1)}
			result.AppendInt(&c.Data, int64(k))
			rows.Columns = append(rows.Columns, c)
		}
		if err := o.Put(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		cut.Store(k == 1)
		if err := o.Commit(t.Context(), fmt.Sprint(k, "-x")); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := run(t, nil, "convert", strings.Replace(uri, "hours", "answers", 1), "--format", "csv")
	if strings.Count(text, "\n") != 4 {
		t.Fatal(text)
	}
}

// deaf is a connection that breaks when the answer to a COMMIT should be read, once.
type deaf struct {
	net.Conn
	cut *atomic.Bool
}

func (d *deaf) Write(p []byte) (int, error) {
	n, err := d.Conn.Write(p)
	if err == nil && bytes.Contains(p, []byte("COMMIT")) && d.cut.CompareAndSwap(true, false) {
		buf := make([]byte, 4096)
		_, _ = d.Conn.Read(buf) // it was done; its answer is lost
		d.Conn.Close()
	}
	return n, err
}
