package sqltable

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/source"
)

// statsTimeout bounds the question about a column's limits: without an answer everything is read.
const statsTimeout = 5 * time.Minute

// askStats asks for the least and greatest values of a column in every range; nil when there is no answer. An index
// over the column answers without touching the rows. The caller holds d.mu.
func (d *Dataset) askStats(col int) []source.Stats {
	ctx, cancel := context.WithTimeout(context.Background(), statsTimeout)
	defer cancel()
	conn, err := d.snap.acquire(ctx)
	if err != nil {
		return nil
	}
	broken := true
	defer func() { d.snap.release(conn, broken) }()
	out := make([]source.Stats, len(d.splits))
	for i, s := range d.splits {
		sp := s.(*split)
		c := &d.t.cols[col]
		name := d.db.Dialect.Quote(c.name)
		q := fmt.Sprintf("SELECT COUNT(*), COUNT(%[1]s), MIN(%[1]s), MAX(%[1]s) FROM %[2]s", name, d.t.name)
		for k, w := range sp.keys.where(d.t.key) {
			q += []string{" WHERE ", " AND "}[k] + w
		}
		var rows, values int64
		var lo, hi sql.RawBytes
		r, err := conn.QueryContext(ctx, q)
		if err != nil {
			return nil
		}
		ok := r.Next() && r.Scan(&rows, &values, &lo, &hi) == nil
		st := source.Stats{Nulls: rows - values}
		if ok && values > 0 {
			var okLo, okHi bool
			st.MinI64, okLo = limit(c, lo)
			st.MaxI64, okHi = limit(c, hi)
			ok = okLo && okHi
		}
		if err := r.Close(); err != nil || !ok {
			broken = err != nil
			return nil
		}
		sp.rows, out[i] = rows, st
	}
	broken = false
	return out
}

// limit reads a limit of a column's values.
func limit(c *column, s []byte) (int64, bool) {
	switch c.how {
	case asUint:
		u, err := strconv.ParseUint(string(s), 10, 64)
		return int64(min(u, math.MaxInt64)), err == nil && u <= math.MaxInt64
	case asDate:
		return parseDate(s)
	case asTime:
		return parseTime(s)
	case asLayout, asText: // dates in a shape that was found; see Dataset.shape
		at, ok := isoDay.Parse(s)
		if c.typ.ID() == arrow.DATE32 {
			return civil.FloorDiv(at.Micros, dayMicros), ok
		}
		return at.Micros, ok
	}
	return 0, false
}
