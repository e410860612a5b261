package schema

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Notice is a remark for people: what was recognised, and why.
type Notice string

// Choice maps one source column to a canonical one.
type Choice struct {
	Canonical string
	From      string // source column; empty when Const is set
	Layout    string // of times in text, or the unit of a number; "" recognises
	Integer   bool   // ids in text are integers
	Const     *string
	guessed   bool   // Layout was told by values
	other     string // see relation.Column.Else
	Why       string // for people: "name", "recognised from InvoiceNo", "--map"
}

// Mapping is what is chosen for a table, in the table's order.
type Mapping struct {
	Table   *Table
	Choices []Choice
}

// Of returns the choice for a canonical column, or nil.
func (m *Mapping) Of(canonical string) *Choice {
	for i := range m.Choices {
		if m.Choices[i].Canonical == canonical {
			return &m.Choices[i]
		}
	}
	return nil
}

// set adds a choice or replaces the one for its canonical column.
func (m *Mapping) set(c Choice) {
	if old := m.Of(c.Canonical); old != nil {
		*old = c
		return
	}
	m.Choices = append(m.Choices, c)
	order := m.Table.Names()
	slices.SortStableFunc(m.Choices, func(a, b Choice) int {
		return slices.Index(order, a.Canonical) - slices.Index(order, b.Canonical)
	})
}

// Propose recognises the columns of a table by their names, the surest class of
// names first, and by their types. It says what it chose; two equally good
// columns for a required one are an error that names both, for an optional
// one none is taken.
func Propose(t *Table, s *arrow.Schema, text bool) (Mapping, []Notice, error) {
	return propose(t, s, text, nil)
}

// propose leaves out canonical columns that are settled already.
func propose(t *Table, s *arrow.Schema, text bool, settled *Mapping) (Mapping, []Notice, error) {
	p := &proposer{table: t, schema: s, text: text, used: map[int]bool{}, m: Mapping{Table: t}}
	if settled != nil {
		for _, c := range settled.Choices {
			p.m.set(c)
			for _, i := range s.FieldIndices(c.From) {
				p.used[i] = true
			}
		}
	}
	for i := range s.NumFields() {
		p.norm = append(p.norm, normalise(s.Field(i).Name))
	}
	for class := exactName; class < maxClass; class++ {
		for i := range t.Columns {
			if err := p.try(&t.Columns[i], class); err != nil {
				return Mapping{}, nil, err
			}
		}
	}
	return p.m, p.notices, nil
}

// Classes before those of Column.Names: the canonical name letter for letter,
// and but for case and punctuation.
const (
	exactName = -2
	sameName  = -1
)

// maxClass is above the number of classes that any column has.
const maxClass = 4

// proposer is the state of one recognition.
type proposer struct {
	table   *Table
	schema  *arrow.Schema
	text    bool
	norm    []string // normalised names of the fields
	used    map[int]bool
	m       Mapping
	notices []Notice
	skipped map[string]bool
}

// try looks for a canonical column among the names of one class.
func (p *proposer) try(c *Column, class int) error {
	if p.m.Of(c.Name) != nil || p.skipped[c.Name] || class >= len(c.Names) || (class > 0 && p.hasMoney(c)) {
		return nil
	}
	var hits []int
	for i, n := range p.norm {
		if p.used[i] || !p.named(c, class, i, n) {
			continue
		}
		if _, ok := canonicalType(c.Role, p.schema.Field(i).Type, p.text, false); ok {
			hits = append(hits, i)
		}
	}
	if len(hits) == 0 {
		return nil
	}
	if len(hits) > 1 {
		a, b := p.schema.Field(hits[0]).Name, p.schema.Field(hits[1]).Name
		if c.Required {
			return fault.New(fault.Usage, "recognising the columns: %q and %q could both be %s", a, b, c.Name).
				WithHint("say which: --map %s=%s", c.Name, flagValue(a))
		}
		p.notices = append(p.notices, Notice(fmt.Sprintf("%s: %q and %q fit equally well, so neither was taken (--map %s=%s)", c.Name, a, b, c.Name, flagValue(a))))
		if p.skipped == nil {
			p.skipped = map[string]bool{}
		}
		p.skipped[c.Name] = true
		for _, i := range hits { // nor are they anything less likely
			p.used[i] = true
		}
		return nil
	}
	name := p.schema.Field(hits[0]).Name
	p.used[hits[0]] = true
	why := "name"
	if name != c.Name {
		why = "recognised"
		p.notices = append(p.notices, Notice(fmt.Sprintf("%s is read from column %q", c.Name, name)))
	}
	p.m.set(Choice{Canonical: c.Name, From: name, Why: why})
	return nil
}

// hasMoney keeps doubtful amounts, which may be totals of whole orders, away
// from tables that have quantity and price.
func (p *proposer) hasMoney(c *Column) bool {
	return c.Name == "amount" && p.m.Of("quantity") != nil && p.m.Of("unit_price") != nil
}

