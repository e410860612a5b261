package sqlgen

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Query prints q over rel as one SELECT. Its columns are the dimensions and
// then the measures, under their names; money comes as an integer of 10⁻⁴, times
// as microseconds, dates as days, as package query says. What the dialect or SQL
// cannot keep is refused with fault.Usage.
func Query(d Dialect, rel *relation.Relation, tables Tables, q query.Query) (string, error) {
	q = q.Normal()
	r := newRows(d, rel, tables)
	s := &selection{rows: r, q: q}
	for _, m := range q.Measures {
		s.named.reserve(m.Name)
	}
	for _, dim := range q.Dims {
		s.named.reserve(dim.Name)
	}
	text := s.print()
	if r.err != nil {
		return "", fault.Wrap(r.err, "query %s", q.Name)
	}
	return text, nil
}

// selection prints one query.
type selection struct {
	*rows
	q     query.Query
	named names // of the answer: what is sorted by must not be taken for one of them
	dims  []term
	types []expr.Type
	where term
	aggs  []string // "aggregate AS name" of the grouped step
	outs  []string // final expressions of the measures
}

func (s *selection) print() string {
	s.joins()
	s.restrict()
	s.dimensions()
	for i := range s.q.Measures {
		s.measure(&s.q.Measures[i])
	}
	return s.assemble()
}

// restrict leaves rows outside the period out where they are read, so that an index over the time serves. It says the same
// as the period later does; rows before the period matter only to what searches a first time.
func (s *selection) restrict() {
	i := s.rel.Find(relation.OrderTS)
	if i < 0 || s.q.From == query.MinTime && s.q.To == query.MaxTime {
		return
	}
	for _, d := range s.q.Dims {
		if d.FirstPer != "" {
			return
		}
	}
	c := &s.rel.Columns[i]
	f, ok := s.rel.Fact.Schema().FieldsByName(c.From)
	if c.Join != 0 || c.Const != nil || c.Type != expr.Time || !ok || len(f) != 1 {
		return
	}
	ts, ok := f[0].Type.(*arrow.TimestampType)
	if !ok || ts.Unit != arrow.Microsecond || ts.TimeZone != "" && s.rel.Zone != "" && s.rel.Zone != "UTC" {
		return
	}
	x := s.alias[0] + "." + s.ident(c.From)
	var conds []string
	add := func(op string, at, open int64) {
		if at == open {
			return
		}
		limit, ok := s.d.Int(at), true
		if s.tables.Native {
			limit, ok = s.d.Moment(at)
		}
		if ok {
			conds = append(conds, x+op+limit)
		}
	}
	add(" >= ", s.q.From, query.MinTime)
	add(" < ", s.q.To, query.MaxTime)
	if len(conds) > 0 {
		s.from += "\n  WHERE " + strings.Join(conds, " AND ")
	}
}

// dimensions computes the dimensions and the rows that take part.
func (s *selection) dimensions() {
	var conds []term
	add := func(t term) {
		if t.s != s.d.Bool(true) {
			conds = append(conds, t)
		}
	}
	if s.q.Where != nil {
		add(s.condition(s.q.Where))
	}
	add(s.period(s.q.From, s.q.To))
	for i := range s.q.Dims {
		d := &s.q.Dims[i]
		v, typ := s.cutColumn(d.Column, d.Cut)
		if d.FirstPer != "" {
			per := s.byName(d.FirstPer)
			add(s.f("%s IS NOT NULL", per))
			v = s.first(v, per, d.SearchScope(s.q.Scope))
		}
		s.dims = append(s.dims, s.let("dim", v))
		s.types = append(s.types, typ)
	}
	all := s.q.Scope
	for _, m := range s.q.Measures {
		all |= m.Scope
	}
	add(s.inKinds(all))
	s.where = term{s: s.d.Bool(true), atom: true}
	switch len(conds) {
	case 0:
	case 1:
		s.where = s.let("taken", conds[0])
	default:
		s.where = s.let("taken", s.logic(false, conds))
	}
}

// period is true for rows whose time is in [from, to).
func (s *selection) period(from, to int64) term {
	var conds []term
	if from == query.MinTime && to == query.MaxTime {
		return term{s: s.d.Bool(true), atom: true}
	}
	ts := s.byName(relation.OrderTS)
	if from != query.MinTime {
		conds = append(conds, s.f("%s >= %s", ts, s.int(from)))
	}
	if to != query.MaxTime {
		conds = append(conds, s.f("%s < %s", ts, s.int(to)))
	}
	if len(conds) == 1 {
		return conds[0]
	}
	return s.logic(false, conds)
}

