package store

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// format names what a backup is: a zip of manifest.json and one TABLE.tsv a table, rows as LOAD
// DATA reads them. Every database can restore the backup of every other.
const format = "ecomctl-backup-1"

// Manifest says what a backup holds.
type Manifest struct {
	Format  string            `json:"format"`
	Schema  int64             `json:"schema_version"`
	Source  string            `json:"source"` // the database, without secrets
	Version string            `json:"server"`
	Created string            `json:"created"` // UTC
	Tables  map[string]extent `json:"tables"`
}

// BackupReport tells of a backup.
type BackupReport struct {
	File     string   `json:"file"`
	Manifest Manifest `json:"manifest"`
}

// Backup writes a consistent snapshot to a file, which appears whole or not at all, and restores it
// into a database in tempDir to prove that it can be: only then the backup counts as verified.
func (s *Store) Backup(ctx context.Context, fsys vfs.FS, path, tempDir string) (*BackupReport, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	run, err := s.begin(ctx, "db backup")
	if err != nil {
		return nil, err
	}
	report := &BackupReport{File: path}
	err = s.backup(ctx, fsys, path, tempDir, report)
	return report, errors.Join(err, s.end(ctx, run, err, report))
}

func (s *Store) backup(ctx context.Context, fsys vfs.FS, path, tempDir string, report *BackupReport) error {
	m := &report.Manifest
	*m = Manifest{Format: format, Source: s.DB.URL.String(), Version: s.DB.Dialect.String() + " " + s.DB.Version, Created: s.clock()}
	var err error
	if m.Schema, _, err = s.Versions(ctx); err != nil {
		return err
	}
	// a backup takes the place of a former one only when it was proven
	err = vfs.WriteProvenFS(ctx, fsys, path, func(w io.Writer) error { return s.archive(ctx, w, m) }, func(tmp string) error {
		return fault.Wrap(verify(ctx, fsys, tmp, tempDir), "verifying the backup")
	})
	return fault.Wrap(err, "writing the backup %s", path)
}

// archive writes the zip. The snapshot is one transaction, so a broken connection ends it.
func (s *Store) archive(ctx context.Context, w io.Writer, m *Manifest) error {
	z := zip.NewWriter(w)
	m.Tables = map[string]extent{}
	conn := func(conn *sql.Conn) error {
		for i := range tables {
			t := &tables[i]
			f, err := z.Create(t.name + ".tsv")
			if err != nil {
				return &unwritten{err}
			}
			if m.Tables[t.name], err = dump(ctx, conn, t, "", nil, f); err != nil {
				return err
			}
		}
		return nil
	}
	once := false
	err := s.snapshot(ctx, "reading the tables", func(c *sql.Conn) error {
		if once { // half a zip is written: there is no second try
			return fault.New(fault.Unavailable, "%s: the connection broke during the backup", s.DB.URL).WithHint("try again")
		}
		once = true
		return conn(c)
	})
	if err != nil {
		return err
	}
	f, err := z.Create("manifest.json")
	if err != nil {
		return err
	}
	enc := json.NewEncoder(f)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return err
	}
	return z.Close()
}

// unwritten is an error of the file, not of the database.
type unwritten struct{ err error }

func (u *unwritten) Error() string { return u.err.Error() }
func (u *unwritten) Unwrap() error { return u.err }

// backupFile is an opened backup.
type backupFile struct {
	f        vfs.File
	zip      *zip.Reader
	manifest Manifest
}

func openBackup(ctx context.Context, fsys vfs.FS, path string) (b *backupFile, err error) {
	f, err := fsys.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	b = &backupFile{f: f}
	defer func() {
		if err != nil {
			_ = f.Close() // err matters
		}
	}()
	info, err := f.Stat(ctx)
	if err != nil {
		return nil, vfs.Classify(err, "reading "+path)
	}
	bad := func(err error) error {
		return fault.New(fault.Input, "%s is no backup, or damaged: %w", path, err).WithHint("take a file that `ecomctl db backup` wrote")
	}
	if b.zip, err = zip.NewReader(f, info.Size); err != nil {
		return nil, bad(err)
	}
	r, err := b.zip.Open("manifest.json")
	if err != nil {
		return nil, bad(err)
	}
	defer func() { _ = r.Close() }() // it was read only
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&b.manifest); err != nil {
		return nil, bad(err)
	}
	if b.manifest.Format != format {
		return nil, fault.New(fault.Input, "%s: a backup in the format %q, this program reads %s", path, b.manifest.Format, format).WithHint("take the ecomctl that wrote it")
	}
	return b, nil
}

