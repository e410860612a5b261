package relation

import (
	"cmp"
	"context"
	"hash/maphash"
	"math"
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
	cols   []int // positions of the compared columns in prog.Cols, product_id first
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
		switch c.Name {
		case "order_id":
			f.key = at
		case "product_id":
			f.cols = slices.Insert(f.cols, 0, at)
		default:
			f.cols = append(f.cols, at)
		}
	}
	if f.key >= 0 {
		f.cols = append(f.cols, f.key)
		f.key = len(f.cols) - 1
	}
	f.splits = make([]splitRuns, len(p.Rel.Fact.Splits()))
	return f, nil
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

// scanRuns compares the lines of each order within its run.
func (w *DupWorker) scanRuns(rows *Rows) {
	c := w.cols[w.f.key]
	before := w.keys.n
	lo := 0
	for lo < rows.N {
		hi := w.runEnd(c, lo, rows.N)
		if c.IsNull(lo) { // rejects all: no order id
			w.closeTail()
			lo = hi
			continue
		}
		w.oneRun(c, rows, lo, hi)
		lo = hi
	}
	w.f.grow(w.keys.n-before, w)
}

// runEnd returns where the run that begins at lo ends.
func (w *DupWorker) runEnd(c *frame.Column, lo, n int) int {
	hi := lo + 1
	switch {
	case c.Valid == nil && c.Off != nil && c.Dict == nil:
		id := c.Data[c.Off[lo]:c.Off[lo+1]]
		for hi < n && string(c.Data[c.Off[hi]:c.Off[hi+1]]) == string(id) {
			hi++
		}
	case c.Valid != nil || c.I64 == nil:
		for hi < n && equalAt(c, lo, hi) {
			hi++
		}
	default:
		id := c.I64[lo]
		for _, x := range c.I64[hi:n] {
			if x != id {
				break
			}
			hi++
		}
	}
	return hi
}

// oneRun handles rows [lo, hi) of one order, all in this batch.
func (w *DupWorker) oneRun(c *frame.Column, rows *Rows, lo, hi int) {
	continued := false
	if lo == 0 && w.tail.open {
		continued = w.keyOf(c, lo) == w.tail.key && idText(c, lo) == w.tail.id
	}
	if !continued {
		w.closeTail()
	}
	edge := continued || hi == rows.N || w.runs.n == 0
	if !edge {
		w.newRun(c, lo)
		if hi-lo > 1 {
			w.compare(rows, lo, hi)
		}
		return
	}
	if !continued {
		w.newRun(c, lo)
		w.tail = run{open: true, key: w.keyOf(c, lo), id: idText(c, lo)}
	}
	w.keep(rows, lo, hi)
	if hi < rows.N {
		w.closeTail()
	}
}

// keyOf is the key of the order id at row i: integers themselves, a hash of text.
func (w *DupWorker) keyOf(c *frame.Column, i int) uint64 {
	if c.Kind == frame.String {
		return maphash.Bytes(w.f.seed, c.Str(i))
	}
	return uint64(c.I64[i])
}

// idText is the order id at row i when it is text.
func idText(c *frame.Column, i int) string {
	if c.Kind == frame.String {
		return string(c.Str(i))
	}
	return ""
}

// newRun notes that a run of an order begins. The head of a split is noted by
// its kept rows, the others by range while ids only rise or fall, else by key.
func (w *DupWorker) newRun(c *frame.Column, i int) {
	r := &w.runs
	r.n++
	if r.n == 1 {
		return
	}
	if c.Kind == frame.String {
		w.keys.add(maphash.Bytes(w.f.seed, c.Str(i)))
		return
	}
	id := c.I64[i]
	if r.broken {
		w.keys.add(uint64(id))
		return
	}
	prev := int64(w.last)
	w.last = uint64(id)
	switch {
	case !r.ranged:
		r.ranged, r.lo, r.hi = true, id, id
	case id > prev && r.rising >= 0:
		r.rising, r.hi = 1, id
	case id < prev && r.rising <= 0:
		r.rising, r.lo = -1, id
	default:
		r.broken = true
		w.keys.add(uint64(id))
	}
}

