package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// findPreset returns the preset that is named, or whose files the columns are those of.
func (b *build) findPreset() (*Preset, error) {
	if b.Preset != "" {
		return FindPreset(b.Preset)
	}
	p := Known(b.schema)
	if p == nil || b.Table != "" && b.Table != p.Table.Name {
		return nil, nil
	}
	b.notices = append(b.notices, Notice(fmt.Sprintf("the columns are those of the %s: read as with --preset %s", p.EN, p.Name)))
	return p, nil
}

// voids makes rules of the columns by which a preset knows orders that are no sales.
func (b *build) voids(p *Preset) {
	if p == nil || b.NoClean {
		return
	}
	for _, pc := range p.Void {
		d, join := b.Fact, b.joins[pc.In]
		if join > 0 {
			d = b.Tables[pc.In]
		}
		from, ok := pick(d.Schema(), pc.From)
		if !ok || b.rel.Find(from) >= 0 {
			continue
		}
		typ := expr.Text
		if !source.Untyped(d) {
			typ = plainType(d.Schema().Field(d.Schema().FieldIndices(from)[0]).Type)
		}
		b.rel.Columns = append(b.rel.Columns, relation.Column{Name: from, Type: typ, From: from, Join: join})
		b.void = append(b.void, relation.Rule{Name: pc.Canonical, Kind: relation.Void, When: expr.Not(expr.IsNull(expr.Col(from)))})
	}
}

// presetJoins joins the tables of a preset that are there.
func (b *build) presetJoins(p *Preset) {
	for _, j := range p.Joins {
		if j.Self {
			b.joinSelf(j)
			continue
		}
		t := b.Tables[j.Name]
		if t == nil {
			continue
		}
		if i := strings.IndexByte(j.On[0].Left, '.'); i > 0 && b.joins[j.On[0].Left[:i]] == 0 {
			continue // its parent is not there
		}
		b.addJoin(j.Name, t, j.On)
	}
}

// fromPreset takes the columns of a preset that the input has.
func (b *build) fromPreset(p *Preset) error {
	b.presetJoins(p)
	hits := 0
	for _, pc := range p.Columns {
		if named := b.m.Of(pc.Canonical); named != nil {
			b.complete(named, &pc)
			continue
		}
		c := Choice{Canonical: pc.Canonical, Layout: pc.Layout, Integer: pc.Integer, Why: "preset " + p.Name}
		if len(b.schema.FieldIndices(pc.Canonical)) == 1 && (pc.In != "" || pc.Const != "") {
			c.From, c.Layout = pc.Canonical, "" // what clean wrote stands in the fact table
			b.m.set(c)
			hits++
			continue
		}
		s := b.schema
		switch {
		case pc.Const != "":
			c.Const = &pc.Const
			b.m.set(c)
			continue
		case pc.In != "":
			if b.joins[pc.In] == 0 {
				continue
			}
			s = b.Tables[pc.In].Schema()
		}
		from, ok := pick(s, append(slices.Clone(pc.From), pc.Canonical))
		if !ok && pc.In == "" {
			from, ok = b.byPlace(p, pc.From)
		}
		if !ok {
			continue
		}
		hits++
		if c.From = from; from == pc.Canonical {
			c.Layout = ""
		} else if other, ok := pick(b.schema, pc.Else); ok && pc.In == "" {
			c.other = other
		}
		b.m.set(c)
		if pc.In != "" {
			b.from[pc.Canonical] = pc.In
		}
	}
	for _, r := range p.Remarks {
		b.notices = append(b.notices, Notice(r))
	}
	if hits == 0 {
		return fault.New(fault.Usage, "the input does not look like %s: it has none of its columns", p.Name).
			WithHint("its columns are: %s; leave --preset out to have them recognised", listFields(b.schema))
	}
	return nil
}

// complete reads a column that the user stated, and that the preset knows, as the preset does: a status that
// only the first line of an order tells stays that of all its lines.
func (b *build) complete(named *Choice, pc *PresetColumn) {
	if named.Const != nil || b.from[named.Canonical] != "" || !slices.Contains(pc.From, named.From) {
		return
	}
	if at := b.joins[pc.In]; at > 0 && b.rel.Joins[at-1].Self {
		b.from[named.Canonical] = pc.In
	} else if other, ok := pick(b.schema, pc.Else); ok && pc.In == "" {
		named.other = other
	}
}

// joinSelf joins the fact table with those of its rows that tell what holds for all rows of their
// key. Where rows come one by one, or lack the columns (what clean wrote says it on each row), there is nothing to join.
func (b *build) joinSelf(j PresetJoin) {
	present, ok := pick(b.schema, []string{j.Present})
	if !ok || source.IsAlone(b.Fact) {
		return
	}
	on := make([]relation.On, len(j.On))
	for i, o := range j.On {
		left, ok := pick(b.schema, []string{o.Left})
		if !ok {
			return
		}
		on[i] = relation.On{Left: left, Right: left}
	}
	b.Tables = maps.Clone(b.Tables)
	if b.Tables == nil {
		b.Tables = map[string]source.Dataset{}
	}
	b.Tables[j.Name] = b.Fact
	b.addJoin(j.Name, b.Fact, on)
	last := &b.rel.Joins[len(b.rel.Joins)-1]
	last.Self, last.Present = true, present
	if j.Remark != "" {
		b.notices = append(b.notices, Notice(j.Remark))
	}
}

// byPlace finds the column of a preset in a file without a header, by the
// number of its columns.
func (b *build) byPlace(p *Preset, from []string) (string, bool) {
	if p.Text == nil || !b.text {
		return "", false
	}
	for _, names := range p.Text.Names {
		if len(names) != b.schema.NumFields() {
			continue
		}
		for i, n := range names {
			if slices.Contains(from, n) && !b.known(p) {
				return b.schema.Field(i).Name, true
			}
		}
	}
	return "", false
}

// known reports whether the input has a column that the preset knows by name.
func (b *build) known(p *Preset) bool {
	for _, pc := range p.Columns {
		if _, ok := pick(b.schema, append(slices.Clone(pc.From), pc.Canonical)); ok && pc.In == "" {
			return true
		}
	}
	return false
}
