package local

import (
	"context"
	"errors"
	"math"

	"github.com/ecomctl/ecomctl/internal/engine"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Options configure the engine.
type Options struct {
	Threads  int             // 0: as many as Go may use
	Memory   int64           // bytes of state before spilling; 0: no bound
	TempDir  string          // where spilled state goes; "" is the system's place
	Progress engine.Progress // may be nil
}

// Engine answers plans on this machine.
type Engine struct{ opt Options }

var _ engine.Engine = (*Engine)(nil)

// New returns an engine.
func New(opt Options) *Engine { return &Engine{opt: opt} }

// Name implements engine.Engine.
func (e *Engine) Name() string { return "local" }

// attemptOptions choose among the forms of a plan. An attempt that finds its
// form too small gives up, and the next one runs in a larger form: inputs can
// always be read again.
type attemptOptions struct {
	dups   *relation.DupSet // rows to reject; nil without Dedupe
	dupSum relation.Sum

	wide   bool // 128-bit integer sums
	super  bool // sums of doubles in full
	sparse bool // no product bases
	narrow bool // no windows of integer keys (tests)
	look   int  // pairs at which distinct counts choose their form; 0: firstLook
	big    int  // window from which a key may lead a product; 0: bigSpan
}

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, rel *relation.Relation, plan query.Plan) (*query.Answer, error) {
	opt := attemptOptions{}
	if rel.Dedupe {
		set, sum, err := relation.FindDuplicates(ctx, rel, e.opt.Memory, threadsOr(e.opt.Threads))
		if err != nil {
			return nil, fault.Wrap(err, "finding duplicates")
		}
		opt.dups, opt.dupSum = set, sum
	}
	read, left, err := prune(ctx, rel, plan)
	if err != nil {
		return nil, err
	}
	ans, err := e.run(ctx, read, plan, opt)
	if err == nil && left.some {
		left.tell(&ans.Account)
	}
	return ans, err
}

// run tries forms of the plan, from opt upwards.
func (e *Engine) run(ctx context.Context, rel *relation.Relation, plan query.Plan, opt attemptOptions) (*query.Answer, error) {
	for {
		ans, err := e.attempt(ctx, rel, plan, opt)
		switch {
		case errors.Is(err, errWide) && !opt.wide:
			opt.wide = true
		case errors.Is(err, errSuper) && !opt.super:
			opt.super = true
		case errors.Is(err, errProduct) && !opt.sparse:
			opt.sparse = true
		case errors.Is(err, errBudget):
			return e.external(ctx, rel, plan, opt)
		default:
			return ans, err
		}
	}
}

// worker is one goroutine's part of an attempt.
type worker struct {
	rel   *relation.Worker
	dup   *relation.DupWorker // nil unless duplicates are asked
	spill []*spiller          // nil in memory
	st    *state
	accs  []acc
	nulls []int64
}

// attempt scans once and makes the answer.
type attempt struct {
	p       *physical
	prog    *relation.Program
	finder  *relation.DupFinder // nil unless duplicates are asked
	dupSum  relation.Sum
	spill   *external // nil in memory
	plan    query.Plan
	mem     budget
	workers []*worker
	parts   [][]part   // by grouping, by split
	spans   [][2]int64 // bounds of sold rows by split, see query.Account
}

func (e *Engine) attempt(ctx context.Context, rel *relation.Relation, plan query.Plan, opt attemptOptions) (*query.Answer, error) {
	a, err := e.prepare(ctx, rel, plan, opt, nil)
	if err != nil {
		return nil, err
	}
	if err := a.scan(ctx, e, rel); err != nil {
		return nil, err
	}
	threads := threadsOr(e.opt.Threads)
	if err := a.resolve(ctx, opt, threads); err != nil {
		return nil, err
	}
	return a.answer(ctx, threads, rel.Find(currencyColumn) >= 0)
}

