package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// ForgetReport tells which rows name a customer, or named one. It does not name the customer: it is kept in runs.
type ForgetReport struct {
	Delete    bool  `json:"delete"` // lines go; else they stay as a guest's
	Done      bool  `json:"done"`
	Lines     int64 `json:"lines"`
	Orders    int64 `json:"orders"`    // that these lines are of
	Days      int64 `json:"days"`      // whose figures follow
	Customers int64 `json:"customers"` // rows of the table: 1, or 0 where nothing was sold
	Rejects   int64 `json:"rejects"`   // whose raw values are blanked
	Results   int64 `json:"results"`   // answers kept by programs, which go
}

// nothing reports whether no row names the customer.
func (r *ForgetReport) nothing() bool {
	return r.Lines+r.Customers+r.Rejects+r.Results == 0
}

// Forget takes a customer's id out of all tables, in one transaction: lines become a guest's, or go with all their money (erase);
// raw values of rejects and kept results that hold the id go; orders, customers and days follow. Unless yes is set it only tells. An id that
// nothing holds is fault.NotFound; a store with an import that was broken off is refused, for the rest of it would bring the customer back.
// Backups and the files that were imported are not touched.
func (s *Store) Forget(ctx context.Context, id string, erase, yes bool) (*ForgetReport, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	unlock, err := s.back.lock(ctx, s.DB, "import")
	if err != nil {
		return nil, err
	}
	defer unlock()
	r := &ForgetReport{Delete: erase}
	if !yes {
		return r, s.forget(ctx, id, r, false)
	}
	run, err := s.begin(ctx, "db forget")
	if err != nil {
		return nil, err
	}
	err = s.forget(ctx, id, r, true)
	if err = errors.Join(err, s.end(ctx, run, err, r)); err != nil {
		return r, err
	}
	return r, s.back.wipe(ctx, s.DB)
}

func (s *Store) forget(ctx context.Context, id string, r *ForgetReport, yes bool) error {
	return s.transact(ctx, "forgetting a customer", func(ctx context.Context, tx *sql.Tx) error {
		*r = ForgetReport{Delete: r.Delete}
		if err := s.finished(ctx, tx); err != nil {
			return err
		}
		m, err := s.mentions(ctx, tx, id)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, "SELECT COUNT(*), COUNT(DISTINCT order_id), COUNT(DISTINCT "+s.back.day("order_ts")+") FROM line_store WHERE customer_id = ?", id).Scan(&r.Lines, &r.Orders, &r.Days)
		if err == nil {
			err = tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM customers WHERE customer_id = ?", id).Scan(&r.Customers)
		}
		r.Rejects, r.Results = int64(len(m.rejects)), int64(len(m.results))
		switch {
		case err != nil:
			return err
		case r.nothing():
			return fault.New(fault.NotFound, "%s: no row holds that customer", s.DB.URL).WithHint("ids are compared letter by letter, as the table customers has them")
		case !yes:
			return nil
		}
		r.Done = true
		return s.takeOut(ctx, tx, id, r.Delete, m)
	})
}

// finished refuses a store with imports that go on.
func (s *Store) finished(ctx context.Context, tx *sql.Tx) error {
	var source string
	err := tx.QueryRowContext(ctx, "SELECT source FROM imports WHERE state = 'loading' ORDER BY id LIMIT 1").Scan(&source)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Locked, "%s: the import of %s is not finished, and its other rows may be the customer's", s.DB.URL, source).
		WithHint("import it again, which goes on where it ended; then forget")
}

// takeOut changes the tables and proves that the id is gone.
func (s *Store) takeOut(ctx context.Context, tx *sql.Tx, id string, erase bool, m *mentions) error {
	if err := s.back.shred(ctx, tx); err != nil {
		return err
	}
	if erase {
		if err := s.takeLines(ctx, tx, "customer_id = ?", id); err != nil {
			return err
		}
	} else if _, err := tx.ExecContext(ctx, "UPDATE line_store SET customer_id = NULL WHERE customer_id = ?", id); err != nil {
		return err
	}
	for _, k := range m.rejects {
		if _, err := tx.ExecContext(ctx, "UPDATE rejects SET raw = '{}' WHERE import_id = ? AND row_no = ?", k.owner, k.row); err != nil {
			return err
		}
	}
	for _, k := range m.results {
		if _, err := tx.ExecContext(ctx, "DELETE FROM results WHERE run_id = ? AND name = ?", k.owner, k.name); err != nil {
			return err
		}
	}
	live, err := liveImports(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.deriveAnew(ctx, tx, live); err != nil {
		return err
	}
	for _, table := range []string{"line_store", "orders", "customers"} {
		var left int64
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table+" WHERE customer_id = ?", id).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return fault.New(fault.Internal, "%s: %d rows of %s still hold the customer: nothing is changed", s.DB.URL, left, table)
		}
	}
	return nil
}