// named reports whether field i has one of the names of the class.
func (p *proposer) named(c *Column, class, i int, norm string) bool {
	switch class {
	case exactName:
		return p.schema.Field(i).Name == c.Name
	case sameName:
		return norm == normalise(c.Name)
	}
	for _, n := range c.Names[class] {
		if n == norm {
			return true
		}
	}
	return false
}

// normalise reduces a name to its lower-case letters and digits.
func normalise(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// flagValue quotes a column name for a shell when it needs it.
func flagValue(name string) string {
	if strings.IndexFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// Guess returns the canonical table that an input looks most like: the one whose
// required columns are found most completely, orders on ties; nil when fewer
// than two are found.
func Guess(s *arrow.Schema, text bool) *Table {
	var best *Table
	top := 0.0
	for _, t := range []*Table{Orders, Events, Interactions, Series} {
		m, _, err := Propose(t, s, text)
		if err != nil {
			continue
		}
		found, all := 0, 0
		for _, c := range t.Columns {
			if !c.Required || (c.Name == "amount" && m.Of("unit_price") != nil) || (c.Name == "unit_price" && m.Of("unit_price") == nil && m.Of("amount") != nil) {
				continue
			}
			all++
			if m.Of(c.Name) != nil {
				found++
			}
		}
		if t == Orders && m.Of("order_id") != nil && found >= 3 {
			return t // an order number beside other columns of orders: no other table has one
		}
		if share := float64(found) / float64(all); found >= 2 && share > top {
			best, top = t, share
		}
	}
	return best
}

// Choose returns which of several canonical tables an input is: the preset's; the one
// that the user's mapping names columns of; the one it looks most like; or the first. Any is
// chosen only for an input that looks like no table at all.
func Choose(d source.Dataset, preset string, maps map[string]string, names []string) (string, error) {
	if preset != "" {
		p, err := FindPreset(preset)
		if err != nil {
			return "", err
		}
		return p.Table.Name, nil
	}
	for _, name := range names {
		t, fits := Find(name), len(maps) > 0
		for canonical := range maps {
			fits = fits && t.Column(canonical) != nil
		}
		if fits {
			return name, nil
		}
	}
	guess := Guess(d.Schema(), source.Untyped(d))
	if p := Known(d.Schema()); p != nil {
		guess = p.Table
	}
	switch {
	case guess != nil && slices.Contains(names, guess.Name):
		return guess.Name, nil
	case guess == nil && slices.Contains(names, Any.Name):
		return Any.Name, nil
	}
	return names[0], nil
}

// column makes the relation's column of a choice, from a table's schema.
func (c *Choice) resolve(t *Table, s *arrow.Schema, text bool) (expr.Type, error) {
	col := t.Column(c.Canonical)
	if c.Const != nil {
		return c.constType(col)
	}
	at := s.FieldIndices(c.From)
	switch {
	case len(at) == 0:
		return 0, fault.New(fault.Usage, "mapping %s: the input has no column %q", c.Canonical, c.From).
			WithHint("its columns are: %s", listFields(s))
	case len(at) > 1:
		return 0, fault.New(fault.Usage, "mapping %s: the input has %d columns named %q", c.Canonical, len(at), c.From)
	}
	typ, ok := canonicalType(col.Role, s.Field(at[0]).Type, text, c.Integer)
	if !ok {
		return 0, fault.New(fault.Usage, "mapping %s: column %q holds %s values, which cannot be its", c.Canonical, c.From, s.Field(at[0]).Type).
			WithHint("map another column: --map %s=COLUMN", c.Canonical)
	}
	return typ, nil
}

// constType is the type of a constant, which must be a number where numbers are.
func (c *Choice) constType(col *Column) (typ expr.Type, err error) {
	switch col.Role {
	case Quantity:
		typ = expr.Int
		_, err = strconv.ParseInt(*c.Const, 10, 64)
	case Number:
		typ = expr.Float
		var f float64
		if f, err = strconv.ParseFloat(*c.Const, 64); err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			err = strconv.ErrRange
		}
	case Time, Instant:
		return 0, fault.New(fault.Usage, "--map %s==%s: a time cannot be a constant", c.Canonical, *c.Const).WithHint("map a column: --map %s=COLUMN", c.Canonical)
	default:
		return expr.Text, nil
	}
	if err != nil {
		return 0, fault.New(fault.Usage, "--map %s==%s: the constant is no number", c.Canonical, *c.Const).WithHint("give one, such as --map %s==1", c.Canonical)
	}
	return typ, nil
}

// listFields names the columns of a schema for a hint.
func listFields(s *arrow.Schema) string {
	var names []string
	for i, f := range s.Fields() {
		if i == 40 {
			names = append(names, fmt.Sprintf("… (%d columns)", s.NumFields()))
			break
		}
		if frame.KindOf(f.Type) != frame.Nested {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}