// first is the least v of the rows of the scope before the end of the period that share per.
func (s *selection) first(v, per term, scope relation.Kinds) term {
	cond := s.logic(false, []term{s.inKinds(scope), s.period(query.MinTime, s.q.To)})
	t := s.f("MIN(CASE WHEN %s THEN %s END) OVER (PARTITION BY %s)", term{s: cond.s, step: cond.step, atom: true}, v, per)
	return t
}

// cutColumn is a column of the relation after a cut, with its type.
func (s *selection) cutColumn(name string, c query.Cut) (term, expr.Type) {
	_, typ, ok := s.lookup(name)
	if !ok || name == relation.BadColumn {
		return s.fail(fault.New(fault.Usage, "the %s have no column %q", s.rel.Name, name)), expr.Unknown
	}
	if typ == expr.Unknown {
		return s.refuse("column %s, whose type has no meaning here", name), typ
	}
	x := s.byName(name)
	if c == query.NoCut {
		return x, typ
	}
	if typ != expr.Time && typ != expr.Date {
		return s.fail(fault.New(fault.Usage, "cutting %s by %s: it is a %s, not a time", name, c, typ)), typ
	}
	x = s.cut(c, x, typ == expr.Date)
	switch c {
	case query.Hour:
		return x, expr.Time
	case query.HourOfDay, query.Weekday, query.MonthOfYear:
		return x, expr.Int
	}
	return x, expr.Date
}

// agg adds an aggregate to the grouped step and returns its column.
func (s *selection) agg(hint, text string) string {
	name := s.ident(s.printer.cols.fresh(hint, &s.named))
	s.aggs = append(s.aggs, text+" AS "+name)
	return name
}

// measure prints a measure: what is folded is null in rows that do not count.
func (s *selection) measure(m *query.Measure) {
	scope := m.Scope
	if scope == 0 {
		scope = s.q.Scope
	}
	in := s.let("counts", s.inKinds(scope))
	if m.Op == query.Count && m.Column == "" {
		s.outs = append(s.outs, s.agg(m.Op.String(), "COUNT(CASE WHEN "+in.s+" THEN 1 END)"))
		return
	}
	x, typ := s.cutColumn(m.Column, m.Cut)
	number := typ == expr.Int || typ == expr.Float || typ == expr.Money
	if (m.Op == query.Sum || m.Op == query.Mean || m.Op == query.Quantile) && !number {
		s.fail(fault.New(fault.Usage, "measure %s: %s of %s, which is a %s", m.Name, m.Op, m.Column, typ))
		return
	}
	x = s.let("measured", x)
	if in.s != s.d.Bool(true) {
		x = s.let("measured", s.f("CASE WHEN %s THEN %s END", in, x))
	}
	switch m.Op {
	case query.Sum:
		zero := "0"
		if typ == expr.Float {
			zero = "0.0"
		}
		sum := "COALESCE(" + s.sum(x, typ) + ", " + zero + ")"
		if _, wide := s.d.(wideSums); wide && typ != expr.Float {
			sum = "CAST(" + sum + " AS BIGINT)"
		}
		s.outs = append(s.outs, s.agg("sum", sum))
	case query.Count:
		s.outs = append(s.outs, s.agg("count", "COUNT("+x.s+")"))
	case query.CountDistinct:
		s.outs = append(s.outs, s.agg("distinct", "COUNT(DISTINCT "+x.s+")"))
	case query.Min, query.Max:
		word := m.Op.String()
		s.outs = append(s.outs, s.agg(word, strings.ToUpper(word)+"("+x.s+")"))
	case query.Mean:
		sum, n := s.sum(x, typ), "COUNT("+x.s+")"
		if typ == expr.Money {
			n = "(" + s.d.ToFloat(n) + " * 10000.0)"
		}
		s.outs = append(s.outs, s.agg("mean", s.d.ToFloat(sum)+" / NULLIF("+n+", 0)"))
	case query.Quantile:
		s.quantile(m, x, typ)
	}
}

// wideSums is a dialect whose integers do not hold sums of integers on the way.
type wideSums interface {
	// Sum adds integers up in something wider, which CAST brings back where the sum fits.
	Sum(x string) string
}

