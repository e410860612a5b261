package fold

import (
	"encoding/binary"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/exact"
)

// Shape says what a shard accumulates for every group.
type Shape struct {
	Ints     int // sums of integers
	Floats   int // sums of doubles
	Distinct int // counts of distinct values
}

// Shard is a part of a grouped aggregation. Rows may be given to any shard,
// but equal values of one distinct measure must go to one shard, for counts are added.
type Shard struct {
	shape  Shape
	groups Set
	ints   []exact.Int128 // by group, measure
	floats []exact.Sum
	counts []int64
	seen   []Set // by distinct measure: group and value

	dirty   []bool   // by group: its sums moved
	changed []uint32 // the groups that are dirty
	written []int    // entries of groups, then of seen, that were written down
	pair    []byte
}

// NewShard returns an empty shard.
func NewShard(shape Shape) *Shard {
	return &Shard{shape: shape, seen: make([]Set, shape.Distinct), written: make([]int, 1+shape.Distinct)}
}

// Group returns the number of a group, making it at first sight.
func (s *Shard) Group(key []byte) uint32 {
	g, fresh := s.groups.Add(key)
	if fresh {
		s.ints = append(s.ints, make([]exact.Int128, s.shape.Ints)...)
		s.floats = append(s.floats, make([]exact.Sum, s.shape.Floats)...)
		s.counts = append(s.counts, make([]int64, s.shape.Distinct)...)
		s.dirty = append(s.dirty, false)
	}
	return g
}

// touch notes that a group's sums move.
func (s *Shard) touch(g uint32) {
	if !s.dirty[g] {
		s.dirty[g] = true
		s.changed = append(s.changed, g)
	}
}

// AddInt adds v to an integer sum of a group.
func (s *Shard) AddInt(g uint32, measure int, v int64) {
	s.touch(g)
	s.ints[int(g)*s.shape.Ints+measure].Add(v)
}

// AddFloat adds a finite v to a sum of doubles of a group.
func (s *Shard) AddFloat(g uint32, measure int, v float64) {
	s.touch(g)
	s.floats[int(g)*s.shape.Floats+measure].Add(v)
}

// AddDistinct counts a value of a group once.
func (s *Shard) AddDistinct(g uint32, measure int, value []byte) {
	s.pair = append(binary.LittleEndian.AppendUint32(s.pair[:0], g), value...)
	if _, fresh := s.seen[measure].Add(s.pair); fresh {
		s.counts[int(g)*s.shape.Distinct+measure]++
	}
}

// Row is what is known of one group. It aliases the shard.
type Row struct {
	Key    []byte
	Ints   []exact.Int128
	Floats []exact.Sum
	Counts []int64
}

// Len returns the number of groups.
func (s *Shard) Len() int { return s.groups.Len() }

// Row returns group g.
func (s *Shard) Row(g uint32) Row {
	i, f, c := int(g)*s.shape.Ints, int(g)*s.shape.Floats, int(g)*s.shape.Distinct
	return Row{s.groups.At(g), s.ints[i : i+s.shape.Ints], s.floats[f : f+s.shape.Floats], s.counts[c : c+s.shape.Distinct]}
}

// Bytes estimates the memory held.
func (s *Shard) Bytes() int64 {
	n := s.groups.Bytes() + int64(cap(s.ints))*16 + int64(cap(s.floats))*24 + int64(cap(s.counts))*8 + int64(cap(s.dirty)) + int64(cap(s.changed))*4 + 256
	for i := range s.seen {
		n += s.seen[i].Bytes()
	}
	return n
}

// Merge adds another shard of the same shape.
func (s *Shard) Merge(o *Shard) {
	to := make([]uint32, o.Len())
	for g := range to {
		r := o.Row(uint32(g))
		n := s.Group(r.Key)
		to[g] = n
		s.touch(n)
		for m, v := range r.Ints {
			s.ints[int(n)*s.shape.Ints+m].Merge(v)
		}
		for m := range r.Floats {
			s.floats[int(n)*s.shape.Floats+m].Merge(&r.Floats[m])
		}
	}
	for m := range o.seen {
		for id := range o.seen[m].Len() {
			pair := o.seen[m].At(uint32(id))
			s.AddDistinct(to[binary.LittleEndian.Uint32(pair)], m, pair[4:])
		}
	}
}

