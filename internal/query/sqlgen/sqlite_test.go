package sqlgen_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/ecomctl/ecomctl/test/sqlgentest"
)

func TestSQLite(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	sqlgentest.SQLite(db).Suite(t)
}
