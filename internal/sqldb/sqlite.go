package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// sqliteMagic begins every file of SQLite.
const sqliteMagic = "SQLite format 3\x00"

func (db *DB) openSQLite(ctx context.Context) error {
	if err := db.checkFile(); err != nil {
		return err
	}
	abs, err := filepath.Abs(db.URL.File)
	if err != nil {
		return fault.New(fault.Input, "opening %s: %w", db.URL, err)
	}
	q := url.Values{}
	pragma := func(s string) { q.Add("_pragma", s) }
	pragma("busy_timeout(" + strconv.FormatInt(int64(db.opts.LockTimeout/time.Millisecond), 10) + ")")
	pragma("foreign_keys(1)")
	pragma("trusted_schema(0)")
	// "name" of a column that is not there is an error, not the text name
	q.Set("_dqs", "0")
	switch {
	case db.opts.ReadOnly:
		q.Set("mode", "ro")
		pragma("query_only(1)")
	case db.opts.Create:
		q.Set("mode", "rwc")
	default:
		q.Set("mode", "rw")
	}
	if !db.opts.ReadOnly {
		// readers see a consistent state while a writer works; a crash loses no finished transaction
		pragma("journal_mode(WAL)")
		pragma("synchronous(NORMAL)")
		// a transaction that will write takes its lock at once instead of failing in its middle
		q.Set("_txlock", "immediate")
	}
	name := (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}).String()
	if db.DB, err = sql.Open("sqlite", name); err != nil {
		return fault.New(fault.Internal, "opening %s: %w", db.URL, err)
	}
	if err := db.greet(ctx, "SELECT sqlite_version()"); err != nil {
		return err
	}
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return db.Explain(err, "reading the schema")
	}
	return nil
}

// checkFile tells early what SQLite would tell late or vaguely.
func (db *DB) checkFile() error {
	file := db.URL.File
	f, err := os.Open(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && db.opts.Create:
		dir := filepath.Dir(file)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fault.New(fault.NotFound, "opening %s: there is no folder %s", db.URL, dir).WithHint("make the folder first")
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "opening %s: there is no such file", db.URL).WithHint("check the path, or make the database with `ecomctl db init --db %s`", db.URL)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Auth, "opening %s: no right to read the file", db.URL).WithHint("check the rights of the file and of its folder")
	case err != nil:
		return fault.New(fault.Input, "opening %s: %w", db.URL, err)
	}
	defer f.Close()
	head := make([]byte, len(sqliteMagic))
	n, err := f.Read(head)
	if info, statErr := f.Stat(); statErr == nil && info.IsDir() {
		return fault.New(fault.Input, "opening %s: it is a folder", db.URL).WithHint("name a file")
	}
	if n > 0 && (err != nil || string(head[:n]) != sqliteMagic) {
		return fault.New(fault.Input, "opening %s: the file is no SQLite database", db.URL).WithHint("name a file that SQLite made, or one that does not exist yet")
	}
	return nil
}
