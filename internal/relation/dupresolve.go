package relation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Resolve answers after the first scan: the duplicates and their money. Where the
// first scan left doubt it reads the table again: once for the rows of doubtful
// orders; or, where those are many, for the hashes of their rows, and again for the
// rows whose hashes meet.
func (f *DupFinder) Resolve(ctx context.Context, threads int) (*DupSet, Sum, error) {
	found, c := f.settle()
	more, err := f.doubtful(ctx, threads, &c)
	if err != nil {
		return nil, Sum{}, err
	}
	return f.answer(append(found, more...))
}

// doubtful finds the duplicates among the candidates.
func (f *DupFinder) doubtful(ctx context.Context, threads int, c *candidates) ([]dupRow, error) {
	switch {
	case c.empty():
		return nil, nil
	case f.hash && !f.tooMany:
		return f.verify(ctx, threads, &wanted{hashes: repeated(f.takeSums()...)}, 1)
	case !c.all:
		found, err := f.verifyOnce(ctx, threads, &wanted{orders: c}, 0, 1)
		if !errors.Is(err, errFull) {
			return found, err
		}
	}
	parts := 1
	for int64(parts)*f.memory < f.rowsSeen*16 {
		parts *= 2
	}
	var found []dupRow
	for part := range parts {
		sums, err := f.hashes(ctx, threads, c, part, parts)
		if err != nil {
			return nil, err
		}
		more, err := f.verify(ctx, threads, &wanted{hashes: repeated(sums...)}, 1)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// takeSums takes the lists of hashes of the first scan from the workers.
func (f *DupFinder) takeSums() [][]uint64 {
	var lists [][]uint64
	for _, w := range f.workers {
		lists = append(lists, w.sums.parts...)
		w.sums = chunks{}
	}
	return lists
}

// answer makes the set, each place once.
func (f *DupFinder) answer(found []dupRow) (*DupSet, Sum, error) {
	slices.SortFunc(found, func(a, b dupRow) int {
		return cmp.Or(cmp.Compare(a.split, b.split), cmp.Compare(a.row, b.row))
	})
	set, sum := &DupSet{Rows: map[int][]int64{}}, Sum{}
	for i, d := range found {
		if i > 0 && d.split == found[i-1].split && d.row == found[i-1].row {
			continue
		}
		set.Rows[d.split] = append(set.Rows[d.split], d.row)
		sum.Rows++
		if d.hasNot {
			sum.NoMoney++
		} else {
			sum.add(d.money)
		}
	}
	return set, sum, nil
}

// repeated returns, sorted, the hashes that occur more than once in the lists, which it takes
// over. The hashes
// are spread by their upper bits into buckets that fit the cache, and each
// bucket is a small open table.
func repeated(lists ...[]uint64) []uint64 {
	total := 0
	for _, l := range lists {
		total += len(l)
	}
	shift := 64
	for n := total >> 10; n > 0 && shift > 52; n >>= 1 {
		shift--
	}
	ends := make([]int, 1<<(64-shift)+1)
	for _, l := range lists {
		for _, s := range l {
			ends[s>>shift+1]++
		}
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	spread := make([]uint64, total)
	for i, l := range lists {
		for _, s := range l {
			spread[ends[s>>shift]] = s
			ends[s>>shift]++
		}
		lists[i] = nil // free it: there is no need for two of all
	}
	var out, table []uint64
	lo := 0
	for _, hi := range ends[:len(ends)-1] {
		out, table = repeatedIn(spread[lo:hi], out, table)
		lo = hi
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// repeatedIn appends the hashes that occur again in a bucket; 0 marks free
// places, so its own count is kept apart.
func repeatedIn(bucket, out, table []uint64) ([]uint64, []uint64) {
	size := 16
	for size < 2*len(bucket) {
		size *= 2
	}
	table = frame.Grow(table, size)
	clear(table)
	zeros := 0
	for _, s := range bucket {
		if s == 0 {
			if zeros++; zeros == 2 {
				out = append(out, 0)
			}
			continue
		}
		at := int(s) & (size - 1)
		for table[at] != 0 && table[at] != s {
			at = (at + 1) & (size - 1)
		}
		if table[at] == s {
			out = append(out, s)
		}
		table[at] = s
	}
	return out, table
}

// firstLook feeds a DupFinder.
type firstLook struct{ w *DupWorker }

func (v *firstLook) Begin(split int)        { v.w.Split(split) }
func (v *firstLook) Visit(rows *Rows) error { v.w.Add(rows); return nil }
func (v *firstLook) End()                   { v.w.EndSplit() }

// hashLook lists the hashes of candidate rows of one part.
type hashLook struct {
	f           *DupFinder
	c           *candidates
	part, parts uint64
	hasher      rowHasher
	cols        []*frame.Column
	key         DupWorker
	sums        chunks
}

func (v *hashLook) Begin(int) {}
func (v *hashLook) End()      {}
func (v *hashLook) Visit(rows *Rows) error {
	for k, at := range v.f.cols {
		v.cols[k] = rows.Cols[at]
	}
	sums := v.hasher.rows(v.cols, rows.N)
	for i, s := range sums {
		if rows.Kind[i] == Reject || s%v.parts != v.part {
			continue
		}
		if !v.c.all {
			if k := v.cols[v.f.key]; k.IsNull(i) || !v.c.has(v.key.keyOf(k, i)) {
				continue
			}
		}
		v.sums.add(s)
	}
	return nil
}

// hashes reads the table for the hashes of candidate rows.
func (f *DupFinder) hashes(ctx context.Context, threads int, c *candidates, part, parts int) ([][]uint64, error) {
	var looks []*hashLook
	_, err := f.prog.Scan(ctx, threads, func() Visitor {
		v := &hashLook{f: f, c: c, part: uint64(part), parts: uint64(parts), hasher: rowHasher{seed: f.seed}, cols: make([]*frame.Column, len(f.cols)), key: DupWorker{f: f}}
		looks = append(looks, v)
		return v
	})
	var lists [][]uint64
	for _, v := range looks {
		lists = append(lists, v.sums.parts...)
	}
	return lists, err
}

// errFull says that the rows to compare outgrew memory.
var errFull = errors.New("too many rows to compare at once")

// wanted chooses the rows to compare: all of some orders, or those of some hashes.
type wanted struct {
	orders *candidates
	hashes []uint64 // sorted
	sieve  []uint64 // bit h>>44 is set for every one of the hashes
}

// sieve sets the bit h>>44 for every hash of a list.
func sieve(list []uint64) []uint64 {
	bits := make([]uint64, 1<<14)
	for _, s := range list {
		bits[s>>50] |= 1 << (s >> 44 & 63)
	}
	return bits
}

// chunks is a list that grows without moving what it holds.
type chunks struct {
	parts [][]uint64
	n     int64
}

// add appends a value.
func (c *chunks) add(x uint64) {
	if c.n&(1<<15-1) == 0 {
		c.parts = append(c.parts, make([]uint64, 0, 1<<15))
	}
	last := &c.parts[len(c.parts)-1]
	*last = append(*last, x)
	c.n++
}

// appendTo copies the list to the end of a slice.
func (c *chunks) appendTo(out []uint64) []uint64 {
	for _, p := range c.parts {
		out = append(out, p...)
	}
	return out
}

// has reports whether a hash is in the list.
func (w *wanted) has(s uint64) bool {
	if w.sieve[s>>50]>>(s>>44&63)&1 == 0 {
		return false
	}
	_, ok := slices.BinarySearch(w.hashes, s)
	return ok
}

// fullLook copies the wanted rows.
type fullLook struct {
	f           *DupFinder
	want        *wanted
	part, parts uint64
	hasher      rowHasher
	cols        []*frame.Column
	maker       DupWorker
	buf         []byte
	texts       map[string]string
	rows        []keptRow
	used        int64
	room        *int64
	mu          *sync.Mutex
}

func (v *fullLook) Begin(split int) { v.maker.split = split }
func (v *fullLook) End()            {}
func (v *fullLook) Visit(rows *Rows) error {
	for k, at := range v.f.cols {
		v.cols[k] = rows.Cols[at]
	}
	v.used = 0
	if v.want.orders != nil {
		v.byOrder(rows)
	} else {
		for i, s := range v.hasher.rows(v.cols, rows.N) {
			if s%v.parts == v.part && v.want.has(s) {
				v.copy(rows, i)
			}
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if *v.room -= v.used; *v.room < 0 {
		return errFull
	}
	return nil
}

// byOrder copies the rows of wanted orders, asking once a run.
func (v *fullLook) byOrder(rows *Rows) {
	c := v.cols[v.f.key]
	for lo := 0; lo < rows.N; {
		hi := v.maker.runEnd(c, lo, rows.N)
		if !c.IsNull(lo) && v.want.orders.has(v.maker.keyOf(c, lo)) {
			for i := lo; i < hi; i++ {
				v.copy(rows, i)
			}
		}
		lo = hi
	}
}

// copy keeps a row; equal rows share their bytes.
func (v *fullLook) copy(rows *Rows, i int) {
	if rows.Kind[i] == Reject {
		return
	}
	v.buf = appendRow(v.buf[:0], v.cols, i)
	b, ok := v.texts[string(v.buf)]
	if !ok {
		b = string(v.buf)
		v.texts[b] = b
		v.used += int64(len(b)) + 48
	}
	v.used += 64
	v.rows = append(v.rows, keptRow{v.maker.dup(rows, i), b})
}

// verify reads the table for the wanted rows and compares their values. When they
// outgrow memory it starts again in more parts.
func (f *DupFinder) verify(ctx context.Context, threads int, want *wanted, parts int) ([]dupRow, error) {
	if len(want.hashes) == 0 {
		return nil, nil
	}
	want.sieve = sieve(want.hashes)
	var found []dupRow
	for part := range parts {
		more, err := f.verifyOnce(ctx, threads, want, part, parts)
		if errors.Is(err, errFull) && parts < 1<<12 {
			return f.verify(ctx, threads, want, parts*4)
		}
		if errors.Is(err, errFull) {
			return nil, fault.New(fault.Full, "finding duplicates: one line occurs too often to keep its places within %d MiB", f.room>>20).
				WithHint("give more with --memory")
		}
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// verifyOnce is one part of verify.
func (f *DupFinder) verifyOnce(ctx context.Context, threads int, want *wanted, part, parts int) ([]dupRow, error) {
	room := f.room
	var mu sync.Mutex
	var looks []*fullLook
	_, err := f.prog.Scan(ctx, threads, func() Visitor {
		v := &fullLook{f: f, want: want, part: uint64(part), parts: uint64(parts), hasher: rowHasher{seed: f.seed},
			cols: make([]*frame.Column, len(f.cols)), room: &room, mu: &mu, maker: DupWorker{f: f}, texts: map[string]string{}}
		looks = append(looks, v)
		return v
	})
	if err != nil {
		return nil, err
	}
	var rows []keptRow
	for _, v := range looks {
		rows = append(rows, v.rows...)
	}
	slices.SortFunc(rows, func(a, b keptRow) int {
		return cmp.Or(cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.split, b.split), cmp.Compare(a.row, b.row))
	})
	var found []dupRow
	for i := 1; i < len(rows); i++ {
		if rows[i].bytes == rows[i-1].bytes {
			found = append(found, rows[i].dupRow)
		}
	}
	return found, nil
}
