package sqltable

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
)

// keyRange is a range of keys, both ends included. Open ends catch what lies outside the limits that were seen.
type keyRange struct{ lo, hi int64 }

// whole is the range of a table that is not cut.
var whole = keyRange{math.MinInt64, math.MaxInt64}

// maxRanges bounds the splits of a table.
const maxRanges = 1 << 14

// where restricts a query to the range.
func (k keyRange) where(key string) []string {
	var out []string
	if k.lo != math.MinInt64 {
		out = append(out, fmt.Sprintf("%s >= %d", key, k.lo))
	}
	if k.hi != math.MaxInt64 {
		out = append(out, fmt.Sprintf("%s <= %d", key, k.hi))
	}
	return out
}

// selects prints a query over the table in its total order.
func (t *table) selects(list, where []string) string {
	if len(list) == 0 {
		list = []string{"1"}
	}
	q := "SELECT " + strings.Join(list, ", ") + " FROM " + t.name + t.hint
	if len(where) > 0 {
		q += " WHERE " + strings.Join(where, " AND ")
	}
	if len(t.order) > 0 {
		q += " ORDER BY " + strings.Join(t.order, ", ")
	}
	return q
}

// cut finds the ranges. Where keys are dense they are cut evenly; where there are gaps the index is walked. Both depend
// on the table alone, so that the same table is always cut in the same way.
func (d *Dataset) cut(ctx context.Context, conn *sql.Conn) ([]keyRange, error) {
	if d.t.key == "" {
		return []keyRange{whole}, nil
	}
	var lo, hi sql.NullInt64
	// two statements: SQLite answers each from one end of the index
	for _, q := range []struct {
		word string
		to   *sql.NullInt64
	}{{"MIN", &lo}, {"MAX", &hi}} {
		text := "SELECT " + q.word + "(" + d.t.key + ") FROM " + d.t.name
		if err := conn.QueryRowContext(ctx, text).Scan(q.to); err != nil {
			if strings.Contains(err.Error(), "out of range") { // keys beyond 63 bits
				d.t.key = ""
				return []keyRange{whole}, nil
			}
			return nil, d.db.Explain(err, "reading the limits of the key")
		}
	}
	if !lo.Valid {
		return []keyRange{whole}, nil
	}
	width := uint64(hi.Int64 - lo.Int64)
	step := uint64(d.opts.RangeKeys)
	n := width/step + 1
	if n == 1 {
		return []keyRange{{lo.Int64, hi.Int64}}, nil
	}
	if n <= maxRanges {
		dense, err := d.dense(ctx, conn, lo.Int64, width)
		if err != nil {
			return nil, err
		}
		if dense {
			out := make([]keyRange, n)
			for i := range out {
				from := lo.Int64 + int64(uint64(i)*step)
				out[i] = keyRange{from, from + int64(step) - 1}
			}
			out[n-1].hi = hi.Int64
			return out, nil
		}
	}
	return d.walk(ctx, conn, lo.Int64, hi.Int64)
}

// dense reports whether at least a quarter of the keys exist, by probes at even distances.
func (d *Dataset) dense(ctx context.Context, conn *sql.Conn, lo int64, width uint64) (bool, error) {
	const probes, span = 16, 512
	found := int64(0)
	for i := range uint64(probes) {
		from := lo + int64(width/probes*i)
		var n int64
		q := fmt.Sprintf("SELECT COUNT(DISTINCT %s) FROM %s%s WHERE %s BETWEEN %d AND %d", d.t.key, d.t.name, d.t.hint, d.t.key, from, from+span-1)
		if err := conn.QueryRowContext(ctx, q).Scan(&n); err != nil {
			return false, d.db.Explain(err, "looking at the keys")
		}
		found += n
	}
	return found*4 >= probes*span, nil
}

// walk cuts after every RangeKeys rows.
func (d *Dataset) walk(ctx context.Context, conn *sql.Conn, lo, hi int64) ([]keyRange, error) {
	var out []keyRange
	for from := lo; ; {
		var to int64
		q := fmt.Sprintf("SELECT %s FROM %s%s WHERE %s >= %d ORDER BY %s LIMIT 1 OFFSET %d", d.t.key, d.t.name, d.t.hint, d.t.key, from, d.t.key, d.opts.RangeKeys-1)
		err := conn.QueryRowContext(ctx, q).Scan(&to)
		if err == sql.ErrNoRows || err == nil && to >= hi {
			return append(out, keyRange{from, hi}), nil
		}
		if err != nil {
			return nil, d.db.Explain(err, "looking at the keys")
		}
		out = append(out, keyRange{from, to})
		from = to + 1
	}
}
