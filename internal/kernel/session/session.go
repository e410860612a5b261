package session

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// NoSession is the code of events without a session of their own.
const NoSession = uint32(math.MaxUint32)

// MaxPath bounds the stages of a path.
const MaxPath = 8

// Events are the events of all users in compressed rows: those of user u are rows
// Off[u] … Off[u+1]−1, in ascending order of time.
type Events struct {
	Off      []int64
	Types    []uint32 // codes, below Options.Types
	Times    []int64  // µs
	Sessions []uint32 // codes of stated sessions, NoSession where there is none; nil: none at all
}

// Options say how sessions are cut and what is counted of them.
type Options struct {
	Types   int   // number of event types
	Gap     int64 // µs; a pause as long as this ends a session
	Path    int   // most stages of a path; 0 counts no paths
	Threads int   // 0: all processors
	Memory  int64 // bytes for the counts; 0: no bound
}

// Edge counts the transitions between two types. The code Types is the start of a session as
// From, and the end as To.
type Edge struct {
	From, To               uint32
	Count, Sessions, Users int64
}

// Path counts the sessions that begin with these stages; a stage is a run of events of one
// type. More says that they go on behind the last stage.
type Path struct {
	Stages          []uint32
	More            bool
	Sessions, Users int64
}

// Result is what was counted.
type Result struct {
	Edges     []Edge // by From, then To
	Paths     []Path // most sessions first, then by their stages
	Users     int64
	Sessions  int64
	Events    int64
	Single    int64   // sessions of one event
	Durations []int64 // µs from the first to the last event of each session of more, in no order
}

