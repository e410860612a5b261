package quality

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// Options say how rules are checked.
type Options struct {
	Threads  int    // 0 = all processors
	Memory   int64  // bytes for keys before they spill; 0 = 1 GiB
	TempDir  string // for what spills; "" is the system's place
	Progress Progress
	// Mapping translates canonical names in rules to columns of the input; columns'
	// own names go first.
	Mapping map[string]string
	// Open opens the file of a foreign key, named as the rule names it.
	Open func(ctx context.Context, file string) (source.Dataset, error)
	// Now is the present in µs of the wall time that the data use, for freshness.
	Now int64
}

// Outcome is what came of one rule.
type Outcome struct {
	Rule    *Rule
	Column  string
	Checked int64 // rows (or, for row_count, the rows of the input; for freshness, values)
	Failed  int64
	Status  string // pass, fail, warn or skipped
	Sample  string // the first failing values with their rows
	Why     string // for people: why it failed as a whole, or was skipped
}

// The states of an outcome.
const (
	Pass    = "pass"
	Fail    = "fail"
	Warn    = "warn"
	Skipped = "skipped"
)

// Report is the result of a validation. It refers to the dataset, which must stay open
// while failing rows are read.
type Report struct {
	Outcomes []Outcome
	Rows     int64 // rows of the input, lines that could not be split included
	BadRows  int64

	ds     source.Dataset
	failed [][]rowSet // by outcome, by split
	base   []int64    // by split: rows of the file before it
}

// Validate checks rules against a dataset. The error is about what could not be
// checked (fault.Usage for rules that do not fit the input, fault.Input for unreadable
// data); rules that the data breaks are in the report, see Report.Err.
func Validate(ctx context.Context, ds source.Dataset, rules []Rule, o Options) (*Report, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	v := &validator{ctx: ctx, ds: ds, o: o, planner: newPlanner(ds, o.Mapping, rules)}
	if v.planner.textual {
		v.plans = append(v.plans, &plan{rule: &Rule{Name: Readable, Type: Readable, From: "built in"}})
	}
	for i := range rules {
		pl, err := v.planner.plan(&rules[i])
		if err != nil {
			return nil, err
		}
		if err := v.recognise(pl); err != nil {
			return nil, err
		}
		v.plans = append(v.plans, pl)
	}
	return v.run()
}

// validator is the state of one validation.
type validator struct {
	ctx     context.Context
	ds      source.Dataset
	o       Options
	planner *planner
	plans   []*plan

	view     view
	bindings []binding
	workers  []*checker
	report   *Report
	rows     []int64 // by split
	specs    map[int]*value.Spec
}

// run makes the first scan, which all rules share, and then the scans that
// repeated and missing keys need.
func (v *validator) run() (*Report, error) {
	splits := len(v.ds.Splits())
	v.report = &Report{ds: v.ds, failed: make([][]rowSet, len(v.plans)), base: make([]int64, splits), Outcomes: make([]Outcome, len(v.plans))}
	v.rows = make([]int64, splits)
	for i, pl := range v.plans {
		v.report.failed[i] = make([]rowSet, splits)
		v.bindings = append(v.bindings, binding{plan: pl})
		if pl.skip == "" {
			v.bindings[i] = v.planner.bind(&v.view, pl)
		}
	}
	for range v.o.Threads {
		w := v.newChecker()
		defer w.file.Close()
		v.workers = append(v.workers, w)
	}
	tasks := make([]task, splits)
	for s := range tasks {
		tasks[s] = task{split: s, wants: v.view.wants}
	}
	err := scan(v.ctx, v.ds, tasks, v.o.Threads, v.o.Progress, "checking rules", func(w int, t *task, b *frame.Batch) error {
		return v.workers[w].check(t, b)
	})
	if err != nil {
		return nil, err
	}
	for s, split := range v.ds.Splits() {
		v.report.Rows += v.rows[s]
		if s+1 < splits && v.ds.Splits()[s+1].File() == split.File() {
			v.report.base[s+1] = v.report.base[s] + v.rows[s]
		}
	}
	for i := range v.plans {
		if err := v.outcome(i); err != nil {
			return nil, err
		}
	}
	return v.report, v.report.samples(v)
}

