package expr

import (
	"strings"
	"unicode/utf8"
)

// Parse reads an expression. Names and types are not looked up, see Check.
// Errors are fault.Usage: they name the place, show it with a caret, and say
// what to write instead where that is known.
func Parse(src string) (Node, error) {
	if len(src) > maxSource {
		return nil, syntax(&src, maxSource, "put long lists into a file and join it", "the expression is longer than %d bytes", maxSource)
	}
	p := &parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokEnd {
		return nil, p.fail("write a condition such as region = 'SP'", "an empty expression")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("the end")
	}
	return n, nil
}

// keywords cannot be column names unless quoted.
var keywords = map[string]bool{
	"and": true, "or": true, "not": true, "in": true, "between": true, "is": true, "null": true, "like": true, "escape": true,
	"true": true, "false": true, "case": true, "when": true, "then": true, "else": true, "end": true,
}

type parser struct {
	lex   lexer
	tok   token
	depth int
	nodes int
}

func (p *parser) at(off int) at { return at{&p.lex.src, off} }

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) fail(hint, format string, args ...any) error {
	return syntax(&p.lex.src, p.tok.off, hint, format, args...)
}

// unexpected says what stands where something else was wanted.
func (p *parser) unexpected(want string) error {
	switch t := p.tok; {
	case t.kind == tokEnd:
		return p.fail("", "the expression ends where %s is wanted", want)
	case t.kind == tokText:
		return p.fail("", "text '%s' where %s is wanted", show(t.val), want)
	case want == "the end" && (t.kind == tokWord || t.kind == tokQuoted || t.kind == tokNumber):
		return p.fail("conditions are joined by and, or; a name with spaces needs double quotes: \"…\"", "%s where an operator or the end is wanted", show(t.val))
	default:
		return p.fail("", "%s where %s is wanted", show(t.val), want)
	}
}

// enter counts nesting and nodes; every recursion of the grammar passes it.
func (p *parser) enter() error {
	p.depth++
	if p.depth > maxNest {
		return p.fail("", "the expression is nested more than %d levels deep", maxNest)
	}
	return p.count()
}

func (p *parser) count() error {
	p.nodes++
	if p.nodes > maxNodes {
		return p.fail("", "the expression has more than %d parts", maxNodes)
	}
	return nil
}

// expect takes the sign or keyword, or fails.
func (p *parser) expect(s string) error {
	if !p.tok.sign(s) && !p.tok.is(s) {
		return p.unexpected(s)
	}
	return p.advance()
}

func (p *parser) or() (Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	return p.chain("or", func() (Node, error) { return p.chain("and", p.not) })
}

// chain reads operands joined by one word into a single Logic node.
func (p *parser) chain(word string, operand func() (Node, error)) (Node, error) {
	n, err := operand()
	if err != nil || !p.tok.is(word) {
		return n, err
	}
	l := &Logic{at: p.at(p.tok.off), Or: word == "or", Args: []Node{n}}
	for p.tok.is(word) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := operand()
		if err != nil {
			return nil, err
		}
		l.Args = append(l.Args, n)
	}
	return l, nil
}

func (p *parser) not() (Node, error) {
	if !p.tok.is("not") {
		return p.predicate()
	}
	a := p.at(p.tok.off)
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.not()
	return &Unary{at: a, Not: true, X: x}, err
}

var comparisons = map[string]Op{"=": OpEq, "!=": OpNe, "<": OpLt, "<=": OpLe, ">": OpGt, ">=": OpGe}

func (p *parser) predicate() (Node, error) {
	x, err := p.sum()
	if err != nil {
		return nil, err
	}
	for {
		if p.tok.kind == tokSign {
			op, ok := comparisons[p.tok.val]
			if !ok {
				return x, nil
			}
			return p.comparison(x, op)
		}
		a := p.at(p.tok.off)
		switch {
		case p.tok.is("is"):
			x, err = p.isNull(a, x)
		case p.tok.is("not"):
			if err = p.advance(); err != nil {
				return nil, err
			}
			if !p.tok.is("in") && !p.tok.is("between") && !p.tok.is("like") {
				return nil, p.unexpected("in, between or like")
			}
			return p.tail(a, x, true)
		case p.tok.is("in"), p.tok.is("between"), p.tok.is("like"):
			return p.tail(a, x, false)
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) comparison(l Node, op Op) (Node, error) {
	a := p.at(p.tok.off)
	if err := p.advance(); err != nil {
		return nil, err
	}
	r, err := p.sum()
	if err != nil {
		return nil, err
	}
	if _, chained := comparisons[p.tok.val]; chained && p.tok.kind == tokSign {
		return nil, p.fail("write a < b and b < c, or b between a and c", "comparisons cannot be chained")
	}
	return &Binary{at: a, Op: op, L: l, R: r}, p.count()
}

func (p *parser) isNull(a at, x Node) (Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n := &NullTest{at: a, X: x}
	if p.tok.is("not") {
		n.Not = true
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if !p.tok.is("null") {
		return nil, p.unexpected("null or not null")
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	return n, p.advance()
}

// tail reads what follows x at in, between or like.
func (p *parser) tail(a at, x Node, not bool) (Node, error) {
	word := strings.ToLower(p.tok.val)
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch word {
	case "in":
		list, err := p.list()
		if err == nil && len(list) == 0 {
			err = p.fail("", "an empty list after in")
		}
		return &InList{at: a, Not: not, X: x, List: list}, err
	case "between":
		lo, err := p.sum()
		if err != nil {
			return nil, err
		}
		if err := p.expect("and"); err != nil {
			return nil, err
		}
		hi, err := p.sum()
		return &Range{at: a, Not: not, X: x, Lo: lo, Hi: hi}, err
	}
	m := &Match{at: a, Not: not, X: x, Pattern: p.tok.val}
	if p.tok.kind != tokText {
		return nil, p.unexpected("a pattern in quotes")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.tok.is("escape") {
		return m, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokText || utf8.RuneCountInString(p.tok.val) != 1 {
		return nil, p.unexpected("one escape character in quotes")
	}
	m.Escape, _ = utf8.DecodeRuneInString(p.tok.val)
	return m, p.advance()
}

// list reads ( a, b, … ), possibly empty.
func (p *parser) list() ([]Node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var list []Node
	for !p.tok.sign(")") {
		if len(list) > 0 {
			if !p.tok.sign(",") {
				return nil, p.unexpected(", or )")
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, p.advance()
}
