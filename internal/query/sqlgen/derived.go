package sqlgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// SparkDerived prints the rows of a query.Derived for Spark as one SELECT, sorted, with the types that package render gives to
// values in files: money as DOUBLE, times as TIMESTAMP_NTZ, dates as DATE.
//
//	groups      the query
//	ladder, cuts  where groups are scored, see SparkScoring
//	fold_1 …    a row a group
//	SELECT …    the columns, over steps
func SparkDerived(rel *relation.Relation, tables Tables, d query.Derived) (string, error) {
	p := &derivation{printer: newPrinter(Spark), rel: rel, sqlTables: tables, d: d, terms: map[string]term{}, types: map[string]expr.Type{}}
	p.printer.tables.reserve(tables.Fact)
	p.printer.tables.reserve(tables.Joins...)
	for _, c := range d.Columns {
		p.printer.cols.reserve(c.Name)
	}
	text := p.print()
	if p.err != nil {
		return "", fault.Wrap(p.err, "rows of %s", d.Query.Name)
	}
	return text, nil
}

// derivation prints one query.Derived.
type derivation struct {
	*printer
	rel       *relation.Relation
	sqlTables Tables
	d         query.Derived

	with  []string             // the tables before the steps
	terms map[string]term      // what columns may speak of, by name
	types map[string]expr.Type // of the same
}

func (p *derivation) print() string {
	groups := p.fresh("groups")
	p.with = append(p.with, table(groups, p.unordered(p.d.Query)))
	p.from = "FROM " + groups
	for i := range p.d.Query.Dims {
		dim := &p.d.Query.Dims[i]
		p.offer(dim.Name, groups+"."+p.ident(dim.Name), dim.Type(p.rel))
	}
	for i := range p.d.Query.Measures {
		m := &p.d.Query.Measures[i]
		p.offer(m.Name, groups+"."+p.ident(m.Name), m.Type(p.rel))
	}
	if p.d.Steps > 0 {
		p.scores(groups)
	}
	for _, f := range p.d.Folds {
		p.fold(groups, f)
	}
	return p.rows()
}

func (p *derivation) fresh(name string) string { return p.ident(p.printer.tables.fresh(name)) }

// table is a table expression.
func table(name, text string) string { return name + " AS (\n" + strings.TrimSuffix(text, "\n") + ")" }

// unordered prints a query whose order nobody sees.
func (p *derivation) unordered(q query.Query) string {
	return p.ok(unordered(Spark, p.rel, p.sqlTables, q))
}

// offer lets columns speak of a column of the tables.
func (p *derivation) offer(name, from string, typ expr.Type) {
	if _, twice := p.types[name]; twice {
		p.fail(fault.New(fault.Internal, "deriving rows of %s: two columns are named %s", p.d.Query.Name, name))
	}
	p.terms[name], p.types[name] = p.raw(name, from), typ
}

// scores offers the scores of the groups.
func (p *derivation) scores(groups string) {
	s := query.Scoring{Query: p.d.Query, Steps: p.d.Steps, By: p.d.By}
	if err := scorable(p.rel, s); err != nil {
		p.fail(err)
		return
	}
	ladder, cuts := p.fresh("ladder"), p.fresh("cuts")
	p.with = append(p.with, ladderOf(s, groups, ladder, cuts)...)
	p.from += "\n  CROSS JOIN " + cuts
	for i, name := range p.d.By {
		p.offer(query.ScoreName(name), scoreOf(s, i, groups+"."+p.ident(name)), expr.Int)
	}
}

// fold offers the columns of a fold, which has a row for each of the groups it knows.
func (p *derivation) fold(groups string, f query.Fold) {
	coarse := p.d.Query.Dims
	if len(f.Query.Dims) < len(coarse) || !slices.Equal(f.Query.Dims[:len(coarse)], coarse) {
		p.fail(fault.New(fault.Internal, "deriving rows of %s: %s is no finer query", p.d.Query.Name, f.Query.Name))
		return
	}
	name := p.fresh("fold")
	inner := newPrinter(Spark)
	inner.from = "FROM (\n" + p.unordered(f.Query) + ")"
	e := foldPrinter{printer: inner, terms: map[string]term{}, types: map[string]expr.Type{}}
	for i := range f.Query.Dims {
		e.add(f.Query.Dims[i].Name, f.Query.Dims[i].Type(p.rel))
	}
	for i := range f.Query.Measures {
		e.add(f.Query.Measures[i].Name, f.Query.Measures[i].Type(p.rel))
	}
	var keys, on, list []string
	for i := range coarse {
		key := p.ident(coarse[i].Name)
		keys = append(keys, e.terms[coarse[i].Name].s)
		on = append(on, groups+"."+key+" <=> "+name+"."+key)
		list = append(list, keys[i]+" AS "+key)
	}
	for _, c := range f.Columns {
		value, typ := e.column(c)
		list = append(list, value+" AS "+p.ident(c.Name))
		p.offer(c.Name, e.known(c, name+"."+p.ident(c.Name), typ), typ)
	}
	text, last := inner.ctes()
	if inner.err != nil {
		p.fail(inner.err)
	}
	p.with = append(p.with, table(name, fmt.Sprintf("%s\nSELECT\n  %s\nFROM %s\nGROUP BY %s", text, strings.Join(list, ",\n  "), last, strings.Join(keys, ", "))))
	p.from += "\n  LEFT JOIN " + name + " ON " + strings.Join(on, " AND ")
}

