package sqlgentest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/ecomctl/ecomctl/internal/engine/local"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/query/sqlgen"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// fataler is what the tests of testing and rapid have in common.
type fataler interface {
	Fatalf(string, ...any)
	Helper()
}

// equal compares a cell of the engine with one of the database. Sums and means of
// doubles may differ in the last digits, everything else not at all.
func equal(a, b any, sum bool) bool {
	x, isFloat := a.(float64)
	if y, ok := b.(float64); ok && isFloat {
		return x == y || sum && math.Abs(x-y) <= 1e-9*(math.Abs(x)+math.Abs(y)+1)
	}
	return a == b
}

// sameAnswer asks both engines and compares cell by cell.
func (e *Engine) sameAnswer(t fataler, rel *relation.Relation, q query.Query) {
	t.Helper()
	ans, err := local.New(local.Options{Threads: 2}).Run(context.Background(), rel, query.Plan{Queries: []query.Query{q}})
	if err != nil {
		t.Fatalf("%+v: engine: %v", q, err)
	}
	e.compare(t, rel, q, ans.Tables[0])
}

// compare asks the database and compares its answer with the engine's.
func (e *Engine) compare(t fataler, rel *relation.Relation, q query.Query, tab *query.Table) {
	t.Helper()
	text, err := sqlgen.Query(e.Dialect, rel, e.tables(rel), q)
	if err != nil {
		t.Fatalf("%+v: printer: %v", q, err)
	}
	names, cells, err := e.ask(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if fmt.Sprint(names) != fmt.Sprint(tab.Names) || len(cells) != tab.N {
		t.Fatalf("%v with %d rows, the database has %v with %d\n%s", tab.Names, tab.N, names, len(cells), both(tab, cells, q, text))
	}
	for c := range tab.Cols {
		sum := false
		if k := c - len(q.Dims); k >= 0 {
			sum = q.Measures[k].Op == query.Sum || q.Measures[k].Op == query.Mean
		}
		for i := range tab.N {
			if have := cellOf(&tab.Cols[c], i); !equal(have, cells[i][c], sum) {
				t.Fatalf("row %d, %s: %#v, the database has %#v\n%s", i, names[c], have, cells[i][c], both(tab, cells, q, text))
			}
		}
	}
}

// both shows two answers and their question.
func both(tab *query.Table, cells [][]any, q query.Query, text string) string {
	var b strings.Builder
	for i := range tab.N {
		b.WriteString("engine:")
		for c := range tab.Cols {
			fmt.Fprintf(&b, " %#v", cellOf(&tab.Cols[c], i))
		}
		b.WriteString("\n")
	}
	for _, line := range cells {
		fmt.Fprintf(&b, "database: %#v\n", line)
	}
	where := ""
	if q.Where != nil {
		where = expr.Format(q.Where)
	}
	fmt.Fprintf(&b, "where %s\n%+v\n%s", where, q, text)
	return b.String()
}
