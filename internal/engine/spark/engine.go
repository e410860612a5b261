package spark

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/parallel"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Shower shows how far a run is; calls come from several goroutines.
type Shower interface {
	Show(text string)
	Done()
}

// Options of an Engine.
type Options struct {
	Memory   int64  // of the answers here, in bytes; 0 = no bound
	Progress Shower // nil = nobody looks
}

// Engine answers plans on Spark. It implements engine.Engine.
type Engine struct {
	c   Session
	opt Options
}

// New returns the engine of a session.
func New(c Session, opt Options) *Engine { return &Engine{c, opt} }

// Name implements engine.Engine.
func (e *Engine) Name() string { return "spark" }

// Explain implements engine.Engine: it is the script.
func (e *Engine) Explain(rel *relation.Relation, plan query.Plan) (string, error) {
	s, err := NewScript(rel, PathsOf(rel), plan)
	if err != nil {
		return "", err
	}
	return s.Text(), nil
}

// atOnce is how many statements run beside each other: Spark fills the gaps of one with the tasks of another.
const atOnce = 4

// Run implements engine.Engine.
func (e *Engine) Run(ctx context.Context, rel *relation.Relation, plan query.Plan) (*query.Answer, error) {
	asked := len(plan.Queries)
	plan, byCurrency := currencyPlan(rel, plan)
	s, err := NewScript(rel, PathsOf(rel), plan)
	if err != nil {
		return nil, err
	}
	ask, done := e.watch()
	defer done()
	if err := e.prepare(ctx, s); err != nil {
		return nil, err
	}
	tables, err := e.tables(ctx, rel)
	if err != nil {
		return nil, err
	}
	if tables.Spans != nil {
		if s, err = newScript(rel, tables, PathsOf(rel), plan); err != nil {
			return nil, err
		}
	}
	empty := answersTo(rel, plan)
	ans := &query.Answer{}
	facts := &factTable{}
	err = parallel.Each(ctx, len(s.Queries)+1+len(s.Proofs), atOnce, func(ctx context.Context, _, i int) error {
		switch n := i - len(s.Proofs); {
		case n < 0:
			return e.prove(ctx, rel, s.Proofs[i], ask(i))
		case n == 0:
			_, err := e.c.Query(ctx, s.Facts.SQL, Op{Batch: facts.add, Progress: ask(i)})
			return err
		default:
			return e.table(ctx, empty[n-1], s.Queries[n-1].SQL, ask(i))
		}
	})
	if err != nil {
		return nil, err
	}
	ans.Tables, ans.Scored = empty[:len(plan.Queries)], empty[len(plan.Queries):]
	if ans.Account, err = e.account(ctx, rel, facts, ask(0)); err != nil {
		return nil, err
	}
	if byCurrency {
		ans.Account.Currencies = currencies(ans.Tables[asked])
		ans.Tables = ans.Tables[:asked]
	}
	return ans, nil
}

// prepare makes the views; the settings were made when the session was.
func (e *Engine) prepare(ctx context.Context, s *Script) error {
	if w, ok := e.c.(announced); ok {
		return w.begin(ctx, s)
	}
	for _, v := range s.Views {
		if err := e.c.Exec(ctx, v.SQL, Op{}); err != nil {
			return fault.Wrap(err, "opening %s", v.Name)
		}
	}
	return nil
}

// tables names the tables of a relation, whose views are there, and asks for the spans of times where they shorten the statements. A batch job is
// not asked: that would be a job of its own.
func (e *Engine) tables(ctx context.Context, rel *relation.Relation) (sqlgen.Tables, error) {
	t := tablesOf(rel)
	columns := sqlgen.ZonedColumns(rel)
	if _, batch := e.c.(announced); batch || len(columns) == 0 {
		return t, nil
	}
	sql, err := sqlgen.SparkSpans(rel, t, columns)
	if err != nil {
		return t, err
	}
	n, err := e.numbers(ctx, sql, 2*len(columns), nil)
	if err != nil {
		return t, fault.Wrap(err, "looking at the times of %s", rel.Name)
	}
	t.Spans = map[string]sqlgen.Span{}
	for i, name := range columns {
		t.Spans[name] = sqlgen.Span{Least: n[2*i].Value, Greatest: n[2*i+1].Value}.Widen() // of no times at all: 1970
	}
	return t, nil
}

// Scores implements engine.Scorer.
func (e *Engine) Scores() {}

// answersTo returns the empty answers to the statements of a plan.
func answersTo(rel *relation.Relation, plan query.Plan) (out []*query.Table) {
	for _, q := range plan.Queries {
		out = append(out, newTable(rel, q))
	}
	for _, s := range plan.Scorings {
		out = append(out, newScores(s))
	}
	return out
}

// table asks one query.
func (e *Engine) table(ctx context.Context, t *query.Table, sql string, progress func(Progress)) error {
	var held int64
	_, err := e.c.Query(ctx, sql, Op{Progress: progress, Batch: func(rec arrow.Record) error {
		for _, c := range rec.Columns() {
			for _, b := range c.Data().Buffers() {
				if b != nil {
					held += int64(b.Len())
				}
			}
		}
		if e.opt.Memory > 0 && held > e.opt.Memory {
			return fault.New(fault.Full, "the answer to %s has more than %d rows, which --memory does not hold here", t.Name, t.N).
				WithHint("let Spark write the rows: -o hdfs://HOST:PORT/FOLDER/; or raise --memory")
		}
		return appendRecord(t, rec)
	}})
	return fault.Wrap(err, "query %s", t.Name)
}

// prove fails when a joined table has a key with two meanings.
func (e *Engine) prove(ctx context.Context, rel *relation.Relation, p Statement, progress func(Progress)) error {
	key := ""
	_, err := e.c.Query(ctx, p.SQL, Op{Progress: progress, Batch: func(rec arrow.Record) error {
		for i := range int(rec.NumCols()) - 1 {
			if rec.NumRows() > 0 {
				key += " " + rec.Column(i).ValueStr(0)
			}
		}
		return nil
	}})
	if err != nil {
		return fault.Wrap(err, "joining %s", p.Name)
	}
	if key != "" {
		return fault.New(fault.Input, "joining %s: the key%s occurs in several rows with different values", p.Name, key).WithHint("a joined table needs one row a key")
	}
	return nil
}

// watch adds the progress of several statements up for the line that is shown.
func (e *Engine) watch() (of func(i int) func(Progress), done func()) {
	if e.opt.Progress == nil {
		return func(int) func(Progress) { return nil }, func() {}
	}
	var mu sync.Mutex
	all := map[int]Progress{}
	return func(i int) func(Progress) {
		return func(p Progress) {
			mu.Lock()
			defer mu.Unlock()
			all[i] = p
			var sum Progress
			for _, p := range all {
				sum.Stages += p.Stages
				sum.Tasks += p.Tasks
				sum.Done += p.Done
				sum.Running += p.Running
				sum.BytesRead += p.BytesRead
			}
			e.opt.Progress.Show(fmt.Sprintf("Spark: %d of %d tasks of %d stages, %d running, %d MiB read", sum.Done, sum.Tasks, sum.Stages, sum.Running, sum.BytesRead>>20))
		}
	}, e.opt.Progress.Done
}

// Connect opens a session with the settings that the printed SQL takes for granted.
func Connect(ctx context.Context, addr Address) (*Client, error) {
	c, err := Dial(addr)
	if err != nil {
		return nil, err
	}
	err = c.Set(ctx, sqlgen.SparkSettings)
	if err == nil {
		err = c.checkVersion(ctx)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