// sum is the aggregate that adds a column up.
func (g *printer) sum(x term, typ expr.Type) string {
	if d, wide := g.d.(wideSums); wide && typ != expr.Float {
		return d.Sum(x.s)
	}
	return "SUM(" + x.s + ")"
}

// quantile is type 7: the values are ranked within their group, and the two ranks
// around (n - 1) × p are picked and mixed.
func (s *selection) quantile(m *query.Measure, x term, typ expr.Type) {
	switch typ {
	case expr.Money:
		x = s.let("measured", s.moneyFloat(x))
	case expr.Int:
		x = s.let("measured", term{s: s.d.ToFloat(x.s), step: x.step})
	}
	part := s.f("CASE WHEN %s AND %s IS NOT NULL THEN 1 ELSE 0 END", s.where, x)
	by := []string{part.s}
	step := later(part, x)
	for _, d := range s.dims {
		by = append(by, d.s)
		step = max(step, d.step)
	}
	over := "PARTITION BY " + strings.Join(by, ", ")
	rank := s.let("rank", term{s: "ROW_NUMBER() OVER (" + over + " ORDER BY " + x.s + ") - 1", step: step})
	count := s.let("of", term{s: "COUNT(*) OVER (" + over + ")", step: step})
	place := s.let("place", s.f("%s * %s", term{s: s.d.ToFloat("(" + count.s + " - 1)"), step: count.step, atom: true}, s.float(m.P)))
	low := s.let("low", term{s: s.d.ToInt(place.s), step: place.step})
	high := s.let("high", s.f("CASE WHEN %s < %s - 1 THEN %s + 1 ELSE %s END", low, count, low, low))
	pick := func(hint string, at term) string {
		t := s.f("CASE WHEN %s = %s THEN %s END", rank, at, x)
		return s.agg(hint, "MAX("+s.let("picked", t).s+")")
	}
	a, b := pick("low", low), pick("high", high)
	weight := s.agg("weight", "MAX("+s.let("weight", s.f("CASE WHEN %s IS NOT NULL THEN %s - %s END", x, place, low)).s+")")
	s.outs = append(s.outs, fmt.Sprintf("CASE WHEN %s = %s OR %s = 0 THEN %s ELSE %s + %s * (%s - %s) END", a, b, weight, a, a, weight, b, a))
}

// assemble prints the steps, the grouping and the sorted answer.
func (s *selection) assemble() string {
	var keys, list []string
	for _, d := range s.dims {
		key := s.ident(s.printer.cols.fresh("key", &s.named))
		keys = append(keys, key)
		list = append(list, d.s+" AS "+key)
	}
	list = append(list, s.aggs...)
	having := ""
	if own := s.inKinds(s.q.Scope); len(s.dims) > 0 && own.s != s.d.Bool(true) {
		own = s.let("counts", own)
		having = "\n  HAVING COUNT(CASE WHEN " + own.s + " THEN 1 END) > 0"
	}
	if len(list) == 0 {
		s.fail(fault.New(fault.Usage, "a query without dimensions and measures"))
		return ""
	}
	text, last := s.ctes()
	name := s.ident(s.printer.tables.fresh("answer"))
	var b strings.Builder
	fmt.Fprintf(&b, "%s,\n%s AS (\n  SELECT\n    %s\n  FROM %s", text, name, strings.Join(list, ",\n    "), last)
	if s.where.s != s.d.Bool(true) {
		b.WriteString("\n  WHERE " + s.where.s)
	}
	if len(keys) > 0 {
		by := make([]string, len(s.dims))
		for i, d := range s.dims {
			by[i] = d.s
		}
		b.WriteString("\n  GROUP BY " + strings.Join(by, ", ") + having)
	}
	b.WriteString("\n)\nSELECT\n  ")
	var out []string
	for i, k := range keys {
		out = append(out, k+" AS "+s.ident(s.q.Dims[i].Name))
	}
	for i, o := range s.outs {
		out = append(out, o+" AS "+s.ident(s.q.Measures[i].Name))
	}
	b.WriteString(strings.Join(out, ",\n  ") + "\nFROM " + name)
	for i, k := range keys {
		sep := "\nORDER BY "
		if i > 0 {
			sep = ", "
		}
		b.WriteString(sep + nullsLast(term{s: k}))
	}
	b.WriteString("\n")
	return b.String()
}
