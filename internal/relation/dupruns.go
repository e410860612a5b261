package relation

import (
	"hash/maphash"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// scanRuns compares the lines of each order within its run.
func (w *DupWorker) scanRuns(rows *Rows) {
	c := w.cols[w.f.key]
	before := w.keys.n
	lo := 0
	for lo < rows.N {
		hi := w.runEnd(c, lo, rows.N)
		if c.IsNull(lo) { // rejects all: no order id
			w.closeTail()
			lo = hi
			continue
		}
		w.oneRun(c, rows, lo, hi)
		lo = hi
	}
	w.f.grow(w.keys.n-before, w)
}

// runEnd returns where the run that begins at lo ends.
func (w *DupWorker) runEnd(c *frame.Column, lo, n int) int {
	hi := lo + 1
	switch {
	case c.Valid == nil && c.Off != nil && c.Dict == nil:
		id := c.Data[c.Off[lo]:c.Off[lo+1]]
		for hi < n && string(c.Data[c.Off[hi]:c.Off[hi+1]]) == string(id) {
			hi++
		}
	case c.Valid != nil || c.I64 == nil:
		for hi < n && equalAt(c, lo, hi) {
			hi++
		}
	default:
		id := c.I64[lo]
		for _, x := range c.I64[hi:n] {
			if x != id {
				break
			}
			hi++
		}
	}
	return hi
}

// oneRun handles rows [lo, hi) of one order, all in this batch.
func (w *DupWorker) oneRun(c *frame.Column, rows *Rows, lo, hi int) {
	continued := false
	if lo == 0 && w.tail.open {
		continued = w.keyOf(c, lo) == w.tail.key && idText(c, lo) == w.tail.id
	}
	if !continued {
		w.closeTail()
	}
	edge := continued || hi == rows.N || w.runs.n == 0
	if !edge {
		w.newRun(c, lo)
		if hi-lo > 1 {
			w.compare(rows, lo, hi)
		}
		return
	}
	if !continued {
		w.newRun(c, lo)
		w.tail = run{open: true, key: w.keyOf(c, lo), id: idText(c, lo)}
	}
	w.keep(rows, lo, hi)
	if hi < rows.N {
		w.closeTail()
	}
}

// keyOf is the key of the order id at row i: integers themselves, a hash of text.
func (w *DupWorker) keyOf(c *frame.Column, i int) uint64 {
	if c.Kind == frame.String {
		return maphash.Bytes(w.f.seed, c.Str(i))
	}
	return uint64(c.I64[i])
}

// idText is the order id at row i when it is text.
func idText(c *frame.Column, i int) string {
	if c.Kind == frame.String {
		return string(c.Str(i))
	}
	return ""
}

// newRun notes that a run of an order begins. The head of a split is noted by
// its kept rows, the others by range while ids only rise or fall, else by key.
func (w *DupWorker) newRun(c *frame.Column, i int) {
	r := &w.runs
	r.n++
	if r.n == 1 {
		return
	}
	if c.Kind == frame.String {
		w.keys.add(maphash.Bytes(w.f.seed, c.Str(i)))
		return
	}
	id := c.I64[i]
	if r.broken {
		w.keys.add(uint64(id))
		return
	}
	prev := int64(w.last)
	w.last = uint64(id)
	switch {
	case !r.ranged:
		r.ranged, r.lo, r.hi = true, id, id
	case id > prev && r.rising >= 0:
		r.rising, r.hi = 1, id
	case id < prev && r.rising <= 0:
		r.rising, r.lo = -1, id
	default:
		r.broken = true
		w.keys.add(uint64(id))
	}
}

// compare finds duplicates among rows [lo, hi) of one order.
func (w *DupWorker) compare(rows *Rows, lo, hi int) {
	if hi-lo > 48 {
		w.compareLong(rows, lo, hi)
		return
	}
	cols := w.cols[:w.f.key] // the order id is the same
	var quick []int64
	if len(cols) > 0 && cols[0].Valid == nil && cols[0].Kind != frame.Float && cols[0].Kind != frame.String {
		quick = cols[0].I64
	}
	for i := lo + 1; i < hi; i++ {
		for j := lo; j < i; j++ {
			if (quick != nil && quick[i] != quick[j]) || !equalRows(cols, i, j) || rows.Kind[i] == Reject {
				continue
			}
			w.found = append(w.found, w.dup(rows, i))
			break
		}
	}
}

// compareLong is compare for long orders: rows sorted by encoding.
func (w *DupWorker) compareLong(rows *Rows, lo, hi int) {
	seen := make(map[string]struct{}, hi-lo)
	var buf []byte
	for i := lo; i < hi; i++ {
		if rows.Kind[i] == Reject {
			continue
		}
		buf = appendRow(buf[:0], w.cols, i)
		if _, dup := seen[string(buf)]; dup {
			w.found = append(w.found, w.dup(rows, i))
			continue
		}
		seen[string(buf)] = struct{}{}
	}
}

// dup makes the record of a duplicate.
func (w *DupWorker) dup(rows *Rows, i int) dupRow {
	d := dupRow{split: w.split, row: rows.Raw.RowAt(i)}
	if rows.MoneyNull(i) {
		d.hasNot = true
	} else {
		d.money = rows.Money[i]
	}
	return d
}

// keep copies rows of a run that touches an edge.
func (w *DupWorker) keep(rows *Rows, lo, hi int) {
	for i := lo; i < hi && !w.tail.long; i++ {
		if rows.Kind[i] == Reject {
			continue
		}
		if len(w.tail.rows) >= keepRows {
			w.tail.long, w.tail.rows = true, nil
			break
		}
		w.tail.rows = append(w.tail.rows, keptRow{w.dup(rows, i), string(appendRow(nil, w.cols, i))})
	}
}

// closeTail ends the run that was open at the edge of a batch.
func (w *DupWorker) closeTail() {
	if !w.tail.open {
		return
	}
	w.tail.open = false
	if w.tail.long {
		w.long = append(w.long, w.tail.key)
	}
	if w.runs.n == 1 {
		w.runs.head = w.tail
	}
	w.found = appendDups(w.found, w.tail.rows)
}

// appendDups appends the rows that equal an earlier one of the list.
func appendDups(found []dupRow, rows []keptRow) []dupRow {
	if len(rows) < 2 {
		return found
	}
	seen := make(map[string]struct{}, len(rows))
	for _, r := range rows {
		if _, dup := seen[r.bytes]; dup {
			found = append(found, r.dupRow)
		}
		seen[r.bytes] = struct{}{}
	}
	return found
}
