package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// IndexOptions say what Index does.
type IndexOptions struct {
	Apply bool
	Clock func() time.Time // measures; nil is an error
	Runs  int              // how often each query is measured; the least time counts. 0 is 3.
}

// Measured is one query of the product, before and after.
type Measured struct {
	Query  string
	Groups int64  // rows of its answer
	Plan   string // how the lines are found
	Took   time.Duration
	Index  string // proposed, made, there already or dropped again; "" = none helps
	Reason string
	// PlanAfter and TookAfter are empty unless indexes were made.
	PlanAfter string
	TookAfter time.Duration
}

// worthwhile is the share of a query's time that an index must save to stay.
const worthwhile = 0.1

// Index explains and measures the product's own queries over the lines, proposes indexes that hold what they read, and
// makes them when told. An index that saves none of its queries a tenth of its time is dropped again.
func (s *Store) Index(ctx context.Context, o IndexOptions) (list []Measured, err error) {
	if o.Clock == nil {
		return nil, fault.New(fault.Internal, "measuring without a clock")
	}
	if o.Runs <= 0 {
		o.Runs = 3
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	queries, err := s.queries(ctx)
	if err != nil {
		return nil, err
	}
	have, err := s.indexNames(ctx)
	if err != nil {
		return nil, err
	}
	if list, err = s.measure(ctx, queries, o); err != nil {
		return nil, err
	}
	var wanted []string
	for i := range queries {
		propose(&list[i], &queries[i], slices.Contains(have, queries[i].index))
		if list[i].Index == "proposed" && !slices.Contains(wanted, queries[i].index) {
			wanted = append(wanted, queries[i].index)
		}
	}
	for i := range list {
		if list[i].Index != "" {
			list[i].Index = queries[i].index + ": " + list[i].Index
		}
	}
	if !o.Apply {
		return list, nil
	}
	run, err := s.begin(ctx, "index")
	if err != nil {
		return nil, err
	}
	err = s.apply(ctx, queries, list, wanted, o)
	if end := s.end(ctx, run, err, map[string]any{"indexes": wanted}); err == nil {
		err = end
	}
	return list, err
}

// queries makes the queries over what is stored.
func (s *Store) queries(ctx context.Context) ([]indexQuery, error) {
	var last sql.NullString
	if err := s.ask(ctx, "looking for the last line", []any{&last}, "SELECT MAX(order_ts) FROM line_store"); err != nil {
		return nil, err
	}
	if !last.Valid || len(last.String) < len(time.DateOnly) {
		return nil, fault.New(fault.Data, "%s: there are no lines to measure", s.DB.URL).WithHint("import orders first: ecomctl db import")
	}
	day, err := time.Parse(time.DateOnly, last.String[:len(time.DateOnly)])
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: the last line is of %q", s.DB.URL, last.String)
	}
	var live []int64
	err = s.each(ctx, "reading the imports", "SELECT id FROM imports WHERE state = 'live' ORDER BY id", nil, func() { live = nil }, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		live = append(live, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(live) == 0 {
		return nil, fault.New(fault.Data, "%s: no import is whole", s.DB.URL).WithHint("run ecomctl db import again")
	}
	return indexQueries(day.UnixMicro()+dayMicros, live), nil
}

// indexNames lists the indexes of line_store.
func (s *Store) indexNames(ctx context.Context) (names []string, err error) {
	q := "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'line_store'"
	if s.DB.Dialect == sqldb.MySQL {
		q = "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'line_store'"
	}
	err = s.each(ctx, "reading the indexes", q, nil, func() { names = nil }, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// measure explains and runs all queries.
func (s *Store) measure(ctx context.Context, queries []indexQuery, o IndexOptions) ([]Measured, error) {
	out := make([]Measured, len(queries))
	for i := range queries {
		text, err := queries[i].text(s.DB.Dialect)
		if err != nil {
			return nil, err
		}
		m := Measured{Query: queries[i].Name}
		if m.Plan, err = s.plan(ctx, text); err != nil {
			return nil, err
		}
		for n := range o.Runs {
			begun := o.Clock()
			err := s.each(ctx, "measuring "+m.Query, text, nil, func() { m.Groups = 0 }, func(*sql.Rows) error {
				m.Groups++
				return nil
			})
			if err != nil {
				return nil, err
			}
			if took := o.Clock().Sub(begun); n == 0 || took < m.Took {
				m.Took = took
			}
		}
		out[i] = m
	}
	return out, nil
}

// plan is how the database finds the lines of a query.
func (s *Store) plan(ctx context.Context, text string) (plan string, err error) {
	if s.DB.Dialect == sqldb.SQLite {
		err = s.each(ctx, "explaining", "EXPLAIN QUERY PLAN "+text, nil, func() { plan = "" }, func(rows *sql.Rows) error {
			var a, b, c any
			var detail string
			err := rows.Scan(&a, &b, &c, &detail)
			if word, rest, ok := strings.Cut(detail, " f"); ok && (rest == "" || rest[0] == ' ') && (word == "SCAN" || word == "SEARCH") {
				plan = strings.ToLower(word) + rest
			}
			return err
		})
		return plan, err
	}
	err = s.each(ctx, "explaining", "EXPLAIN "+text, nil, func() { plan = "" }, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		cells := make([]sql.NullString, len(names))
		at := make([]any, len(names))
		for i := range cells {
			at[i] = &cells[i]
		}
		if err := rows.Scan(at...); err != nil {
			return err
		}
		row := map[string]string{}
		for i, n := range names {
			row[strings.ToLower(n)] = cells[i].String
		}
		if row["table"] != "f" {
			return nil
		}
		plan = map[string]string{"ALL": "scan", "index": "scan of the index"}[row["type"]]
		if plan == "" {
			plan = row["type"]
		}
		if row["key"] != "" {
			plan += " " + row["key"]
		}
		if strings.Contains(row["extra"], "Using index") && !strings.Contains(row["extra"], "Using index condition") {
			plan += ", index only"
		}
		plan += fmt.Sprintf(", about %s rows", row["rows"])
		return nil
	})
	return plan, err
}

// propose says what an index would do for a query.
func propose(m *Measured, q *indexQuery, there bool) {
	if there {
		m.Index, m.Reason = "there already", "it holds all that the query reads"
		return
	}
	m.Index = "proposed"
	period := q.From != 0 || q.To != 0
	switch {
	case period && (strings.Contains(m.Plan, "range") || strings.Contains(m.Plan, "search")):
		m.Reason = "the lines of the period are looked up one by one; the index holds all that the query reads"
	case period:
		m.Reason = "the lines of the period are found by their time instead of a scan, and the index holds all that the query reads"
	default:
		m.Reason = "the index holds all that the query reads, in a fraction of the table's pages"
		if len(q.Dims) == 1 && q.Dims[0].Column == q.columns[0] {
			m.Reason += ", in the order of its groups"
		}
	}
}

// apply makes the wanted indexes, measures again, and drops those that do not pay.
func (s *Store) apply(ctx context.Context, queries []indexQuery, list []Measured, wanted []string, o IndexOptions) error {
	for i := range queries {
		q := &queries[i]
		if at := slices.Index(wanted, q.index); at < 0 || slices.IndexFunc(queries, func(o indexQuery) bool { return o.index == q.index }) != i {
			continue
		}
		if err := s.exec(ctx, "making the index "+q.index, "CREATE INDEX "+q.index+" ON line_store ("+strings.Join(q.columns, ", ")+")"); err != nil {
			return err
		}
	}
	analyse := "ANALYZE line_store"
	if s.DB.Dialect == sqldb.MySQL {
		analyse = "ANALYZE TABLE line_store"
	}
	if err := s.each(ctx, "counting the values of the indexes", analyse, nil, func() {}, func(*sql.Rows) error { return nil }); err != nil {
		return err
	}
	after, err := s.measure(ctx, queries, o)
	if err != nil {
		return err
	}
	useful := map[string]bool{}
	for i := range list {
		list[i].PlanAfter, list[i].TookAfter = after[i].Plan, after[i].Took
		if list[i].Groups != after[i].Groups {
			return fault.New(fault.Internal, "%s: %s gave %d groups and %d with the index", s.DB.URL, list[i].Query, list[i].Groups, after[i].Groups).
				WithHint("was something imported meanwhile? Run it again")
		}
		saved := float64(list[i].Took-after[i].Took) > worthwhile*float64(list[i].Took)
		useful[queries[i].index] = useful[queries[i].index] || saved && strings.Contains(after[i].Plan, queries[i].index)
	}
	for i := range list {
		name := queries[i].index
		if !slices.Contains(wanted, name) {
			continue
		}
		list[i].Index = name + ": made"
		if !useful[name] {
			list[i].Index = name + ": made, and dropped again: it saved no query a tenth of its time"
		}
	}
	for _, name := range wanted {
		if useful[name] {
			continue
		}
		drop := "DROP INDEX " + name
		if s.DB.Dialect == sqldb.MySQL {
			drop += " ON line_store"
		}
		if err := s.exec(ctx, "dropping the index "+name, drop); err != nil {
			return err
		}
	}
	return nil
}
