package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// Progress is told how far an import is; engine.Progress satisfies it.
type Progress interface {
	Start(phase string, total int64)
	Add(n int64)
	Done()
}

// ImportOptions say how lines are read.
type ImportOptions struct {
	Files    vfs.FS // the trees that the inputs' paths lead to
	Threads  int
	Memory   int64 // bytes; 0 is 1 GiB
	Progress Progress
	// Stdin returns the SHA-256, in hexadecimal, of all bytes of standard input, which has been read whole. Without it what
	// a reader tells identifies a pipe, and a pipe's Parquet is not known for that of a file.
	Stdin func() string
	// ChunkRows bounds the rows that are committed at once; 0 is what is fast.
	ChunkRows int
}

// What became of an input.
const (
	Imported  = "imported"
	Resumed   = "resumed"   // behind the rows of an import that had been broken off
	Replaced  = "replaced"  // its former rows went when the new ones came
	Unchanged = "unchanged" // every row is there already
)

// FileReport tells of one input.
type FileReport struct {
	Source  string  `json:"source"`
	Digest  string  `json:"digest"`
	State   string  `json:"state"`
	Behind  int64   `json:"behind"` // rows that were there when it was resumed
	Pruned  int64   `json:"pruned"` // of its lines, taken away by Prune earlier
	Account Account `json:"account"`
}

// ImportReport tells of an import.
type ImportReport struct {
	Files []FileReport `json:"files"`
	// Load, Aggregate and Index are the seconds that the parts of the work took.
	Load      float64 `json:"load_seconds"`
	Aggregate float64 `json:"aggregate_seconds"`
	Index     float64 `json:"index_seconds"`
	// Overlaps are orders that came with other inputs, too.
	Overlaps []Overlap `json:"overlaps,omitempty"`
}

// Account adds the inputs up.
func (r *ImportReport) Account() (a Account) {
	for _, f := range r.Files {
		a = a.Plus(f.Account)
	}
	return a
}

// importer is the state of one import.
type importer struct {
	*Store
	o     ImportOptions
	rel   *relation.Relation
	prog  *relation.Program
	bound binding
	files []*file
	// totals are those of all lines of the files; nil unless all were read in this run.
	totals *totals
}

// file is one input of an import.
type file struct {
	content
	uri      string
	identity string
	settings string
	id       int64 // of its record
	position int64
	money    string  // currencies of its lines
	former   []int64 // live imports that it replaces
	done     bool    // nothing to read
	report   FileReport
}