// prepare compiles a plan; x, when not nil, takes the queries' part.
func (e *Engine) prepare(ctx context.Context, rel *relation.Relation, plan query.Plan, opt attemptOptions, x *external) (*attempt, error) {
	a := &attempt{plan: plan, mem: budget{limit: e.opt.Memory}}
	asked := plan
	if x == nil && rel.Find(currencyColumn) >= 0 {
		asked.Queries = append(plan.Queries[:len(plan.Queries):len(plan.Queries)], currencyQuery(rel))
	}
	var err error
	if a.p, err = build(rel, asked, opt, e.opt.Memory); err != nil {
		return nil, err
	}
	find := plan.Duplicates && opt.dups == nil
	if plan.Nulls || find {
		a.p.needCanonical()
	}
	if x != nil {
		x.needs(a.p)
	}
	var compile []relation.Option
	if opt.dups != nil {
		compile = append(compile, relation.Duplicates(opt.dups))
	}
	if a.prog, err = relation.Compile(rel, a.p.need, compile...); err != nil {
		return nil, err
	}
	if err := a.prog.Load(ctx, e.opt.Memory); err != nil {
		return nil, err
	}
	if find {
		a.finder, err = relation.NewDupFinder(a.prog, e.opt.Memory/4)
	}
	return a, err
}

// resolve settles what the scan left open about duplicates.
func (a *attempt) resolve(ctx context.Context, opt attemptOptions, threads int) (err error) {
	a.dupSum = opt.dupSum
	if a.finder != nil {
		_, a.dupSum, err = a.finder.Resolve(ctx, threads)
		a.finder = nil
		for _, w := range a.workers {
			w.dup = nil
		}
	}
	return fault.Wrap(err, "finding duplicates")
}

// bitmapBytes bounds the bitmaps of one distinct count of one worker by the
// input's size: about what lists of pairs would take at worst.
func bitmapBytes(rel *relation.Relation, memory int64) int64 {
	rows := int64(0)
	for _, s := range rel.Fact.Splits() {
		if n := s.Rows(); n >= 0 {
			rows += n
		} else {
			rows += s.Bytes() / 64
		}
	}
	n := max(6*rows, 16<<20)
	if memory > 0 {
		n = min(n, memory/8)
	}
	return n
}

func (a *attempt) scan(ctx context.Context, e *Engine, rel *relation.Relation) error {
	splits := rel.Fact.Splits()
	threads := min(threadsOr(e.opt.Threads), max(len(splits), 1))
	a.workers = make([]*worker, threads)
	a.spans = make([][2]int64, len(splits))
	a.parts = make([][]part, len(a.p.groups))
	for i := range a.parts {
		a.parts[i] = make([]part, len(splits))
	}
	for i := range a.workers {
		st, err := newState(a.p)
		if err != nil {
			return err
		}
		w := &worker{rel: a.prog.NewWorker(), st: st, nulls: make([]int64, rel.Canonical)}
		if a.finder != nil {
			w.dup = a.finder.NewWorker()
		}
		for _, u := range a.p.units {
			w.accs = append(w.accs, u.start(a.p, &a.mem))
		}
		if a.spill != nil {
			if w.spill, err = a.spill.spillers(); err != nil {
				return err
			}
		}
		a.workers[i] = w
	}
	s := &scan{splits: splits, want: a.prog.Wants(), progress: e.opt.Progress}
	s.start("reading")
	defer s.done()
	return parallel.Each(ctx, len(splits), threads, func(ctx context.Context, worker, i int) error {
		w := a.workers[worker]
		w.rel.Split(i)
		if w.dup != nil {
			w.dup.Split(i)
			defer w.dup.EndSplit()
		}
		done := bounds(&w.rel.Tally)
		err := s.read(ctx, i, func(b *frame.Batch) error { return a.batch(w, i, b) })
		a.spans[i] = done()
		return err
	})
}

// bounds starts the bounds of a split's sold rows in a worker's tally; the returned
// function ends them, gives them, and puts those of earlier splits back in.
func bounds(t *relation.Tally) func() [2]int64 {
	first, last, had := t.First, t.Last, t.HasTime
	t.First, t.Last, t.HasTime = math.MaxInt64, math.MinInt64, false
	return func() [2]int64 {
		own := [2]int64{math.MaxInt64, math.MinInt64}
		if t.HasTime {
			own = [2]int64{t.First, t.Last}
		}
		if had {
			t.First, t.Last, t.HasTime = min(first, own[0]), max(last, own[1]), true
		}
		return own
	}
}

