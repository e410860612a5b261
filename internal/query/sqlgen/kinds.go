package sqlgen

import (
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// rule is one WHEN of the kind of a row.
type rule struct {
	when   term
	kind   relation.Kind
	reason string
}

// kindTerm is the word of the row's kind: the first rule that holds. Rules that
// reject come first, then duplicates, then rows beyond as-of, then the rest.
func (r *rows) kindTerm() term {
	if r.kind != nil {
		return *r.kind
	}
	rules := r.rules()
	var kind, reason strings.Builder
	kind.WriteString("CASE")
	reason.WriteString("CASE")
	step := 0
	for _, u := range rules {
		fmt.Fprintf(&kind, " WHEN %s THEN '%s'", u.when.s, u.kind)
		fmt.Fprintf(&reason, " WHEN %s THEN %s", u.when.s, r.ok(r.d.Text(u.reason)))
		step = max(step, u.when.step)
	}
	k, why := term{s: "'sold'", atom: true}, term{s: "'sold'", atom: true}
	if len(rules) > 0 {
		k = r.let("row_kind", term{s: kind.String() + " ELSE 'sold' END", step: step})
		why = term{s: reason.String() + " ELSE 'sold' END", step: step}
	}
	r.kind, r.reason = &k, &why
	return k
}

func (r *rows) rules() []rule {
	var out []rule
	scoped := false
	scope := func() {
		scoped = true
		if r.rel.Dedupe {
			out = append(out, rule{r.duplicate(out), relation.Reject, relation.ReasonDuplicate})
		}
		if i := r.rel.TimeColumn(); i >= 0 && r.rel.AsOf != math.MaxInt64 && r.rel.Columns[i].Type == expr.Time {
			ts := r.column(r.rel.Columns[i].Name)
			out = append(out, rule{r.f("%s >= %s", ts.term, r.int(r.rel.AsOf)), relation.Outside, relation.ReasonOutside})
		}
	}
	for _, u := range r.rel.Rules {
		if !scoped && u.Kind != relation.Reject {
			scope()
		}
		if r.never(u) {
			continue
		}
		when := r.condition(u.When)
		if u.Test == relation.TestNull { // unreadable is not missing
			if c := &r.rel.Columns[r.rel.Find(u.Column)]; c.Join == 0 {
				if v := r.column(u.Column); v.bad.s != "" {
					when = r.f("%s AND NOT %s", when, r.f("COALESCE(%s, %s)", v.bad, term{s: r.d.Bool(false), atom: true}))
				}
			}
		}
		out = append(out, rule{when, u.Kind, u.Name})
	}
	if !scoped {
		scope()
	}
	return out
}

// never reports rules of the house over columns that the relation does not have.
func (r *rows) never(u relation.Rule) bool {
	_, _, _, _, money := r.rel.MoneyParts()
	switch {
	case u.Test == relation.TestExpr || u.Test == relation.TestBad:
		return false
	case u.Test == relation.TestNoMoney:
		return !money
	}
	for _, name := range expr.Columns(u.When) {
		if _, t, ok := r.lookup(name); !ok || u.Test == relation.TestWords && t != expr.Text {
			return true
		}
	}
	return false
}

// duplicate is true for rows that equal an earlier row, in the order of the
// file, in all mapped columns; rows that a rule before took are left out on both sides.
func (r *rows) duplicate(before []rule) term {
	conds := make([]term, len(before))
	for i, u := range before {
		conds[i] = u.when
	}
	taken := r.int(0)
	if len(conds) > 0 {
		any := r.logic(true, conds)
		taken = r.let("rejected", r.f("CASE WHEN %s THEN 1 ELSE 0 END", term{s: any.s, step: any.step, atom: true}))
	}
	parts := []string{taken.s}
	step := taken.step
	for _, c := range r.rel.Columns[:r.rel.Canonical] {
		v := r.column(c.Name)
		parts = append(parts, v.s)
		step = max(step, v.step)
	}
	order := r.raw("file_order", r.ok(r.d.FileOrder(r.alias[0])))
	step = max(step, order.step)
	n := r.let("copy", term{s: "ROW_NUMBER() OVER (PARTITION BY " + strings.Join(parts, ", ") + " ORDER BY " + order.s + ")", step: step})
	return r.f("%s > 1", n)
}

// inKinds is true for rows of the kinds.
func (r *rows) inKinds(s relation.Kinds) term {
	k := r.kindTerm()
	var words []string
	for i := relation.Kind(0); i < relation.NumKinds; i++ {
		if s.In(i) {
			words = append(words, "'"+i.String()+"'")
		}
	}
	switch {
	case len(words) == int(relation.NumKinds):
		return term{s: r.d.Bool(true), atom: true}
	case k.s == "'sold'":
		return term{s: r.d.Bool(s.In(relation.Sold)), atom: true}
	case len(words) == 1:
		return r.f("%s = %s", k, words[0])
	case len(words) == 0:
		return term{s: r.d.Bool(false), atom: true}
	}
	return r.f("%s IN (%s)", k, strings.Join(words, ", "))
}