// outcome computes what came of plan i.
func (v *validator) outcome(i int) error {
	pl, out := v.plans[i], &v.report.Outcomes[i]
	out.Rule, out.Column = pl.rule, pl.columnText()
	if pl.skip != "" {
		out.Status, out.Why = Skipped, pl.skip
		return nil
	}
	for _, w := range v.workers {
		out.Checked += w.state[i].checked
	}
	var err error
	switch pl.rule.Type {
	case Unique:
		err = v.repeated(i)
	case ForeignKey:
		err = v.orphans(i)
	case RowCount:
		countRows(out, v.report.Rows)
	case Freshness:
		v.freshness(i, out)
	}
	if err != nil {
		return fault.Wrap(err, "rule %s", pl.rule.Name)
	}
	if pl.rule.Type != RowCount && pl.rule.Type != Freshness {
		for _, set := range v.report.failed[i] {
			out.Failed += set.count()
		}
	}
	if pl.rule.Type == Readable {
		v.report.BadRows, out.Checked = out.Failed, v.report.Rows
	}
	out.judge()
	return nil
}

// judge tells by what failed whether the rule is broken.
func (o *Outcome) judge() {
	o.Status = Pass
	if o.Failed > o.Rule.MaxFailed && float64(o.Failed) > o.Rule.MaxRatio*float64(o.Checked) {
		o.Status = [...]string{Error: Fail, Warning: Warn}[o.Rule.Severity]
	}
}

// countRows checks the number of the input's rows.
func countRows(out *Outcome, n int64) {
	r := out.Rule
	out.Checked = n
	if n < r.MinRows || r.MaxRows >= 0 && n > r.MaxRows {
		out.Failed = 1
		out.Why = fmt.Sprintf("the input has %d rows, wanted %s", n, bounds(r.MinRows, r.MaxRows))
	}
}

