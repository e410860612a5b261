package local

import (
	"fmt"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// physical is a plan as it is run: what queries have in common exists once and
// is computed once a batch.
type physical struct {
	rel  *relation.Relation
	opt  attemptOptions
	need []string // columns of the program, in order

	streams []*stream
	vecs    []*vec
	keyers  []*keyer
	bases   []*base
	uses    []use
	units   []unit
	queries []*queryPlan
	groups  []*groupPlan

	groupUses   []baseUse
	shared      map[sumUnit]*sharedPages
	bitmapBytes int64 // bound of the bitmaps of one distinct count

	at map[string]int // identity of each of the above → its index
}

// stream is a selection of rows: kinds, filter and period.
type stream struct {
	kinds    relation.Kinds
	where    expr.Node
	from, to int64
	ts       int // place of order_ts in need; -1 when the period is open
}

// vec is a column, cut or not, as numbers of the rows of a stream.
type vec struct {
	stream int
	col    int // place in need
	typ    expr.Type
	cut    query.Cut
	table  *dayTable
}

// use is a keyer applied to the rows of a stream.
type use struct{ stream, keyer, vec int }

// queryPlan is how one query is answered.
type queryPlan struct {
	q        query.Query
	base     int
	dims     []dimPlan
	measures []measurePlan
	touch    []int // units counting rows by group: the query's scope first
}

// dimPlan says how a dimension follows from a base's group.
type dimPlan struct {
	name  string
	pos   int // position of the keyer within the base
	typ   expr.Type
	cut   query.Cut // of the answer
	from  query.Cut // of the keyer; differs from cut in a roll-up
	first int       // unit of the least value by FirstPer key; -1 without FirstPer
}

// measurePlan names the units a measure is read from.
type measurePlan struct {
	m     query.Measure
	typ   expr.Type // of the answer
	in    expr.Type // of the column
	unit  int
	count int // unit of the non-null count, for Mean and Count of a column
	pos   int // CountDistinct of one of the base's own keyers: its position, else -1
}

// builder plans.
type builder struct{ *physical }

func (b *builder) column(name string) (int, expr.Type, error) {
	if i, ok := b.at["col/"+name]; ok {
		return i, b.typeOf(name), nil
	}
	if name != relation.MoneyColumn && b.rel.Find(name) < 0 {
		return 0, 0, fault.New(fault.Usage, "the %s have no column %q", b.rel.Name, name).
			WithHint("map one with --map %s=COLUMN", name)
	}
	if name == relation.MoneyColumn && b.rel.Find(name) < 0 {
		if _, _, _, _, ok := b.rel.MoneyParts(); !ok {
			return 0, 0, fault.New(fault.Usage, "the %s have no money: neither amount nor quantity and unit_price are mapped", b.rel.Name).
				WithHint("map them with --map amount=COLUMN, or --map quantity=COLUMN and --map unit_price=COLUMN")
		}
	}
	b.need = append(b.need, name)
	b.at["col/"+name] = len(b.need) - 1
	return len(b.need) - 1, b.typeOf(name), nil
}

func (b *builder) typeOf(name string) expr.Type {
	if i := b.rel.Find(name); i >= 0 {
		return b.rel.Columns[i].Type
	}
	return expr.Money
}

// once returns the index of the thing with this identity, making it at first sight.
func once[T any](b *builder, list *[]T, id string, mk func() T) int {
	if i, ok := b.at[id]; ok {
		return i
	}
	*list = append(*list, mk())
	b.at[id] = len(*list) - 1
	return len(*list) - 1
}

func (b *builder) stream(kinds relation.Kinds, where expr.Node, from, to int64) (int, error) {
	s := &stream{kinds: kinds, where: where, from: from, to: to, ts: -1}
	text := ""
	if where != nil {
		text = expr.Format(where)
		for _, name := range expr.Columns(where) {
			if _, _, err := b.column(name); err != nil {
				return 0, err
			}
		}
	}
	if from != query.MinTime || to != query.MaxTime {
		name := relation.OrderTS
		if t := b.rel.TimeColumn(); t >= 0 {
			name = b.rel.Columns[t].Name
		}
		i, _, err := b.column(name)
		if err != nil {
			return 0, err
		}
		s.ts = i
	}
	id := fmt.Sprintf("stream/%d/%d/%d/%s", kinds, from, to, text)
	return once(b, &b.streams, id, func() *stream { return s }), nil
}

// numbers plans a column as a vector of numbers; text is allowed for its validity.
func (b *builder) numbers(st int, name string, cut query.Cut) (int, expr.Type, error) {
	c, typ, err := b.column(name)
	if err != nil {
		return 0, 0, err
	}
	if cut != query.NoCut && typ != expr.Time && typ != expr.Date {
		return 0, 0, fault.New(fault.Usage, "cutting %s by %s: it is a %s, not a time", name, cut, typ)
	}
	i := once(b, &b.vecs, fmt.Sprintf("vec/%d/%d/%d", st, c, cut), func() *vec {
		v := &vec{stream: st, col: c, typ: typ, cut: cut}
		switch cut {
		case query.NoCut, query.Hour, query.HourOfDay, query.Day:
		default:
			v.table = newDayTable(cut)
		}
		return v
	})
	return i, typ, nil
}

// needCanonical asks for every mapped column.
func (p *physical) needCanonical() {
	for i := range p.rel.Columns[:p.rel.Canonical] {
		name := p.rel.Columns[i].Name
		if _, ok := p.at["col/"+name]; !ok {
			p.at["col/"+name] = len(p.need)
			p.need = append(p.need, name)
		}
	}
}

// key plans the ids of a column.
func (b *builder) key(name string, cut query.Cut) (int, error) {
	c, typ, err := b.column(name)
	if err != nil {
		return 0, err
	}
	if cut != query.NoCut && typ != expr.Time && typ != expr.Date {
		return 0, fault.New(fault.Usage, "cutting %s by %s: it is a %s, not a time", name, cut, typ)
	}
	return once(b, &b.keyers, fmt.Sprintf("key/%d/%d", c, cut), func() *keyer {
		return newKeyer(b.rel, name, c, typ, cut, b.opt)
	}), nil
}

// base plans groups by keyers.
func (b *builder) base(keyers []int) int {
	return once(b, &b.bases, fmt.Sprint("base", keyers), func() *base { return newBase(b.physical, keyers, b.opt) })
}

// unit plans an accumulator once.
func (b *builder) unit(u unit) int {
	return once(b, &b.units, fmt.Sprintf("unit/%T/%+v", u, u), func() unit { return u })
}

// build plans the whole of p.
func build(rel *relation.Relation, p query.Plan, opt attemptOptions, memory int64) (*physical, error) {
	if opt.look == 0 {
		opt.look = firstLook
	}
	if opt.big == 0 {
		opt.big = bigSpan
	}
	b := &builder{&physical{rel: rel, opt: opt, at: map[string]int{}, bitmapBytes: bitmapBytes(rel, memory)}}
	rolled := dayRollups(p.Queries)
	for i := range p.Queries {
		q := p.Queries[i].Normal()
		qp, err := b.query(q, rolled)
		if err != nil {
			return nil, fault.Wrap(err, "planning %s", q.Name)
		}
		b.queries = append(b.queries, qp)
	}
	for i := range p.Groupings {
		gp, err := b.grouping(p.Groupings[i])
		if err != nil {
			return nil, fault.Wrap(err, "planning %s", p.Groupings[i].Name)
		}
		b.groups = append(b.groups, gp)
	}
	return b.physical, nil
}

// ofDays reports whether a cut follows from the day alone.
func ofDays(c query.Cut) bool {
	switch c {
	case query.Day, query.Week, query.Month, query.Quarter, query.Year, query.Weekday, query.MonthOfYear:
		return true
	}
	return false
}

// rollup is the identity of queries that can share day groups.
type rollup struct {
	column   string
	scope    relation.Kinds
	from, to int64
	where    string
}

func rollupOf(q query.Query) (rollup, bool) {
	if len(q.Dims) != 1 || q.Dims[0].FirstPer != "" || !ofDays(q.Dims[0].Cut) {
		return rollup{}, false
	}
	r := rollup{column: q.Dims[0].Column, scope: q.Scope, from: q.From, to: q.To}
	if q.Where != nil {
		r.where = expr.Format(q.Where)
	}
	return r, true
}

// dayRollups finds the calendars asked in more than one cut: they are grouped
// by day once, and the coarser ones are folded from the days.
func dayRollups(qs []query.Query) map[rollup]bool {
	first := map[rollup]query.Cut{}
	out := map[rollup]bool{}
	for _, q := range qs {
		q = q.Normal()
		r, ok := rollupOf(q)
		if !ok {
			continue
		}
		if c, seen := first[r]; seen && c != q.Dims[0].Cut {
			out[r] = true
		}
		first[r] = q.Dims[0].Cut
	}
	return out
}

func (b *builder) query(q query.Query, rolled map[rollup]bool) (*queryPlan, error) {
	qp := &queryPlan{q: q}
	st, err := b.stream(q.Scope, q.Where, q.From, q.To)
	if err != nil {
		return nil, err
	}
	r, ok := rollupOf(q)
	byDay := ok && rolled[r]
	var keyers []int
	place := func(k int) int {
		for i, o := range keyers {
			if o == k {
				return i
			}
		}
		keyers = append(keyers, k)
		return len(keyers) - 1
	}
	for _, d := range q.Dims {
		dp, err := b.dim(q, d, byDay, place)
		if err != nil {
			return nil, err
		}
		qp.dims = append(qp.dims, dp)
	}
	qp.base = b.base(keyers)
	qp.touch = []int{b.unit(touchUnit{base: b.grouped(st, qp.base)})}
	for _, m := range q.Measures {
		mp, err := b.measure(q, qp, m)
		if err != nil {
			return nil, fault.Wrap(err, "measure %s", m.Name)
		}
		qp.measures = append(qp.measures, mp)
	}
	return qp, nil
}

// firstCut is the cut whose least value gives the least value of c: periods
// follow from their days in order, so one least day serves all of them.
func firstCut(c query.Cut) query.Cut {
	switch c {
	case query.Week, query.Month, query.Quarter, query.Year:
		return query.Day
	}
	return c
}

func (b *builder) dim(q query.Query, d query.Dim, byDay bool, place func(int) int) (dimPlan, error) {
	dp := dimPlan{name: d.Name, cut: d.Cut, from: d.Cut, first: -1, typ: b.typeOf(d.Column)}
	if d.FirstPer != "" {
		st, err := b.stream(d.SearchScope(q.Scope), nil, query.MinTime, q.To)
		if err != nil {
			return dp, err
		}
		dp.from = firstCut(d.Cut)
		v, typ, err := b.numbers(st, d.Column, dp.from)
		if err != nil {
			return dp, err
		}
		if typ == expr.Text || typ == expr.Float || typ == expr.Unknown {
			return dp, fault.New(fault.Usage, "the first %s of each %s: only times, dates and integers have one", d.Column, d.FirstPer)
		}
		k, err := b.key(d.FirstPer, query.NoCut)
		if err != nil {
			return dp, err
		}
		dp.pos = place(k)
		dp.first = b.unit(extremeUnit{base: b.grouped(st, b.base([]int{k})), vec: v})
		return dp, nil
	}
	if byDay {
		dp.from = query.Day
	}
	k, err := b.key(d.Column, dp.from)
	if err != nil {
		return dp, err
	}
	dp.pos = place(k)
	return dp, nil
}

// keyed plans the ids of a keyer for the rows of a stream.
func (b *builder) keyed(st, k int) int {
	id := fmt.Sprintf("use/%d/%d", st, k)
	if i, ok := b.at[id]; ok {
		return i
	}
	u := use{stream: st, keyer: k, vec: -1}
	if kr := b.keyers[k]; kr.text == nil {
		u.vec, _, _ = b.numbers(st, kr.name, kr.cut) // checked when the keyer was made
	}
	return once(b, &b.uses, id, func() use { return u })
}

// grouped plans the group ids of a base for the rows of a stream.
func (b *builder) grouped(st, base int) int {
	g := baseUse{base: base, stream: st}
	for _, k := range b.bases[base].keyers {
		g.uses = append(g.uses, b.keyed(st, k))
	}
	return once(b, &b.groupUses, fmt.Sprintf("grouped/%d/%d", st, base), func() baseUse { return g })
}

// measure plans one measure of a query.
func (b *builder) measure(q query.Query, qp *queryPlan, m query.Measure) (measurePlan, error) {
	mp := measurePlan{m: m, typ: expr.Int, unit: -1, count: -1, pos: -1}
	scope := m.Scope
	if scope == 0 {
		scope = q.Scope
	}
	st, err := b.stream(scope, q.Where, q.From, q.To)
	if err != nil {
		return mp, err
	}
	g := b.grouped(st, qp.base)
	touch := b.unit(touchUnit{base: g})
	if touch != qp.touch[0] {
		qp.touch = append(qp.touch, touch)
	}
	if m.Op == query.Count && m.Column == "" {
		mp.unit = b.unit(countUnit{base: g, vec: -1})
		return mp, nil
	}
	if m.Op == query.CountDistinct {
		return b.distinct(mp, qp, st, g, touch)
	}
	v, typ, err := b.numbers(st, m.Column, m.Cut)
	if err != nil {
		return mp, err
	}
	mp.in = typ
	if m.Op == query.Count || m.Op == query.Mean {
		mp.count = b.unit(countUnit{base: g, vec: v})
	}
	refuse := func() (measurePlan, error) {
		return mp, fault.New(fault.Usage, "%s of %s: it is a %s", m.Op, m.Column, typ)
	}
	switch m.Op {
	case query.Count:
		mp.unit = mp.count
	case query.Sum, query.Mean:
		mp.typ = typ
		if m.Cut != query.NoCut || typ == expr.Text || typ == expr.Time || typ == expr.Date || typ == expr.Unknown {
			return refuse()
		}
		if m.Op == query.Mean {
			mp.typ = expr.Float
		} else if typ == expr.Bool {
			mp.typ = expr.Int
		}
		mp.unit = b.unit(sumUnit{base: g, vec: v, float: typ == expr.Float, wide: b.opt.wide, super: b.opt.super})
	case query.Min, query.Max:
		mp.typ = cutType(typ, m.Cut)
		if typ == expr.Unknown {
			return refuse()
		}
		mp.unit = b.unit(extremeUnit{base: g, vec: v, max: m.Op == query.Max, float: typ == expr.Float, text: typ == expr.Text})
	case query.Quantile:
		mp.typ = expr.Float
		if typ != expr.Int && typ != expr.Money && typ != expr.Float {
			return refuse()
		}
		if !(m.P >= 0 && m.P <= 1) {
			return mp, fault.New(fault.Usage, "quantile %v of %s: it must be between 0 and 1", m.P, m.Column)
		}
		mp.unit = b.unit(quantileUnit{base: g, vec: v})
	}
	return mp, nil
}

// distinct plans a distinct count. A column that is itself one of the base's
// keyers needs no state: its values are read off the groups.
func (b *builder) distinct(mp measurePlan, qp *queryPlan, st, g, touch int) (measurePlan, error) {
	k, err := b.key(mp.m.Column, mp.m.Cut)
	if err != nil {
		return mp, err
	}
	for i, o := range b.bases[qp.base].keyers {
		if o == k {
			mp.pos, mp.unit = i, touch
			return mp, nil
		}
	}
	mp.unit = b.unit(distinctUnit{base: g, key: b.keyed(st, k)})
	return mp, nil
}
