package stream

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/fold"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// take counts a batch.
func (j *job) take(ctx context.Context, it *item) error {
	b := it.batch
	now := j.opts.Now()
	p := j.clock.part(b.Partition)
	if len(b.Records) > 0 {
		p.quiet = time.Time{}
	}
	if b.Quiet && p.quiet.IsZero() {
		p.quiet = now
	}
	j.counts.Records += int64(len(b.Records)) + b.Aborted
	j.counts.Aborted += b.Aborted
	if len(b.Records) > 0 {
		if err := j.rules(); err != nil {
			return err
		}
		bad := func(i int, cause, detail string) error { return j.dead(b, i, cause, detail) }
		others := j.clock.others(p, now)
		rows := func(r *relation.Rows, record func(int) int) error { return j.rows(b, p, others, r, record) }
		if !j.began { // no object was met so far
			for i := range b.Records {
				if err := bad(i, "malformed", "no JSON object"); err != nil {
					return err
				}
			}
		} else if done, err := j.decoded(it, rows, bad); err != nil {
			return err
		} else if !done {
			if err := j.dec.decode(ctx, b.Records, rows, bad); err != nil {
				return err
			}
			j.publish() // new members make a new schema
		}
	}
	p.Pos, p.Ended = b.Next, b.Ended
	j.mu.Lock()
	j.newest[b.Partition] = p.Newest
	j.mu.Unlock()
	j.clock.advance(now)
	return j.state.fit()
}

// rules moves the end of the rule against future rows along with the clock.
func (j *job) rules() error {
	if !j.began {
		return nil
	}
	now, err := j.opts.Clock()
	if err != nil || now.Sub(j.ruled) < time.Minute {
		return err
	}
	old := j.wall
	if err := j.setWall(now); err != nil {
		return err
	}
	if err := j.dec.shift(j.wall - old); err != nil {
		return err
	}
	j.publish()
	return nil
}

// setWall notes the wall time.
func (j *job) setWall(now time.Time) (err error) {
	j.ruled = now
	j.wall, err = relation.WallTime(j.dec.rel.Zone, now.UnixMicro())
	return err
}

// dead keeps a dead letter.
func (j *job) dead(b *Batch, i int, cause, detail string) error {
	j.counts.Dead[cause]++
	if j.out.Dead == nil {
		return nil
	}
	return writeLetter(j.out.Dead, letter(b.Partition, &b.Records[i], cause, detail))
}

// rows shares the rows of a batch out: dead letters, repeats, late ones, and those
// that windows take.
func (j *job) rows(b *Batch, p *partition, others int64, r *relation.Rows, record func(int) int) error {
	at := &j.dec.at
	ts := r.Cols[at.ts]
	j.groupKeys(r)
	lateness := j.opts.Lateness.Microseconds()
	for i := range r.N {
		kind := r.Kind[i]
		if kind == relation.Reject {
			if err := j.dead(b, record(i), j.dec.prog.Reasons[r.Reason[i]].Name, ""); err != nil {
				return err
			}
			continue
		}
		if ts.IsNull(i) {
			if err := j.dead(b, record(i), "no_time", ""); err != nil {
				return err
			}
			continue
		}
		t := ts.I64[i]
		mark := j.clock.mark
		if t > p.Newest { // an event of the future does not hurry the clock
			p.Newest = max(p.Newest, min(t, j.wall))
			j.clock.raise(min(p.Newest, others))
		}
		if kind == relation.Outside {
			j.counts.Outside++
			continue
		}
		folds := kind == relation.Sold || kind == relation.Reversal && j.opts.Net
		if folds && !j.oneCurrency(r, i) {
			if err := j.dead(b, record(i), "other_currency", "money is added up in "+strconv.Quote(*j.currency)+"; use --currency CODE or --by currency"); err != nil {
				return err
			}
			continue
		}
		fresh, late, err := j.admit(r, i, t, civil.FloorDiv(t, j.win.span)*j.win.span+j.win.span+lateness <= mark)
		switch {
		case err != nil:
			return err
		case !fresh:
			j.counts.Duplicate++
			continue
		case late:
			if err := j.keepLate(b, record(i), t, mark); err != nil {
				return err
			}
			continue
		}
		switch kind {
		case relation.Sold:
			j.counts.Sold++
		case relation.Reversal:
			j.counts.Reversals++
		default:
			j.counts.Voids++
		}
		if folds {
			j.assign(r, i, t, kind == relation.Sold)
		}
	}
	return j.apply(r)
}

// oneCurrency reports whether row i is in the currency of the stream; the first row decides which
// that is. Where the user split or filtered by currency every row is.
func (j *job) oneCurrency(r *relation.Rows, i int) bool {
	at := j.dec.at.currency
	if at < 0 || j.opts.Filtered {
		return true
	}
	for _, d := range j.opts.By {
		if d == "currency" {
			return true
		}
	}
	c := r.Cols[at]
	j.value = relation.AppendCell(j.value[:0], c, i)
	if j.currency == nil {
		s := string(j.value)
		j.currency = &s
	}
	return *j.currency == string(j.value)
}