// Import stores the sold and reversed lines of a relation, and its rejects. An input that is there
// already changes nothing, one that was broken off is gone on with, one whose file changed replaces
// its former rows.
func (s *Store) Import(ctx context.Context, rel *relation.Relation, o ImportOptions) (*ImportReport, error) {
	if o.Memory <= 0 {
		o.Memory = 1 << 30
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if err := require(rel); err != nil {
		return nil, err
	}
	unlock, err := s.back.lock(ctx, s.DB, "import")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	im := &importer{Store: s, o: o, rel: rel}
	report := new(ImportReport)
	run, err := s.begin(ctx, "db import")
	if err != nil {
		return nil, err
	}
	err = im.run(ctx, report)
	for _, f := range im.files {
		report.Files = append(report.Files, f.report)
	}
	return report, errors.Join(err, s.end(ctx, run, err, report))
}

// run does the work between the record's begin and end.
func (im *importer) run(ctx context.Context, report *ImportReport) error {
	if err := im.identify(ctx); err != nil {
		return err
	}
	for _, f := range im.files {
		if err := im.plan(ctx, f); err != nil {
			return err
		}
	}
	if err := im.sweep(ctx); err != nil {
		return err
	}
	if slices.ContainsFunc(im.files, func(f *file) bool { return !f.done }) {
		if !slices.ContainsFunc(im.files, func(f *file) bool { return f.done || f.position > 0 }) {
			im.totals = newTotals(im.o.Memory / 4)
		}
		if err := im.fill(ctx, report); err != nil {
			return err
		}
	}
	return im.sweep(ctx)
}

// fill loads the lines and makes them visible. Where lines are alone in the database, the aggregates are
// written while the last lines are on their way.
func (im *importer) fill(ctx context.Context, report *ImportReport) error {
	lap := func(at *float64, since time.Time) { *at = im.now().Sub(since).Seconds() }
	alone, err := im.alone(ctx)
	if err != nil {
		return err
	}
	var early *early
	if alone && im.totals != nil && im.back.bulk() {
		early = im.startEarly(ctx)
		defer early.stop()
	}
	since := im.now()
	if err := im.load(ctx, early); err != nil {
		return err
	}
	for _, f := range im.files {
		if err := f.unchanged(ctx, im.o.Files, f.uri); err != nil {
			return err
		}
	}
	lap(&report.Load, since)
	since = im.now()
	defer func() { lap(&report.Aggregate, since) }()
	if early.finish() {
		return im.overlaps(ctx, alone, report)
	}
	if !alone {
		indexing := im.now()
		if err := im.lineIndexes(ctx); err != nil {
			return err
		}
		lap(&report.Index, indexing)
	}
	if err := im.golive(ctx, nil); err != nil {
		return err
	}
	return im.overlaps(ctx, alone, report)
}

// alone reports whether no lines will be there beside those of this import.
func (im *importer) alone(ctx context.Context) (bool, error) {
	var known []int64
	for _, f := range im.files {
		if !f.done {
			known = append(append(known, f.id), f.former...)
		}
	}
	var others int64
	err := im.ask(ctx, "counting the imports", []any{&others}, "SELECT COUNT(*) FROM imports WHERE state = 'live' AND id NOT IN ("+ids(known)+")")
	return others == 0, err
}

// compile gets the relation ready to be read.
func (im *importer) compile(ctx context.Context) (err error) {
	var needs []string
	im.bound, needs = bind(im.rel)
	opts := []relation.Option{relation.AllColumns()}
	if im.rel.Dedupe {
		set, _, err := relation.FindDuplicates(ctx, im.rel, im.o.Memory/2, im.o.Threads)
		if err != nil {
			return err
		}
		opts = append(opts, relation.Duplicates(set))
	}
	if im.prog, err = relation.Compile(im.rel, needs, opts...); err != nil {
		return err
	}
	return im.prog.Load(ctx, im.o.Memory/4)
}

// idle only lets a scan count.
type idle struct{}

func (idle) Begin(int)                  {}
func (idle) Visit(*relation.Rows) error { return nil }
func (idle) End()                       {}

// identify digests the inputs.
func (im *importer) identify(ctx context.Context) error {
	if err := im.compile(ctx); err != nil {
		return err
	}
	inputs := im.rel.Fact.Inputs()
	for _, in := range inputs {
		database, _, _ := strings.Cut(in.URI, "?")
		if u, err := sqldb.Parse(database); err == nil && u.Same(im.DB.URL) {
			return fault.New(fault.Usage, "%s is in the database that it would go into", sqldb.Redact(in.URI)).WithHint("name another input: what is stored would count twice")
		}
	}
	if slices.ContainsFunc(inputs, func(in source.Input) bool { return !isFile(in.URI) }) {
		// a pipe or a table tells its digest when it was read; pipes are kept, so they can be read again
		if _, err := im.prog.Scan(ctx, im.o.Threads, func() relation.Visitor { return idle{} }); err != nil {
			return err
		}
		inputs = im.rel.Fact.Inputs()
	}
	var digests []string
	for _, in := range inputs {
		f := &file{uri: in.URI}
		if isFile(in.URI) {
			c, err := contentOf(ctx, im.o.Files, in.URI)
			if err != nil {
				return err
			}
			f.content = c
		} else if in.Digest == "" {
			return fault.New(fault.Usage, "%s cannot be imported: nothing tells whether it changes", sqldb.Redact(in.URI)).WithHint("write it to a file first: ecomctl convert")
		} else {
			f.content = content{digest: digestOf(in), bytes: max(0, in.Size)}
			if in.URI == stdin && im.o.Stdin != nil {
				f.digest = im.o.Stdin()
			}
		}
		f.uri = sqldb.Redact(in.URI)
		im.files = append(im.files, f)
		digests = append(digests, f.digest)
	}
	var joined []string
	for _, j := range im.rel.Joins {
		if j.Self { // an order's first line stands in the same file, whose digest tells
			joined = append(joined, "self")
			continue
		}
		var all []string
		for _, in := range j.Table.Inputs() {
			d := in.Digest
			if isFile(in.URI) {
				c, err := contentOf(ctx, im.o.Files, in.URI)
				if err != nil {
					return err
				}
				d = c.digest
			}
			all = append(all, d)
		}
		joined = append(joined, digestText(all...))
	}
	settings := settingsDigest(im.rel, joined, digests)
	for _, f := range im.files {
		f.settings, f.identity = settings, digestText(f.digest, settings)
		f.report = FileReport{Source: f.uri, Digest: f.digest, State: Imported}
	}
	return im.twice()
}

// twice refuses the same file under two names: its rows would count twice.
func (im *importer) twice() error {
	seen := map[string]string{}
	for _, f := range im.files {
		if other, ok := seen[f.identity]; ok {
			return fault.New(fault.Usage, "%s and %s hold the same bytes", other, f.uri).WithHint("name one of them: an import of both would count every sale twice")
		}
		seen[f.identity] = f.uri
	}
	return nil
}

// record is what a former import left.
type record struct {
	id, position               int64
	source, state, money       string
	pruned, prunedE4, prunedRe int64
	acc                        Account
}

const recordColumns = "id, position, source, state, currencies, pruned, pruned_e4, pruned_rejects, "

func (r *record) targets() []any {
	return append([]any{&r.id, &r.position, &r.source, &r.state, &r.money, &r.pruned, &r.prunedE4, &r.prunedRe}, r.acc.targets()...)
}

// plan finds out what is to do for a file.
func (im *importer) plan(ctx context.Context, f *file) error {
	known, err := im.records(ctx, "WHERE identity = ?", f.identity)
	if err != nil {
		return err
	}
	if len(known) == 1 {
		r := known[0]
		if r.state == "loading" {
			f.id, f.position, f.money, f.report.State, f.report.Behind, f.report.Account = r.id, r.position, r.money, Resumed, r.position, r.acc
			if r.position == 0 {
				f.report.State = Imported
			}
			return im.formers(ctx, f)
		}
		whole, err := im.whole(ctx, f, &r)
		if err != nil {
			return err
		}
		if whole {
			f.id, f.done, f.report.State, f.report.Account, f.report.Pruned = r.id, true, Unchanged, r.acc, r.pruned
			return nil
		}
		// somebody changed the lines, or time went by: the file is stored anew and takes the place
		if err := im.exec(ctx, "renaming an import", "UPDATE imports SET identity = ? WHERE id = ?", digestText(f.identity, im.clock()), r.id); err != nil {
			return err
		}
		f.former = append(f.former, r.id)
	}
	if err := im.formers(ctx, f); err != nil {
		return err
	}
	return im.insert(ctx, f)
}

// formers finds the live imports that a file replaces: those of the same path.
func (im *importer) formers(ctx context.Context, f *file) error {
	if f.uri == stdin {
		return nil
	}
	old, err := im.records(ctx, "WHERE source = ? AND state = 'live'", f.uri)
	for _, r := range old {
		if r.id != f.id && !slices.Contains(f.former, r.id) {
			f.former = append(f.former, r.id)
		}
	}
	if len(f.former) > 0 && f.report.State == Imported {
		f.report.State = Replaced
	}
	return err
}

// insert makes the record of a new import. Loads of the same path that were broken off are given up.
func (im *importer) insert(ctx context.Context, f *file) error {
	return im.transact(ctx, "recording an import", func(ctx context.Context, tx *sql.Tx) error {
		if f.uri != stdin {
			if _, err := tx.ExecContext(ctx, "UPDATE imports SET state = 'replaced' WHERE source = ? AND state = 'loading' AND identity <> ?", f.uri, f.identity); err != nil {
				return err
			}
		}
		// a commit whose answer was lost is found here
		err := tx.QueryRowContext(ctx, "SELECT id FROM imports WHERE identity = ?", f.identity).Scan(&f.id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO imports (source, digest, bytes, settings, identity, state, tz, started_at) VALUES (?, ?, ?, ?, ?, 'loading', ?, ?)",
			f.uri, f.digest, f.bytes, f.settings, f.identity, im.rel.Zone, im.clock())
		if err == nil {
			f.id, err = res.LastInsertId()
		}
		return err
	})
}

// records reads records of imports.
func (s *Store) records(ctx context.Context, where string, args ...any) (out []record, err error) {
	err = s.each(ctx, "reading the imports", "SELECT "+recordColumns+strings.Join(accountColumns, ", ")+" FROM imports "+where+" ORDER BY id", args, func() { out = nil }, func(rows *sql.Rows) error {
		var r record
		if err := rows.Scan(r.targets()...); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// whole reports whether the rows of a live import are those that its record tells of.
func (im *importer) whole(ctx context.Context, f *file, r *record) (bool, error) {
	ok, err := im.intact(ctx, r)
	if err != nil || !ok {
		return false, err
	}
	var future int64
	if err := im.ask(ctx, "counting rejects", []any{&future}, "SELECT COUNT(*) FROM rejects WHERE import_id = ? AND reason = 'future'", r.id); err != nil || future == 0 {
		return err == nil, err
	}
	// rows that were of the future may be of the past by now
	acc, err := im.count(ctx, f)
	return err == nil && acc == r.acc, err
}

// intact compares the stored rows of an import with its record.
func (s *Store) intact(ctx context.Context, r *record) (bool, error) {
	var lines, rejects int64
	var money sql.NullInt64
	if err := s.ask(ctx, "counting the lines of an import", []any{&lines, &money}, "SELECT COUNT(*), SUM(money_e4) FROM line_store WHERE import_id = ?", r.id); err != nil {
		return false, err
	}
	if err := s.ask(ctx, "counting the rejects of an import", []any{&rejects}, "SELECT COUNT(*) FROM rejects WHERE import_id = ?", r.id); err != nil {
		return false, err
	}
	return lines == r.acc.Stored()-r.pruned && money.Int64 == r.acc.StoredMoney()-r.prunedE4 && rejects == r.acc.Rows[relation.Reject]-r.prunedRe, nil
}

func (s *Store) exec(ctx context.Context, doing, query string, args ...any) error {
	return s.DB.Retry(ctx, doing, func(ctx context.Context) error {
		_, err := s.DB.ExecContext(ctx, query, args...)
		return err
	})
}
