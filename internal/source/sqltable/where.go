package sqltable

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// filter prints conditions for the server. What it prints is true for every row for which the condition is true after reading; where the server
// could see a value otherwise (other collations, doubles of decimals, values that are read as null) the printed condition is the
// wider one, and what cannot be said at all is left out. The reader's caller judges the rows again.
type filter struct {
	t     *table
	d     sqldb.Dialect
	dates map[int]dates // of the columns of SQLite that the condition compares
	utf8  bool          // SQLite compares texts by the bytes that are read
}

// never is a condition without rows.
const never = "0 = 1"

// print returns the condition, or its negation, for the server; "" is no condition at all. Negations are carried down to the comparisons, for
// "not" of a wider condition would be a narrower one.
func (f *filter) print(n expr.Node, not bool) string {
	switch n := n.(type) {
	case *expr.Logic:
		return f.logic(n.Args, n.Or != not, not)
	case *expr.Unary:
		if n.Not {
			return f.print(n.X, !not)
		}
	case *expr.Literal:
		if n.Null || (n.I != 0) == not {
			return never
		}
	case *expr.Column:
		return f.compare(n, expr.OpEq, &expr.Literal{Type: expr.Bool, I: int64(boolean(!not))})
	case *expr.NullTest:
		if n.Not != not {
			return f.present(n.X)
		}
		return f.absent(n.X)
	case *expr.Binary:
		return f.binary(n, not)
	case *expr.Range:
		return f.between(n, n.Not != not)
	case *expr.InList:
		return f.in(n, n.Not != not)
	case *expr.Match:
		return f.match(n, n.Not != not)
	case *expr.Func:
		return f.call(n, not)
	}
	return ""
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// logic joins conditions: what is not said may be left out of "and", and leaves nothing of "or".
func (f *filter) logic(args []expr.Node, or, not bool) string {
	var parts []string
	for _, a := range args {
		s := f.print(a, not)
		switch {
		case s == "" && or:
			return ""
		case s != "":
			parts = append(parts, s)
		}
	}
	return join(parts, or)
}

func join(parts []string, or bool) string {
	word := " AND "
	if or {
		word = " OR "
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return "(" + strings.Join(parts, word) + ")"
}

// operand is a column that the server sees as it is read, or nil. typ is the type of the comparison.
func (f *filter) operand(n expr.Node) (c *column, at int, typ expr.Type) {
	typ = expr.TypeOf(n)
	if cast, ok := n.(*expr.Cast); ok {
		if from := expr.TypeOf(cast.X); from == expr.Int && typ == expr.Float || from == expr.Date && typ == expr.Time {
			n = cast.X
		}
	}
	col, ok := n.(*expr.Column)
	if !ok || col.Index < 0 || col.Index >= len(f.t.cols) || f.t.cols[col.Index].how == asNothing {
		return nil, 0, typ
	}
	return &f.t.cols[col.Index], col.Index, typ
}

// name quotes a column.
func (f *filter) name(c *column) string { return f.d.Quote(c.name) }

// present: a value that is read is stored.
func (f *filter) present(n expr.Node) string {
	if c, _, _ := f.operand(n); c != nil {
		return f.name(c) + " IS NOT NULL"
	}
	return ""
}

// absent: a text that is empty is null when it is read, and so are numbers that are none, which only MySQL refuses to store.
func (f *filter) absent(n expr.Node) string {
	c, _, typ := f.operand(n)
	if c == nil {
		return ""
	}
	null := f.name(c) + " IS NULL"
	switch {
	case typ == expr.Text:
		if empty := f.text(c, expr.OpEq, ""); empty != "" {
			return "(" + null + " OR " + empty + ")"
		}
	case f.d == sqldb.MySQL && (c.how == asInt || c.how == asFloat):
		return null
	}
	return ""
}

func (f *filter) binary(n *expr.Binary, not bool) string {
	l, r, op := n.L, n.R, n.Op
	lit, ok := r.(*expr.Literal)
	if !ok {
		if lit, ok = l.(*expr.Literal); !ok {
			return ""
		}
		l, op = r, swapped[op]
	}
	if not {
		op = negated[op]
	}
	return f.compare(l, op, lit)
}

var (
	swapped = map[expr.Op]expr.Op{expr.OpEq: expr.OpEq, expr.OpNe: expr.OpNe, expr.OpLt: expr.OpGt, expr.OpLe: expr.OpGe, expr.OpGt: expr.OpLt, expr.OpGe: expr.OpLe}
	negated = map[expr.Op]expr.Op{expr.OpEq: expr.OpNe, expr.OpNe: expr.OpEq, expr.OpLt: expr.OpGe, expr.OpLe: expr.OpGt, expr.OpGt: expr.OpLe, expr.OpGe: expr.OpLt}
)

func (f *filter) between(n *expr.Range, not bool) string {
	lo, ok1 := n.Lo.(*expr.Literal)
	hi, ok2 := n.Hi.(*expr.Literal)
	if !ok1 || !ok2 {
		return ""
	}
	lower, upper := expr.OpGe, expr.OpLe
	if not {
		lower, upper = expr.OpLt, expr.OpGt
	}
	a, b := f.compare(n.X, lower, lo), f.compare(n.X, upper, hi)
	if not && (a == "" || b == "") {
		return ""
	}
	return join(nonEmpty(a, b), not)
}

func nonEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// in is a chain of comparisons; a list of integers or texts is printed as one.
func (f *filter) in(n *expr.InList, not bool) string {
	var parts, values []string
	op := expr.OpEq
	if not {
		op = expr.OpNe
	}
	for _, e := range n.List {
		lit, ok := e.(*expr.Literal)
		if !ok {
			return ""
		}
		s := f.compare(n.X, op, lit)
		if s == "" {
			if lit.Null && !not { // equal to nothing
				continue
			}
			return ""
		}
		parts = append(parts, s)
		if v, ok := f.equal(n.X, lit); ok {
			values = append(values, v)
		}
	}
	c, _, _ := f.operand(n.X)
	switch {
	case len(parts) == 0:
		return never
	case !not && len(values) == len(parts):
		return f.name(c) + " IN (" + strings.Join(values, ", ") + ")"
	}
	return join(parts, !not)
}

// equal gives the values that a column's equality with a literal stands for, where the column is compared as it is.
func (f *filter) equal(x expr.Node, lit *expr.Literal) (string, bool) {
	c, _, typ := f.operand(x)
	if c == nil || lit.Null {
		return "", false
	}
	switch typ {
	case expr.Int:
		return strconv.FormatInt(lit.I, 10), f.integers(c)
	case expr.Text:
		return f.texts(c, lit.S)
	}
	return "", false
}

// compare prints column op literal. Comparisons with null are never true, which the caller finds out.
func (f *filter) compare(x expr.Node, op expr.Op, lit *expr.Literal) string {
	c, at, typ := f.operand(x)
	if c == nil || lit.Null {
		return ""
	}
	name := f.name(c)
	switch {
	case typ == expr.Int && lit.Type == expr.Int && f.integers(c):
		return fmt.Sprintf("%s %s %d", name, sign(op), lit.I)
	case typ == expr.Bool && lit.Type == expr.Bool && (c.how == asBool || c.bits):
		return fmt.Sprintf("%s = %d", name, lit.I^int64(boolean(op != expr.OpEq)))
	case typ == expr.Float && lit.Type == expr.Float:
		return f.number(c, op, lit.F)
	case typ == expr.Text && lit.Type == expr.Text:
		return f.text(c, op, lit.S)
	case typ == expr.Time && lit.Type == expr.Time:
		return f.moment(c, at, op, lit.I)
	case typ == expr.Date && lit.Type == expr.Date && lit.I > -maxDay && lit.I < maxDay:
		return f.moment(c, at, op, lit.I*dayMicros)
	}
	return ""
}

// maxDay bounds the days of which microseconds are printed.
const maxDay = 4_000_000

func sign(op expr.Op) string {
	if op == expr.OpNe {
		return "<>"
	}
	return op.String()
}

// integers: YEAR is compared by rules of its own.
func (f *filter) integers(c *column) bool {
	return (c.how == asInt || c.how == asUint) && !strings.HasPrefix(c.declared, "year")
}

// number compares doubles. Decimals become doubles when they are read, and a server may compare in decimals or in floats: the limit is
// moved by more than that can make.
func (f *filter) number(c *column, op expr.Op, v float64) string {
	const most = 1e15
	if math.Abs(v) > most || !f.integers(c) && c.how != asFloat && c.how != asDecimal {
		return ""
	}
	name := f.name(c)
	room := 2e-6 + math.Abs(v)*1e-12
	if strings.HasPrefix(c.declared, "float") {
		room += math.Abs(v) * 1e-6
	}
	least := name + " >= " + strconv.FormatFloat(v-room, 'f', 6, 64)
	greatest := name + " <= " + strconv.FormatFloat(v+room, 'f', 6, 64)
	if f.d == sqldb.SQLite && c.how == asDecimal { // decimals of many digits are texts there, which are greater than numbers
		greatest = "(" + greatest + " OR " + name + " >= '')"
	}
	switch op {
	case expr.OpGt, expr.OpGe:
		return least
	case expr.OpLt, expr.OpLe:
		return greatest
	case expr.OpEq:
		return "(" + least + " AND " + greatest + ")"
	}
	return name + " IS NOT NULL"
}

// match is a pattern of "like".
func (f *filter) match(n *expr.Match, not bool) string {
	if not {
		return f.present(n.X)
	}
	return f.like(n.X, expr.LikeParts(n))
}

// call is one of the functions that look for a text in another.
func (f *filter) call(n *expr.Func, not bool) string {
	run := expr.LikePart{Wild: true, Text: "%"}
	if not || len(n.Args) != 2 {
		return ""
	}
	arg, ok := n.Args[1].(*expr.Literal)
	if !ok || arg.S == "" {
		return ""
	}
	lit := expr.LikePart{Text: arg.S}
	switch n.Name {
	case "starts_with":
		return f.like(n.Args[0], []expr.LikePart{lit, run})
	case "ends_with":
		return f.like(n.Args[0], []expr.LikePart{run, lit})
	case "contains":
		return f.like(n.Args[0], []expr.LikePart{run, lit, run})
	}
	return ""
}

// like: texts of a pattern.
func (f *filter) like(x expr.Node, parts []expr.LikePart) string {
	c, _, typ := f.operand(x)
	switch {
	case c == nil || typ != expr.Text:
		return ""
	case len(parts) == 0:
		return f.text(c, expr.OpEq, "")
	case len(parts) == 1 && !parts[0].Wild:
		return f.text(c, expr.OpEq, parts[0].Text)
	case f.d == sqldb.MySQL:
		return f.mysqlLike(c, parts)
	}
	return f.sqliteLike(c, parts)
}

// text compares bytes.
func (f *filter) text(c *column, op expr.Op, s string) string {
	if f.d == sqldb.MySQL {
		return f.mysqlText(c, op, s)
	}
	return f.sqliteText(c, op, s)
}

// texts are the literals that equal s in a column that can be compared as it is.
func (f *filter) texts(c *column, s string) (string, bool) {
	if f.d == sqldb.MySQL {
		return f.mysqlTexts(c, s)
	}
	return f.sqliteTexts(c, s)
}

// moment compares dates and times, in microseconds of the column's own clock.
func (f *filter) moment(c *column, at int, op expr.Op, us int64) string {
	if f.d == sqldb.MySQL {
		return f.mysqlMoment(c, op, us)
	}
	return f.sqliteMoment(c, at, op, us)
}