// Changed reports whether anything moved since the shard was written last.
func (s *Shard) Changed() bool {
	if len(s.changed) > 0 || s.groups.Len() > s.written[0] {
		return true
	}
	for m := range s.seen {
		if s.seen[m].Len() > s.written[1+m] {
			return true
		}
	}
	return false
}

// Append writes what changed since the last Append behind b; all writes everything.
func (s *Shard) Append(b []byte, all bool) []byte {
	if all {
		clear(s.written)
		s.changed = s.changed[:0]
		for g := range s.dirty {
			s.changed = append(s.changed, uint32(g))
		}
	}
	b = appendSet(b, &s.groups, &s.written[0])
	b = binary.AppendUvarint(b, uint64(len(s.changed)))
	for _, g := range s.changed {
		b = binary.AppendUvarint(b, uint64(g))
		r := s.Row(g)
		for _, v := range r.Ints {
			b = v.Append(b)
		}
		for m := range r.Floats {
			b = r.Floats[m].Append(b)
		}
		s.dirty[g] = false
	}
	s.changed = s.changed[:0]
	for m := range s.seen {
		b = appendSet(b, &s.seen[m], &s.written[1+m])
	}
	return b
}

// appendSet writes the strings of a set from *from on and moves *from to its end.
func appendSet(b []byte, s *Set, from *int) []byte {
	n := s.Len()
	b = binary.AppendUvarint(b, uint64(n-*from))
	for id := *from; id < n; id++ {
		t := s.At(uint32(id))
		b = append(binary.AppendUvarint(b, uint64(len(t))), t...)
	}
	*from = n
	return b
}

// Apply adds a chunk that Append wrote; chunks come in the order of their writing.
func (s *Shard) Apply(b []byte) error {
	r := reader{b: b}
	r.texts(func(t []byte) { s.Group(t) })
	for range r.count() {
		g := r.uvarint()
		if r.failed || g >= uint64(s.Len()) {
			return errCut
		}
		row := s.Row(uint32(g))
		for m := range row.Ints {
			row.Ints[m] = r.int128()
		}
		for m := range row.Floats {
			row.Floats[m] = r.sum()
		}
	}
	for m := range s.seen {
		r.texts(func(t []byte) {
			if len(t) < 4 || binary.LittleEndian.Uint32(t) >= uint32(s.Len()) {
				r.failed = true
				return
			}
			s.AddDistinct(binary.LittleEndian.Uint32(t), m, t[4:])
		})
	}
	if r.failed || len(r.b) > 0 {
		return errCut
	}
	s.written[0] = s.groups.Len()
	for m := range s.seen {
		s.written[1+m] = s.seen[m].Len()
	}
	return nil
}

var errCut = fault.New(fault.Input, "a stored part of a window is damaged")

// reader reads what Append wrote; failed is set instead of reading past the end.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.failed, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the number of entries; each takes a byte at least.
func (r *reader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.failed, r.b = true, nil
		return 0
	}
	return n
}

func (r *reader) texts(each func([]byte)) {
	for range r.count() {
		n := r.uvarint()
		if n > uint64(len(r.b)) {
			r.failed, r.b = true, nil
		}
		if r.failed {
			return
		}
		each(r.b[:n])
		r.b = r.b[n:]
	}
}

func (r *reader) int128() (v exact.Int128) {
	v, rest, err := exact.ParseInt128(r.b)
	r.failed, r.b = r.failed || err != nil, rest
	return v
}

func (r *reader) sum() (v exact.Sum) {
	v, rest, err := exact.ParseSum(r.b)
	r.failed, r.b = r.failed || err != nil, rest
	return v
}
