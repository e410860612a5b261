package open

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/value"
)

// textual is what datasets of untyped text offer: their columns can be read as
// other kinds.
type textual interface{ Spec(col int) *value.Spec }

// member is one file of a union.
type member struct {
	file
	ds     source.Dataset
	checks bool         // its readers look themselves whether it changed
	cols   []int        // column of the union → column of ds
	as     []frame.Kind // how text columns are read to be of the union's kind; Any: as they are
}

// union is several files of one schema as one dataset.
type union struct {
	pool    *pool
	files   []member
	schema  *arrow.Schema
	native  int // columns that are in the files; partitions follow
	parts   []*value.Spec
	splits  []source.Split
	notices []string
}

// unite makes the common schema and the list of splits.
func (u *union) unite() error {
	if err := u.match(); err != nil {
		return err
	}
	first := u.files[0].ds.Schema()
	fields := append([]arrow.Field(nil), first.Fields()...)
	u.native = len(fields)
	for c := range fields {
		if err := u.agree(c, &fields[c]); err != nil {
			return err
		}
	}
	parts, err := u.partitionFields(first)
	if err != nil {
		return err
	}
	meta := first.Metadata()
	u.schema = arrow.NewSchema(append(fields, parts...), &meta)
	for i := range u.files {
		for _, s := range u.files[i].ds.Splits() {
			u.splits = append(u.splits, &part{u: u, file: i, s: s})
		}
	}
	return nil
}

// match finds each file's place of each column. Columns of equal names are matched in order.
func (u *union) match() error {
	first := &u.files[0]
	names := first.ds.Schema()
	for i := range u.files {
		m := &u.files[i]
		s := m.ds.Schema()
		m.cols, m.as = make([]int, names.NumFields()), make([]frame.Kind, names.NumFields())
		used := make(map[string]int)
		var missing, extra []string
		for c := range m.cols {
			name := names.Field(c).Name
			at := s.FieldIndices(name)
			k := used[name]
			used[name]++
			if k >= len(at) {
				missing = append(missing, name)
				continue
			}
			m.cols[c] = at[k]
		}
		for _, f := range s.Fields() {
			if used[f.Name]--; used[f.Name] < 0 {
				extra = append(extra, f.Name)
			}
		}
		if len(missing) > 0 || len(extra) > 0 {
			return mismatch("%s and %s have different columns: %s", first.name, m.name, differences(missing, extra))
		}
	}
	return nil
}

func differences(missing, extra []string) string {
	var parts []string
	if len(missing) > 0 {
		parts = append(parts, "the second lacks "+list(missing))
	}
	if len(extra) > 0 {
		parts = append(parts, "the first lacks "+list(extra))
	}
	return strings.Join(parts, "; ")
}

func list(names []string) string {
	const most = 8
	out := make([]string, 0, most)
	for i, n := range names {
		if i == most {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(names)-most)
		}
		out = append(out, fmt.Sprintf("%q", n))
	}
	return strings.Join(out, ", ")
}

// agree finds the type of column c that suits all files. Text adapts, types do not.
func (u *union) agree(c int, f *arrow.Field) error {
	if !slices.ContainsFunc(u.files, func(m member) bool { _, ok := m.ds.(textual); return !ok }) {
		u.agreeDates(c)
	}
	typed := -1 // the first file with a type of its own
	kind, sure, nullable := frame.String, false, false
	for i := range u.files {
		m := &u.files[i]
		mine := m.ds.Schema().Field(m.cols[c])
		nullable = nullable || mine.Nullable
		if t, ok := m.ds.(textual); ok {
			if spec := t.Spec(m.cols[c]); spec.Sure && typed < 0 {
				kind, sure = join(kind, sure, spec.Kind), true
			}
			continue
		}
		if typed < 0 {
			typed = i
			f.Type = mine.Type
		} else if w, ok := widen(f.Type, mine.Type); ok {
			f.Type = w
		} else {
			return mismatch("column %q is %s in %s and %s in %s", f.Name, f.Type, u.files[typed].name, mine.Type, m.name)
		}
	}
	f.Nullable = nullable
	if typed < 0 {
		return u.agreeText(c, f, kind)
	}
	kind = frame.KindOf(f.Type)
	for i := range u.files {
		m := &u.files[i]
		t, ok := m.ds.(textual)
		if !ok {
			continue
		}
		spec := t.Spec(m.cols[c])
		if spec.Sure && join(kind, true, spec.Kind) != kind || kind == frame.Nested || kind == frame.Null {
			return mismatch("column %q is %s in %s and %v in %s", f.Name, f.Type, u.files[typed].name, spec.Kind, m.name)
		}
		if kind == frame.Decimal || kind == frame.Time {
			return mismatch("column %q is %s in %s and text in %s", f.Name, f.Type, u.files[typed].name, m.name)
		}
		m.as[c] = kind
	}
	return nil
}

// agreeText lets all files, which are text, read column c as kind.
func (u *union) agreeText(c int, f *arrow.Field, kind frame.Kind) error {
	zone := -1
	for i := range u.files {
		m := &u.files[i]
		spec := m.ds.(textual).Spec(m.cols[c])
		if spec.Kind != kind {
			m.as[c] = kind
			if spec.Sure && kind == frame.String && len(u.notices) < 5 {
				u.notices = append(u.notices, fmt.Sprintf("column %q is %v in %s and something else in other files; read as text", f.Name, spec.Kind, m.name))
			}
		}
		f.Type = spec.Type(kind)
		if kind != frame.Time || !spec.Sure {
			continue
		}
		if zone >= 0 && (zone == 1) != spec.Zone {
			return mismatch("column %q has times with a zone in some files and without in others (%s)", f.Name, m.name)
		}
		zone = 0
		if spec.Zone {
			zone = 1
		}
	}
	return nil
}