func (b *backupFile) close() { _ = b.f.Close() }

// open opens the rows of a table; the reader ends with an error when they are not those of the manifest.
func (b *backupFile) open(t *table) (io.ReadCloser, error) {
	want, ok := b.manifest.Tables[t.name]
	if !ok {
		return nil, fault.New(fault.Input, "the backup has no table %s", t.name)
	}
	r, err := b.zip.Open(t.name + ".tsv")
	if err != nil {
		return nil, fault.New(fault.Input, "reading %s of the backup: %w", t.name, err)
	}
	h := sha256.New()
	return &checked{r: io.TeeReader(r, h), close: r.Close, sum: func() string { return hex.EncodeToString(h.Sum(nil)) }, want: want.Digest, name: t.name}, nil
}

// checked compares the digest of what was read at its end.
type checked struct {
	r          io.Reader
	close      func() error
	sum        func() string
	want, name string
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	switch {
	case errors.Is(err, io.EOF) && c.sum() != c.want:
		return n, fault.New(fault.Input, "the rows of %s are not those of the manifest: the backup is damaged", c.name)
	case err != nil && !errors.Is(err, io.EOF):
		return n, fault.New(fault.Input, "reading %s of the backup: %w: it is damaged", c.name, err)
	}
	return n, err
}

func (c *checked) Close() error { return c.close() }

// verify restores a backup into a new SQLite database and compares every row.
func verify(ctx context.Context, fsys vfs.FS, path, tempDir string) error {
	dir, err := scratchDir(tempDir)
	if err != nil {
		return err
	}
	defer dir.remove()
	s, err := Open(ctx, &sqldb.URL{Dialect: sqldb.SQLite, File: filepath.Join(dir.path, "scratch.db")}, Options{Options: sqldb.Options{Create: true}})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // it is removed
	_, err = s.Restore(ctx, fsys, path)
	return err
}

// sameColumns is the oldest version of the schema whose tables have today's columns: later ones
// changed only how aggregates follow from lines.
const sameColumns = 1

// Restore fills an empty database with a backup: all of it, compared row by row, or nothing.
func (s *Store) Restore(ctx context.Context, fsys vfs.FS, path string) (*Manifest, error) {
	b, err := openBackup(ctx, fsys, path)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if _, err := s.Init(ctx); err != nil {
		return nil, err
	}
	current, _, err := s.Versions(ctx)
	if err != nil {
		return nil, err
	}
	if b.manifest.Schema > current || b.manifest.Schema < sameColumns {
		return nil, fault.New(fault.Input, "%s: tables of version %d, this program has %d", path, b.manifest.Schema, current).WithHint("restore it with the ecomctl that wrote it, then `ecomctl db init`")
	}
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	err = s.transact(ctx, "restoring "+path, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.restore(ctx, tx, b); err != nil || b.manifest.Schema == current {
			return err
		}
		// what follows from the lines is told as this version tells it
		live, err := liveImports(ctx, tx)
		if err != nil {
			return err
		}
		return s.deriveAnew(ctx, tx, live)
	})
	if err != nil {
		return nil, err
	}
	return &b.manifest, nil
}

func (s *Store) restore(ctx context.Context, tx *sql.Tx, b *backupFile) error {
	for i := range tables {
		t := &tables[i]
		var rows int64
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t.name).Scan(&rows); err != nil {
			return err
		}
		if rows > 0 {
			return fault.New(fault.Usage, "%s: the table %s holds %d rows", s.DB.URL, t.name, rows).WithHint("restore into an empty database; nothing was changed")
		}
		r, err := b.open(t)
		if err != nil {
			return err
		}
		err = s.fill(ctx, tx, t, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		have, err := dump(ctx, tx, t, "", nil, io.Discard)
		if err != nil {
			return err
		}
		if want := b.manifest.Tables[t.name]; have != want {
			return fault.New(fault.Internal, "restoring %s: %d rows with digest %.12s, the backup has %d with %.12s", t.name, have.Rows, have.Digest, want.Rows, want.Digest)
		}
	}
	return nil
}
