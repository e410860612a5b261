package store

import (
	"context"
	"database/sql"
	"slices"
)

// Overlap tells of orders that came with two inputs, with as many lines and the same money: most likely
// the same sales, stored twice.
type Overlap struct {
	Source string `json:"source"`
	With   string `json:"with"` // the input that shares most of them
	Orders int64  `json:"orders"`
	Lines  int64  `json:"lines"`
	Money  int64  `json:"money_e4"`
}

// overlaps looks for orders of the new inputs that others brought, too. The lines are visible by now.
func (im *importer) overlaps(ctx context.Context, alone bool, report *ImportReport) error {
	if alone && (im.totals.whole() && im.totals.shared == 0 || len(im.files) == 1) {
		return nil
	}
	live, err := im.records(ctx, "WHERE state = 'live'")
	if err != nil {
		return err
	}
	var others []int64 // inputs that were there before, and new ones that were looked at
	for _, r := range live {
		if !slices.ContainsFunc(im.files, func(f *file) bool { return !f.done && f.id == r.id }) {
			others = append(others, r.id)
		}
	}
	if alone { // every order is looked at, so indexes pay
		if err := im.lineIndexes(ctx); err != nil {
			return err
		}
	}
	for _, f := range im.files {
		if f.done {
			continue
		}
		if len(others) > 0 {
			o, err := im.overlap(ctx, f, others)
			if err != nil {
				return err
			}
			if o.Orders > 0 {
				report.Overlaps = append(report.Overlaps, o)
			}
		}
		others = append(others, f.id)
	}
	return nil
}

// overlap compares the orders of an input with those of others. Only orders that have more lines than the
// input brought are looked at closely.
func (im *importer) overlap(ctx context.Context, f *file, others []int64) (o Overlap, err error) {
	own := ids([]int64{f.id})
	theirs := "FROM line_store l WHERE l.order_id = a.order_id AND l.import_id IN (" + ids(others) + ")"
	same := "(SELECT order_id, COUNT(*) AS n, SUM(money_e4) AS m FROM line_store WHERE import_id = " + own + " AND order_id IS NOT NULL GROUP BY order_id) a" +
		im.back.driving() + "orders o ON o.order_id = a.order_id AND o.sold_lines + o.reversals > a.n" +
		" WHERE (SELECT COUNT(*) " + theirs + ") = a.n AND (SELECT SUM(l.money_e4) " + theirs + ") = a.m"
	o = Overlap{Source: f.uri}
	if err := im.ask(ctx, "looking for orders that are there twice", []any{&o.Orders, &o.Lines, &o.Money}, "SELECT COUNT(*), COALESCE(SUM(a.n), 0), COALESCE(SUM(a.m), 0) FROM "+same); err != nil || o.Orders == 0 {
		return o, err
	}
	var shared int64
	query := "SELECT i.source, COUNT(*) FROM (SELECT DISTINCT l.import_id, l.order_id FROM (SELECT a.order_id FROM " + same + ") t" + im.back.driving() +
		"line_store l ON l.order_id = t.order_id AND l.import_id IN (" + ids(others) + ")) p JOIN imports i ON i.id = p.import_id GROUP BY i.id, i.source ORDER BY COUNT(*) DESC, i.id LIMIT 1"
	err = im.each(ctx, "naming the input of orders that are there twice", query, nil, func() {}, func(rows *sql.Rows) error {
		return rows.Scan(&o.With, &shared)
	})
	return o, err
}