// admit tells repeats: a row whose key was counted within the horizon. The key of a
// row that is too late is not remembered.
func (j *job) admit(r *relation.Rows, i int, t int64, late bool) (fresh, _ bool, err error) {
	if len(j.dec.at.key) == 0 {
		return true, late, nil
	}
	j.value = appendKey(j.value[:0], r, j.dec.at.key, i)
	keys, err := j.seen.keys(j.value)
	if err != nil {
		return false, false, err
	}
	if keys.Has(j.value) {
		return false, false, nil
	}
	if !late {
		keys.Add(j.value, t)
	}
	return true, late, nil
}

// keepLate keeps a row whose window is closed for good.
func (j *job) keepLate(b *Batch, i int, t, mark int64) error {
	j.counts.Late++
	if j.out.Late == nil {
		return nil
	}
	const layout = "2006-01-02T15:04:05.999999"
	detail := fmt.Sprintf("event time %s, watermark %s", time.UnixMicro(t).UTC().Format(layout), time.UnixMicro(mark).UTC().Format(layout))
	return writeLetter(j.out.Late, letter(b.Partition, &b.Records[i], "late", detail))
}

// appendKey writes the values of some columns of a row so that different values give different
// texts: null, or length and text. Integers are written in digits, so that 17 stays 17 when a later sample
// makes the column text.
func appendKey(b []byte, r *relation.Rows, cols []int, i int) []byte {
	var tmp [64]byte
	for _, at := range cols {
		c := r.Cols[at]
		if c.IsNull(i) {
			b = append(b, 0)
			continue
		}
		v := cellBytes(tmp[:0], c, i)
		b = append(binary.AppendUvarint(b, uint64(len(v))+1), v...)
	}
	return b
}

// cellBytes gives a value as text; it may alias the column.
func cellBytes(tmp []byte, c *frame.Column, i int) []byte {
	if c.Kind == frame.String {
		return c.Str(i)
	}
	return relation.AppendCell(tmp, c, i)
}

// groupKeys writes the group of every row.
func (j *job) groupKeys(r *relation.Rows) {
	j.keys, j.keyEnd = j.keys[:0], j.keyEnd[:0]
	if len(j.dec.at.by) == 0 {
		return
	}
	for i := range r.N {
		j.keys = appendKey(j.keys, r, j.dec.at.by, i)
		j.keyEnd = append(j.keyEnd, int32(len(j.keys)))
	}
}

// groupKey returns the group of row i.
func (j *job) groupKey(i int) []byte {
	if len(j.keyEnd) == 0 {
		return nil
	}
	from := int32(0)
	if i > 0 {
		from = j.keyEnd[i-1]
	}
	return j.keys[from:j.keyEnd[i]]
}

// assign plans a row for the parts of its window: its order decides where its sums go, its
// customer where that is counted.
func (j *job) assign(r *relation.Rows, i int, t int64, sold bool) {
	w := j.win.of(t)
	key := j.groupKey(i)
	if w.written {
		if w.changed == nil {
			w.changed = map[string]bool{}
		}
		w.changed[string(key)] = true
	}
	at := &j.dec.at
	var tmp [32]byte
	home := key
	if at.order >= 0 && !r.Cols[at.order].IsNull(i) {
		home = cellBytes(tmp[:0], r.Cols[at.order], i)
	}
	j.plan(w.cell(shardOf(home)), uint32(i)<<1)
	if sold && at.customer >= 0 && !r.Cols[at.customer].IsNull(i) {
		j.plan(w.cell(shardOf(cellBytes(tmp[:0], r.Cols[at.customer], i))), uint32(i)<<1|1)
	}
}

// plan notes a row for a part: row<<1, with 1 added where only the customer is counted.
func (j *job) plan(c *cell, op uint32) {
	if len(c.ops) == 0 {
		j.pending = append(j.pending, c)
	}
	c.ops = append(c.ops, op)
}

// apply gives the planned rows to their parts, one part after the other, so that a part that was
// spilled is read once a batch.
func (j *job) apply(r *relation.Rows) error {
	var tmp [32]byte
	at := &j.dec.at
	for _, c := range j.pending {
		p, err := j.win.get(c, newShard)
		if err != nil {
			return err
		}
		s := p.(*fold.Shard)
		for _, op := range c.ops {
			i := int(op >> 1)
			g := s.Group(j.groupKey(i))
			if op&1 != 0 {
				s.AddDistinct(g, countCustomers, cellBytes(tmp[:0], r.Cols[at.customer], i))
				continue
			}
			if !r.MoneyNull(i) {
				s.AddInt(g, sumMoney, r.Money[i])
			}
			if r.Kind[i] != relation.Sold {
				continue
			}
			if at.order >= 0 && !r.Cols[at.order].IsNull(i) {
				s.AddDistinct(g, countOrders, cellBytes(tmp[:0], r.Cols[at.order], i))
			}
			if at.quantity < 0 || r.Cols[at.quantity].IsNull(i) {
				continue
			}
			if q := r.Cols[at.quantity]; at.floatUnits {
				s.AddFloat(g, 0, q.F64[i])
			} else {
				s.AddInt(g, sumUnits, q.I64[i])
			}
		}
		c.ops = c.ops[:0]
		j.state.account(c)
		if err := j.state.fit(); err != nil {
			return err
		}
	}
	j.pending = j.pending[:0]
	return nil
}
