package stream

import (
	"math"
	"time"
)

// never is the watermark before the first event, and the newest event of a partition without one.
const never = int64(math.MinInt64)

// partition is what is known of the time of one partition.
type partition struct {
	Pos    Position  `json:"position"`
	Newest int64     `json:"newest"` // event time, µs
	Ended  bool      `json:"ended,omitempty"`
	quiet  time.Time // since when it has nothing; zero = it has
}

// clock is the event clock over all partitions.
type clock struct {
	delay, idle int64 // µs
	parts       map[string]*partition
	mark        int64 // the watermark: no earlier event is expected
}

// part returns a partition, making it at first sight.
func (c *clock) part(name string) *partition {
	p := c.parts[name]
	if p == nil {
		p = &partition{Newest: never}
		c.parts[name] = p
	}
	return p
}

// others is the newest event time of the partition that is furthest behind, p left out: MaxInt64
// when no other counts.
func (c *clock) others(p *partition, now time.Time) int64 {
	low := int64(math.MaxInt64)
	for _, q := range c.parts {
		if q != p && c.active(q, now) {
			low = min(low, q.Newest)
		}
	}
	return low
}

// active reports whether a partition holds the watermark back.
func (c *clock) active(p *partition, now time.Time) bool {
	return !p.Ended && (c.idle == 0 || p.quiet.IsZero() || now.Sub(p.quiet).Microseconds() < c.idle)
}

// advance moves the watermark to what the partitions allow. When none is active the
// furthest tells.
func (c *clock) advance(now time.Time) {
	low, top, any := int64(math.MaxInt64), never, false
	for _, p := range c.parts {
		top = max(top, p.Newest)
		if c.active(p, now) {
			low, any = min(low, p.Newest), true
		}
	}
	if !any {
		low = top
	}
	c.raise(low)
}

// raise moves the watermark to what an event time allows; it never goes back.
func (c *clock) raise(newest int64) {
	if newest != never && newest != math.MaxInt64 {
		c.mark = max(c.mark, newest-c.delay)
	}
}
