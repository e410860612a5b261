package stream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/kernel/fold"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// take counts a piece of a batch; with the last one the partition moves on.
func (j *job) take(ctx context.Context, it *item) error {
	b := it.batch
	now := j.opts.Now()
	p := j.clock.part(b.Partition)
	if it.from == 0 {
		if len(b.Records) > 0 {
			p.quiet = time.Time{}
		}
		if b.Quiet && p.quiet.IsZero() {
			p.quiet = now
		}
		j.counts.Records += int64(len(b.Records)) + b.Aborted
		j.counts.Aborted += b.Aborted
	}
	if it.to > it.from {
		if err := j.piece(ctx, it, p, now); err != nil {
			return err
		}
	}
	if !it.last {
		return j.state.fit()
	}
	p.Pos, p.Ended = b.Next, b.Ended
	b.free()
	j.mu.Lock()
	j.newest[b.Partition] = p.Newest
	j.mu.Unlock()
	j.clock.advance(now)
	return j.state.fit()
}

// piece counts the records of a piece.
func (j *job) piece(ctx context.Context, it *item, p *partition, now time.Time) error {
	if err := j.rules(); err != nil {
		return err
	}
	b, from := it.batch, it.from
	bad := func(i int, cause, detail string) error { return j.dead(b, from+i, cause, detail) }
	others := j.clock.others(p, now)
	rows := func(r *relation.Rows, record func(int) int) error {
		return j.rows(b, p, others, r, func(i int) int { return from + record(i) })
	}
	if !j.began { // no object was met so far
		for i := range it.records() {
			if err := bad(i, "malformed", "no JSON object"); err != nil {
				return err
			}
		}
		return nil
	}
	if done, err := j.decoded(it, rows, bad); done || err != nil {
		return err
	}
	if err := j.dec.decode(ctx, it.records(), rows, bad); err != nil {
		return err
	}
	j.publish() // new members make a new schema
	return nil
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
	j.spell(r)
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
			j.assign(i, t, kind == relation.Sold)
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

// assign plans a row for the parts of its window: its order decides where its sums go, its
// customer where that is counted.
func (j *job) assign(i int, t int64, sold bool) {
	w := j.recent
	if w == nil || t < w.start || t >= w.start+j.win.span {
		w = j.win.of(t)
		j.recent = w
	}
	group := j.groups[i]
	if w.written {
		if w.changed == nil {
			w.changed = map[string]bool{}
		}
		w.changed[string(j.text(group))] = true
	}
	home := group
	if len(j.orders) > 0 && j.orders[i] != noText {
		home = j.orders[i]
	}
	if home != j.home {
		j.home, j.homeShard = home, shardOf(j.text(home))
	}
	j.plan(w.cell(j.homeShard), uint32(i)<<1)
	if sold && len(j.customers) > 0 && j.customers[i] != noText {
		if c := j.customers[i]; c != j.whose {
			j.whose, j.whoseShard = c, shardOf(j.text(c))
		}
		j.plan(w.cell(j.whoseShard), uint32(i)<<1|1)
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
	for _, c := range j.pending {
		p, err := j.win.get(c, newShard)
		if err != nil {
			return err
		}
		j.fold(p.(*fold.Shard), c.ops, r)
		c.ops = c.ops[:0]
		j.state.account(c)
		if err := j.state.fit(); err != nil {
			return err
		}
	}
	j.pending = j.pending[:0]
	return nil
}

// fold adds rows to a part of a window.
func (j *job) fold(s *fold.Shard, ops []uint32, r *relation.Rows) {
	at := &j.dec.at
	var g uint32
	// Of rows in a row with one group, the same order or customer need not be looked up again.
	last, order, customer := noText, noText, noText
	for _, op := range ops {
		i := int(op >> 1)
		if group := j.groups[i]; group != last {
			g, last, order, customer = s.Group(j.text(group)), group, noText, noText
		}
		if op&1 != 0 {
			if c := j.customers[i]; c != customer {
				customer = c
				s.AddDistinct(g, countCustomers, j.text(c))
			}
			continue
		}
		if !r.MoneyNull(i) {
			s.AddInt(g, sumMoney, r.Money[i])
		}
		if r.Kind[i] != relation.Sold {
			continue
		}
		if len(j.orders) > 0 && j.orders[i] != noText && j.orders[i] != order {
			order = j.orders[i]
			s.AddDistinct(g, countOrders, j.text(order))
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
}