// compare finds duplicates among rows [lo, hi) of one order.
func (w *DupWorker) compare(rows *Rows, lo, hi int) {
	if hi-lo > 48 {
		w.compareLong(rows, lo, hi)
		return
	}
	cols := w.cols[:w.f.key] // the order id is the same
	var quick []int64
	if len(cols) > 0 && cols[0].Kind != frame.Float && cols[0].Kind != frame.String {
		quick = cols[0].I64
	}
	for i := lo + 1; i < hi; i++ {
		for j := lo; j < i; j++ {
			if (quick != nil && quick[i] != quick[j]) || !equalRows(cols, i, j) || rows.Kind[i] == Reject {
				continue
			}
			w.found = append(w.found, w.dup(rows, i))
			break
		}
	}
}

// compareLong is compare for long orders: rows sorted by encoding.
func (w *DupWorker) compareLong(rows *Rows, lo, hi int) {
	seen := make(map[string]struct{}, hi-lo)
	var buf []byte
	for i := lo; i < hi; i++ {
		if rows.Kind[i] == Reject {
			continue
		}
		buf = appendRow(buf[:0], w.cols, i)
		if _, dup := seen[string(buf)]; dup {
			w.found = append(w.found, w.dup(rows, i))
			continue
		}
		seen[string(buf)] = struct{}{}
	}
}

// dup makes the record of a duplicate.
func (w *DupWorker) dup(rows *Rows, i int) dupRow {
	d := dupRow{split: w.split, row: rows.Raw.RowAt(i)}
	if rows.MoneyNull(i) {
		d.hasNot = true
	} else {
		d.money = rows.Money[i]
	}
	return d
}

// keep copies rows of a run that touches an edge.
func (w *DupWorker) keep(rows *Rows, lo, hi int) {
	for i := lo; i < hi && !w.tail.long; i++ {
		if rows.Kind[i] == Reject {
			continue
		}
		if len(w.tail.rows) >= keepRows {
			w.tail.long, w.tail.rows = true, nil
			break
		}
		w.tail.rows = append(w.tail.rows, keptRow{w.dup(rows, i), string(appendRow(nil, w.cols, i))})
	}
}

// closeTail ends the run that was open at the edge of a batch.
func (w *DupWorker) closeTail() {
	if !w.tail.open {
		return
	}
	w.tail.open = false
	if w.tail.long {
		w.long = append(w.long, w.tail.key)
	}
	if w.runs.n == 1 {
		w.runs.head = w.tail
	}
	w.found = appendDups(w.found, w.tail.rows)
}

// appendDups appends the rows that equal an earlier one of the list.
func appendDups(found []dupRow, rows []keptRow) []dupRow {
	if len(rows) < 2 {
		return found
	}
	seen := make(map[string]struct{}, len(rows))
	for _, r := range rows {
		if _, dup := seen[r.bytes]; dup {
			found = append(found, r.dupRow)
		}
		seen[r.bytes] = struct{}{}
	}
	return found
}

// candidates are the orders that may have several runs.
type candidates struct {
	all    bool
	ranges []idRange
	keys   []uint64 // mixed, sorted
	sieve  []uint64 // bit k>>44 is set for every key
}

type idRange struct{ lo, hi int64 }

// has reports whether an order may have several runs.
func (c *candidates) has(key uint64) bool {
	for _, r := range c.ranges {
		if id := int64(key); id >= r.lo && id <= r.hi {
			return true
		}
	}
	k := mix(0, key)
	if c.sieve[k>>50]>>(k>>44&63)&1 == 0 {
		return false
	}
	_, ok := slices.BinarySearch(c.keys, k)
	return ok
}

// empty reports whether every order has one run.
func (c *candidates) empty() bool { return !c.all && len(c.ranges) == 0 && len(c.keys) == 0 }

