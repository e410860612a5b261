package expr

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// maxHeight bounds the height of a checked tree. Parsed chains such as a + b + c + …
// lean to the left and may be much higher than they are nested.
const maxHeight = 10_000

// Check looks up every column, finds the type of every part, resolves literals
// by their place ('2024-01-01' beside a timestamp is one, 10.5 beside money is
// exact), computes what is constant and returns the typed copy with its type.
// The names, when given, let the error about an unknown column suggest one.
// Check of a checked tree gives an equal tree.
//
// Errors are fault.Usage with the place and a remedy; that of an unknown column
// has *UnknownColumn in its chain.
func Check(n Node, l Lookup, names ...string) (Node, Type, error) {
	c := &checker{look: l, names: names}
	typed, err := c.node(n)
	if err != nil {
		return nil, Unknown, err
	}
	return typed, TypeOf(typed), nil
}

// CheckCondition is Check for an expression that chooses rows: it must be boolean.
func CheckCondition(n Node, l Lookup, names ...string) (Node, error) {
	c := &checker{look: l, names: names}
	typed, err := c.condition(n, "the condition")
	if err != nil {
		return nil, err
	}
	return typed, nil
}

type checker struct {
	look   Lookup
	names  []string
	height int
}

func (c *checker) fail(n Node, hint, format string, args ...any) error {
	return place(n.place(), fmt.Errorf(format, args...), hint)
}

// node checks n and what is below it; a result that needs no column is computed here.
func (c *checker) node(n Node) (Node, error) {
	if c.height++; c.height > maxHeight {
		return nil, fault.New(fault.Usage, "in the expression: it is nested more than %d levels deep", maxHeight)
	}
	defer func() { c.height-- }()
	var typed Node
	var err error
	switch n := n.(type) {
	case *Column:
		return c.column(n)
	case *Literal:
		return n, nil
	case *Unary:
		typed, err = c.unary(n)
	case *Binary:
		if n.Op.compares() {
			typed, err = c.comparison(n)
		} else {
			typed, err = c.arithmetic(n)
		}
	case *Logic:
		typed, err = c.logic(n)
	case *NullTest:
		var x Node
		x, err = c.node(n.X)
		typed = &NullTest{at: n.at, Not: n.Not, X: x}
	case *InList:
		typed, err = c.in(n)
	case *Range:
		typed, err = c.between(n)
	case *Match:
		typed, err = c.match(n)
	case *Func:
		typed, err = c.call(n)
	case *Case:
		typed, err = c.caseOf(n)
	case *Cast:
		var x Node
		x, err = c.node(n.X)
		typed = &Cast{at: n.at, X: x, Type: n.Type}
	default:
		return nil, fault.New(fault.Internal, "checking an expression: a node of type %T", n)
	}
	if err != nil {
		return nil, err
	}
	return fold(typed), nil
}

