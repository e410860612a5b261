package analysis

import (
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// numberRows are rows of a table of any columns, in the order of the input.
type numberRows struct {
	N  int
	X  []float64     // N × number of columns; NaN where null
	ID result.Column // of the asked column; else the number of the row, from 1
}

// numeric reports whether values of a column can be read as numbers.
func numeric(t expr.Type) bool {
	return t == expr.Int || t == expr.Float || t == expr.Money || t == expr.Bool
}

// readNumbers reads number columns of the request's relation, and the column id if it is not "", row by row.
// Only rows that no rule rejects and --where keeps count.
func readNumbers(ctx context.Context, r *Request, id string, columns []string) (*numberRows, error) {
	need := slices.Clone(columns)
	if id != "" {
		need = append(need, id)
	}
	at := map[string]int{}
	for i, n := range need {
		at[n] = i
	}
	if r.Where != nil {
		for _, n := range expr.Columns(r.Where) {
			if _, ok := at[n]; !ok {
				at[n] = len(need)
				need = append(need, n)
			}
		}
	}
	prog, err := relation.Compile(r.Rel, need)
	if err != nil {
		return nil, err
	}
	if err := prog.Load(ctx, r.Memory); err != nil {
		return nil, err
	}
	parts := make([]*numberPart, len(r.Rel.Fact.Splits()))
	var failed error
	_, err = prog.Scan(ctx, max(1, r.Threads), func() relation.Visitor {
		v := &numberReader{parts: parts, d: len(columns), id: -1}
		if id != "" {
			v.id = at[id]
		}
		if r.Where != nil {
			var err error
			if v.where, err = expr.CompileCondition(r.Where, func(name string) (int, expr.Type, bool) {
				i, ok := at[name]
				if !ok {
					return 0, 0, false
				}
				return i, r.Rel.Columns[r.Rel.Find(name)].Type, true
			}); err != nil {
				failed = err
			}
		}
		return v
	})
	if failed != nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return joinParts(r, id, len(columns), parts)
}

// numberPart is what one split gave.
type numberPart struct {
	n  int
	x  []float64
	id frame.Column
}

// numberReader is the visitor of one goroutine.
type numberReader struct {
	parts []*numberPart
	d, id int
	where *expr.Program
	pass  []bool
	now   *numberPart
}

// Begin implements relation.Visitor.
func (v *numberReader) Begin(split int) {
	v.now = &numberPart{}
	v.parts[split] = v.now
}

// End implements relation.Visitor.
func (v *numberReader) End() {}

// Visit implements relation.Visitor.
func (v *numberReader) Visit(rows *relation.Rows) error {
	v.pass = frame.Grow(v.pass, rows.N)
	for i := range v.pass {
		v.pass[i] = true
	}
	if v.where != nil {
		v.where.Filter(rows.Cols, rows.N, v.pass)
	}
	kept := 0
	for i, k := range rows.Kind[:rows.N] {
		v.pass[i] = v.pass[i] && k == relation.Sold
		if v.pass[i] {
			kept++
		}
	}
	p := v.now
	from := len(p.x)
	p.x = slices.Grow(p.x, kept*v.d)[:from+kept*v.d]
	for j, c := range rows.Cols[:v.d] {
		to := from + j
		for i, ok := range v.pass[:rows.N] {
			if ok {
				p.x[to] = numberOf(c, i)
				to += v.d
			}
		}
	}
	p.n += kept
	if v.id >= 0 {
		return v.appendIDs(rows.Cols[v.id], rows.N)
	}
	return nil
}

// appendIDs keeps the ids of the passed rows.
func (v *numberReader) appendIDs(c *frame.Column, n int) error {
	id := &v.now.id
	if id.Type == nil {
		*id = frame.Column{Type: c.Type, Kind: c.Kind}
		if c.Kind == frame.String {
			id.Type, id.Off = result.ArrowType(expr.Text), []int32{0}
		}
	}
	for i, ok := range v.pass[:n] {
		switch {
		case !ok:
		case c.IsNull(i):
			result.AppendNull(id)
		case c.Kind == frame.String:
			s := c.Str(i)
			if len(id.Data)+len(s) > math.MaxInt32 {
				return fault.New(fault.Full, "reading ids: more than 2 GiB of text in one split")
			}
			result.AppendText(id, s)
		case c.Kind == frame.Float:
			result.AppendFloat(id, c.F64[i])
		default:
			result.AppendInt(id, c.I64[i])
		}
	}
	return nil
}

// numberOf returns a cell as a number; NaN where it is null, infinite or no number.
func numberOf(c *frame.Column, i int) float64 {
	if c.IsNull(i) {
		return math.NaN()
	}
	switch {
	case c.Kind == frame.Float:
		if v := c.F64[i]; !math.IsInf(v, 0) {
			return v
		}
		return math.NaN()
	case c.Kind == frame.Decimal && c.I64 == nil:
		return c.D128[i].ToFloat64(c.Scale())
	case c.Kind == frame.Decimal:
		return float64(c.I64[i]) / math.Pow10(int(c.Scale()))
	case c.Kind == frame.Int && c.Unsigned():
		return float64(uint64(c.I64[i]))
	case c.Kind == frame.Int || c.Kind == frame.Bool:
		return float64(c.I64[i])
	}
	return math.NaN()
}

// joinParts puts the splits one after the other.
func joinParts(r *Request, id string, d int, parts []*numberPart) (*numberRows, error) {
	out := &numberRows{}
	size := 0
	for _, p := range parts {
		if p != nil {
			out.N += p.n
			size += len(p.id.Data)
		}
	}
	if size > math.MaxInt32 {
		return nil, fault.New(fault.Full, "reading ids: more than 2 GiB of text")
	}
	out.X = make([]float64, 0, out.N*d)
	for _, p := range parts {
		if p != nil {
			out.X = append(out.X, p.x...)
			p.x = nil
		}
	}
	if id == "" {
		numbers := make([]int64, out.N)
		for i := range numbers {
			numbers[i] = int64(i) + 1
		}
		out.ID = intColumn(result.Spec{Name: "row", Type: expr.Int, Desc: "number of the row among those read, from 1"}, numbers)
		return out, nil
	}
	typ := r.Rel.Columns[r.Rel.Find(id)].Type
	data := result.NewData(typ, out.N)
	for _, p := range parts {
		if p == nil {
			continue
		}
		for i := range p.n {
			switch {
			case p.id.IsNull(i):
				result.AppendNull(&data)
			case data.Kind == frame.String:
				result.AppendText(&data, p.id.Str(i))
			case data.Kind == frame.Float:
				result.AppendFloat(&data, p.id.F64[i])
			default:
				result.AppendInt(&data, p.id.I64[i])
			}
		}
	}
	out.ID = result.Column{Spec: result.Spec{Name: id, Type: typ, Desc: "the id of the row", Null: "it is null in the input"}, Data: data}
	return out, nil
}
