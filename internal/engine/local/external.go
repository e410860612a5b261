package local

import (
	"context"
	"errors"
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// When the state of a plan passes the memory budget, the plan runs outside
// memory: queries are cut into tasks, one scan writes the rows that a task
// needs to disk, partitioned by a hash of what must stay together, and every
// partition then runs through the same accumulators as a small input. What a
// partition cannot hold is partitioned again.
//
//	query                     tasks                                  put together
//	by dimensions             all but distinct counts: by the        partitions have different
//	                          dimensions                             groups
//	                          each distinct count: by its key        counts add up
//	with FirstPer             all measures: by the FirstPer column   measures add up
//
// Hashes only choose the partition; equal values always meet in one.

// task is a part of a query that is answered partition by partition.
type task struct {
	query   int // index into the plan's queries
	q       query.Query
	measure int       // the distinct measure it answers; -1 for all the others
	by      []partKey // what rows are partitioned by
	adds    bool      // a group may appear in several partitions
	p       *physical // names the columns and selects the rows
	cols    []int     // places of p.need in the program's columns
}

// partKey is a column whose value, cut, takes part in the partition's hash.
type partKey struct {
	col int // place in need
	typ expr.Type
	cut query.Cut
}

// maxDepth is how often a partition may be partitioned again: 16⁵ parts in all.
const maxDepth = 4

// lastBytes is what a partition that was divided maxDepth times may take, if
// the whole budget is less.
const lastBytes = 64 << 20

// external answers a plan outside memory. The attempt that failed is repeated
// for nothing but the account and the groupings, which the tasks do not carry.
func (e *Engine) external(ctx context.Context, rel *relation.Relation, plan query.Plan, opt attemptOptions) (*query.Answer, error) {
	rest := plan
	rest.Queries = nil
	queries := plan.Queries
	currency := rel.Find(currencyColumn) >= 0
	if currency {
		queries = append(queries[:len(queries):len(queries)], currencyQuery(rel))
	}
	x := &external{e: e, rel: rel, opt: opt, seed: maphash.MakeSeed(), threads: threadsOr(e.opt.Threads)}
	for i, q := range queries {
		if err := x.cut(i, q.Normal()); err != nil {
			return nil, fault.Wrap(err, "query %s", q.Name)
		}
	}
	a, err := e.prepare(ctx, rel, rest, opt, x)
	if err != nil {
		return nil, err
	}
	defer x.close()
	x.bind(a)
	if err := a.scan(ctx, e, rel); err != nil {
		return nil, err
	}
	for _, w := range a.workers {
		if err := x.finish(w); err != nil {
			return nil, err
		}
	}
	if err := a.resolve(ctx, opt, x.threads); err != nil {
		return nil, err
	}
	ans, err := a.answer(ctx, x.threads, false)
	if err != nil {
		return nil, err
	}
	tables, err := x.tables(ctx, queries)
	if err != nil {
		return nil, err
	}
	ans.Tables = tables[:len(plan.Queries)]
	if currency {
		ans.Account.Currencies = currencies(tables[len(plan.Queries)])
	}
	return ans, nil
}

// external is the state of a run outside memory.
type external struct {
	e       *Engine
	rel     *relation.Relation
	opt     attemptOptions
	seed    maphash.Seed
	threads int
	tasks   []*task
	files   []*spillFile
}

func (x *external) close() {
	for _, f := range x.files {
		if f != nil {
			f.close()
		}
	}
}

// cut makes the tasks of a query.
func (x *external) cut(i int, q query.Query) error {
	first := ""
	for _, d := range q.Dims {
		if d.FirstPer == "" {
			continue
		}
		if first != "" && first != d.FirstPer {
			return needsMemory("firsts by two columns")
		}
		first = d.FirstPer
	}
	if first != "" {
		for _, m := range q.Measures {
			i := x.rel.Find(m.Column)
			inexact := i >= 0 && (x.rel.Columns[i].Type == expr.Float || x.rel.Columns[i].Type == expr.Text)
			switch {
			case inexact && (m.Op == query.Sum || m.Op == query.Min || m.Op == query.Max):
				return needsMemory(m.Op.String() + " of " + m.Column + " beside a first of " + first)
			case m.Scope != 0 && m.Scope != q.Scope:
				return needsMemory("measures of other kinds of rows beside a first")
			case m.Op == query.Mean, m.Op == query.Quantile, m.Op == query.CountDistinct && (m.Column != first || m.Cut != query.NoCut):
				return needsMemory(m.Op.String() + " of " + m.Column + " beside a first of " + first)
			}
		}
		return x.task(&task{query: i, q: q, measure: -1, adds: true}, partCol{first, query.NoCut})
	}
	main := q
	main.Measures = nil
	var keys []partCol
	for _, d := range q.Dims {
		keys = append(keys, partCol{d.Column, d.Cut})
	}
	for k, m := range q.Measures {
		if m.Op != query.CountDistinct {
			main.Measures = append(main.Measures, m)
			continue
		}
		one := q
		one.Measures = []query.Measure{m}
		if m.Scope != 0 {
			one.Scope = m.Scope
		}
		if err := x.task(&task{query: i, q: one, measure: k, adds: true}, partCol{m.Column, m.Cut}); err != nil {
			return err
		}
	}
	return x.task(&task{query: i, q: main, measure: -1}, keys...)
}

// needsMemory refuses what cannot be partitioned.
func needsMemory(what string) error {
	return fault.New(fault.Full, "the memory budget does not hold its state, and %s cannot be spilled", what).
		WithHint("raise --memory, or ask for a shorter period with --from and --to")
}

type partCol struct {
	name string
	cut  query.Cut
}

func (x *external) task(t *task, keys ...partCol) error {
	p, err := build(x.rel, query.Plan{Queries: []query.Query{t.q}}, x.opt, x.e.opt.Memory)
	if err != nil {
		return err
	}
	t.p = p
	for _, k := range keys {
		b := &builder{p}
		col, typ, err := b.column(k.name)
		if err != nil {
			return err
		}
		t.by = append(t.by, partKey{col: col, typ: typ, cut: k.cut})
	}
	x.tasks = append(x.tasks, t)
	return nil
}

// bind finds the tasks' columns among the program's and gives every worker its
// buffers.
func (x *external) bind(a *attempt) {
	for _, t := range x.tasks {
		for _, name := range t.p.need {
			t.cols = append(t.cols, a.p.at["col/"+name])
		}
	}
	a.spill = x
}

// needs lists the columns of all tasks.
func (x *external) needs(p *physical) {
	for _, t := range x.tasks {
		for _, name := range t.p.need {
			if _, ok := p.at["col/"+name]; !ok {
				p.at["col/"+name] = len(p.need)
				p.need = append(p.need, name)
			}
		}
	}
}

// spiller is one worker's side of partitioning a task's rows.
type spiller struct {
	t    *task
	file *spillFile
	st   *state
	view relation.Rows
	pick []bool
	hash []uint64
	bufs [spillParts]rowBuffer
	out  []byte
	seed maphash.Seed
	turn int // which bits of the hash choose the partition
}

// spillers makes a worker's spillers, opening the files at first.
func (x *external) spillers() ([]*spiller, error) {
	if x.files == nil {
		x.files = make([]*spillFile, len(x.tasks))
		for i := range x.files {
			f, err := newSpillFile(x.e.opt.TempDir)
			if err != nil {
				return nil, err
			}
			x.files[i] = f
		}
	}
	var out []*spiller
	for i, t := range x.tasks {
		st, err := newState(t.p)
		if err != nil {
			return nil, err
		}
		out = append(out, &spiller{t: t, file: x.files[i], st: st, seed: x.seed})
	}
	return out, nil
}

// add spills the rows of a batch that the task needs.
func (s *spiller) add(rows *relation.Rows) error {
	s.view = *rows
	s.view.Cols = s.view.Cols[:0:0]
	for _, c := range s.t.cols {
		s.view.Cols = append(s.view.Cols, rows.Cols[c])
	}
	return s.spill(&s.view)
}

// spill partitions rows whose columns are the task's.
func (s *spiller) spill(rows *relation.Rows) error {
	s.st.rows = rows
	s.pick = frame.Grow(s.pick, rows.N)
	clear(s.pick)
	for i := range s.st.p.streams {
		if err := s.st.pick(i); err != nil {
			return err
		}
		for _, r := range s.st.sel[i] {
			s.pick[r] = true
		}
	}
	s.hashes(rows)
	for i, ok := range s.pick {
		if !ok {
			continue
		}
		part := int(s.hash[i] >> (4 * s.turn) % spillParts)
		b := &s.bufs[part]
		if b.add(rows, i); b.size >= blockBytes {
			var err error
			if s.out, err = b.flush(s.file, part, s.out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *spiller) flush() (err error) {
	for part := range s.bufs {
		if s.out, err = s.bufs[part].flush(s.file, part, s.out); err != nil {
			return err
		}
	}
	return nil
}

// hashes hashes the values that must stay together, as grouping compares them.
func (s *spiller) hashes(rows *relation.Rows) {
	s.hash = frame.Grow(s.hash, rows.N)
	clear(s.hash)
	for _, k := range s.t.by {
		c := rows.Cols[k.col]
		for i, ok := range s.pick {
			if !ok {
				continue
			}
			h := uint64(1)
			switch {
			case c.IsNull(i):
			case c.Kind == frame.String:
				h = maphash.Bytes(s.seed, c.Str(i))
			case c.Kind == frame.Float:
				h = math.Float64bits(c.F64[i] + 0)
			default:
				h = uint64(unitOf(k.typ, k.cut, c.I64[i]))
			}
			hi, lo := bits.Mul64(s.hash[i]^h^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
			s.hash[i] = hi ^ lo
			s.hash[i] ^= s.hash[i] >> 32
		}
	}
}

func (x *external) finish(w *worker) error {
	for _, s := range w.spill {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return nil
}

// tables answers every task and puts the queries together.
func (x *external) tables(ctx context.Context, queries []query.Query) ([]*query.Table, error) {
	parts := make([][]*query.Table, len(x.tasks))
	share := x.e.opt.Memory / int64(x.threads)
	for i := range x.tasks {
		parts[i] = make([]*query.Table, spillParts)
		err := parallel.Each(ctx, spillParts, x.threads, func(ctx context.Context, _, k int) (err error) {
			parts[i][k], err = x.partition(ctx, x.tasks[i], x.files[i], k, 0, share)
			return err
		})
		if err != nil {
			return nil, fault.Wrap(err, "query %s", x.tasks[i].q.Name)
		}
		x.files[i].close()
		x.files[i] = nil
	}
	out := make([]*query.Table, len(queries))
	for i, q := range queries {
		var distinct []*query.Table
		var at []int
		for j, t := range x.tasks {
			if t.query != i {
				continue
			}
			whole, err := mergeTables(t.q, parts[j])
			if err == nil && whole == nil {
				whole, err = x.fold(ctx, t, &spillFile{parts: make([][]block, 1)}, 0, x.opt, 0)
			}
			if err != nil {
				return nil, err
			}
			if parts[j] = nil; t.measure < 0 {
				out[i] = whole
			} else {
				distinct, at = append(distinct, whole), append(at, t.measure)
			}
		}
		out[i] = joinTables(q, out[i], distinct, at)
	}
	return out, nil
}

// partition answers one partition of a task, partitioning it again when it
// passes the budget.
func (x *external) partition(ctx context.Context, t *task, f *spillFile, part, depth int, memory int64) (*query.Table, error) {
	if len(f.parts[part]) == 0 {
		return nil, nil // no rows, no groups
	}
	opt := x.opt
	for {
		table, err := x.fold(ctx, t, f, part, opt, memory)
		switch {
		case errors.Is(err, errWide) && !opt.wide:
			opt.wide = true
		case errors.Is(err, errSuper) && !opt.super:
			opt.super = true
		case errors.Is(err, errProduct) && !opt.sparse:
			opt.sparse = true
		case errors.Is(err, errBudget):
			if depth < maxDepth {
				return x.again(ctx, t, f, part, depth+1, memory)
			}
			if last := max(x.e.opt.Memory, lastBytes); memory < last {
				memory = last // what hashing could not divide further
				continue
			}
			return nil, needsMemory("a single group")
		default:
			return table, err
		}
	}
}

// fold runs the rows of a partition through accumulators in memory.
func (x *external) fold(ctx context.Context, t *task, f *spillFile, part int, opt attemptOptions, memory int64) (*query.Table, error) {
	p, err := build(x.rel, query.Plan{Queries: []query.Query{t.q}}, opt, memory)
	if err != nil {
		return nil, err
	}
	p.need = t.p.need // the partition's columns, hash columns included
	for name, at := range t.p.at {
		p.at[name] = at
	}
	a := &attempt{p: p, mem: budget{limit: memory}}
	st, err := newState(p)
	if err != nil {
		return nil, err
	}
	w := &worker{st: st}
	for _, u := range p.units {
		w.accs = append(w.accs, u.start(p, &a.mem))
	}
	var r blockReader
	for _, b := range f.parts[part] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, err := r.read(f, b)
		if err != nil {
			return nil, err
		}
		if err := a.add(w, rows); err != nil {
			return nil, err
		}
	}
	return newResults(p, w.accs).table(p.queries[0])
}

// again partitions a partition by other bits of the hash.
func (x *external) again(ctx context.Context, t *task, f *spillFile, part, depth int, memory int64) (*query.Table, error) {
	next, err := newSpillFile(x.e.opt.TempDir)
	if err != nil {
		return nil, err
	}
	defer next.close()
	st, err := newState(t.p)
	if err != nil {
		return nil, err
	}
	s := &spiller{t: t, file: next, st: st, seed: x.seed, turn: depth}
	var r blockReader
	for _, b := range f.parts[part] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows, err := r.read(f, b)
		if err == nil {
			err = s.spill(rows)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := s.flush(); err != nil {
		return nil, err
	}
	tables := make([]*query.Table, spillParts)
	for k := range tables {
		if tables[k], err = x.partition(ctx, t, next, k, depth, memory); err != nil {
			return nil, err
		}
	}
	return mergeTables(t.q, tables)
}
