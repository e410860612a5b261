package expr

import (
	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

const (
	// MaxDay bounds dates on both sides: the days whose midnight fits a timestamp in
	// microseconds, about 292,000 years. Date arithmetic beyond is null.
	MaxDay = 106_751_991
)

// dayInRange drops what is no date.
func dayInRange(d int64) (int64, bool) { return d, -MaxDay <= d && d <= MaxDay }

func dayOf(micros int64) (int64, bool) { return civil.FloorDiv(micros, dayMicros), true }

func hourOf(micros int64) (int64, bool) {
	return (micros - civil.FloorDiv(micros, dayMicros)*dayMicros) / (dayMicros / 24), true
}

// datePart returns the function of a part of a day since 1970.
func datePart(name string) func(days int64) int64 {
	switch name {
	case "year":
		return func(d int64) int64 { y, _, _ := civil.Date(d); return y }
	case "month":
		return func(d int64) int64 { _, m, _ := civil.Date(d); return m }
	case "day":
		return func(d int64) int64 { _, _, d = civil.Date(d); return d }
	}
	// 1970-01-01 was a Thursday.
	return func(d int64) int64 { return d + 3 - civil.FloorDiv(d+3, 7)*7 + 1 }
}

// partOp is a calendar part of times or dates. Neighbouring rows are often of
// the same day, whose part is then known.
type partOp struct {
	id     int
	x      op
	part   func(days int64) int64
	isDate bool
}

func (o *partOp) eval(s *Scratch, b *batch) vec {
	f := &s.bufs[o.id]
	x := o.x.eval(s, b)
	f.i64 = frame.Grow(f.i64, b.n)
	valid, own := x.valid, false
	var lo, val int64 // the last day (as microseconds for times) and its part
	known := false
	width := dayMicros
	if o.isDate {
		width = 1
	}
	for i, v := range x.i64[:b.n] {
		if known && uint64(v-lo) < uint64(width) {
			f.i64[i] = val
			continue
		}
		day := v
		if !o.isDate {
			day = civil.FloorDiv(v, dayMicros)
		} else if _, ok := dayInRange(v); !ok {
			if !own {
				valid, own = f.copyValid(valid, b.n), true
			}
			frame.ClearBit(valid, i)
			f.i64[i] = 0
			continue
		}
		// The first day of all begins before the first timestamp; v - lo then wraps, and
		// is right all the same.
		lo, val, known = day*width, o.part(day), true
		f.i64[i] = val
	}
	return vec{i64: f.i64, valid: valid}
}
