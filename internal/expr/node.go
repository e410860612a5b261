package expr

// Node is a node of a parsed expression. The concrete types are data that
// dialects print and Compile evaluates: *Column, *Literal, *Unary, *Binary,
// *Logic, *NullTest, *InList, *Range, *Match, *Func, *Case, *Cast.
//
// Nodes are never changed once made; Check returns a typed copy. The Type of a
// node is set by Check only.
type Node interface {
	// Pos is the byte offset in the source text, or -1 for built nodes.
	Pos() int

	place() at
}

// at is where a node stands in its source text.
type at struct {
	src *string
	off int
}

func (a at) place() at { return a }

// Pos implements Node.
func (a at) Pos() int {
	if a.src == nil {
		return -1
	}
	return a.off
}

// Op is a comparison or an arithmetic operation.
type Op uint8

// The operations of Binary.
const (
	OpEq Op = iota
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMod
)

// String returns the sign as the language writes it.
func (o Op) String() string {
	return [...]string{"=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"}[o]
}

// compares reports whether the operation gives a boolean.
func (o Op) compares() bool { return o <= OpGe }

// flip returns the comparison that says the same with its sides exchanged.
func (o Op) flip() Op { return [...]Op{OpEq, OpNe, OpGt, OpGe, OpLt, OpLe}[o] }

// Column is a reference to a column by name. Index and Type come from Check.
type Column struct {
	at
	Name  string
	Index int
	Type  Type
}

// Literal is a constant. I holds Bool (0, 1), Int, Money (10⁻⁴), Time (µs) and Date
// (days); F holds Float; S holds Text, and for numbers written in an expression their digits, so
// that decimals reach money exactly. Null literals have Null set and, once
// checked, the type their place gives them.
type Literal struct {
	at
	Type Type
	Null bool
	I    int64
	F    float64
	S    string
}

// Unary is the negation of a number (Not false) or of a condition (Not true).
type Unary struct {
	at
	Not  bool
	X    Node
	Type Type
}

// Binary is a comparison or an arithmetic operation.
type Binary struct {
	at
	Op   Op
	L, R Node
	Type Type
}

// Logic is `and` (Or false) or `or` over two or more conditions.
type Logic struct {
	at
	Or   bool
	Args []Node
}

// NullTest is `x is null`, or with Not `x is not null`.
type NullTest struct {
	at
	Not bool
	X   Node
}

// InList is `x in (…)` or `x not in (…)`. The list holds literals once checked.
type InList struct {
	at
	Not  bool
	X    Node
	List []Node
}

// Range is `x between lo and hi`, both ends included, or its negation.
type Range struct {
	at
	Not       bool
	X, Lo, Hi Node
}

// Match is `x like 'pattern'`, with Escape 0 when no escape character was given.
type Match struct {
	at
	Not     bool
	X       Node
	Pattern string
	Escape  rune
}

// Func is a call of one of the language's functions, by its lower-case name.
type Func struct {
	at
	Name string
	Args []Node
	Type Type
}

// When is one branch of a Case.
type When struct{ If, Then Node }

// Case gives the Then of the first branch whose If is true, else Else (nil is null).
type Case struct {
	at
	Whens []When
	Else  Node
	Type  Type
}

// Cast is a conversion that Check inserts: Int to Float or Money, Money to Float,
// Date to Time, Time to Date (the day of the wall time). Results that do not fit are null.
type Cast struct {
	at
	X    Node
	Type Type
}

// TypeOf returns the type of a checked node; before Check literals and
// conditions know theirs, the rest is Unknown.
func TypeOf(n Node) Type {
	switch n := n.(type) {
	case *Column:
		return n.Type
	case *Literal:
		return n.Type
	case *Unary:
		if n.Not {
			return Bool
		}
		return n.Type
	case *Binary:
		if n.Op.compares() {
			return Bool
		}
		return n.Type
	case *Func:
		return n.Type
	case *Case:
		return n.Type
	case *Cast:
		return n.Type
	case *Logic, *NullTest, *InList, *Range, *Match:
		return Bool
	}
	return Unknown
}

// children calls f on every direct child of n, in source order.
func children(n Node, f func(Node)) {
	switch n := n.(type) {
	case *Unary:
		f(n.X)
	case *Binary:
		f(n.L)
		f(n.R)
	case *Logic:
		each(n.Args, f)
	case *NullTest:
		f(n.X)
	case *InList:
		f(n.X)
		each(n.List, f)
	case *Range:
		f(n.X)
		f(n.Lo)
		f(n.Hi)
	case *Match:
		f(n.X)
	case *Func:
		each(n.Args, f)
	case *Case:
		for _, w := range n.Whens {
			f(w.If)
			f(w.Then)
		}
		if n.Else != nil {
			f(n.Else)
		}
	case *Cast:
		f(n.X)
	}
}

func each(ns []Node, f func(Node)) {
	for _, n := range ns {
		f(n)
	}
}

// Walk calls f on n and on every node below it, parents first.
func Walk(n Node, f func(Node)) {
	if n == nil {
		return
	}
	f(n)
	children(n, func(c Node) { Walk(c, f) })
}

// Columns returns the names of the columns an expression reads, each once, in
// the order of their first appearance. A nil expression reads none.
func Columns(n Node) []string {
	var names []string
	seen := map[string]bool{}
	Walk(n, func(n Node) {
		if c, ok := n.(*Column); ok && !seen[c.Name] {
			seen[c.Name] = true
			names = append(names, c.Name)
		}
	})
	return names
}