func bounds(least, most int64) string {
	switch {
	case most < 0:
		return fmt.Sprintf("at least %d", least)
	case least < 0:
		return fmt.Sprintf("at most %d", most)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

func (v *validator) freshness(i int, out *Outcome) {
	latest := int64(math.MinInt64)
	for _, w := range v.workers {
		latest = max(latest, w.state[i].latest)
	}
	stale(out, latest, v.o.Now)
}

// stale checks the latest time of a column, math.MinInt64 where there is none.
func stale(out *Outcome, latest, now int64) {
	f := formatter{units: 1_000_000}
	switch {
	case latest == math.MinInt64:
		out.Failed, out.Why = 1, "there is no time at all"
	case latest < now-out.Rule.MaxAge.Microseconds():
		out.Failed, out.Why = 1, fmt.Sprintf("the latest time is %s, more than %s before now", f.time(latest), out.Rule.MaxAge)
	}
}

// checker is the state of one worker during the first scan.
type checker struct {
	v     *validator
	conds *conditions
	fail  []bool
	state []checkState
	file  *tally.File
}

// checkState is what a worker keeps for one rule.
type checkState struct {
	checked int64
	cell    cell
	latest  int64
	time    reparser
	keys    keyer
	bag     tally.Bag   // Unique: hashes of keys
	child   tally.Texts // ForeignKey: values
}

func (v *validator) newChecker() *checker {
	w := &checker{v: v, conds: newConditions(v.planner.schema.NumFields()), state: make([]checkState, len(v.plans)), file: tally.NewFile(v.o.TempDir)}
	for i, pl := range v.plans {
		w.state[i].latest = math.MinInt64
		w.state[i].time.kind, w.state[i].time.spec = frame.Time, pl.spec
		w.state[i].keys.nulls, w.state[i].keys.asText = pl.nulls, v.planner.textual
		if pl.cell != nil {
			w.state[i].cell = pl.cell()
		}
	}
	return w
}

// check runs every rule over a batch.
func (w *checker) check(t *task, b *frame.Batch) error {
	v := w.v
	v.rows[t.split] += int64(b.N + len(b.Bad))
	if v.planner.textual {
		for _, bad := range b.Bad {
			v.report.failed[0][t.split].add(bad.Row)
		}
	}
	for i := range v.bindings {
		bind, st := &v.bindings[i], &w.state[i]
		pl := bind.plan
		if pl.skip != "" || pl.rule.Type == Readable || pl.rule.Type == RowCount {
			continue
		}
		w.conds.load(bind, b)
		sel := w.conds.rows(bind, b.N)
		switch {
		case st.cell != nil:
			w.fail = frame.Grow(w.fail, b.N)
			clear(w.fail)
			st.checked += st.cell.eval(&b.Cols[bind.reads[0]], sel, w.fail)
			w.mark(i, t, b)
		case pl.cond != nil:
			w.expression(i, t, b, sel)
		case pl.rule.Type == Unique:
			cols := columnsOf(b, bind.reads)
			for r := range b.N {
				if selected(sel, r) {
					if h, ok := st.keys.hash(v.seed(), cols, r); ok {
						st.checked++
						st.bag.Add(h)
					}
				}
			}
		case pl.rule.Type == ForeignKey:
			cols := columnsOf(b, bind.reads)
			for r := range b.N {
				if selected(sel, r) {
					if key, ok := st.keys.text(cols[0], r); ok {
						st.checked++
						st.child.Add(key, 1)
					}
				}
			}
		case pl.rule.Type == Freshness:
			w.latest(st, &b.Cols[bind.reads[0]], sel)
		}
	}
	return w.shrink()
}

func columnsOf(b *frame.Batch, slots []int) []*frame.Column {
	cols := make([]*frame.Column, len(slots))
	for k, s := range slots {
		cols[k] = &b.Cols[s]
	}
	return cols
}

func (w *checker) mark(i int, t *task, b *frame.Batch) {
	set := &w.v.report.failed[i][t.split]
	for r, bad := range w.fail[:b.N] {
		if bad {
			set.add(b.RowAt(r))
		}
	}
}

func (w *checker) expression(i int, t *task, b *frame.Batch, sel []bool) {
	set := &w.v.report.failed[i][t.split]
	for r, truth := range w.conds.truth(w.v.plans[i].cond, b.N) {
		if selected(sel, r) {
			w.state[i].checked++
			if truth == 0 {
				set.add(b.RowAt(r))
			}
		}
	}
}

func (w *checker) latest(st *checkState, c *frame.Column, sel []bool) {
	c = st.time.column(c)
	if c.Kind != frame.Time && c.Kind != frame.Date {
		return
	}
	scale, per := int64(1_000_000), unitsOf(c.Type)
	if c.Kind == frame.Date {
		scale, per = 86_400_000_000, 1
	}
	for r := range c.Len {
		if selected(sel, r) && !c.IsNull(r) {
			st.checked++
			st.latest = max(st.latest, micros(c.I64[r], scale, per))
		}
	}
}

// shrink spills keys when the worker's share of the memory is used up.
func (w *checker) shrink() error {
	share := w.v.o.Memory / int64(len(w.v.workers))
	var total int64
	for i := range w.state {
		total += w.state[i].bag.Bytes() + w.state[i].child.Bytes()
	}
	if total <= share {
		return nil
	}
	for i := range w.state {
		st := &w.state[i]
		if err := st.bag.Spill(w.file); err != nil {
			return err
		}
		if err := st.child.Spill(w.file); err != nil {
			return err
		}
	}
	return nil
}