// batch folds one batch into a worker's accumulators.
func (a *attempt) batch(w *worker, split int, b *frame.Batch) error {
	rows, err := w.rel.Apply(b)
	if err != nil {
		return err
	}
	if a.plan.Nulls {
		a.countNulls(w, rows)
	}
	if w.dup != nil {
		w.dup.Add(rows)
	}
	for _, sp := range w.spill {
		if err := sp.add(rows); err != nil {
			return err
		}
	}
	if err := a.add(w, rows); err != nil {
		return err
	}
	for i, gp := range a.p.groups {
		a.parts[i][split].add(gp, w.st, &a.mem)
	}
	if len(a.p.groups) > 0 {
		return a.full()
	}
	return nil
}

// add folds compiled rows into a worker's accumulators.
func (a *attempt) add(w *worker, rows *relation.Rows) error {
	if err := w.st.load(rows); err != nil {
		return err
	}
	for _, acc := range w.accs {
		if err := acc.add(w.st); err != nil {
			return err
		}
	}
	if a.mem.limit > 0 && len(w.accs) > 0 && a.mem.used.Load()+a.p.tableBytes() > a.mem.limit {
		return errBudget
	}
	return nil
}

func (a *attempt) countNulls(w *worker, rows *relation.Rows) {
	for i := range w.nulls {
		c := rows.Cols[a.p.at["col/"+a.p.rel.Columns[i].Name]]
		if c.Kind == frame.Null {
			w.nulls[i] += int64(rows.N)
		} else {
			w.nulls[i] += int64(c.Nulls)
		}
	}
}

// tableBytes is the memory of the shared id tables.
func (p *physical) tableBytes() (n int64) {
	for _, k := range p.keyers {
		n += k.bytes()
	}
	for _, b := range p.bases {
		n += b.bytes()
	}
	return n
}

// answer merges the workers and reads the results off.
func (a *attempt) answer(ctx context.Context, threads int, currency bool) (*query.Answer, error) {
	accs := a.workers[0].accs
	err := parallel.Each(ctx, len(accs), threads, func(_ context.Context, _, i int) error {
		for _, w := range a.workers[1:] {
			if err := accs[i].merge(w.accs[i]); err != nil {
				return err
			}
			w.accs[i] = nil
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, err := newResultsParallel(ctx, a.p, accs, threads)
	if err != nil {
		return nil, err
	}
	tables := make([]*query.Table, len(a.p.queries))
	groups := make([]*query.Groups, len(a.p.groups))
	err = parallel.Each(ctx, len(tables)+len(groups), threads, func(ctx context.Context, _, i int) (err error) {
		if i < len(tables) {
			tables[i], err = r.table(a.p.queries[i])
			return err
		}
		i -= len(tables)
		groups[i], err = r.groupsOf(ctx, a.p.groups[i], a.parts[i], threads)
		return err
	})
	if err != nil {
		return nil, err
	}
	ans := &query.Answer{Tables: tables[:len(a.plan.Queries)], Groups: groups}
	if err := a.account(&ans.Account); err != nil {
		return nil, err
	}
	if currency {
		ans.Account.Currencies = currencies(tables[len(tables)-1])
	}
	return ans, nil
}

// newResultsParallel makes ready to read the values of all ids.
func newResultsParallel(ctx context.Context, p *physical, accs []acc, threads int) (*results, error) {
	r := &results{p: p, accs: accs, keys: make([]*keyReader, len(p.keyers)), bases: make([]*baseReader, len(p.bases))}
	n := len(r.keys) + len(r.bases)
	err := parallel.Each(ctx, n, threads, func(_ context.Context, _, i int) error {
		if i < len(r.keys) {
			r.keys[i] = p.keyers[i].reader()
		} else {
			r.bases[i-len(r.keys)] = p.bases[i-len(r.keys)].reader()
		}
		return nil
	})
	return r, err
}

// newResults is newResultsParallel in the caller's goroutine.
func newResults(p *physical, accs []acc) *results {
	r, _ := newResultsParallel(context.Background(), p, accs, 1) // nothing in it fails
	return r
}
