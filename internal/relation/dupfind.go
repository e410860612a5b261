package relation

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// DupFinder finds the rows that equal an earlier row (file order) in all
// mapped columns. Rows that a reject rule takes are left out on both sides: equal
// rows meet equal rules. Equality is always decided on values.
//
// The first scan looks on while somebody else reads (Add). Lines of one order
// usually stand together, so a run of equal order ids is compared within itself, and no
// more is needed once every order is known to have one run: ids that only rise
// or fall prove it for free, else one 64-bit key a run does. Orders in several runs,
// scattered rows and relations without order ids go through row hashes:
// different hashes prove rows different, and rows of equal hashes are read again and
// compared (Resolve).
type DupFinder struct {
	prog   *Program
	cols   []int // positions of the compared columns in prog.Cols, the most telling first
	key    int   // position of order_id in cols, the last one; -1 when rows are hashed from the start
	seed   maphash.Seed
	memory int64 // for hashes
	room   int64 // for rows that are compared

	mu       sync.Mutex
	decided  bool // hash is settled
	hash     bool // rows are hashed from the start
	tooMany  bool // the list of hashes outgrew memory
	listed   int64
	workers  []*DupWorker
	splits   []splitRuns
	rowsSeen int64
}

// DupWorker feeds a DupFinder from one goroutine.
type DupWorker struct {
	f      *DupFinder
	split  int
	hasher rowHasher
	cols   []*frame.Column
	keys   chunks    // one a run (first scan), in no order
	sums   chunks    // hashes of rows
	found  []dupRow  // duplicates within runs
	runs   splitRuns // of the current split
	tail   run       // the run that reached the end of the last batch
	long   []uint64  // keys of orders too long to keep
	last   uint64
}

// dupRow is a duplicate: its place and its money.
type dupRow struct {
	split  int
	row    int64
	money  int64
	hasNot bool // no computable money
}

// keptRow is a row that had to be copied to be compared later.
type keptRow struct {
	dupRow
	bytes string
}

// run is a run of one order that touches the edge of a batch or split.
type run struct {
	open bool
	key  uint64 // of the order id
	id   string // the order id, when it is text
	rows []keptRow
	long bool // too long to keep
}

// splitRuns is what must be known of a split to join it with its neighbours.
type splitRuns struct {
	seen   bool
	n      int // runs
	head   run
	tail   run
	rising int  // +1, -1: direction of integer ids; 0 unknown
	ranged bool // all runs but the head's lie in [lo, hi], each once
	lo, hi int64
	broken bool // ids neither rise nor fall: further runs are in keys
}

// keepRows bounds the rows of a run that are kept across an edge.
const keepRows = 4096

// NewDupFinder prepares to find duplicates among the rows of a program that was
// compiled with all mapped columns. It keeps within about memory bytes (0: 1 GiB).
func NewDupFinder(p *Program, memory int64) (*DupFinder, error) {
	if memory <= 0 {
		memory = 1 << 30
	}
	f := &DupFinder{prog: p, key: -1, seed: maphash.MakeSeed(), memory: memory, room: max(memory, 1<<20)}
	for _, c := range p.Rel.Columns[:p.Rel.Canonical] {
		if c.Const != nil {
			continue
		}
		at := slices.IndexFunc(p.Cols, func(o Column) bool { return o.Name == c.Name })
		if at < 0 {
			return nil, fault.New(fault.Internal, "finding duplicates: column %s was not asked for", c.Name)
		}
		if c.Name == "order_id" && p.Rel.rejectsNull(c.Name) { // runs of one order leave rows without order out
			f.key = at
			continue
		}
		f.cols = append(f.cols, at)
	}
	slices.SortStableFunc(f.cols, func(a, b int) int { return cmp.Compare(f.telling(a), f.telling(b)) })
	if f.key >= 0 {
		f.cols = append(f.cols, f.key)
		f.key = len(f.cols) - 1
	}
	f.splits = make([]splitRuns, len(p.Rel.Fact.Splits()))
	return f, nil
}

