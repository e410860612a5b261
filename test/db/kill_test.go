package db_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/test/mariadb"
	"github.com/ecomctl/ecomctl/test/storetest"
)

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ecomctl-bin")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ecomctl")
	out, err := exec.Command("go", "build", "-o", path, "github.com/ecomctl/ecomctl/cmd/ecomctl").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

// ecomctl builds the command line once and returns its path.
func ecomctl(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// generate writes a file of orders with some dirt.
func generate(t *testing.T, rows string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "orders.csv")
	if out, err := exec.Command(ecomctl(t), "generate", "orders", "--rows", rows, "-o", file, "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

// with is the URL as a user writes it.
func with(u *sqldb.URL) string {
	return strings.Replace(u.String(), "//shop@", "//shop:shop@", 1)
}

// TestKill ends imports by kill -9 at random moments: what is there in the end is what an
// undisturbed import makes, and before that nothing half-done is seen.
func TestKill(t *testing.T) {
	file := generate(t, "100000")
	s := mariadb.Start(t)
	dir := t.TempDir()
	for name, fresh := range map[string]func(string) *sqldb.URL{
		"mariadb": s.Database,
		"sqlite": func(name string) *sqldb.URL {
			return &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(dir, name+".db")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			whole := storetest.Open(t, fresh("whole"))
			storetest.Import(t, whole, session.Settings{}, file)
			want := storetest.Dump(t, whole)
			var full string
			for _, line := range []string{"order_lines", "daily", "orders"} {
				full += storetest.Rows(t, whole, "SELECT COUNT(*) FROM "+line)
			}
			u := fresh("killed")
			killed := storetest.Open(t, u)
			random := rand.New(rand.NewPCG(1, 2))
			parts := 0
			for k := range 6 {
				c := exec.Command(ecomctl(t), "db", "import", file, "--db", with(u), "-q", "--max-rejects", "100%")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 2) // asked for twice
				go func() {
					err := c.Wait()
					ended <- err
					ended <- err
				}()
				// at any moment behind the k-th sixth of the rows, the last time while they become visible
				for over := false; !over && !past(t, killed, 100_000*(k+1)/6); {
					select {
					case <-ended:
						over = true
					case <-time.After(time.Millisecond):
					}
				}
				time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond))))
				_ = c.Process.Kill()
				<-ended
				var seen string
				for _, line := range []string{"order_lines", "daily", "orders"} {
					seen += storetest.Rows(t, killed, "SELECT COUNT(*) FROM "+line)
				}
				if seen != "0\n0\n0\n" && seen != full {
					t.Fatalf("half an import is seen: %q of %q", seen, full)
				}
				if storetest.Rows(t, killed, "SELECT 1 FROM imports WHERE state = 'loading' AND position > 0") != "" {
					parts++
				}
			}
			if out, err := exec.Command(ecomctl(t), "db", "import", file, "--db", with(u), "--max-rejects", "100%").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := storetest.Dump(t, killed); got != want {
				t.Error("what came after the kills is not what an undisturbed import makes")
			}
			if t.Logf("%d of 6 kills left a part", parts); parts == 0 {
				t.Error("no kill left a part")
			}
			if got := storetest.Rows(t, killed, "SELECT COUNT(*) FROM imports"); got != "1\n" {
				t.Errorf("%s imports", got)
			}
		})
	}
}

// past reports whether that many rows are stored.
func past(t *testing.T, s *store.Store, rows int) bool {
	t.Helper()
	at, err := strconv.Atoi(strings.TrimSpace(storetest.Rows(t, s, "SELECT COALESCE(MAX(position), 0) FROM imports")))
	if err != nil {
		t.Fatal(err)
	}
	return at >= rows
}

// TestDisturbed imports by a way that cuts, from a server that is killed, onto one without room, and
// without rights.
func TestDisturbed(t *testing.T) {
	file := generate(t, "30000")
	s := mariadb.Start(t)
	whole := storetest.Open(t, s.Database("whole"))
	storetest.Import(t, whole, session.Settings{}, file)
	want := storetest.Dump(t, whole)
	t.Run("cut connections", func(t *testing.T) { cutImport(t, s, file, want) })
	t.Run("killed server", func(t *testing.T) { killServer(t, s, file, want) })
	t.Run("rights", func(t *testing.T) { readOnlyImport(t, s, file) })
	t.Run("no room", func(t *testing.T) { noRoom(t) })
}

func openWith(t *testing.T, u *sqldb.URL, o sqldb.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), u, store.Options{Options: o, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