// Run counts.
func Run(ctx context.Context, ev Events, opt Options) (*Result, error) {
	if opt.Path < 0 || opt.Path > MaxPath {
		return nil, fault.New(fault.Usage, "paths of %d stages: up to %d are possible", opt.Path, MaxPath)
	}
	const chunk = 4096 // users
	users := len(ev.Off) - 1
	threads := opt.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	threads = max(1, min(threads, (users+chunk-1)/chunk))
	opt.Memory /= int64(threads)
	counters := make([]*counter, threads)
	errs := make([]error, threads)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range counters {
		c := newCounter(ev, opt)
		counters[w] = c
		wg.Go(func() {
			for ctx.Err() == nil && errs[w] == nil {
				lo := int(next.Add(chunk)) - chunk
				if lo >= users {
					return
				}
				for u := lo; u < min(lo+chunk, users); u++ {
					c.user(ev.Off[u], ev.Off[u+1])
				}
				errs[w] = c.fits()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fault.New(fault.Interrupted, "counting sessions: %w", err)
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	for _, c := range counters[1:] {
		counters[0].merge(c)
	}
	return counters[0].result(), nil
}

// mark counts something by session and by user; last tells the session and the user that
// were counted last, so that each counts once.
type mark struct {
	count, sessions, users int64
	lastSession, lastUser  int64
}

// pathKey is a path as a map key.
type pathKey struct {
	stages [MaxPath]uint32
	n      uint8
	more   bool
}

// denseStates bounds the states for which transitions are counted in a square table.
const denseStates = 512

// counter is one goroutine's pass.
type counter struct {
	ev     Events
	opt    Options
	states int
	dense  []mark
	sparse map[[2]uint32]*mark
	paths  map[pathKey]*mark
	res    Result
	rows   []int64
}

func newCounter(ev Events, opt Options) *counter {
	c := &counter{ev: ev, opt: opt, states: opt.Types + 1, paths: map[pathKey]*mark{}}
	if c.states <= denseStates {
		c.dense = make([]mark, c.states*c.states)
	} else {
		c.sparse = map[[2]uint32]*mark{}
	}
	return c
}

// fits refuses counts beyond the budget.
func (c *counter) fits() error {
	const each = 160 // bytes of a map entry and its mark
	if n := int64(len(c.sparse)+len(c.paths)) * each; c.opt.Memory > 0 && n > c.opt.Memory {
		return fault.New(fault.Full, "counting sessions: %d transitions and paths do not fit in the memory budget", len(c.sparse)+len(c.paths)).
			WithHint("raise --memory, ask for shorter paths, or choose events with --where")
	}
	return nil
}

// user counts the user whose events are rows lo … hi−1.
func (c *counter) user(lo, hi int64) {
	if lo == hi {
		return
	}
	c.res.Users++
	c.order(lo, hi)
	from := 0
	for i := 1; i <= len(c.rows); i++ {
		if i == len(c.rows) || c.cut(c.rows[i-1], c.rows[i]) {
			c.session(c.rows[from:i])
			from = i
		}
	}
}

// order lists the user's rows by session, then by time.
func (c *counter) order(lo, hi int64) {
	c.rows = c.rows[:0]
	sorted := true
	for i := lo; i < hi; i++ {
		c.rows = append(c.rows, i)
		sorted = sorted && (c.ev.Sessions == nil || i == lo || c.ev.Sessions[i-1] <= c.ev.Sessions[i])
	}
	if !sorted {
		slices.SortStableFunc(c.rows, func(a, b int64) int { return cmp.Compare(c.ev.Sessions[a], c.ev.Sessions[b]) })
	}
}

// cut tells whether row b begins another session than row a before it.
func (c *counter) cut(a, b int64) bool {
	if s := c.ev.Sessions; s != nil && (s[a] != NoSession || s[b] != NoSession) {
		return s[a] != s[b]
	}
	return c.ev.Times[b]-c.ev.Times[a] >= c.opt.Gap
}

// session counts a session.
func (c *counter) session(rows []int64) {
	c.res.Sessions++
	c.res.Events += int64(len(rows))
	if len(rows) == 1 {
		c.res.Single++
	} else {
		c.res.Durations = append(c.res.Durations, c.ev.Times[rows[len(rows)-1]]-c.ev.Times[rows[0]])
	}
	outer := uint32(c.opt.Types)
	from := outer
	var path pathKey
	for _, r := range rows {
		to := c.ev.Types[r]
		c.hit(c.edge(from, to))
		if to != from && c.opt.Path > 0 {
			if int(path.n) < c.opt.Path {
				path.stages[path.n] = to
				path.n++
			} else {
				path.more = true
			}
		}
		from = to
	}
	c.hit(c.edge(from, outer))
	if c.opt.Path > 0 {
		m := c.paths[path]
		if m == nil {
			m = &mark{}
			c.paths[path] = m
		}
		c.hit(m)
	}
}

func (c *counter) edge(from, to uint32) *mark {
	if c.dense != nil {
		return &c.dense[int(from)*c.states+int(to)]
	}
	m := c.sparse[[2]uint32{from, to}]
	if m == nil {
		m = &mark{}
		c.sparse[[2]uint32{from, to}] = m
	}
	return m
}

// hit counts for the current session and user, which their running numbers identify.
func (c *counter) hit(m *mark) {
	m.count++
	if m.lastSession != c.res.Sessions {
		m.lastSession = c.res.Sessions
		m.sessions++
		if m.lastUser != c.res.Users {
			m.lastUser = c.res.Users
			m.users++
		}
	}
}

func (m *mark) add(o *mark) {
	m.count += o.count
	m.sessions += o.sessions
	m.users += o.users
}

// merge adds another goroutine's counts.
func (c *counter) merge(o *counter) {
	for i := range o.dense {
		c.dense[i].add(&o.dense[i])
	}
	for k, m := range o.sparse {
		c.edge(k[0], k[1]).add(m)
	}
	for k, m := range o.paths {
		if mine := c.paths[k]; mine != nil {
			mine.add(m)
		} else {
			c.paths[k] = m
		}
	}
	c.res.Users += o.res.Users
	c.res.Sessions += o.res.Sessions
	c.res.Events += o.res.Events
	c.res.Single += o.res.Single
	c.res.Durations = append(c.res.Durations, o.res.Durations...)
}

// result lists what was counted in its order.
func (c *counter) result() *Result {
	r := &c.res
	add := func(from, to uint32, m *mark) {
		if m.count > 0 {
			r.Edges = append(r.Edges, Edge{from, to, m.count, m.sessions, m.users})
		}
	}
	for i := range c.dense {
		add(uint32(i/c.states), uint32(i%c.states), &c.dense[i])
	}
	for k, m := range c.sparse {
		add(k[0], k[1], m)
	}
	slices.SortFunc(r.Edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	for k, m := range c.paths {
		r.Paths = append(r.Paths, Path{slices.Clone(k.stages[:k.n]), k.more, m.sessions, m.users})
	}
	slices.SortFunc(r.Paths, func(a, b Path) int {
		more := 0
		if a.More != b.More {
			more = 1
			if b.More {
				more = -1
			}
		}
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), slices.Compare(a.Stages, b.Stages), more)
	})
	return r
}