func (c *checker) nodes(ns []Node) ([]Node, error) {
	out := make([]Node, len(ns))
	for i, n := range ns {
		var err error
		if out[i], err = c.node(n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *checker) column(n *Column) (Node, error) {
	i, t, ok := c.look(n.Name)
	if !ok {
		return nil, place(n.at, &UnknownColumn{n.Name}, didYouMean(n.Name, c.names))
	}
	return &Column{at: n.at, Name: n.Name, Index: i, Type: t}, nil
}

// condition checks n and wants a boolean; a bare null counts as one.
func (c *checker) condition(n Node, what string) (Node, error) {
	x, err := c.node(n)
	if err != nil {
		return nil, err
	}
	if l, ok := x.(*Literal); ok && l.Null {
		return &Literal{at: l.at, Type: Bool, Null: true}, nil
	}
	if t := TypeOf(x); t != Bool {
		return nil, c.fail(n, "compare it with something: "+clip(Format(x), 40)+" = …", "%s must be true or false, and %s is not", what, describe(x))
	}
	return x, nil
}

func (c *checker) unary(n *Unary) (Node, error) {
	if n.Not {
		x, err := c.condition(n.X, "what follows not")
		return &Unary{at: n.at, Not: true, X: x, Type: Bool}, err
	}
	x, err := c.node(n.X)
	if err != nil {
		return nil, err
	}
	if t := TypeOf(x); !t.numeric() && t != Unknown {
		return nil, c.fail(n, "", "the minus sign wants a number, and %s is not", describe(x))
	}
	return &Unary{at: n.at, X: x, Type: TypeOf(x)}, nil
}

func (c *checker) logic(n *Logic) (Node, error) {
	word := "and"
	if n.Or {
		word = "or"
	}
	out := &Logic{at: n.at, Or: n.Or, Args: make([]Node, len(n.Args))}
	for i, a := range n.Args {
		x, err := c.condition(a, "a side of "+word)
		if err != nil {
			return nil, err
		}
		out.Args[i] = x
	}
	return out, nil
}

func (c *checker) match(n *Match) (Node, error) {
	x, err := c.text(n.X, "like")
	if err != nil {
		return nil, err
	}
	if _, err := likeTokens(n.Pattern, n.Escape); err != nil {
		return nil, place(n.at, err, "write the escape character twice to mean itself")
	}
	return &Match{at: n.at, Not: n.Not, X: x, Pattern: n.Pattern, Escape: n.Escape}, nil
}

// text checks n and wants text.
func (c *checker) text(n Node, what string) (Node, error) {
	x, err := c.node(n)
	if err != nil {
		return nil, err
	}
	switch TypeOf(x) {
	case Text:
		return x, nil
	case Unknown:
		return &Literal{at: x.place(), Type: Text, Null: true}, nil
	}
	return nil, c.fail(n, "", "%s wants text, and %s is not", what, describe(x))
}

func (c *checker) caseOf(n *Case) (Node, error) {
	out := &Case{at: n.at, Whens: make([]When, len(n.Whens))}
	results := make([]Node, 0, len(n.Whens)+1)
	for i, w := range n.Whens {
		var err error
		if out.Whens[i].If, err = c.condition(w.If, "what follows when"); err != nil {
			return nil, err
		}
		results = append(results, w.Then)
	}
	if n.Else != nil {
		results = append(results, n.Else)
	}
	results, err := c.nodes(results)
	if err != nil {
		return nil, err
	}
	results, out.Type, err = c.unify(results, false, "the results of case")
	if err != nil {
		return nil, err
	}
	for i := range n.Whens {
		out.Whens[i].Then = results[i]
	}
	if n.Else != nil {
		out.Else = results[len(results)-1]
	}
	return out, nil
}

// fold replaces a node whose direct children are literals by its value, and one
// that has no type, because all it can give is null, by null.
func fold(n Node) Node {
	if TypeOf(n) == Unknown {
		return &Literal{at: n.place(), Null: true}
	}
	constant := true
	children(n, func(c Node) {
		if _, ok := c.(*Literal); !ok {
			constant = false
		}
	})
	if !constant {
		return n
	}
	lit := constantOf(n)
	if lit == nil {
		return n
	}
	lit.at = n.place()
	return lit
}

// describe names a node for messages: text `region`, integer 5, a number.
func describe(n Node) string {
	t := TypeOf(n).String()
	switch n := n.(type) {
	case *Column:
		return t + " `" + show(n.Name) + "`"
	case *Literal:
		if n.Null {
			return "null"
		}
		if n.Type == Time || n.Type == Date {
			return show(formatLiteral(n))
		}
		return t + " " + show(formatLiteral(n))
	case *Cast:
		return describe(n.X)
	case *Func:
		return t + " " + n.Name + "(…)"
	}
	return t + " (" + show(clip(Format(n), 40)) + ")"
}

// compilePattern compiles the RE2 pattern of matches.
func compilePattern(s string) (*regexp.Regexp, error) {
	if len(s) > 4096 {
		return nil, errors.New("a pattern longer than 4096 bytes")
	}
	return regexp.Compile(s)
}
