package expr

import (
	"strconv"
	"strings"
	"time"
)

// Format prints an expression in the language itself, so that Parse gives the
// same meaning back. Messages, --explain and rule files use it.
func Format(n Node) string {
	var b strings.Builder
	f := formatter{&b}
	f.node(n, 0)
	return b.String()
}

// Binding strengths; a child that binds weaker than its place is put in parentheses.
const (
	bindOr = iota + 1
	bindAnd
	bindNot
	bindTest
	bindSum
	bindProduct
	bindNeg
	bindPrimary
)

func binding(n Node) int {
	switch n := n.(type) {
	case *Logic:
		if n.Or {
			return bindOr
		}
		return bindAnd
	case *Unary:
		if n.Not {
			return bindNot
		}
		return bindNeg
	case *NullTest, *InList, *Range, *Match:
		return bindTest
	case *Binary:
		switch n.Op {
		case OpAdd, OpSub:
			return bindSum
		case OpMul, OpDiv, OpMod:
			return bindProduct
		}
		return bindTest
	case *Literal:
		if !n.Null && strings.HasPrefix(formatLiteral(n), "-") {
			return bindNeg
		}
	case *Cast:
		return binding(n.X)
	}
	return bindPrimary
}

type formatter struct{ b *strings.Builder }

func (f formatter) node(n Node, place int) {
	if binding(n) < place {
		f.b.WriteByte('(')
		defer f.b.WriteByte(')')
	}
	switch n := n.(type) {
	case *Column:
		f.b.WriteString(ident(n.Name))
	case *Literal:
		f.b.WriteString(formatLiteral(n))
	case *Unary:
		if n.Not {
			f.b.WriteString("not ")
			f.node(n.X, bindNot)
			return
		}
		f.b.WriteByte('-')
		f.node(n.X, bindPrimary)
	case *Binary:
		b := binding(n)
		left := b
		if n.Op.compares() {
			left = b + 1
		}
		f.node(n.L, left)
		f.b.WriteString(" " + n.Op.String() + " ")
		f.node(n.R, b+1)
	case *Logic:
		word := " and "
		if n.Or {
			word = " or "
		}
		f.join(n.Args, word, binding(n)+1)
	case *NullTest:
		f.node(n.X, bindSum)
		f.b.WriteString(" is" + notWord(n.Not) + " null")
	case *InList:
		f.node(n.X, bindSum)
		f.b.WriteString(notWord(n.Not) + " in (")
		f.join(n.List, ", ", 0)
		f.b.WriteByte(')')
	case *Range:
		f.node(n.X, bindSum)
		f.b.WriteString(notWord(n.Not) + " between ")
		f.node(n.Lo, bindSum)
		f.b.WriteString(" and ")
		f.node(n.Hi, bindSum)
	case *Match:
		f.node(n.X, bindSum)
		f.b.WriteString(notWord(n.Not) + " like " + quoteText(n.Pattern))
		if n.Escape != 0 {
			f.b.WriteString(" escape " + quoteText(string(n.Escape)))
		}
	case *Func:
		f.b.WriteString(n.Name + "(")
		f.join(n.Args, ", ", 0)
		f.b.WriteByte(')')
	case *Case:
		f.caseOf(n)
	case *Cast:
		f.node(n.X, place)
	}
}

func (f formatter) caseOf(n *Case) {
	f.b.WriteString("case")
	for _, w := range n.Whens {
		f.b.WriteString(" when ")
		f.node(w.If, 0)
		f.b.WriteString(" then ")
		f.node(w.Then, 0)
	}
	if n.Else != nil {
		f.b.WriteString(" else ")
		f.node(n.Else, 0)
	}
	f.b.WriteString(" end")
}

func (f formatter) join(ns []Node, sep string, place int) {
	for i, n := range ns {
		if i > 0 {
			f.b.WriteString(sep)
		}
		f.node(n, place)
	}
}

func notWord(not bool) string {
	if not {
		return " not"
	}
	return ""
}

func formatLiteral(l *Literal) string {
	if l.Null {
		return "null"
	}
	switch l.Type {
	case Bool:
		return strconv.FormatBool(l.I != 0)
	case Int:
		return strconv.FormatInt(l.I, 10)
	case Float:
		return formatFloat(l.F)
	case Money:
		return formatMoney(l.I)
	case Date:
		return "date '" + time.Unix(l.I*86400, 0).UTC().Format("2006-01-02") + "'"
	case Time:
		return "timestamp '" + time.UnixMicro(l.I).UTC().Format("2006-01-02 15:04:05.999999") + "'"
	}
	return quoteText(l.S)
}

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ident prints a column name bare where the language allows it, else in double quotes.
func ident(name string) string {
	l := lexer{src: name}
	if name != "" && l.word() == name && !keywords[strings.ToLower(name)] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
