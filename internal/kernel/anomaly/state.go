package anomaly

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// The names of states; the number changes with their form.
const (
	detectorState = "ecomctl anomaly detector 1\n"
	poolState     = "ecomctl anomaly pool 1\n"
)

// State returns all that the Detector has learnt, for Restore: a stream that stops and goes on from it gives the
// same points as one that never stopped. Equal Detectors have equal states.
func (d *Detector) State() []byte { return seal(detectorState, d.fields) }

// Restore makes a Detector from a State. Periods must be those that it had; level, pool and spots are those given. It fails
// with fault.Input on bytes that are no state, and never panics.
func Restore(state []byte, o Options) (*Detector, error) {
	d := New(o)
	if err := unseal(detectorState, state, d.fields); err != nil {
		return nil, err
	}
	if !slices.Equal(d.opt.Periods, o.Periods) {
		return nil, fault.New(fault.Input, "reading the state of an anomaly detector: it is of seasons %v, not %v", d.opt.Periods, o.Periods)
	}
	return d, nil
}

// State returns what the Pool has learnt, for RestorePool.
func (p *Pool) State() []byte { return seal(poolState, p.tails.fields) }

// RestorePool makes a Pool from a State. It fails with fault.Input on bytes that are no state.
func RestorePool(state []byte) (*Pool, error) {
	p := &Pool{}
	if err := unseal(poolState, state, p.tails.fields); err != nil {
		return nil, err
	}
	return p, nil
}

// fields lists what a Detector is made of.
func (d *Detector) fields(c *codec) {
	c.counts(&d.opt.Periods)
	c.int64(&d.first)
	c.floats(&d.hist)
	c.int64(&d.last)
	c.float(&d.prev)
	c.count(&d.n)
	c.count(&d.next)
	fitted := d.base != nil
	c.bool(&fitted)
	slow := d.slow != nil
	c.bool(&slow)
	if fitted {
		d.base = d.base.fields(c)
	}
	if slow {
		d.slow = d.slow.fields(c)
	}
	for _, t := range []*pair{&d.scaled, &d.jump, &d.step, &d.mean, &d.drift} {
		t.fields(c)
	}
	d.nothing.fields(c)
	d.sparse.fields(c)
	c.bool(&d.negative)
	for _, w := range []*window{&d.short, &d.clipped} {
		c.count(&w.n)
		for i := range w.v {
			c.float(&w.v[i])
		}
	}
	for _, r := range []*run{&d.run, &d.slowRun} {
		c.count(&r.n)
		c.float(&r.sign)
		c.floats(&r.errs)
	}
	d.effects.fields(c)
	c.int64(&d.onset)
	c.bool(&d.open)
	c.float(&d.onsetP)
	c.floats(&d.fresh)
	c.check(len(d.hist) <= 2*keepPoints && d.n <= d.next && (!fitted || slow || d.sparse.on))
}

// fields lists what a baseline is made of; where there is none yet it makes one.
func (b *baseline) fields(c *codec) *baseline {
	if b == nil {
		b = &baseline{}
	}
	for _, v := range []*float64{&b.pow.exponent, &b.pow.shift, &b.alpha, &b.gamma, &b.level, &b.scale, &b.floor} {
		c.float(v)
	}
	c.counts(&b.periods)
	if c.reading {
		b.profile = make([][]float64, len(b.periods))
	}
	for i := range b.profile {
		c.floats(&b.profile[i])
		c.check(len(b.profile[i]) == b.periods[i] && b.periods[i] > 1)
	}
	c.floats(&b.factor)
	c.check(b.factor == nil || len(b.periods) > 0 && len(b.factor) == b.periods[0])
	return b
}

// fields lists what a pair is made of.
func (t *pair) fields(c *codec) {
	t.up.fields(c)
	t.down.fields(c)
}

// fields lists what a Tail is made of.
func (t *Tail) fields(c *codec) {
	c.count(&t.n)
	c.floats((*[]float64)(&t.top))
	c.bool(&t.fresh)
	c.float(&t.shape)
	c.float(&t.scale)
	c.float(&t.least)
	c.count(&t.since)
	c.check(len(t.top) <= t.n && len(t.top) <= tailMost && len(t.top) >= min(t.n, tailLeast))
}

// fields lists what nothings are made of.
func (n *nothings) fields(c *codec) {
	for i := range n.points {
		c.count(&n.points[i])
		c.count(&n.times[i])
	}
	c.bool(&n.zero)
}

// fields lists what a sparse is made of.
func (s *sparse) fields(c *codec) {
	c.bool(&s.on)
	c.count(&s.points)
	c.count(&s.hit)
	for _, t := range []*Tail{&s.size, &s.pauses, &s.bout} {
		t.fields(c)
	}
	c.count(&s.run)
	c.bool(&s.nothing)
}

// fields lists the occurrences of each spot, in the order of names and offsets.
func (e *effects) fields(c *codec) {
	spots := slices.SortedFunc(maps.Keys(*e), func(a, b Spot) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Offset, b.Offset))
	})
	n := c.length(len(spots), 24)
	if c.reading {
		spots, *e = make([]Spot, n), nil
		if n > 0 {
			*e = make(effects, n)
		}
	}
	for _, s := range spots {
		seen := (*e)[s]
		offset := int64(s.Offset)
		c.text(&s.Name)
		c.int64(&offset)
		s.Offset = int(offset)
		k := c.length(len(seen), 16)
		if c.reading {
			seen = make([]occurrence, k)
		}
		for i := range seen {
			c.float(&seen[i].y)
			c.float(&seen[i].usual)
		}
		if c.reading {
			(*e)[s] = seen
		}
	}
	c.check(len(*e) == n)
}
