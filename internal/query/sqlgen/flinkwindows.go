package sqlgen

import (
	"fmt"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Windows are the two statements of a query by tumbling windows.
type Windows struct {
	Counted string // the query of the rows that count
	// Answer is the query of the windows over a view named as asked: window_start, window_end (TIMESTAMP(3)), the dimensions and the
	// measures; money is DECIMAL(38, 4).
	Answer string
}

// WindowsOf prints q over rel by windows of so long, of rows of Records. Of rows that agree in the columns of key, those
// that are no rejects and not outside, only the one that arrives first counts.
func WindowsOf(rel *relation.Relation, records, counted string, q query.Query, window time.Duration, key []string) (Windows, error) {
	q = q.Normal()
	r := newRows(Flink, rel, Tables{Fact: records})
	s := &selection{rows: r, q: q}
	for _, n := range []string{EventTime, Arrived, "window_start", "window_end", "window_time", "copy"} {
		s.printer.cols.reserve(n)
		s.named.reserve(n)
	}
	for _, d := range q.Dims {
		s.named.reserve(d.Name)
	}
	for _, m := range q.Measures {
		s.named.reserve(m.Name)
	}
	w := s.windows(counted, window, key)
	if r.err != nil {
		return Windows{}, fault.Wrap(r.err, "windows")
	}
	return w, nil
}

// windows prints both.
func (s *selection) windows(counted string, window time.Duration, key []string) Windows {
	s.joins()
	s.steps[0] = append(s.steps[0], s.alias[0]+".`"+EventTime+"`", s.alias[0]+".`"+Arrived+"`")
	s.dimensions()
	for i := range s.q.Measures {
		s.windowMeasure(&s.q.Measures[i])
	}
	admitted, keys := s.admitted(key)
	before := s.alias[0] + ".`" + gate + "`"
	for i := range s.steps {
		name := s.ident(s.printer.cols.fresh(gate))
		s.steps[i] = append(s.steps[i], passed(before)+" AS "+name)
		before = name
	}
	text, last := s.ctes()
	if len(key) > 0 {
		first := s.ident(s.printer.tables.fresh("repeats"))
		text += fmt.Sprintf(",\n%s AS (\n  SELECT\n    *,\n    ROW_NUMBER() OVER (PARTITION BY %s ORDER BY `%s`) AS `copy`\n  FROM %s\n  WHERE %s\n)", first, strings.Join(keys, ", "), Arrived, last, admitted)
		last = s.ident(s.printer.tables.fresh("once"))
		text += fmt.Sprintf(",\n%s AS (SELECT * FROM %s WHERE `copy` = 1)", last, first)
	}
	names, list := []string{"window_start", "window_end"}, []string{"`" + EventTime + "`"}
	for i, d := range s.dims {
		if t := s.types[i]; t != expr.Text && t != expr.Int && t != expr.Bool {
			s.refuse("the dimension %s of type %s: texts, whole numbers and truth values can be dimensions", s.q.Dims[i].Name, t)
		}
		n := s.ident(s.q.Dims[i].Name)
		names = append(names, n)
		list = append(list, d.s+" AS "+n)
	}
	outs := append([]string(nil), names...)
	for i, m := range s.q.Measures {
		n := s.ident(s.printer.cols.fresh("measured", &s.named))
		list = append(list, s.aggs[i]+" AS "+n)
		outs = append(outs, fmt.Sprintf(s.outs[i], n)+" AS "+s.ident(m.Name))
	}
	where := "\nWHERE " + before + " < 2E0"
	if s.where.s != s.d.Bool(true) {
		where += " AND " + s.where.s
	}
	return Windows{
		Counted: text + "\nSELECT\n  " + strings.Join(list, ",\n  ") + "\nFROM " + last + where,
		Answer: fmt.Sprintf("SELECT\n  %s\nFROM TABLE(TUMBLE(TABLE %s, DESCRIPTOR(`%s`), INTERVAL '%d' SECOND(6)))\nGROUP BY %s", strings.Join(outs, ",\n  "),
			s.ident(counted), EventTime, int64(window/time.Second), strings.Join(names, ", ")),
	}
}

// admitted is true for rows that may be repeats of each other, and lists the columns of the key.
func (s *selection) admitted(key []string) (string, []string) {
	if len(key) == 0 {
		return "", nil
	}
	kinds := s.inKinds(relation.Only(relation.Sold, relation.Reversal, relation.Void))
	conds := []term{kinds}
	if s.q.Where != nil {
		conds = append(conds, s.condition(s.q.Where))
	}
	t := s.let("admitted", s.logic(false, conds))
	var keys []string
	for _, k := range key {
		keys = append(keys, s.let("key", s.byName(k)).s)
	}
	return t.s, keys
}

// windowMeasure plans a measure: aggs is the column that is folded, outs the aggregate of it.
func (s *selection) windowMeasure(m *query.Measure) {
	scope := m.Scope
	if scope == 0 {
		scope = s.q.Scope
	}
	if scope&^s.q.Scope != 0 {
		s.fail(fault.New(fault.Internal, "printing SQL for Flink: measure %s counts rows that the query does not", m.Name))
		return
	}
	in := s.let("counts", s.inKinds(scope))
	x, typ := s.cutColumn(m.Column, m.Cut)
	if x = s.let("measured", x); in.s != s.d.Bool(true) {
		x = s.let("measured", s.f("CASE WHEN %s THEN %s END", in, x))
	}
	s.aggs = append(s.aggs, x.s)
	switch {
	case m.Op == query.CountDistinct:
		s.outs = append(s.outs, "COUNT(DISTINCT %s)")
	case m.Op == query.Sum && typ == expr.Float:
		s.outs = append(s.outs, "COALESCE(SUM(%s), 0E0)")
	case m.Op == query.Sum && typ == expr.Int: // sums of integers would wrap around
		s.outs = append(s.outs, "COALESCE(SUM(CAST(%s AS DECIMAL(38, 0))), 0)")
	case m.Op == query.Sum && typ == expr.Money:
		s.outs = append(s.outs, "CAST(COALESCE(SUM(CAST(%s AS DECIMAL(38, 0))), 0) * 0.0001 AS DECIMAL(38, 4))")
	default:
		s.refuse("measure %s: windows have sums and distinct counts", m.Name)
	}
}