// settle joins what the workers saw: duplicates found, and the orders that need
// a closer look.
func (f *DupFinder) settle() (found []dupRow, c candidates) {
	var keys []uint64
	for _, w := range f.workers {
		found = append(found, w.found...)
		keys = w.keys.appendTo(keys)
		for _, k := range w.long {
			c.keys = append(c.keys, mix(0, k))
		}
		w.found, w.keys, w.long = nil, chunks{}, nil
	}
	if f.hash || f.tooMany {
		c.all = true
		return found, c
	}
	text := f.key >= 0 && f.prog.Cols[f.cols[f.key]].Type == expr.Text
	var ranges []idRange
	var tail *run
	for i := range f.splits {
		s := &f.splits[i]
		if !s.seen || s.n == 0 {
			continue
		}
		switch {
		case tail == nil || tail.key != s.head.key || tail.id != s.head.id:
			keys = append(keys, s.head.key)
		case tail.long || s.head.long || s.n == 1:
			c.keys = append(c.keys, mix(0, s.head.key)) // an order over several splits
		default:
			found = append(found, across(tail.rows, s.head.rows)...)
		}
		if s.ranged {
			ranges = append(ranges, idRange{s.lo, s.hi})
		}
		tail = &s.tail
	}
	if !text {
		overlaps(ranges, keys, &c)
	}
	for i, k := range keys {
		keys[i] = mix(0, k)
	}
	c.keys = append(c.keys, repeated(keys)...)
	slices.Sort(c.keys)
	c.keys = slices.Compact(c.keys)
	c.sieve = sieve(c.keys)
	return found, c
}

// across returns the rows of b that equal one of a.
func across(a, b []keptRow) []dupRow {
	seen := make(map[string]struct{}, len(a))
	for _, r := range a {
		seen[r.bytes] = struct{}{}
	}
	var found []dupRow
	for _, r := range b {
		if _, dup := seen[r.bytes]; dup {
			found = append(found, r.dupRow)
		}
	}
	return found
}

// overlaps adds what lies in two ranges, or is a single key within a range.
func overlaps(ranges []idRange, keys []uint64, c *candidates) {
	slices.SortFunc(ranges, func(a, b idRange) int { return cmp.Compare(a.lo, b.lo) })
	top := int64(math.MinInt64)
	for i, r := range ranges {
		if i > 0 && r.lo <= top {
			c.ranges = append(c.ranges, idRange{r.lo, min(r.hi, top)})
		}
		top = max(top, r.hi)
	}
	if len(ranges) == 0 {
		return
	}
	for _, k := range keys {
		id := int64(k)
		at, ok := slices.BinarySearchFunc(ranges, id, func(r idRange, id int64) int { return cmp.Compare(r.lo, id) })
		if ok || (at > 0 && reaches(ranges[:at], id)) {
			c.keys = append(c.keys, mix(0, k))
		}
	}
}

// reaches reports whether one of the ranges, all beginning before id, holds it.
func reaches(ranges []idRange, id int64) bool {
	for i := len(ranges) - 1; i >= 0; i-- {
		if ranges[i].hi >= id {
			return true
		}
	}
	return false
}

// FindDuplicates reads a relation's fact table on its own and returns its
// duplicates and their money, within about memory bytes (0: 1 GiB).
func FindDuplicates(ctx context.Context, rel *Relation, memory int64, threads int) (*DupSet, Sum, error) {
	f, err := newDuplicates(ctx, rel, memory)
	if err != nil {
		return nil, Sum{}, err
	}
	return f.find(ctx, threads)
}

// newDuplicates compiles a relation for a finder.
func newDuplicates(ctx context.Context, rel *Relation, memory int64) (*DupFinder, error) {
	need := make([]string, rel.Canonical)
	for i := range need {
		need[i] = rel.Columns[i].Name
	}
	p, err := Compile(rel, need)
	if err != nil {
		return nil, err
	}
	if err := p.Load(ctx, memory/2); err != nil {
		return nil, err
	}
	return NewDupFinder(p, memory/2)
}

// find does all scans.
func (f *DupFinder) find(ctx context.Context, threads int) (*DupSet, Sum, error) {
	if _, err := f.prog.Scan(ctx, threads, func() Visitor { return &firstLook{f.NewWorker()} }); err != nil {
		return nil, Sum{}, err
	}
	return f.Resolve(ctx, threads)
}
