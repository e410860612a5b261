package store_test

import (
	"path/filepath"
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/storetest"
)

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	storetest.Suite(t, func(name string) *sqldb.URL {
		return &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(dir, name+".db")}
	})
}
