// Package mariadb starts a real MariaDB for tests.
package mariadb

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// Server is a MariaDB that a test started.
type Server struct {
	t    testing.TB
	env  []string
	dir  string
	Port int
}

// scripts is the folder of the service's scripts, from this file's place.
func scripts() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "scripts", "services", "mariadb")
}

// Start starts a MariaDB of its own on a free port, with further options of the server, and stops
// it with the test. Where MariaDB cannot be installed the test is skipped; with
// ECOMCTL_REQUIRE_SERVICES=1 it fails.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return StartIn(t, t.TempDir(), options...)
}

// StartIn is Start with a folder for the server's data.
func StartIn(t testing.TB, dir string, options ...string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Port: l.Addr().(*net.TCPAddr).Port}
	_ = l.Close()
	s.dir = dir
	s.env = append(os.Environ(), "SERVICES_DIR="+s.dir, "MARIADB_PORT="+strconv.Itoa(s.Port), "MARIADB_OPTIONS="+strings.Join(options, " "), "MARIADB_BUFFER_POOL=128M")
	for _, script := range []string{"install.sh", "start.sh"} {
		if out, err := s.script(script); err != nil {
			if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" {
				t.Fatalf("MariaDB: %v\n%s", err, out)
			}
			t.Skipf("MariaDB is not here: %s", out)
		}
	}
	t.Cleanup(func() {
		if out, err := s.script("stop.sh"); err != nil {
			t.Errorf("stopping MariaDB: %v\n%s", err, out)
		}
	})
	return s
}

func (s *Server) script(name string, args ...string) (string, error) {
	c := exec.Command("bash", append([]string{filepath.Join(scripts(), name)}, args...)...)
	c.Env = s.env
	out, err := c.CombinedOutput()
	return string(out), err
}

// Kill ends the server as a crash would.
func (s *Server) Kill() {
	s.t.Helper()
	if out, err := s.script("stop.sh", "--kill"); err != nil {
		s.t.Fatalf("killing MariaDB: %v\n%s", err, out)
	}
}

// Dir is the folder of the server's data.
func (s *Server) Dir() string { return s.dir }

// PID is the number of the server's process.
func (s *Server) PID() string {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "run", "mariadb.pid"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// Restart starts the server again on its data.
func (s *Server) Restart() {
	s.t.Helper()
	if out, err := s.script("start.sh"); err != nil {
		s.t.Fatalf("starting MariaDB: %v\n%s", err, out)
	}
}

// Admin runs statements as the server's administrator and returns what they print.
func (s *Server) Admin(statements string) string {
	s.t.Helper()
	out, err := s.script("sql.sh", statements)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", statements, err, out)
	}
	return out
}

// Database makes an empty database and returns its URL.
func (s *Server) Database(name string) *sqldb.URL {
	s.t.Helper()
	s.Admin(fmt.Sprintf("DROP DATABASE IF EXISTS `shop_%s`; CREATE DATABASE `shop_%[1]s`", name))
	return s.Parse("mysql://shop:shop@127.0.0.1:" + strconv.Itoa(s.Port) + "/shop_" + name)
}

// Parse reads a URL that must be right.
func (s *Server) Parse(raw string) *sqldb.URL {
	s.t.Helper()
	u, err := sqldb.Parse(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}
