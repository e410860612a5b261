package db_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

// TestPage runs the commands of docs/db.md, on SQLite and on a server.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/db.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```sh\n")[1:]
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	s := mariadb.Start(t)
	dir := t.TempDir()
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		text = strings.ReplaceAll(text, ":13306", fmt.Sprintf(":%d", s.Port))
		c := exec.Command("bash", "-euo", "pipefail", "-c", text)
		c.Dir, c.Env = dir, append(os.Environ(), "PATH="+filepath.Dir(ecomctl(t))+":"+os.Getenv("PATH"))
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "line_store") {
			t.Errorf("%v\n%s\n%s", err, text, out)
		}
	}
}

// TestDaily: the table daily is what `ecomctl sales --by day` says of the files, and order_lines of a
// database gives every analysis the rows of the files.
func TestDaily(t *testing.T) {
	s := mariadb.Start(t)
	dir := t.TempDir()
	var files []string
	for i := range 2 {
		f := filepath.Join(dir, fmt.Sprintf("orders%d.csv", i))
		run(t, "generate", "orders", "--rows", "8000", "--seed", fmt.Sprint(i+1), "-o", f, "-q")
		files = append(files, f)
	}
	output := func(args ...string) string {
		t.Helper()
		c := exec.Command(ecomctl(t), append(args, "-q", "--max-rejects", "100%")...)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return string(out)
	}
	for _, u := range []*sqldb.URL{s.Database("daily"), {Dialect: sqldb.SQLite, File: filepath.Join(dir, "daily.db")}} {
		run(t, "db", "init", "--db", with(u))
		for _, f := range files { // the second one touches days, orders and customers of the first
			run(t, "db", "import", f, "--db", with(u), "-q", "--max-rejects", "100%")
		}
		table := with(u) + "?table="
		want := map[string]bool{}
		for line := range strings.Lines(output("sales", files[0], files[1], "--columns", "date,revenue,orders,units,customers", "--no-progress")) {
			if f := strings.Split(strings.TrimSpace(line), ","); f[0] != "date" && f[2] != "0" {
				want[strings.Join(f, ",")] = true
			}
		}
		db := openWith(t, u, sqldb.Options{})
		rows, err := db.DB.Query("SELECT day, revenue_e4, orders, units, customers FROM daily WHERE sold_lines > 0")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; rows.Next(); n++ {
			var day string
			var money, orders, customers int64
			var units float64
			if err := rows.Scan(&day, &money, &orders, &units, &customers); err != nil {
				t.Fatal(err)
			}
			amount := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%04d", money/10000, money%10000), "0"), ".")
			got := fmt.Sprintf("%s,%s,%d,%v,%d", day[:10], amount, orders, units, customers)
			if !want[got] {
				t.Fatalf("%s: %s is not what sales says", u, got)
			}
		}
		if err := rows.Err(); err != nil || n != len(want) || n < 100 {
			t.Errorf("%s: %d days of %d, %v", u, n, len(want), err)
		}
		for _, args := range [][]string{{"sales", "--by", "month"}, {"geo"}, {"segments"}} {
			if near, far := output(append(args, files...)...), output(append(args, table+"order_lines")...); near != far || len(near) < 50 {
				t.Errorf("%v of %s:\n%s\nof the files:\n%s", args, u, far, near)
			}
		}
	}
}
