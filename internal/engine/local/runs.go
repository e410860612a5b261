package local

import "github.com/ecomctl/ecomctl/internal/frame"

// Lines of one order stand together in most files: stretches of rows have one customer, one
// day, one region. Accumulators then fold a stretch at once: one place in memory is visited
// where three would be, and those visits are what a scan waits for.

// runs are the stretches of a batch's rows in which something stays the same: starts holds
// the first row of each, and the number of rows behind the last.
type runs struct {
	starts []int32
	pause  int // batches for which no stretches are looked for
}

const (
	// runShare is the number of rows an average stretch must have to be worth it, in halves.
	runShare = 3
	// runPause is for how many batches rows without stretches are not looked at again.
	runPause = 32
)

// begin tells whether to look for stretches in n rows, and makes room for them.
func (r *runs) begin(n int) bool {
	if r.pause > 0 {
		r.pause--
		return false
	}
	if n > 0 {
		r.starts = frame.Grow(r.starts, n+1)
	}
	return n > 0
}

// end takes the number of stretches found in n rows; it returns nil when they are too short.
func (r *runs) end(found, n int) []int32 {
	if found*runShare > 2*n {
		r.pause = runPause
		return nil
	}
	r.starts[found] = int32(n)
	return r.starts[:found+1]
}

// ofIDs returns the stretches of equal ids, nil when there are hardly any.
func (r *runs) ofIDs(ids []uint32) []int32 {
	if !r.begin(len(ids)) {
		return nil
	}
	starts, k, last := r.starts[:len(ids)], 0, ^ids[0]
	for i, id := range ids { // no branch: where stretches end cannot be guessed
		starts[k] = int32(i)
		k += int((uint64(id^last) + 1<<32 - 1) >> 32)
		last = id
	}
	return r.end(k, len(ids))
}

// ofPairs returns the stretches in which both ids stay the same.
func (r *runs) ofPairs(a, b []uint32) []int32 {
	if !r.begin(len(a)) {
		return nil
	}
	b = b[:len(a)]
	starts, k, lastA, lastB := r.starts[:len(a)], 0, ^a[0], b[0]
	for i, id := range a {
		starts[k] = int32(i)
		k += int((uint64((id^lastA)|(b[i]^lastB)) + 1<<32 - 1) >> 32)
		lastA, lastB = id, b[i]
	}
	return r.end(k, len(a))
}

// ofValues returns the stretches in which id and value stay the same.
func (r *runs) ofValues(ids []uint32, vals []int64) []int32 {
	if !r.begin(len(ids)) {
		return nil
	}
	vals = vals[:len(ids)]
	starts, k, last, lastVal := r.starts[:len(ids)], 0, ^ids[0], vals[0]
	for i, id := range ids {
		x := uint64(id^last) | uint64(vals[i]^lastVal)
		starts[k] = int32(i)
		k += int((x | -x) >> 63)
		last, lastVal = id, vals[i]
	}
	return r.end(k, len(ids))
}

// groupRuns are the stretches of a group use in the present batch.
type groupRuns struct {
	runs
	known bool
	now   []int32
}

// stretches returns the stretches of rows of one group, nil when there are hardly any.
func (s *state) stretches(use int) []int32 {
	g := &s.runs[use]
	if !g.known {
		g.known, g.now = true, g.ofIDs(s.gids[use].ids)
	}
	return g.now
}

// totals returns the sums of the first i integers of a vector, for i up to their number, in
// arithmetic modulo 2^64: differences of sums that fit are right.
func (v *vecData) totals() []int64 {
	if !v.summed {
		v.summed = true
		v.sums = frame.Grow(v.sums, len(v.i64)+1)
		out, t := v.sums[1:], int64(0)
		v.sums[0] = 0
		for i, x := range v.i64[:len(out)] {
			t += x
			out[i] = t
		}
	}
	return v.sums
}
