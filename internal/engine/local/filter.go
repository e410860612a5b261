package local

import (
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// filter is a compiled condition with one worker's memory.
type filter struct {
	prog    *expr.Program
	scratch *expr.Scratch
	pass    []bool
}

// newFilter compiles a condition over the columns of the plan; nil for none.
func newFilter(p *physical, where expr.Node) (*filter, error) {
	if where == nil {
		return nil, nil
	}
	prog, err := expr.CompileCondition(where, func(name string) (int, expr.Type, bool) {
		i, ok := p.at["col/"+name]
		if !ok {
			return 0, 0, false
		}
		if j := p.rel.Find(name); j >= 0 {
			return i, p.rel.Columns[j].Type, true
		}
		return i, expr.Money, true
	})
	if err != nil {
		return nil, err
	}
	return &filter{prog: prog, scratch: prog.NewScratch()}, nil
}

// apply keeps the rows of sel that pass.
func (f *filter) apply(r *relation.Rows, sel []int32) ([]int32, error) {
	f.pass = frame.Grow(f.pass, r.N)
	f.prog.FilterWith(f.scratch, r.Cols, r.N, f.pass)
	n := 0
	for _, row := range sel {
		sel[n] = row
		if f.pass[row] {
			n++
		}
	}
	return sel[:n], nil
}
