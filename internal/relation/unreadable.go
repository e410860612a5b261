package relation

import (
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// Unreadable tells of the values of one mapped column that were there and could not be read:
// how many, and the first of them in the order of the input.
type Unreadable struct {
	Column, From string // canonical name, column of the input
	Rows         int64
	Split        int
	Row          int64 // within the split
	Value        string
}

// earlier tells whether u was met before o in the input.
func (u *Unreadable) earlier(o *Unreadable) bool {
	return u.Split < o.Split || u.Split == o.Split && u.Row < o.Row
}

// noteUnreadable counts the unreadable values of column i in a batch.
func (w *Worker) noteUnreadable(i int, raw *frame.Batch) {
	cp, c := &w.prog.cols[i], &w.vecs[i].out
	n, first := int64(0), -1
	for k, b := range c.Bad[:(raw.N+7)/8] {
		if k == raw.N/8 {
			b &= 1<<(raw.N&7) - 1
		}
		if b != 0 && first < 0 {
			first = 8*k + bits.TrailingZeros8(b)
		}
		n += int64(bits.OnesCount8(b))
	}
	if n == 0 {
		return
	}
	u := Unreadable{Column: cp.name, From: cp.name, Rows: n, Split: w.split, Row: raw.RowAt(first)}
	if at := w.prog.Rel.Find(cp.name); at >= 0 {
		u.From = w.prog.Rel.Columns[at].From
	}
	if old, seen := w.Tally.Unreadable[cp.name]; !seen || u.earlier(&old) {
		if in := &raw.Cols[cp.slot]; raw.Raw != nil {
			if fields := raw.Raw(first); w.prog.wants[cp.slot].Col < len(fields) {
				u.Value = fields[w.prog.wants[cp.slot].Col]
			}
		} else if in.Kind == frame.String && !in.IsNull(first) {
			u.Value = string(in.Str(first))
		}
	}
	w.Tally.addUnreadable(u)
}

// addUnreadable adds the counts of a column.
func (t *Tally) addUnreadable(u Unreadable) {
	if t.Unreadable == nil {
		t.Unreadable = map[string]Unreadable{}
	}
	old, seen := t.Unreadable[u.Column]
	if !seen {
		t.Unreadable[u.Column] = u
		return
	}
	n := old.Rows + u.Rows
	if u.earlier(&old) {
		old = u
	}
	old.Rows = n
	t.Unreadable[u.Column] = old
}