// foldPrinter prints the columns of a fold over the rows of its query.
type foldPrinter struct {
	*printer
	terms map[string]term
	types map[string]expr.Type
}

func (e *foldPrinter) add(name string, typ expr.Type) {
	e.terms[name], e.types[name] = e.raw(name, e.ident(name)), typ
}

// column prints the aggregate of a column.
func (e *foldPrinter) column(c query.FoldColumn) (string, expr.Type) {
	if c.Sum == nil {
		name, by := e.terms[c.Of], e.terms[c.By]
		if typ := e.types[c.Of]; typ != expr.Text && typ != expr.Int {
			e.refuse("the text of %s, which is a %s", c.Of, typ)
		}
		best := e.let("best", e.f("CASE WHEN %s IS NOT NULL THEN NAMED_STRUCT('by', -%s, 'of', %s) END", name, by, name))
		return "CAST(MIN(" + best.s + ").`of` AS STRING)", expr.Text
	}
	typed, typ, err := expr.Check(c.Sum, lookupIn(e.types))
	if err != nil {
		e.fail(err)
		return "NULL", typ
	}
	x := e.let("added", e.node(typed, func(name string) term { return e.terms[name] }))
	if typ == expr.Float {
		return "SUM(" + x.s + ")", typ
	}
	return "CAST(" + e.sum(x, typ) + " AS BIGINT)", typ
}

// known is a column of a fold as its groups see it: a sum is 0 where the finer query has no row of a group.
func (e *foldPrinter) known(c query.FoldColumn, x string, typ expr.Type) string {
	switch {
	case c.Sum == nil:
		return x
	case typ == expr.Float:
		return "COALESCE(" + x + ", " + Spark.Float(0) + ")"
	}
	return "COALESCE(" + x + ", " + Spark.Int(0) + ")"
}

// lookupIn tells package expr about columns.
func lookupIn(types map[string]expr.Type) expr.Lookup {
	return func(name string) (int, expr.Type, bool) {
		t, ok := types[name]
		return 0, t, ok
	}
}

// rows prints the steps and the SELECT.
func (p *derivation) rows() string {
	var list []string
	sorted := map[string]string{}
	for _, c := range p.d.Columns {
		x, typ := p.null(), c.Type
		if c.Value != nil {
			typed, t, err := expr.Check(c.Value, lookupIn(p.types))
			if err != nil {
				p.fail(err)
				return ""
			}
			x, typ = p.let(c.Name, p.node(typed, func(name string) term { return p.terms[name] })), t
		}
		sorted[c.Name] = x.s
		if !c.Hidden {
			list = append(list, shown(x.s, typ)+" AS "+p.ident(c.Name))
		}
	}
	var order []string
	for _, k := range p.d.Sort {
		x, ok := sorted[k.Column]
		if !ok {
			p.fail(fault.New(fault.Internal, "deriving rows of %s: sorted by %s, which they have not", p.d.Query.Name, k.Column))
		}
		dir := ""
		if k.Desc {
			dir = " DESC"
		}
		order = append(order, x+" IS NULL", x+dir)
	}
	for i := range p.d.Query.Dims {
		order = append(order, nullsLast(p.terms[p.d.Query.Dims[i].Name]))
	}
	text, last := p.ctes()
	p.with = append(p.with, strings.TrimPrefix(text, "WITH\n"))
	out := "WITH\n" + strings.Join(p.with, ",\n") + "\nSELECT\n  " + strings.Join(list, ",\n  ") + "\nFROM " + last + "\n"
	if len(order) > 0 {
		out += "ORDER BY " + strings.Join(order, ", ") + "\n"
	}
	return out
}

// shown is a value in the type that files of results have.
func shown(x string, typ expr.Type) string {
	switch typ {
	case expr.Bool:
		return "CAST(" + x + " AS BOOLEAN)"
	case expr.Int:
		return "CAST(" + x + " AS BIGINT)"
	case expr.Float:
		return "CAST(" + x + " AS DOUBLE)"
	case expr.Money:
		return "CAST(" + x + " AS DOUBLE) / 10000.0D"
	case expr.Time:
		return "CAST(TIMESTAMP_MICROS(" + x + ") AS TIMESTAMP_NTZ)"
	case expr.Date:
		return "DATE_FROM_UNIX_DATE(CAST(" + x + " AS INT))"
	}
	return "CAST(" + x + " AS STRING)"
}
