package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Item is one line of a store's status.
type Item struct {
	Item  string // schema, table, import, run
	Name  string
	State string // "" where there is none to tell
	Rows  int64  // negative where nothing is counted
	// Pruned are the lines of an import that Prune took away; negative for everything else.
	Pruned int64
	// Since and Until bound the times of rows, or those of the work; "" where there are none.
	Since, Until string
}

// Status tells what a store holds: version, tables with rows and span, imports, and the last runs.
func (s *Store) Status(ctx context.Context, lastRuns int) ([]Item, error) {
	current, target, err := s.Versions(ctx)
	if err != nil {
		return nil, err
	}
	state := fmt.Sprintf("%d of %d", current, target)
	out := []Item{{Item: "schema", Name: s.DB.URL.String(), State: state, Rows: -1, Pruned: -1}}
	if current == 0 {
		return out, nil
	}
	spans := map[string]string{"line_store": "order_ts", "orders": "order_ts", "daily": "day", "customers": "first_order", "products": "first_sold", "runs": "started_at", "imports": "started_at"}
	ends := map[string]string{"customers": "last_order", "products": "last_sold"}
	for _, t := range tables {
		i := Item{Item: "table", Name: t.name, Pruned: -1}
		since, until := "NULL", "NULL"
		if c := spans[t.name]; c != "" {
			since, until = "MIN("+c+")", "MAX("+c+")"
		}
		if c := ends[t.name]; c != "" {
			until = "MAX(" + c + ")"
		}
		var a, b sql.NullString
		if err := s.ask(ctx, "counting "+t.name, []any{&i.Rows, &a, &b}, "SELECT COUNT(*), "+since+", "+until+" FROM "+t.name); err != nil {
			return nil, err
		}
		i.Since, i.Until = a.String, b.String
		out = append(out, i)
	}
	n := len(out)
	err = s.each(ctx, "reading the imports", "SELECT source, state, rows_in, pruned, started_at, finished_at FROM imports ORDER BY id", nil, func() { out = out[:n] }, func(rows *sql.Rows) error {
		i := Item{Item: "import"}
		var end sql.NullString
		err := rows.Scan(&i.Name, &i.State, &i.Rows, &i.Pruned, &i.Since, &end)
		i.Until = end.String
		out = append(out, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	n = len(out)
	err = s.each(ctx, "reading the runs", "SELECT command, state, started_at, finished_at FROM runs ORDER BY id DESC LIMIT ?", []any{lastRuns}, func() { out = out[:n] }, func(rows *sql.Rows) error {
		i := Item{Item: "run", Rows: -1, Pruned: -1}
		var end sql.NullString
		err := rows.Scan(&i.Name, &i.State, &i.Since, &end)
		i.Until = end.String
		out = append(out, i)
		return err
	})
	return out, err
}
