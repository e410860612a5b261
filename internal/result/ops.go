package result

import (
	"bytes"
	"cmp"
	"math"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Select keeps the named columns, in the given order.
func (t *Table) Select(names []string) error {
	cols := make([]Column, 0, len(names))
	seen := map[string]bool{}
	for _, n := range names {
		c := t.Col(n)
		if c == nil {
			return t.noColumn("--columns", n)
		}
		if seen[n] {
			return fault.New(fault.Usage, "--columns: %s is named twice", n)
		}
		seen[n] = true
		cols = append(cols, *c)
	}
	t.Columns = cols
	return nil
}

func (t *Table) noColumn(flag, name string) error {
	return NoColumn(flag, name, t.Names())
}

// NoColumn is the error about a name that no column of a result has.
func NoColumn(flag, name string, columns []string) error {
	return fault.New(fault.Usage, "%s: the result has no column %q", flag, name).
		WithHint("columns are: %s", strings.Join(columns, ", "))
}

// ParseSort reads a key of the form "column", "column:asc" or "column:desc".
func ParseSort(key string) (name string, desc bool, err error) {
	name, dir, _ := strings.Cut(key, ":")
	if dir != "" && dir != "asc" && dir != "desc" {
		return "", false, fault.New(fault.Usage, "--sort %s: the direction is asc or desc", key)
	}
	return name, dir == "desc", nil
}

// Sort orders the rows by keys of the form "column" or "column:desc". Nulls come
// last in either direction; equal rows keep their order.
func (t *Table) Sort(keys []string) error {
	type key struct {
		c    *frame.Column
		desc bool
	}
	var ks []key
	for _, k := range keys {
		name, desc, err := ParseSort(k)
		if err != nil {
			return err
		}
		c := t.Col(name)
		if c == nil {
			return t.noColumn("--sort", name)
		}
		ks = append(ks, key{&c.Data, desc})
	}
	idx := make([]int, t.N)
	for i := range idx {
		idx[i] = i
	}
	sort.SliceStable(idx, func(a, b int) bool {
		for _, k := range ks {
			if d := compareRows(k.c, idx[a], idx[b], k.desc); d != 0 {
				return d < 0
			}
		}
		return false
	})
	t.Take(idx)
	return nil
}

// compareRows orders rows i and j of a column, nulls last whatever the direction.
func compareRows(c *frame.Column, i, j int, desc bool) int {
	ni, nj := c.IsNull(i), c.IsNull(j)
	switch {
	case ni && nj:
		return 0
	case ni:
		return 1
	case nj:
		return -1
	}
	var d int
	switch c.Kind {
	case frame.Float:
		d = cmp.Compare(c.F64[i], c.F64[j])
	case frame.String:
		d = bytes.Compare(c.Str(i), c.Str(j))
	default:
		d = cmp.Compare(c.I64[i], c.I64[j])
	}
	if desc {
		return -d
	}
	return d
}

// Head keeps the first n rows; n < 0 keeps all.
func (t *Table) Head(n int) {
	if n < 0 || n >= t.N {
		return
	}
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	t.Take(idx)
}

// Take replaces the rows by those at the given positions.
func (t *Table) Take(idx []int) {
	for i := range t.Columns {
		t.Columns[i].Data = Gather(&t.Columns[i].Data, idx)
	}
	t.N = len(idx)
}

// Gather returns the values of c at the given positions as a new column. Long
// text that would pass the 2 GiB that int32 offsets reach stays dictionary coded.
func Gather(c *frame.Column, idx []int) frame.Column {
	out := frame.Column{Type: c.Type, Kind: c.Kind, Len: len(idx)}
	if c.Nulls > 0 {
		out.Valid = make([]byte, (len(idx)+7)/8)
		for o, i := range idx {
			if c.IsNull(i) {
				out.Nulls++
			} else {
				frame.SetBit(out.Valid, o)
			}
		}
	}
	switch {
	case c.Kind == frame.Float:
		out.F64 = gather(c.F64, idx)
	case c.Kind == frame.String && c.Dict != nil:
		out.Dict, out.Codes = c.Dict, gather(c.Codes, idx)
	case c.Kind == frame.String:
		gatherText(c, idx, &out)
	case c.Kind != frame.Null:
		out.I64 = gather(c.I64, idx)
	}
	return out
}

func gather[T any](s []T, idx []int) []T {
	out := make([]T, len(idx))
	for o, i := range idx {
		out[o] = s[i]
	}
	return out
}

// gatherText shares the bytes of c as a dictionary when positions repeat enough
// to overflow offsets, and copies them otherwise.
func gatherText(c *frame.Column, idx []int, out *frame.Column) {
	total := 0
	for _, i := range idx {
		total += int(c.Off[i+1] - c.Off[i])
	}
	if total > math.MaxInt32 {
		out.Dict = &frame.Dict{Off: c.Off, Data: c.Data}
		out.Codes = make([]int32, len(idx))
		for o, i := range idx {
			out.Codes[o] = int32(i)
		}
		return
	}
	out.Off = make([]int32, 1, len(idx)+1)
	out.Data = make([]byte, 0, total)
	for _, i := range idx {
		out.Data = append(out.Data, c.Data[c.Off[i]:c.Off[i+1]]...)
		out.Off = append(out.Off, int32(len(out.Data)))
	}
}
