package sqldb_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/sqldb/sqldbtest"
)

func TestSQLite(t *testing.T) {
	sqldbtest.Suite(t, &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(t.TempDir(), "a b%41?#.db")})
}

func TestParse(t *testing.T) {
	for raw, want := range map[string]string{
		"mysql://shop:secret@db.example:3307/my%2Fdb?table=or+ders": "mysql://shop@db.example:3307/my%2Fdb?table=or+ders",
		"mysql://shop@db.example/db":                                "mysql://shop@db.example/db",
		"MySQL://db.example/db?tls=preferred&password=x":            "mysql://db.example/db",
		"mysql://u:p%40ss%2F:w@[::1]:3306/db":                       "mysql://u@::1/db",
		"mysql://u:file:/run/secrets/db@h/db":                       "mysql://u@h/db",
		"mysql:///db?socket=/run/mysqld.sock":                       "mysql://127.0.0.1/db",
		"sqlite:shop.db?table=orders":                               "sqlite:shop.db?table=orders",
		"sqlite:///var/shop.db":                                     "sqlite:/var/shop.db",
		"sqlite:a%3Fb.db":                                           "sqlite:a%3Fb.db",
	} {
		u, err := sqldb.Parse(raw)
		if err != nil || u.String() != want {
			t.Errorf("%s: %v %v, want %s", raw, u, err, want)
		}
	}
	for raw, want := range map[string]string{
		"mysql://h":                         "no database",
		"mysql://h/":                        "no database",
		"mysql://u:hunter2@h:70000/db":      "host:port",
		"mysql://u:hunter2@h/db?nope=1":     "unknown parameter",
		"mysql://u:hunter2@h/db?tls=maybe":  "tls=maybe",
		"mysql://u:hunter2@h/db?table=%zz":  "cannot be read",
		"mysql://u:hunter2%zz@h/db":         "begins no",
		"sqlite:":                           "no file",
		"sqlite::memory:":                   "memory",
		"sqlite:x.db?mode=ro":               "unknown parameter",
		"postgres://h/db":                   "not the URL",
		"mysql://u:hunter2@h/a/b":           "no database",
		"mysql://u:hunter2@h/db?tls=1&tls=": "tls is given",
	} {
		_, err := sqldb.Parse(raw)
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Usage || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
	u, err := sqldb.Parse("mysql://u:p%40ss%2F:w@h/db?mode=append", "mode")
	if err != nil || u.Params.Get("mode") != "append" {
		t.Fatal(u, err)
	}
	if got, err := u.Password.Reveal(nil); err != nil || got != "p@ss/:w" {
		t.Errorf("password %q %v", got, err)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"text.db": "order_id,amount\n1,2\n", "half.db": "SQLite for"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	_ = l.Close()
	for raw, want := range map[string]fault.Kind{
		"sqlite:" + dir + "/none.db":        fault.NotFound,
		"sqlite:" + dir + "/text.db":        fault.Input,
		"sqlite:" + dir + "/half.db":        fault.Input,
		"sqlite:" + dir:                     fault.Input,
		"sqlite:" + dir + "/no/folder.db":   fault.NotFound,
		"mysql://u:hunter2@" + free + "/db": fault.Unavailable,
		"mysql://u:${NO_SUCH}@h/db":         fault.Usage,
		"mysql://u:file:/no/such@h/db":      fault.NotFound,
		"mysql:///db?socket=/no/such.sock":  fault.Unavailable,
	} {
		u, err := sqldb.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sqldb.Open(context.Background(), u, sqldb.Options{Patience: -1, Create: strings.Contains(raw, "folder")})
		if fault.KindOf(err) != want || fault.HintOf(err) == "" || strings.Contains(err.Error()+fault.HintOf(err), "hunter2") {
			t.Errorf("%s: %v (%s), hint %q", raw, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}

// TestNotAServer connects to what is no MySQL: one that says nothing, one that speaks HTTP.
func TestNotAServer(t *testing.T) {
	for greeting, want := range map[string]string{"": "no answer within", "HTTP/1.1 400 Bad Request\r\n\r\n": ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				if _, err := c.Write([]byte(greeting)); err != nil {
					return
				}
			}
		}()
		u, err := sqldb.Parse("mysql://u@" + l.Addr().String() + "/db")
		if err != nil {
			t.Fatal(err)
		}
		_, err = sqldb.Open(context.Background(), u, sqldb.Options{DialTimeout: 300 * time.Millisecond, Patience: -1})
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), want) || !strings.Contains(fault.HintOf(err), l.Addr().String()) {
			t.Errorf("greeting %q: %v (%s), hint %q", greeting, err, fault.KindOf(err), fault.HintOf(err))
		}
	}
}

// TestPatience waits for a server that comes back, and no longer than it was told to.
func TestPatience(t *testing.T) {
	db := sqldbtest.Open(t, &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(t.TempDir(), "p.db")}, sqldb.Options{Patience: 300 * time.Millisecond})
	gone := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	tries := 0
	err := db.Retry(context.Background(), "asking", func(context.Context) error {
		if tries++; tries < 3 {
			return gone
		}
		return nil
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	err = db.Retry(context.Background(), "asking", func(context.Context) error { return gone })
	if fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	tries = 0
	err = db.Retry(context.Background(), "asking", func(context.Context) error { tries++; return errors.New("broken for good") })
	if tries != 1 || fault.KindOf(err) != fault.Internal {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestAppendField(t *testing.T) {
	if got := string(sqldb.AppendField(nil, "a\tb\nc\\d\x00e漢")); got != `a\tb\nc\\d\0e漢` {
		t.Errorf("%q", got)
	}
}
