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
			from := r.alias[parent] + "." + r.ident(left)
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

// oneAKey groups a dimension by its key.
func (r *rows) oneAKey(i int) string {
	j := &r.rel.Joins[i]
	isKey := map[string]bool{}
	var keys, list []string
	for _, o := range j.On {
		if !isKey[o.Right] {
			isKey[o.Right] = true
			keys = append(keys, r.ident(o.Right))
		}
	}
	list = append(list, keys...)
	add := func(name string) {
		if !isKey[name] {
			isKey[name] = true
			list = append(list, "MIN("+r.ident(name)+") AS "+r.ident(name))
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
	return "(SELECT " + strings.Join(list, ", ") + " FROM " + r.ident(r.tables.Joins[i]) + " GROUP BY " + strings.Join(keys, ", ") + ")"
}