// rejectsNull reports whether a rule makes rows without a value of the column rejects,
// which are no duplicates whatever they hold.
func (r *Relation) rejectsNull(column string) bool {
	return slices.ContainsFunc(r.Rules, func(rule Rule) bool {
		return rule.Kind == Reject && rule.Test == TestNull && rule.Column == column
	})
}

// telling ranks columns by how soon they tell lines of an order apart for how
// little work.
func (f *DupFinder) telling(at int) int {
	c := &f.prog.Cols[at]
	switch {
	case c.Name == "product_id" && c.Type == expr.Int:
		return 0
	case c.Name == "quantity":
		return 1
	case c.Name == "unit_price" || c.Name == "amount":
		return 2
	case c.Name == "product_id":
		return 3
	case c.Name == "product_name":
		return 4
	}
	return 5
}

// NewWorker returns a feeder for one goroutine.
func (f *DupFinder) NewWorker() *DupWorker {
	w := &DupWorker{f: f, hasher: rowHasher{seed: f.seed}, cols: make([]*frame.Column, len(f.cols))}
	f.mu.Lock()
	f.workers = append(f.workers, w)
	f.mu.Unlock()
	return w
}

// Split begins a split; EndSplit must follow its last batch.
func (w *DupWorker) Split(index int) {
	w.split = index
	w.runs = splitRuns{seen: true}
	w.tail = run{}
}

// Add looks at a batch of the split. It keeps nothing of rows.
func (w *DupWorker) Add(rows *Rows) {
	if rows.N == 0 {
		return
	}
	for k, at := range w.f.cols {
		w.cols[k] = rows.Cols[at]
	}
	if w.f.hashing(w.cols, rows) {
		w.list(w.hasher.rows(w.cols, rows.N), rows)
		return
	}
	w.scanRuns(rows)
}

// EndSplit ends the split.
func (w *DupWorker) EndSplit() {
	w.closeTail()
	w.runs.tail = w.tail
	if w.runs.n <= 1 {
		w.runs.tail = w.runs.head
	}
	w.f.mu.Lock()
	w.f.splits[w.split] = w.runs
	w.f.mu.Unlock()
}

// hashing settles, on the first batch, whether rows are hashed from the start:
// without order ids, or when lines of an order do not stand together.
func (f *DupFinder) hashing(cols []*frame.Column, rows *Rows) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rowsSeen += int64(rows.N)
	if f.decided {
		return f.hash
	}
	f.decided = true
	if f.key < 0 {
		f.hash = true
		return true
	}
	c, runs, up, down := cols[f.key], 1, true, true
	for i := 1; i < rows.N; i++ {
		if equalAt(c, i-1, i) {
			continue
		}
		runs++
		if c.Kind != frame.String && !c.IsNull(i) && !c.IsNull(i-1) {
			up, down = up && c.I64[i] > c.I64[i-1], down && c.I64[i] < c.I64[i-1]
		}
	}
	ordered := c.Kind != frame.String && (up || down)
	f.hash = !ordered && rows.N > 256 && float64(runs) > 0.95*float64(rows.N)
	return f.hash
}

// list remembers the hashes of rows that no reject rule took.
func (w *DupWorker) list(sums []uint64, rows *Rows) {
	before := w.sums.n
	for i, s := range sums {
		if rows.Kind[i] != Reject {
			w.sums.add(s)
		}
	}
	w.f.grow(w.sums.n-before, w)
}

// grow counts listed hashes; beyond memory they are dropped and Resolve reads
// the table again, part by part.
func (f *DupFinder) grow(n int64, w *DupWorker) {
	f.mu.Lock()
	f.listed += n
	if f.listed*16 > f.memory {
		f.tooMany = true
	}
	if f.tooMany {
		w.sums, w.keys = chunks{}, chunks{}
	}
	f.mu.Unlock()
}
