package sqlgen

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
)

// CheckTables names the tables of query.Checks: the input, whose rows are numbered as SparkRow says, and the other inputs of references by
// check.
type CheckTables struct {
	Input string
	Other map[int]string
}

// SparkCounts prints one SELECT for all checks that look at each row by itself. Its columns are the rows and the files of the input, and for each
// of these checks, whose places it returns, what was checked and what failed; of Latest the second is the greatest time.
func SparkCounts(c query.Checks, t CheckTables) (sql string, of []int, err error) {
	p := newCheckPrinter(c, t)
	place := p.place()
	list := []string{"COUNT(*)", "COUNT(DISTINCT " + place + ".`input`, " + place + ".`file`)"}
	for i := range c.Checks {
		ck := &c.Checks[i]
		if ck.Unique != nil || ck.In != nil {
			continue
		}
		of = append(of, i)
		taken := p.taken(ck)
		list = append(list, "COUNT(CASE WHEN "+taken.s+" THEN 1 END)")
		if ck.Latest != "" {
			list = append(list, "MAX(CASE WHEN "+taken.s+" THEN "+p.byName(ck.Latest).s+" END)")
		} else {
			list = append(list, "COUNT(CASE WHEN "+p.fails(ck, taken).s+" THEN 1 END)")
		}
		p.because(ck)
	}
	text, last := p.ctes()
	for i := range list {
		list[i] += fmt.Sprintf(" AS `n%d`", i)
	}
	return fmt.Sprintf("%s\nSELECT\n  %s\nFROM %s\n", text, strings.Join(list, ",\n  "), last), of, p.err
}

// SparkCount prints one row with what a check by all rows (Unique, In) looked at and what failed.
func SparkCount(c query.Checks, t CheckTables, i int) (string, error) {
	p := newCheckPrinter(c, t)
	ck := &c.Checks[i]
	taken := p.taken(ck)
	failed := ""
	join := ""
	if ck.Unique != nil {
		failed = "COUNT(*) - COUNT(DISTINCT STRUCT(" + strings.Join(p.names(ck.Unique), ", ") + "))"
	} else {
		var missing string
		join, missing = p.reference(ck, i)
		failed = "COUNT(CASE WHEN " + missing + " THEN 1 END)"
	}
	text, last := p.ctes()
	p.because(ck)
	return fmt.Sprintf("%s\nSELECT COUNT(*) AS `checked`, %s AS `failed`\nFROM %s%s\nWHERE %s\n", text, failed, last, join, taken.s), p.err
}

// SparkFailing prints the first rows that fail a check: the file, the row in it, and the columns of Show.
func SparkFailing(c query.Checks, t CheckTables, i int) (string, error) {
	p := newCheckPrinter(c, t)
	ck := &c.Checks[i]
	place, taken := p.place(), p.taken(ck)
	shown := p.names(ck.Show)
	join, fails := "", ""
	switch {
	case ck.Unique != nil:
		keys := strings.Join(append([]string{taken.s}, p.names(ck.Unique)...), ", ")
		copied := p.let("copy", term{s: "ROW_NUMBER() OVER (PARTITION BY " + keys + " ORDER BY " + place + ")", step: p.latest(append([]string(nil), ck.Unique...), taken)})
		fails = taken.s + " AND " + copied.s + " > 1"
	case ck.In != nil:
		join, fails = p.reference(ck, i)
		fails = taken.s + " AND " + fails
	default:
		fails = p.fails(ck, taken).s
	}
	list := []string{place + ".`file` AS `file`", place + ".`row` AS `row`"}
	for k, s := range shown {
		list = append(list, fmt.Sprintf("%s AS `v%d`", s, k))
	}
	text, last := p.ctes()
	p.because(ck)
	return fmt.Sprintf("%s\nSELECT\n  %s\nFROM %s%s\nWHERE %s\nORDER BY %s\nLIMIT %d\n", text, strings.Join(list, ",\n  "), last, join, fails, place, c.Samples), p.err
}

// checkPrinter prints checks over the raw columns of an input.
type checkPrinter struct {
	*printer
	c      query.Checks
	tables CheckTables
	terms  map[string]term
	named  bool // the error names its rule
}

func newCheckPrinter(c query.Checks, t CheckTables) *checkPrinter {
	p := &checkPrinter{printer: newPrinter(Spark), c: c, tables: t, terms: map[string]term{}}
	p.printer.tables.reserve(t.Input, "f", "other")
	for _, name := range t.Other {
		p.printer.tables.reserve(name)
	}
	p.from = "FROM " + p.ident(t.Input) + " AS f"
	return p
}

// because says in an error which rule cannot be answered.
func (p *checkPrinter) because(ck *query.Check) {
	if p.err != nil && !p.named {
		p.err, p.named = fault.Wrap(p.err, "rule %s", ck.Name), true
	}
}

// place is the place of a row in the input; places compare as the rows do.
func (p *checkPrinter) place() string { return p.raw("place", p.ok(Spark.FileOrder("f"))).s }

