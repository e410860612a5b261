package sqlgen

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// joins prints the joined tables: one row a key. That the key is unique, or its rows
// agree in all used columns, is proven by the local engine only.
func (r *rows) joins() {
	for i := range r.rel.Joins {
		j := &r.rel.Joins[i]
		on := make([]string, len(j.On))
		for k, o := range j.On {
			parent, table, left := 0, r.rel.Fact, o.Left
			for p := range i {
				if rest, ok := strings.CutPrefix(o.Left, r.rel.Joins[p].Name+"."); ok {
					parent, table, left = p+1, r.rel.Joins[p].Table, rest
				}
			}
			lk, rk := r.keyKind(table.Schema(), left), r.keyKind(j.Table.Schema(), o.Right)
			if lk != rk {
				r.refuse("joining %s: %s and %s have different types", j.Name, o.Left, o.Right)
			}
			from := r.source(parent, left, r.typeOf(table.Schema(), left))
			if lk == frame.String { // an empty key is none
				from = "NULLIF(" + from + ", " + r.ok(r.d.Text("")) + ")"
			}
			on[k] = from + " = " + r.alias[i+1] + "." + r.ident(o.Right)
		}
		r.from += "\n  LEFT JOIN " + r.oneAKey(i) + " AS " + r.alias[i+1] + " ON " + strings.Join(on, " AND ")
	}
}

// keyKind wants integers or text, which compare as they are.
func (r *rows) keyKind(s *arrow.Schema, name string) frame.Kind {
	f, ok := s.FieldsByName(name)
	if !ok || len(f) != 1 {
		r.fail(fault.New(fault.Usage, "joining: no column %q", name))
		return frame.Any
	}
	k := frame.KindOf(f[0].Type)
	if k != frame.Int && k != frame.String {
		r.refuse("joining by %s values of column %q", f[0].Type, name)
	}
	return k
}

// typeOf is the type of a column's values; text when there is none, which keyKind or read refuse.
func (r *rows) typeOf(s *arrow.Schema, name string) arrow.DataType {
	if f, ok := s.FieldsByName(name); ok && len(f) == 1 {
		return valueType(f[0].Type)
	}
	return arrow.BinaryTypes.String
}

// oneAKey groups a dimension by its key.
func (r *rows) oneAKey(i int) string {
	j := &r.rel.Joins[i]
	isKey := map[string]bool{}
	var names, keys, list []string
	for _, o := range j.On {
		if !isKey[o.Right] {
			isKey[o.Right] = true
			names, keys = append(names, o.Right), append(keys, r.ident(o.Right))
		}
	}
	raw := func(name string) string {
		return r.d.Raw(r.ident(name), r.typeOf(j.Table.Schema(), name), r.tables.Native)
	}
	for i, k := range keys {
		if keys[i] = raw(names[i]); keys[i] == k {
			list = append(list, k)
		} else {
			list = append(list, keys[i]+" AS "+k)
		}
	}
	add := func(name string) {
		if !isKey[name] {
			isKey[name] = true
			list = append(list, "MIN("+raw(name)+") AS "+r.ident(name))
		}
	}
	for _, c := range r.rel.Columns {
		if c.Join == i+1 && c.Const == nil {
			add(c.From)
		}
	}
	for _, later := range r.rel.Joins[i+1:] {
		for _, o := range later.On {
			if name, ok := strings.CutPrefix(o.Left, j.Name+"."); ok {
				add(name)
			}
		}
	}
	where := ""
	if j.Present != "" {
		where = " WHERE " + r.present(i)
	}
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + r.ident(r.tables.Joins[i]) + where + " GROUP BY " + strings.Join(keys, ", ") + ")"
}

// present is the condition that tells the rows of a dimension from the others of its table.
func (r *rows) present(i int) string {
	j := &r.rel.Joins[i]
	t := r.typeOf(j.Table.Schema(), j.Present)
	if frame.KindOf(t) != frame.String {
		r.refuse("joining %s: the %s column %q, which is to hold text", j.Name, t, j.Present)
	}
	return "NULLIF(" + r.d.Raw(r.ident(j.Present), t, r.tables.Native) + ", " + r.ok(r.d.Text("")) + ") IS NOT NULL"
}
