package relation

import (
	"math"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// zone turns instants into wall time by the real rules of a time zone. It
// remembers the interval between two changes of the clock that the last value
// fell into, so a batch costs one comparison a row. Not safe for concurrent use.
type zone struct {
	utc    bool
	loc    *time.Location
	lo, hi int64 // µs of the instants [lo, hi) that share off
	off    int64 // µs
}

// newZone loads a zone by its IANA name; "" is UTC.
func newZone(name string) (zone, error) {
	if name == "" || name == "UTC" {
		return zone{utc: true, loc: time.UTC}, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return zone{}, fault.New(fault.Usage, "reading time zone %q: %w", name, err).
			WithHint("name a zone like Asia/Shanghai or America/Sao_Paulo")
	}
	return zone{loc: loc}, nil
}

// wall returns the wall time of the instant t, both in µs since 1970.
func (z *zone) wall(t int64) int64 {
	if z.utc {
		return t
	}
	if t < z.lo || t >= z.hi {
		z.find(t)
	}
	return t + z.off
}

// shift turns instants into wall times in place.
func (z *zone) shift(ts []int64) {
	for i, t := range ts {
		if t < z.lo || t >= z.hi {
			z.find(t)
		}
		ts[i] = t + z.off
	}
}

// find sets the interval that holds t.
func (z *zone) find(t int64) {
	at := time.UnixMicro(t).In(z.loc)
	start, end := at.ZoneBounds()
	_, sec := at.Zone()
	z.off = int64(sec) * 1e6
	z.lo, z.hi = math.MinInt64, math.MaxInt64
	if !start.IsZero() {
		z.lo = start.UnixMicro()
	}
	if !end.IsZero() {
		z.hi = end.UnixMicro()
	}
}
