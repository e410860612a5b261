package sqlgen

import (
	"fmt"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// maxSQL bounds the text; databases have bounds of their own near it.
const maxSQL = 1 << 20

// term is a piece of SQL over the columns of a step.
type term struct {
	s    string
	step int  // the first step whose columns it may use
	atom bool // a name or a literal: may be repeated and needs no parentheses
}

// p is the term in parentheses unless it is an atom.
func (t term) p() string {
	if t.atom {
		return t.s
	}
	return "(" + t.s + ")"
}

// later is the latest step of several terms.
func later(ts ...term) int {
	s := 0
	for _, t := range ts {
		s = max(s, t.step)
	}
	return s
}

// printer collects the steps of one statement. The first error wins and makes
// everything after it meaningless.
type printer struct {
	d      Dialect
	cols   names // columns of the steps
	tables names // names of steps
	from   string
	steps  [][]string      // steps[i]: "expression AS name" computed over step i
	memo   map[string]term // expression at its step → its column
	size   int
	err    error
}

func newPrinter(d Dialect) *printer {
	return &printer{d: d, memo: map[string]term{}, steps: [][]string{nil}}
}

func (g *printer) fail(err error) term {
	if g.err == nil {
		g.err = err
	}
	return term{s: "NULL", atom: true}
}

func (g *printer) refuse(format string, args ...any) term {
	return g.fail(fault.New(fault.Usage, "printing SQL for %s: %w", g.d.Name(), fmt.Errorf(format, args...)))
}

// ok takes what a dialect returned.
func (g *printer) ok(s string, err error) string {
	if err != nil {
		g.fail(err)
	}
	return s
}

func (g *printer) ident(name string) string { return g.ok(g.d.Ident(name)) }

// f makes a term of a format whose arguments are terms (printed in parentheses
// where needed) or anything else.
func (g *printer) f(format string, args ...any) term {
	t := term{}
	out := make([]any, len(args))
	for i, a := range args {
		if x, ok := a.(term); ok {
			t.step = max(t.step, x.step)
			out[i] = x.p()
			continue
		}
		out[i] = a
	}
	t.s = fmt.Sprintf(format, out...)
	return t
}

// let makes a column of a term, so that it can be used often. The same term is
// computed once.
func (g *printer) let(hint string, t term) term {
	if t.atom || g.err != nil {
		return t
	}
	key := fmt.Sprint(t.step, " ", t.s)
	if c, ok := g.memo[key]; ok {
		return c
	}
	name := g.ident(g.cols.fresh(hint))
	for len(g.steps) <= t.step {
		g.steps = append(g.steps, nil)
	}
	g.steps[t.step] = append(g.steps[t.step], t.s+" AS "+name)
	c := term{s: name, step: t.step + 1, atom: true}
	g.memo[key] = c
	if g.size += len(t.s); g.size > maxSQL {
		g.refuse("the statement is longer than %d bytes", maxSQL)
	}
	return c
}

// raw makes a column of the source.
func (g *printer) raw(hint, s string) term {
	key := "raw " + s
	if c, ok := g.memo[key]; ok {
		return c
	}
	name := g.ident(g.cols.fresh(hint))
	g.steps[0] = append(g.steps[0], s+" AS "+name)
	c := term{s: name, step: 1, atom: true}
	g.memo[key] = c
	return c
}

// ctes prints the steps as common table expressions and returns the name of the last.
func (g *printer) ctes() (text, last string) {
	var b strings.Builder
	b.WriteString("WITH\n")
	for i, cols := range g.steps {
		name, from, list := "source", g.from, cols
		if i > 0 {
			name, from = fmt.Sprintf("step_%d", i), "FROM "+last
			list = append([]string{"*"}, cols...)
		}
		if len(list) == 0 {
			list = []string{"1 AS " + g.ident(g.cols.fresh("one"))}
		}
		name = g.ident(g.tables.fresh(name))
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "%s %s (\n  SELECT\n    %s\n  %s%s\n)", name, g.d.Step(), strings.Join(list, ",\n    "), from, g.d.StepEnd())
		last = name
	}
	return b.String(), last
}
