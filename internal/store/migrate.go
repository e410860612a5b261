package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// versionTable is where applied migrations are recorded.
const versionTable = "schema_versions"

// Migration is one version of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool // before this run
}

// provider gives the migrations of the dialect.
func (s *Store) provider() (*goose.Provider, error) {
	dialect := database.DialectSQLite3
	if s.DB.Dialect == sqldb.MySQL {
		dialect = database.DialectMySQL
	}
	files, err := fs.Sub(migrations, "migrations/"+s.DB.Dialect.String())
	if err != nil {
		return nil, fault.New(fault.Internal, "reading the migrations: %w", err)
	}
	p, err := goose.NewProvider(dialect, s.DB.DB, files, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fault.New(fault.Internal, "reading the migrations: %w", err)
	}
	return p, nil
}

// Init brings the schema up to date and returns the versions that were applied now. Two
// processes may do so at once; a database that a later ecomctl made is refused.
func (s *Store) Init(ctx context.Context) ([]Migration, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	unlock, err := s.back.lock(ctx, s.DB, "schema")
	if err != nil {
		return nil, err
	}
	defer unlock()
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return nil, s.DB.Explain(err, "reading the version of the schema")
	}
	if current > target {
		return nil, s.tooNew(current, target)
	}
	var done []Migration
	results, err := p.Up(ctx)
	var part *goose.PartialError
	if errors.As(err, &part) {
		results = part.Applied
	}
	for _, r := range results {
		done = append(done, Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: true})
	}
	return done, s.DB.Explain(err, "making the tables")
}

// Versions returns the version of the schema, 0 for none, and the one that this program needs.
func (s *Store) Versions(ctx context.Context) (current, target int64, err error) {
	p, err := s.provider()
	if err != nil {
		return 0, 0, err
	}
	for _, src := range p.ListSources() {
		target = max(target, src.Version)
	}
	var v sql.NullInt64
	err = s.DB.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+versionTable+" WHERE is_applied").Scan(&v)
	if sqldb.IsNoTable(err) {
		return 0, target, nil
	}
	return v.Int64, target, s.DB.Explain(err, "reading the version of the schema")
}

// ready fails unless the schema is the one of this program.
func (s *Store) ready(ctx context.Context) error {
	current, target, err := s.Versions(ctx)
	switch {
	case err != nil:
		return err
	case current > target:
		return s.tooNew(current, target)
	case current < target && current == 0:
		return fault.New(fault.NotFound, "%s: the database has no tables of ecomctl", s.DB.URL).WithHint("make them with `ecomctl db init --db %s`", s.DB.URL)
	case current < target:
		return fault.New(fault.Usage, "%s: the tables are of version %d, %d is needed", s.DB.URL, current, target).WithHint("bring them up to date with `ecomctl db init --db %s`", s.DB.URL)
	}
	return nil
}

func (s *Store) tooNew(current, target int64) error {
	return fault.New(fault.Usage, "%s: the tables are of version %d, this program knows %d", s.DB.URL, current, target).WithHint("take the ecomctl that made them, or a later one")
}