// agreeDates lets a file whose days and months could be exchanged read them as
// the files do that leave no doubt; without such a file they stay as they are.
func (u *union) agreeDates(c int) {
	var sure, first *value.Layout
	for i := range u.files {
		if s := u.files[i].ds.(textual).Spec(u.files[i].cols[c]); s.Layout != nil {
			if first == nil {
				first = s.Layout
			}
			if s.Other == nil && sure == nil {
				sure = s.Layout
			}
		}
	}
	for i := range u.files {
		s := u.files[i].ds.(textual).Spec(u.files[i].cols[c])
		switch {
		case s.Other == nil:
		case s.Other == sure || s.Layout == sure:
			s.Kind, s.Dates = s.Form(), frame.Any
			s.Layout, s.Other, s.Note = sure, nil, ""
		case sure == nil && s.Other == first:
			s.Layout, s.Other = first, s.Layout
		}
	}
}

// join is the kind that holds the values of both kinds.
func join(a frame.Kind, known bool, b frame.Kind) frame.Kind {
	switch {
	case !known || a == b:
		return b
	case a == frame.Int && b == frame.Float, a == frame.Float && b == frame.Int:
		return frame.Float
	case a == frame.Date && b == frame.Time, a == frame.Time && b == frame.Date:
		return frame.Time
	}
	return frame.String
}

// widen returns the type that holds both when their values are in memory the same.
func widen(a, b arrow.DataType) (arrow.DataType, bool) {
	if arrow.TypeEqual(a, b) {
		return a, true
	}
	ka, kb := frame.KindOf(a), frame.KindOf(b)
	if ka != kb {
		return nil, false
	}
	switch ka {
	case frame.Int:
		if arrow.IsInteger(a.ID()) && arrow.IsInteger(b.ID()) && a.ID() != arrow.UINT64 && b.ID() != arrow.UINT64 {
			return arrow.PrimitiveTypes.Int64, true
		}
	case frame.Float:
		return arrow.PrimitiveTypes.Float64, true
	case frame.String:
		return arrow.BinaryTypes.String, true
	}
	return nil, false
}

// partitionFields checks that all files have the same partitions.
func (u *union) partitionFields(first *arrow.Schema) ([]arrow.Field, error) {
	var fields []arrow.Field
	head := u.files[0].part
	for _, m := range u.files[1:] {
		ok := len(m.part) == len(head)
		for i := 0; ok && i < len(head); i++ {
			ok = m.part[i].key == head[i].key
		}
		if !ok {
			return nil, mismatch("%s and %s are in folders of different keys (key=value)", u.files[0].name, m.name)
		}
	}
	var keep []int
	for i, p := range head {
		if first.HasField(p.key) {
			u.notices = append(u.notices, fmt.Sprintf("the folder's key %q is also a column of the files, which is taken", p.key))
			continue
		}
		var ev value.Evidence
		for _, m := range u.files {
			if !m.part[i].null {
				ev.Add([]byte(m.part[i].value))
			}
		}
		spec := ev.Decide(p.key)
		spec.Common = nil
		u.parts = append(u.parts, &spec)
		keep = append(keep, i)
		fields = append(fields, arrow.Field{Name: p.key, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	for f := range u.files {
		kept := make([]partition, len(keep))
		for k, i := range keep {
			kept[k] = u.files[f].part[i]
		}
		u.files[f].part = kept
	}
	return fields, nil
}

// Schema implements source.Dataset.
func (u *union) Schema() *arrow.Schema { return u.schema }

// Splits implements source.Dataset.
func (u *union) Splits() []source.Split { return u.splits }

// Select implements source.Selective where the only input is a table of a database.
func (u *union) Select(ctx context.Context, keep expr.Node, span int) (*source.Selection, error) {
	if len(u.files) != 1 {
		return nil, nil
	}
	d, ok := u.files[0].ds.(source.Selective)
	if !ok {
		return nil, nil
	}
	return d.Select(ctx, keep, span)
}

// Statement implements source.Queried where the only input is a table of a database.
func (u *union) Statement(want []source.Want) string {
	if d, ok := u.files[0].ds.(source.Queried); ok && len(u.files) == 1 {
		return d.Statement(want)
	}
	return ""
}

// Inputs implements source.Dataset.
func (u *union) Inputs() []source.Input {
	out := make([]source.Input, 0, len(u.files))
	for i := range u.files {
		out = append(out, u.files[i].ds.Inputs()[0])
	}
	return out
}

// Notices implements source.Dataset.
func (u *union) Notices() []string {
	out := append([]string(nil), u.notices...)
	for i := range u.files {
		out = append(out, u.files[i].ds.Notices()...)
	}
	return out
}

// Close implements source.Dataset.
func (u *union) Close() error {
	var first error
	for i := range u.files {
		if err := u.files[i].ds.Close(); err != nil && first == nil {
			first = err
		}
	}
	if err := u.pool.Close(); err != nil && first == nil {
		first = err
	}
	return first
}