// field is a column of the input by one of its names.
func (p *checkPrinter) field(name string) (arrow.Field, bool) {
	s := p.c.Input.Schema()
	if f, ok := s.FieldsByName(name); ok && len(f) == 1 {
		return f[0], true
	}
	if f, ok := s.FieldsByName(p.c.Names[name]); ok && len(f) == 1 {
		return f[0], true
	}
	return arrow.Field{}, false
}

// lookup tells package expr about the columns.
func (p *checkPrinter) lookup(name string) (int, expr.Type, bool) {
	f, ok := p.field(name)
	if !ok {
		return 0, expr.Unknown, false
	}
	t, ok := CheckedType(f.Type)
	return 0, t, ok
}

// CheckedType is the type that a column has in conditions of checks; ok is false for those that checks cannot look at.
func CheckedType(t arrow.DataType) (typ expr.Type, ok bool) {
	switch frame.KindOf(t) {
	case frame.Bool:
		return expr.Bool, true
	case frame.Int:
		return expr.Int, true
	case frame.Float:
		return expr.Float, true
	case frame.Time:
		return expr.Time, true
	case frame.Date:
		return expr.Date, true
	case frame.String:
		return expr.Text, true
	}
	return expr.Unknown, false
}

// byName is a column of the input: times in µs, dates in days, doubles that are finite.
func (p *checkPrinter) byName(name string) term {
	if t, ok := p.terms[name]; ok {
		return t
	}
	f, ok := p.field(name)
	if !ok {
		return p.refuse("no column %q", name)
	}
	if _, ok := CheckedType(f.Type); !ok || f.Type.ID() == arrow.UINT64 {
		return p.refuse("column %q, whose values are %s", f.Name, f.Type)
	}
	x := p.raw(f.Name, Spark.Raw("f."+p.ident(f.Name), f.Type, true))
	switch frame.KindOf(f.Type) {
	case frame.Float:
		x = p.let(f.Name, term{s: Spark.Finite(x.s), step: x.step})
	case frame.Bool:
		x = p.let(f.Name, term{s: Spark.AsBool(x.s), step: x.step})
	}
	p.terms[name] = x
	return x
}

func (p *checkPrinter) names(list []string) (out []string) {
	for _, name := range list {
		out = append(out, p.byName(name).s)
	}
	return out
}

// latest is the latest step of columns and a term.
func (p *checkPrinter) latest(list []string, t term) int {
	for _, name := range list {
		t.step = max(t.step, p.byName(name).step)
	}
	return max(t.step, 1)
}

// condition prints a predicate over the input's columns.
func (p *checkPrinter) condition(n expr.Node) term {
	typed, err := expr.CheckCondition(n, p.lookup)
	if err != nil {
		return p.fail(err)
	}
	return p.node(typed, p.byName)
}

// taken is true for the rows that a check looks at, and false or null for others.
func (p *checkPrinter) taken(ck *query.Check) term {
	var conds []term
	if ck.Where != nil {
		conds = append(conds, p.condition(ck.Where))
	}
	for _, name := range ck.Known {
		conds = append(conds, p.f("%s IS NOT NULL", p.byName(name)))
	}
	if len(conds) == 0 {
		return term{s: Spark.Bool(true), atom: true}
	}
	all := p.logic(false, conds)
	return p.let("taken", p.f("COALESCE(%s, %s)", term{s: all.s, step: all.step, atom: true}, Spark.Bool(false)))
}

// fails is true for the taken rows for which a check does not hold.
func (p *checkPrinter) fails(ck *query.Check, taken term) term {
	return p.let("fails", p.f("%s AND NOT %s", taken, p.let("holds", p.condition(ck.Holds))))
}

// reference joins the values of the other input, and says for which rows there is none. Integers and texts compare as texts where one is of each.
func (p *checkPrinter) reference(ck *query.Check, i int) (join, missing string) {
	here, _ := p.field(ck.In.Column)
	there, ok := ck.In.Other.Schema().FieldsByName(ck.In.Of)
	if !ok || len(there) != 1 {
		p.refuse("no column %q in the other input", ck.In.Of)
		return "", ""
	}
	key, other := p.byName(ck.In.Column).s, Spark.Raw(p.ident(ck.In.Of), there[0].Type, true)
	a, b := frame.KindOf(here.Type), frame.KindOf(there[0].Type)
	if (a != frame.Int && a != frame.String) || (b != frame.Int && b != frame.String) {
		p.refuse("%s values of %q in %s values of %q", here.Type, ck.In.Column, there[0].Type, ck.In.Of)
	}
	if a != b {
		key, other = "CAST("+key+" AS STRING)", "CAST("+other+" AS STRING)"
	}
	return fmt.Sprintf("\nLEFT JOIN (SELECT DISTINCT %s AS `key` FROM %s) AS other ON %s = other.`key`", other, p.ident(p.tables.Other[i]), key), "other.`key` IS NULL"
}
