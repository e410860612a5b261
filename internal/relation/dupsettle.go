package relation

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
)

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
