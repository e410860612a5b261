package session

import (
	"context"
	"slices"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Session is an opened input, from Relate on mapped and ready to be asked.
type Session struct {
	Data   source.Dataset
	Tables map[string]source.Dataset // further tables, by name
	Rel    *relation.Relation
	Zone   *time.Location
	Now    time.Time // UTC
	Req    *analysis.Request

	set  Settings
	host *Host
}

// Of makes a session of a dataset that is there already.
func Of(h *Host, set Settings, data source.Dataset) *Session {
	return &Session{Data: data, set: set, host: h}
}

// Open opens inputs as a canonical table.
func Open(ctx context.Context, h *Host, set Settings, table string, inputs []string, keepUnmapped bool) (*Session, error) {
	s, err := Inputs(ctx, h, set, inputs)
	if err != nil {
		return nil, err
	}
	return s, s.orClose(s.Relate(ctx, table, keepUnmapped))
}

// OpenFor opens the inputs of an analysis as the table that the caller, the preset or their
// columns say they are; table "" leaves it to the latter.
func OpenFor(ctx context.Context, h *Host, set Settings, d *analysis.Definition, table string, inputs []string) (*Session, error) {
	s, err := Inputs(ctx, h, set, inputs)
	if err != nil {
		return nil, err
	}
	return s, s.orClose(s.RelateFor(ctx, d, table))
}

// orClose closes the session when it did not become one.
func (s *Session) orClose(err error) error {
	if err != nil {
		s.Close()
	}
	return err
}

// Close releases the inputs.
func (s *Session) Close() {
	for _, d := range s.Tables {
		d.Close()
	}
	if s.Data != nil {
		s.Data.Close()
	}
}

// Choose tells which of the tables the input is.
func (s *Session) Choose(tables ...string) (string, error) {
	return schema.Choose(s.Data, s.set.Preset, s.set.Maps, tables)
}

// RelateFor is Relate for the table that an analysis reads; see OpenFor.
func (s *Session) RelateFor(ctx context.Context, d *analysis.Definition, table string) error {
	if table == "" {
		table = d.Table
		if len(d.Or) > 0 {
			var err error
			if table, err = s.Choose(append([]string{d.Table}, d.Or...)...); err != nil {
				return err
			}
		}
	}
	// Events and series carry columns that no shop shares (device, campaign, part): --where may name them, and --by those of events.
	err := s.Relate(ctx, table, table == "events" || table == "series")
	if err != nil && fault.KindOf(err) == fault.Usage && table == d.Table && slices.Contains(d.Or, schema.Any.Name) {
		err = fault.New(fault.Usage, "%w", err).WithHint("%s; or take it as a table of any columns: --table %s", fault.HintOf(err), schema.Any.Name)
	}
	return err
}

// Relate builds the relation of the opened input as a canonical table, and the request.
func (s *Session) Relate(ctx context.Context, table string, keepUnmapped bool) (err error) {
	if s.Zone, err = s.set.Location(); err != nil {
		return err
	}
	if s.Now, err = s.host.Clock(); err != nil {
		return err
	}
	asOf, err := day("as-of", s.set.AsOf, query.MaxTime)
	if err != nil {
		return err
	}
	for _, n := range s.Data.Notices() {
		s.host.say("note: %s", n)
	}
	if s.Rel, err = s.build(ctx, table, asOf, keepUnmapped); err != nil {
		return err
	}
	s.Req, err = s.request()
	return err
}

// Engine returns the local engine with this session's limits.
func (s *Session) Engine() (*local.Engine, error) {
	mem, err := s.set.MemoryBytes()
	if err != nil {
		return nil, err
	}
	return local.New(local.Options{Threads: s.set.Workers(), Memory: mem, TempDir: s.set.TempDir(), Progress: s.host.Progress}), nil
}
