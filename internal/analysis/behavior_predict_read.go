package analysis

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Bounds of text columns: the levels kept of one, and the different texts looked at.
const (
	mostLevels = 1000
	mostTexts  = 2_000_000
)

// mixedRows are rows of numbers and texts, in the order of the input.
type mixedRows struct {
	n       int
	id      result.Column
	columns []learner.Column
	texts   []int // different texts, by column; 0 of numbers
}

// readMixed reads columns of any type: text becomes levels, all else numbers.
func readMixed(ctx context.Context, r *Request, id string, columns []string) (*mixedRows, error) {
	need := slices.Clone(columns)
	at := map[string]int{}
	for i, n := range need {
		at[n] = i
	}
	place := func(n string) int {
		if _, ok := at[n]; !ok {
			at[n] = len(need)
			need = append(need, n)
		}
		return at[n]
	}
	idAt := -1
	if id != "" {
		idAt = place(id)
	}
	if r.Where != nil {
		for _, n := range expr.Columns(r.Where) {
			place(n)
		}
	}
	parts, ids, err := scanMixed(ctx, r, need, at, len(columns), idAt)
	if err != nil {
		return nil, err
	}
	rows, err := joinParts(r, id, 0, ids)
	if err != nil {
		return nil, err
	}
	t := &mixedRows{n: rows.N, id: rows.ID, columns: make([]learner.Column, len(columns)), texts: make([]int, len(columns))}
	for j, name := range columns {
		t.columns[j], t.texts[j] = joinColumn(name, r.Rel.Columns[r.Rel.Find(name)].Type == expr.Text, j, parts, t.n)
	}
	return t, nil
}

// scanMixed reads the columns need, the first width of which are wanted; at tells the place of each by name.
func scanMixed(ctx context.Context, r *Request, need []string, at map[string]int, width, idAt int) ([]*mixedPart, []*numberPart, error) {
	prog, err := relation.Compile(r.Rel, need)
	if err != nil {
		return nil, nil, err
	}
	if err := prog.Load(ctx, r.Memory); err != nil {
		return nil, nil, err
	}
	look := func(name string) (int, expr.Type, bool) {
		i, ok := at[name]
		if !ok {
			return 0, 0, false
		}
		return i, r.Rel.Columns[r.Rel.Find(name)].Type, true
	}
	splits := len(r.Rel.Fact.Splits())
	ids, parts := make([]*numberPart, splits), make([]*mixedPart, splits)
	var failed error
	_, err = prog.Scan(ctx, max(1, r.Threads), func() relation.Visitor {
		v := &mixedReader{numberReader: numberReader{parts: ids, id: idAt}, mixed: parts, width: width}
		if r.Where != nil && failed == nil {
			v.where, failed = expr.CompileCondition(r.Where, look)
		}
		return v
	})
	return parts, ids, firstOf(failed, err)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// mixedPart is what one split gave, by column.
type mixedPart struct {
	values [][]float64
	codes  [][]int32
	texts  []textLevels
}

// textLevels gives the different texts of a column codes in the order they come.
type textLevels struct {
	code map[string]int32
	text []string
}

// of returns the code of a text; texts beyond the bound share the code of other.
func (l *textLevels) of(s []byte) int32 {
	if k, ok := l.code[string(s)]; ok {
		return k
	}
	if len(l.text) >= mostTexts {
		return otherText
	}
	if l.code == nil {
		l.code = map[string]int32{}
	}
	k := int32(len(l.text))
	l.text = append(l.text, string(s))
	l.code[l.text[k]] = k
	return k
}

// otherText marks texts that were not counted.
const otherText = math.MaxInt32

// mixedReader is the visitor of one goroutine.
type mixedReader struct {
	numberReader
	mixed []*mixedPart
	part  *mixedPart
	width int
}

// Begin implements relation.Visitor.
func (v *mixedReader) Begin(split int) {
	v.numberReader.Begin(split)
	v.part = &mixedPart{values: make([][]float64, v.width), codes: make([][]int32, v.width), texts: make([]textLevels, v.width)}
	v.mixed[split] = v.part
}

// Visit implements relation.Visitor.
func (v *mixedReader) Visit(rows *relation.Rows) error {
	if err := v.numberReader.Visit(rows); err != nil {
		return err
	}
	for j, c := range rows.Cols[:v.width] {
		if c.Kind == frame.String {
			v.part.appendText(j, c, v.pass[:rows.N])
			continue
		}
		for i, ok := range v.pass[:rows.N] {
			if ok {
				v.part.values[j] = append(v.part.values[j], predictNumber(c, i))
			}
		}
	}
	return nil
}

// predictNumber is numberOf, times included.
func predictNumber(c *frame.Column, i int) float64 {
	if (c.Kind == frame.Time || c.Kind == frame.Date) && !c.IsNull(i) {
		return float64(c.I64[i])
	}
	return numberOf(c, i)
}

func (p *mixedPart) appendText(j int, c *frame.Column, pass []bool) {
	for i, ok := range pass {
		switch {
		case !ok:
		case c.IsNull(i):
			p.codes[j] = append(p.codes[j], -1)
		default:
			p.codes[j] = append(p.codes[j], p.texts[j].of(c.Str(i)))
		}
	}
}

// joinColumn puts a column of the splits together. The levels of a text are its most frequent
// values, ties by text, in the order of the text. It also returns the number of different texts.
func joinColumn(name string, text bool, j int, parts []*mixedPart, n int) (learner.Column, int) {
	c := learner.Column{Name: name}
	if !text {
		c.Values = make([]float64, 0, n)
		for _, p := range parts {
			if p != nil {
				c.Values = append(c.Values, p.values[j]...)
				p.values[j] = nil
			}
		}
		return c, 0
	}
	count := map[string]int{}
	for _, p := range parts {
		if p == nil {
			continue
		}
		in := make([]int, len(p.texts[j].text))
		for _, k := range p.codes[j] {
			if k >= 0 && k != otherText {
				in[k]++
			}
		}
		for k, s := range p.texts[j].text {
			count[s] += in[k]
		}
	}
	c.Levels = frequent(count)
	code := make(map[string]int32, len(c.Levels))
	for i, s := range c.Levels {
		code[s] = int32(i)
	}
	other := int32(len(c.Levels))
	c.Codes = make([]int32, 0, n)
	for _, p := range parts {
		if p == nil {
			continue
		}
		to := make([]int32, len(p.texts[j].text))
		for k, s := range p.texts[j].text {
			to[k] = other
			if v, ok := code[s]; ok {
				to[k] = v
			}
		}
		for _, k := range p.codes[j] {
			switch {
			case k == otherText:
				k = other
			case k >= 0:
				k = to[k]
			}
			c.Codes = append(c.Codes, k)
		}
		p.codes[j], p.texts[j] = nil, textLevels{}
	}
	return c, len(count)
}

// frequent returns the most frequent texts, sorted.
func frequent(count map[string]int) []string {
	all := make([]string, 0, len(count))
	for s := range count {
		all = append(all, s)
	}
	slices.Sort(all)
	if len(all) > mostLevels {
		sort.SliceStable(all, func(i, j int) bool { return count[all[i]] > count[all[j]] })
		all = all[:mostLevels]
		slices.Sort(all)
	}
	return all
}
