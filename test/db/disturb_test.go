package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
	"github.com/ecomctl/ecomctl/internal/vfs"
	"github.com/ecomctl/ecomctl/test/mariadb"
	"github.com/ecomctl/ecomctl/test/storetest"
)

// cutImport cuts the connections at many points; the import goes on each time.
func cutImport(t *testing.T, s *mariadb.Server, file, want string) {
	u, p := through(t, s, "cut")
	st := openWith(t, u, sqldb.Options{Patience: 2 * time.Minute})
	if _, err := st.Init(context.Background()); err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		for n := int64(1000); ; n = n*5/4 + 1000 {
			p.CutAfter(n)
			for before := p.Cuts(); p.Cuts() == before; {
				select {
				case <-done:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
	}()
	_, err := st.Import(context.Background(), storetest.Relate(t, session.Settings{}, file), store.ImportOptions{Files: vfs.Local{}, ChunkRows: 2000})
	done <- true
	p.CutAfter(-1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Cuts() < 5 {
		t.Errorf("only %d cuts", p.Cuts())
	}
	if storetest.Dump(t, st) != want {
		t.Error("the import by a broken way differs")
	}
	t.Logf("%d cuts", p.Cuts())
}

// killServer crashes the server while rows go in; it comes back and the import goes on.
func killServer(t *testing.T, s *mariadb.Server, file, want string) {
	u := s.Database("crash")
	st := openWith(t, u, sqldb.Options{Patience: 3 * time.Minute})
	if _, err := st.Init(context.Background()); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	rel := storetest.Relate(t, session.Settings{}, file)
	go func() {
		_, err := st.Import(context.Background(), rel, store.ImportOptions{Files: vfs.Local{}, ChunkRows: 2000})
		done <- err
	}()
	watch := storetest.Open(t, u)
	for storetest.Rows(t, watch, "SELECT 1 FROM imports WHERE position > 0") == "" {
		time.Sleep(time.Millisecond)
	}
	s.Kill()
	s.Restart()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if storetest.Dump(t, watch) != want {
		t.Error("the import over a crash differs")
	}
}

// readOnlyImport is refused before anything changes.
func readOnlyImport(t *testing.T, s *mariadb.Server, file string) {
	u := s.Database("readonly")
	storetest.Open(t, u)
	s.Admin("CREATE OR REPLACE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'r'; GRANT SELECT ON shop_readonly.* TO 'reader'@'127.0.0.1'")
	st := openWith(t, s.Parse(fmt.Sprintf("mysql://reader:r@127.0.0.1:%d/shop_readonly", s.Port)), sqldb.Options{})
	_, err := st.Import(context.Background(), storetest.Relate(t, session.Settings{}, file), store.ImportOptions{Files: vfs.Local{}})
	if fault.KindOf(err) != fault.Auth || !strings.Contains(fault.HintOf(err), "GRANT") {
		t.Errorf("%v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if items, err := st.Status(context.Background(), 5); err != nil || len(items) < 5 {
		t.Errorf("status: %v %v", items, err)
	}
}

// noRoom imports into a server whose table space may not grow: one clear error, nothing is seen, and
// the same command goes on when there is room.
func noRoom(t *testing.T) {
	file := generate(t, "120000")
	s := mariadb.Start(t, "--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:24M")
	st := storetest.Open(t, s.Database("full"))
	_, err := st.Import(context.Background(), storetest.Relate(t, session.Settings{}, file), store.ImportOptions{Files: vfs.Local{}, ChunkRows: 5000})
	if fault.KindOf(err) != fault.Full || !strings.Contains(fault.HintOf(err), "room") {
		t.Fatalf("%v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
	}
	if got := storetest.Rows(t, st, "SELECT COUNT(*) FROM order_lines"); got != "0\n" {
		t.Errorf("%s lines are seen", got)
	}
}
