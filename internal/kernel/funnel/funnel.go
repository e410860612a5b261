package funnel

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// NoType is the code of a step that no event has.
const NoType = uint32(math.MaxUint32)

// MaxSteps bounds the steps of a funnel.
const MaxSteps = 32

// Events are the events of all users in compressed rows: those of user u are rows
// Off[u] … Off[u+1]−1, in ascending order of time.
type Events struct {
	Off   []int64
	Types []uint32 // codes
	Times []int64  // µs
	// By groups the users by a code of their entry's row; nil is one group.
	By []uint32
}

// Options say what is counted.
type Options struct {
	Steps    []uint32 // codes of the steps' types; NoType where there is none
	Window   int64    // µs from the entry, inclusive
	From, To int64    // entries lie in [From, To), µs
	End      int64    // first moment that has not been observed, µs
	Groups   int      // codes in By are below it; others make a group behind them
	Threads  int      // 0: all processors
}

// Count is the funnel of one group of users.
type Count struct {
	Users    []int64   // by step: users who reached it and are not censored
	Censored []int64   // by step: censored users who reached it so far
	Gaps     [][]int64 // by step, from the second: µs since the step before, of Users, in no order
	Total    []int64   // µs from entry to the last step, of those who finished
}

// Run counts the users of every group: Groups+1 of them when By is given, the last for the
// codes at or above Groups, else one. Groups without users are nil. A user who never
// enters counts nowhere.
func Run(ctx context.Context, ev Events, opt Options) ([]*Count, error) {
	if n := len(opt.Steps); n == 0 || n > MaxSteps {
		return nil, fault.New(fault.Usage, "a funnel of %d steps: from 1 to %d are possible", n, MaxSteps)
	}
	if opt.Window < 0 {
		return nil, fault.New(fault.Usage, "a funnel's window of %d µs: must not be negative", opt.Window)
	}
	const chunk = 4096 // users
	users := len(ev.Off) - 1
	threads := opt.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = max(1, min(threads, (users+chunk-1)/chunk))
	counters := make([]*counter, threads)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range counters {
		counters[w] = newCounter(ev, opt)
		wg.Go(func() {
			for ctx.Err() == nil {
				lo := int(next.Add(chunk)) - chunk
				if lo >= users {
					return
				}
				for u := lo; u < min(lo+chunk, users); u++ {
					counters[w].user(ev.Off[u], ev.Off[u+1])
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Interrupted, "counting the funnel: %w", err)
	}
	out := counters[0].groups
	for _, c := range counters[1:] {
		for g, from := range c.groups {
			out[g] = merge(out[g], from)
		}
	}
	return out, nil
}

// counter is one goroutine's pass.
type counter struct {
	ev    Events
	opt   Options
	steps int
	kind  []int // of each step: number of its type among the types of the funnel
	kinds map[uint32]int
	dense []int16   // the same by code, −1 for none
	left  [][]int64 // R(k): left[k][j] is the time of step j, never if it is not reached; R(0) holds for ticks only
	later [][]int   // by kind: the steps of this type behind the first
	have  []int     // events of the current time by kind
	used  []int

	deepest int // of the user's chains so far
	entry   int64
	best    []int64 // times of the chain that counts
	groups  []*Count
}

// never is the time of a step that is not reached.
const never = int64(math.MaxInt64)

func newCounter(ev Events, opt Options) *counter {
	n := len(opt.Steps)
	c := &counter{ev: ev, opt: opt, steps: n, kind: make([]int, n), kinds: map[uint32]int{}, left: make([][]int64, n), best: make([]int64, n)}
	top := uint32(0)
	for k, code := range opt.Steps {
		at, ok := c.kinds[code]
		if !ok {
			at = len(c.kinds)
			c.kinds[code] = at
		}
		c.kind[k] = at
		c.left[k] = make([]int64, n)
		if code != NoType {
			top = max(top, code)
		}
	}
	c.later = make([][]int, len(c.kinds))
	for k := 1; k < n; k++ {
		c.later[c.kind[k]] = append(c.later[c.kind[k]], k)
	}
	c.have, c.used = make([]int, len(c.kinds)), make([]int, len(c.kinds))
	c.dense = make([]int16, top+1)
	for code := range c.dense {
		c.dense[code] = -1
	}
	for code, at := range c.kinds {
		if code != NoType {
			c.dense[code] = int16(at)
		}
	}
	groups := 1
	if ev.By != nil {
		groups = opt.Groups + 1
	}
	c.groups = make([]*Count, groups)
	return c
}

// kindOf is the number of a code's type among those of the funnel, −1 for none.
func (c *counter) kindOf(code uint32) int {
	if int64(code) >= int64(len(c.dense)) {
		return -1
	}
	return int(c.dense[code])
}

// user counts the user whose events are rows lo … hi−1.
func (c *counter) user(lo, hi int64) {
	for k := range c.left {
		for j := range c.left[k] {
			c.left[k][j] = never
		}
	}
	c.deepest, c.entry = 0, -1
	times, types := c.ev.Times, c.ev.Types
	for i := hi - 1; i >= lo; i-- {
		t := times[i]
		if i > lo && times[i-1] == t {
			at := i - 1
			for at > lo && times[at-1] == t {
				at--
			}
			if first := c.tick(at, i+1, t); first >= 0 {
				c.enter(t, first, c.left[0])
			}
			i = at
			continue
		}
		d := c.kindOf(types[i])
		if d < 0 {
			continue
		}
		if d == c.kind[0] {
			c.enter(t, i, c.left[min(1, c.steps-1)]) // R(1) of the time behind t
		}
		for _, k := range c.later[d] {
			c.left[k][k] = t
			if k+1 < c.steps {
				copy(c.left[k][k+1:], c.left[k+1][k+1:])
			}
		}
	}
	if c.entry >= 0 {
		c.count(c.deepest, c.entry)
	}
}

// enter tries the entry at time t in a row, whose later steps are at rest[1], rest[2], …
// Entries come in descending order of time, so that the earliest of equally deep ones stays.
func (c *counter) enter(t, row int64, rest []int64) {
	if t < c.opt.From || t >= c.opt.To {
		return
	}
	last := c.until(t)
	d := 1
	for d < c.steps && rest[d] <= last {
		d++
	}
	if d >= c.deepest {
		c.deepest, c.entry = d, row
		copy(c.best, rest)
		c.best[0] = t
	}
}

// tick moves R to the events of rows at … end−1, which are all of time t. It returns the first row
// of the first step's type, −1 for none.
func (c *counter) tick(at, end, t int64) (first int64) {
	clear(c.have)
	first = -1
	for i := at; i < end; i++ {
		if d := c.kindOf(c.ev.Types[i]); d >= 0 {
			c.have[d]++
			if first < 0 && d == c.kind[0] {
				first = i
			}
		}
	}
	for k := range c.kind { // ascending: left[j] for j > k is still that behind t
		clear(c.used)
		j := k
		for j < c.steps && c.used[c.kind[j]] < c.have[c.kind[j]] {
			c.used[c.kind[j]]++
			c.left[k][j] = t
			j++
		}
		if j > k && j < c.steps {
			copy(c.left[k][j:], c.left[j][j:])
		}
	}
	return first
}

// until is the last moment of the window of an entry at t.
func (c *counter) until(t int64) int64 {
	if t > never-1-c.opt.Window {
		return never - 1
	}
	return t + c.opt.Window
}

// count adds a user whose chain has the given depth to the group of its entry's row.
func (c *counter) count(depth int, entry int64) {
	g := 0
	if c.ev.By != nil {
		g = int(min(int64(c.ev.By[entry]), int64(c.opt.Groups)))
	}
	n := c.groups[g]
	if n == nil {
		n = &Count{Users: make([]int64, c.steps), Censored: make([]int64, c.steps), Gaps: make([][]int64, c.steps)}
		c.groups[g] = n
	}
	if depth < c.steps && c.until(c.best[0]) >= c.opt.End {
		for k := range depth {
			n.Censored[k]++
		}
		return
	}
	n.Users[0]++
	for k := 1; k < depth; k++ {
		n.Users[k]++
		n.Gaps[k] = append(n.Gaps[k], c.best[k]-c.best[k-1])
	}
	if depth == c.steps {
		n.Total = append(n.Total, c.best[depth-1]-c.best[0])
	}
}

// merge adds the counts of another goroutine.
func merge(a, b *Count) *Count {
	switch {
	case b == nil:
		return a
	case a == nil:
		return b
	}
	for k := range a.Users {
		a.Users[k] += b.Users[k]
		a.Censored[k] += b.Censored[k]
		a.Gaps[k] = append(a.Gaps[k], b.Gaps[k]...)
	}
	a.Total = append(a.Total, b.Total...)
	return a
}
