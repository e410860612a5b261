package db_test

import (
	"testing"

	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/test/mariadb"
	"github.com/ecomctl/ecomctl/test/storetest"
)

func TestStore(t *testing.T) {
	s := mariadb.Start(t)
	fresh := func(name string) *sqldb.URL {
		s.Database(name + "_sibling")
		return s.Database(name)
	}
	storetest.Suite(t, fresh)
	t.Run("local_infile off", func(t *testing.T) {
		s.Admin("SET GLOBAL local_infile = 0")
		defer s.Admin("SET GLOBAL local_infile = 1")
		storetest.Loading(t, fresh)
	})
}
