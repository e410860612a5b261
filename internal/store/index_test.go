package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
)

// indexed makes a store of some lines.
func indexed(t *testing.T, lines int) *store.Store {
	t.Helper()
	u, err := sqldb.Parse("sqlite:" + filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC) }
	s, err := store.Open(context.Background(), u, store.Options{Now: now, Options: sqldb.Options{Create: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ctx := context.Background()
	if _, err := s.Init(ctx); err != nil {
		t.Fatal(err)
	}
	if lines == 0 {
		return s
	}
	exec := func(q string, args ...any) {
		t.Helper()
		if _, err := s.DB.Exec(q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO imports (id, source, digest, bytes, settings, identity, state, tz, started_at) VALUES (1, 'a', '', 0, '', 'a', 'live', 'UTC', '2024-01-01'), (2, 'b', '', 0, '', 'b', 'loading', 'UTC', '2024-01-01')")
	for i := range lines {
		exec("INSERT INTO line_store (import_id, row_no, kind, order_id, order_ts, customer_id, product_id, quantity, money_e4, region) VALUES (?, ?, 0, ?, ?, ?, ?, 1, 10000, ?)",
			1+i%2, i, fmt.Sprint(i), time.Date(2024, 1, 1+i, 12, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05.000000"), fmt.Sprint(i%7), fmt.Sprint(i%5), fmt.Sprint(i%3))
	}
	return s
}

// clock tells times that make every query of the first n take before, and the others after.
func clock(n int, before, after time.Duration) func() time.Time {
	at, calls := time.Time{}, 0
	return func() time.Time {
		if calls++; calls%2 == 0 {
			if calls <= 2*n {
				at = at.Add(before)
			} else {
				at = at.Add(after)
			}
		}
		return at
	}
}

func made(t *testing.T, s *store.Store) string {
	t.Helper()
	rows, err := s.DB.Query("SELECT name FROM sqlite_schema WHERE type = 'index' AND name LIKE 'ecomctl%' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	return strings.Join(names, " ")
}

// Indexes are proposed with a plan and a reason, made when told, and dropped when they do not pay.
func TestIndex(t *testing.T) {
	s := indexed(t, 200)
	ctx := context.Background()
	list, err := s.Index(ctx, store.IndexOptions{Clock: clock(6, time.Second, 0), Runs: 1})
	if err != nil || len(list) != 6 || made(t, s) != "" {
		t.Fatal(list, err)
	}
	groups := map[string]int64{"sales by day, 30 days": 15, "sales by day": 100, "rfm": 7, "geo": 3, "products": 5, "segments, 30 days": 7}
	for _, m := range list {
		if m.Groups != groups[m.Query] { // of the one import that is whole
			t.Errorf("%s: %d groups, want %d", m.Query, m.Groups, groups[m.Query])
		}
		if m.Plan == "" || m.Reason == "" || !strings.HasSuffix(m.Index, ": proposed") || m.Took != time.Second || m.PlanAfter != "" {
			t.Errorf("%+v", m)
		}
	}
	if list, err = s.Index(ctx, store.IndexOptions{Apply: true, Clock: clock(6, time.Second, time.Second), Runs: 1}); err != nil {
		t.Fatal(err)
	}
	if got := made(t, s); got != "" || !strings.Contains(list[0].Index, "dropped again") {
		t.Errorf("indexes that save nothing stay: %s, %+v", got, list[0])
	}
	if list, err = s.Index(ctx, store.IndexOptions{Apply: true, Clock: clock(6, time.Second, time.Millisecond), Runs: 1}); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if strings.Contains(m.PlanAfter, "ecomctl_") != strings.HasSuffix(m.Index, ": made") && m.Query != "segments, 30 days" && m.Query != "sales by day, 30 days" {
			t.Errorf("%+v", m)
		}
	}
	if got := made(t, s); !strings.Contains(got, "ecomctl_customer") || !strings.Contains(got, "ecomctl_product") {
		t.Errorf("made: %s", got)
	}
	if list, err = s.Index(ctx, store.IndexOptions{Apply: true, Clock: clock(6, time.Second, time.Second), Runs: 1}); err != nil || !strings.HasSuffix(list[2].Index, "there already") {
		t.Errorf("again: %+v, %v", list, err)
	}
}

func TestIndexOfNothing(t *testing.T) {
	_, err := indexed(t, 0).Index(context.Background(), store.IndexOptions{Clock: time.Now})
	if fault.KindOf(err) != fault.Data || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
