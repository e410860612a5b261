package quality

import (
	"encoding/binary"
	"hash/maphash"
	"iter"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/quality/tally"
	"github.com/ecomctl/ecomctl/internal/source"
)

// hashSeed makes hashes of keys unpredictable, so that no file can be made slow on
// purpose. Hashes only find candidates: keys are compared themselves.
var hashSeed = maphash.MakeSeed()

func (v *validator) seed() maphash.Seed { return hashSeed }

// keyer turns the values of a row into a key.
type keyer struct {
	nulls    bool // nulls are equal; else a row with one has no key
	asText   bool // the input is text: what some of its files hold typed compares as text too
	buf, tmp []byte
	f        formatter
	typ      any
}

// key returns the bytes that equal rows share; ok is false for rows that are left out.
func (k *keyer) key(cols []*frame.Column, r int) (key []byte, ok bool) {
	b := k.buf[:0]
	for _, c := range cols {
		if missing(c, r) || c.IsBad(r) {
			if !k.nulls {
				return nil, false
			}
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		switch {
		case k.asText && c.Kind != frame.String:
			f := newFormatter(c.Type)
			k.tmp = appendText(k.tmp[:0], &f, c, r)
			b = binary.AppendUvarint(b, uint64(len(k.tmp)))
			b = append(b, k.tmp...)
		case c.Kind == frame.String:
			s := c.Str(r)
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		case c.Kind == frame.Float:
			b = binary.LittleEndian.AppendUint64(b, tally.FromFloat(c.F64[r]))
		case c.D128 != nil:
			b = binary.LittleEndian.AppendUint64(b, c.D128[r].LowBits())
			b = binary.LittleEndian.AppendUint64(b, uint64(c.D128[r].HighBits()))
		case c.Kind == frame.Decimal: // the same as a wide one of the same value
			b = binary.LittleEndian.AppendUint64(b, uint64(c.I64[r]))
			b = binary.LittleEndian.AppendUint64(b, uint64(c.I64[r]>>63))
		default:
			b = binary.LittleEndian.AppendUint64(b, uint64(c.I64[r]))
		}
	}
	k.buf = b
	return b, true
}

// hash is the key's hash.
func (k *keyer) hash(seed maphash.Seed, cols []*frame.Column, r int) (h uint64, ok bool) {
	key, ok := k.key(cols, r)
	if !ok {
		return 0, false
	}
	return maphash.Bytes(seed, key), true
}

// text is the value of one column as text, for keys of files of different types.
func (k *keyer) text(c *frame.Column, r int) (key []byte, ok bool) {
	if missing(c, r) || c.IsBad(r) {
		return nil, false
	}
	if k.typ != any(c.Type) {
		k.f, k.typ = newFormatter(c.Type), c.Type
	}
	k.buf = appendText(k.buf[:0], &k.f, c, r)
	return k.buf, true
}

// perCandidate is about the memory that a repeated key takes while it is verified.
const perCandidate = 256

// repeated finds the rows of a unique rule that repeat an earlier one, in file
// order. Hashes that occur once are done with; the rows of the others are read
// again, a bounded number of keys at a time, and compared by value.
func (v *validator) repeated(i int) error {
	limit := max(1<<12, v.o.Memory/perCandidate)
	chunk := make(map[uint64]struct{})
	bags := make([]*tally.Bag, len(v.workers))
	for w := range v.workers {
		bags[w] = &v.workers[w].state[i].bag
	}
	err := tally.MergeBags(bags, func(h uint64, n int64) error {
		if n < 2 {
			return nil
		}
		chunk[h] = struct{}{}
		if int64(len(chunk)) < limit {
			return nil
		}
		err := v.verify(i, chunk)
		clear(chunk)
		return err
	})
	for _, b := range bags {
		*b = tally.Bag{}
	}
	if err == nil && len(chunk) > 0 {
		err = v.verify(i, chunk)
	}
	return err
}

// place is a row of a dataset; places compare in file order.
type place struct {
	split int
	row   int64
}

func (p place) before(q place) bool { return p.split < q.split || p.split == q.split && p.row < q.row }

// verify marks every row whose key hashes to a candidate, but for the first row of each key.
func (v *validator) verify(i int, candidates map[uint64]struct{}) error {
	pl := v.plans[i]
	firsts := make([]map[string]place, len(v.workers))
	keys := make([]keyer, len(v.workers))
	for w := range firsts {
		firsts[w], keys[w].nulls, keys[w].asText = map[string]place{}, pl.nulls, v.planner.textual
	}
	marked := v.report.failed[i]
	err := v.rescan(pl, "comparing repeated keys", func(w int, t *task, b *frame.Batch, cols []*frame.Column, sel []bool) {
		for r := range b.N {
			if !selected(sel, r) {
				continue
			}
			key, ok := keys[w].key(cols, r)
			if !ok {
				continue
			}
			if _, is := candidates[maphash.Bytes(v.seed(), key)]; !is {
				continue
			}
			at := place{t.split, b.RowAt(r)}
			marked[t.split].add(at.row)
			if first, known := firsts[w][string(key)]; !known || at.before(first) {
				firsts[w][string(key)] = at
			}
		}
	})
	if err != nil {
		return err
	}
	all := firsts[0]
	for _, m := range firsts[1:] {
		for key, at := range m {
			if first, known := all[key]; !known || at.before(first) {
				all[key] = at
			}
		}
	}
	for _, at := range all {
		marked[at.split].remove(at.row)
	}
	return nil
}

// rescan reads the columns of one plan again.
func (v *validator) rescan(pl *plan, phase string, visit func(w int, t *task, b *frame.Batch, cols []*frame.Column, sel []bool)) error {
	var vw view
	bind := v.planner.bind(&vw, pl)
	conds := make([]*conditions, v.o.Threads)
	for w := range conds {
		conds[w] = newConditions(v.planner.schema.NumFields())
	}
	tasks := make([]task, len(v.ds.Splits()))
	for s := range tasks {
		tasks[s] = task{split: s, wants: vw.wants}
	}
	return scan(v.ctx, v.ds, tasks, v.o.Threads, v.o.Progress, phase, func(w int, t *task, b *frame.Batch) error {
		conds[w].load(&bind, b)
		visit(w, t, b, columnsOf(b, bind.reads), conds[w].rows(&bind, b.N))
		return nil
	})
}

// orphans marks the rows of a foreign key whose value the other file does not
// have: both sides are sorted (and spilled, if need be) and compared like a merge
// join; only then are the rows of missing values looked up.
func (v *validator) orphans(i int) error {
	pl := v.plans[i]
	parents, closeParents, err := v.parents(pl.rule)
	if err != nil {
		return err
	}
	defer closeParents()
	children := make([]*tally.Texts, len(v.workers))
	for w := range v.workers {
		children[w] = &v.workers[w].state[i].child
	}
	limit := max(1<<12, v.o.Memory/perCandidate)
	missing := map[string]struct{}{}
	mark := func() error {
		keys := make([]keyer, v.o.Threads)
		err := v.rescan(pl, "looking up missing keys", func(w int, t *task, b *frame.Batch, cols []*frame.Column, sel []bool) {
			for r := range b.N {
				if !selected(sel, r) {
					continue
				}
				if key, ok := keys[w].text(cols[0], r); ok {
					if _, is := missing[string(key)]; is {
						v.report.failed[i][t.split].add(b.RowAt(r))
					}
				}
			}
		})
		clear(missing)
		return err
	}
	next, stop := iter.Pull2(ascending(parents))
	defer stop()
	parent, perr, more := next()
	err = tally.MergeTexts(children, func(child []byte, _ int64) error {
		for more && perr == nil && parent < string(child) {
			parent, perr, more = next()
		}
		if perr != nil || more && parent == string(child) {
			return perr
		}
		missing[string(child)] = struct{}{}
		if int64(len(missing)) >= limit {
			return mark()
		}
		return nil
	})
	if err == nil && len(missing) > 0 {
		err = mark()
	}
	for _, c := range children {
		*c = tally.Texts{}
	}
	return err
}

// ascending turns a merge into a sequence of values that can be pulled.
func ascending(parts []*tally.Texts) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := tally.MergeTexts(parts, func(v []byte, _ int64) error {
			if !yield(string(v), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && err != errEnough {
			yield("", err)
		}
	}
}

// parents reads the column that a foreign key refers to.
func (v *validator) parents(r *Rule) (parts []*tally.Texts, done func(), err error) {
	if v.o.Open == nil {
		return nil, nil, fault.New(fault.Internal, "checking a foreign key without a way to open files")
	}
	ds, err := v.o.Open(v.ctx, r.File)
	if err != nil {
		return nil, nil, fault.Wrap(err, "opening the file that the key refers to")
	}
	defer ds.Close()
	idx := ds.Schema().FieldIndices(r.FileColumn)
	if len(idx) == 0 {
		return nil, nil, fault.Wrap(unknownColumn(r.FileColumn, ds.Schema()), "reading %s", r.File)
	}
	if frame.KindOf(ds.Schema().Field(idx[0]).Type) == frame.Nested {
		return nil, nil, fault.New(fault.Usage, "reading %s: column %q is nested", r.File, r.FileColumn)
	}
	want := source.Want{Col: idx[0]}
	if textual(ds) {
		want.As = frame.String
	}
	tasks := make([]task, len(ds.Splits()))
	for s := range tasks {
		tasks[s] = task{split: s, wants: []source.Want{want}}
	}
	keys := make([]keyer, v.o.Threads)
	files := make([]*tally.File, v.o.Threads)
	parts = make([]*tally.Texts, v.o.Threads)
	for w := range parts {
		parts[w], files[w] = &tally.Texts{}, tally.NewFile(v.o.TempDir)
	}
	done = func() {
		for _, f := range files {
			f.Close()
		}
	}
	share := v.o.Memory / int64(v.o.Threads)
	err = scan(v.ctx, ds, tasks, v.o.Threads, v.o.Progress, "reading "+r.File, func(w int, _ *task, b *frame.Batch) error {
		for row := range b.N {
			if key, ok := keys[w].text(&b.Cols[0], row); ok {
				parts[w].Add(key, 1)
			}
		}
		if parts[w].Bytes() > share {
			return parts[w].Spill(files[w])
		}
		return nil
	})
	if err != nil {
		done()
		return nil, nil, err
	}
	return parts, done, nil
}
