package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Explain implements engine.Engine: it names the columns that are read, the ids
// that stand for values, how groups are numbered and how each measure is kept.
func (e *Engine) Explain(rel *relation.Relation, plan query.Plan) (string, error) {
	rel, _, err := prune(context.Background(), rel, plan)
	if err != nil {
		return "", err
	}
	p, err := build(rel, plan, attemptOptions{}, e.opt.Memory)
	if err != nil {
		return "", err
	}
	if plan.Nulls || plan.Duplicates {
		p.needCanonical()
	}
	prog, err := relation.Compile(rel, p.need)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	rows, size := int64(0), int64(0)
	for _, s := range rel.Fact.Splits() {
		rows += max(s.Rows(), 0)
		size += s.Bytes()
	}
	fmt.Fprintf(&b, "one scan: %d splits, %d rows known, %d bytes, %d threads\n", len(rel.Fact.Splits()), rows, size, threadsOr(e.opt.Threads))
	var cols []string
	for _, w := range prog.Wants() {
		cols = append(cols, rel.Fact.Schema().Field(w.Col).Name)
	}
	fmt.Fprintf(&b, "reads: %s\n", strings.Join(cols, ", "))
	if d, ok := rel.Fact.(source.Queried); ok {
		if text := d.Statement(prog.Wants()); text != "" {
			fmt.Fprintf(&b, "asks, the first of %d times: %s\n", len(rel.Fact.Splits()), text)
		}
	}
	for i, s := range p.streams {
		fmt.Fprintf(&b, "rows %d: %s\n", i, s)
	}
	for i, k := range p.keyers {
		fmt.Fprintf(&b, "key %d: %s\n", i, k)
	}
	for i, bs := range p.bases {
		fmt.Fprintf(&b, "groups %d: %s\n", i, bs)
	}
	for _, u := range p.units {
		fmt.Fprintf(&b, "state: %s\n", p.describe(u))
	}
	for _, q := range p.queries {
		fmt.Fprintf(&b, "query %s: from groups %d%s\n", q.q.Name, q.base, q.folds())
	}
	for _, g := range p.groups {
		fmt.Fprintf(&b, "grouping %s: rows of %d by key %d, collected\n", g.g.Name, g.stream, p.uses[g.key].keyer)
	}
	return b.String(), nil
}

// String says which rows a stream selects.
func (s *stream) String() string {
	var kinds []string
	for k := range relation.NumKinds {
		if s.kinds.In(k) {
			kinds = append(kinds, k.String())
		}
	}
	out := strings.Join(kinds, "+")
	if s.from != query.MinTime {
		out += fmt.Sprintf(", from %d µs", s.from)
	}
	if s.to != query.MaxTime {
		out += fmt.Sprintf(", before %d µs", s.to)
	}
	if s.where != nil {
		out += ", where " + expr.Format(s.where)
	}
	return out
}

// String says how a keyer numbers values.
func (k *keyer) String() string {
	name := k.name
	if k.cut != query.NoCut {
		name += " by " + k.cut.String()
	}
	switch {
	case k.text != nil:
		return name + ": interned text"
	case k.span == 0:
		return name + ": interned"
	case k.tidy:
		return fmt.Sprintf("%s: direct, %d values from %d", name, k.span, k.base)
	}
	return fmt.Sprintf("%s: direct, %d values from %d, others interned", name, k.span, k.base)
}

// String says how a base numbers groups.
func (b *base) String() string {
	switch {
	case len(b.keyers) == 0:
		return "one"
	case len(b.keyers) == 1:
		return fmt.Sprintf("key %d", b.keyers[0])
	case b.big >= 0:
		return fmt.Sprintf("keys %v, dense along key %d (%d wide)", b.keyers, b.keyers[b.big], b.stride)
	}
	return fmt.Sprintf("keys %v, interned", b.keyers)
}

// describe says what an accumulator keeps.
func (p *physical) describe(u unit) string {
	vecName := func(v int) string {
		name := p.need[p.vecs[v].col]
		if c := p.vecs[v].cut; c != query.NoCut {
			name += " by " + c.String()
		}
		return name
	}
	at := func(g int) string {
		return fmt.Sprintf("by groups %d over rows %d", p.groupUses[g].base, p.groupUses[g].stream)
	}
	switch u := u.(type) {
	case touchUnit:
		return "existence " + at(u.base)
	case countUnit:
		if u.vec < 0 {
			return "rows " + at(u.base)
		}
		return "count of " + vecName(u.vec) + " " + at(u.base)
	case sumUnit:
		return "sum of " + vecName(u.vec) + " " + at(u.base)
	case extremeUnit:
		if u.max {
			return "greatest " + vecName(u.vec) + " " + at(u.base)
		}
		return "least " + vecName(u.vec) + " " + at(u.base)
	case quantileUnit:
		return "all values of " + vecName(u.vec) + " " + at(u.base)
	case distinctUnit:
		k := p.uses[u.key].keyer
		return fmt.Sprintf("distinct key %d (%s) %s: first group by key, then bitmaps (up to %d MiB) or sorted pairs", k, p.keyers[k].name, at(u.base), p.bitmapBytes>>20)
	}
	return fmt.Sprintf("%T", u)
}

// folds names the dimensions that are not the groups' own keys.
func (q *queryPlan) folds() (out string) {
	for _, d := range q.dims {
		switch {
		case d.first >= 0:
			out += fmt.Sprintf(", %s: first %s of its key", d.name, d.cut)
		case d.cut != d.from:
			out += fmt.Sprintf(", %s: %s folded from %s", d.name, d.cut, d.from)
		}
	}
	return out
}
