package expr

import (
	"strconv"
	"strings"
)

func (p *parser) sum() (Node, error) {
	return p.binary(p.product, map[string]Op{"+": OpAdd, "-": OpSub})
}

func (p *parser) product() (Node, error) {
	return p.binary(p.negation, map[string]Op{"*": OpMul, "/": OpDiv, "%": OpMod})
}

func (p *parser) binary(operand func() (Node, error), ops map[string]Op) (Node, error) {
	x, err := operand()
	for err == nil && p.tok.kind == tokSign {
		op, ok := ops[p.tok.val]
		if !ok {
			break
		}
		a := p.at(p.tok.off)
		if err = p.advance(); err != nil {
			break
		}
		var r Node
		if r, err = operand(); err == nil {
			x, err = &Binary{at: a, Op: op, L: x, R: r}, p.count()
		}
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (p *parser) negation() (Node, error) {
	if !p.tok.sign("-") && !p.tok.sign("+") {
		return p.primary()
	}
	minus, a := p.tok.sign("-"), p.at(p.tok.off)
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if minus && p.tok.kind == tokNumber {
		return p.number(a, "-")
	}
	x, err := p.negation()
	if err != nil || !minus {
		return x, err
	}
	return &Unary{at: a, X: x}, nil
}

func (p *parser) number(a at, sign string) (Node, error) {
	text := sign + p.tok.val
	var n Node
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		n = &Literal{at: a, Type: Int, I: v, S: text}
	} else {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, p.fail("", "a number that is too large: %s", clip(text, 40))
		}
		n = &Literal{at: a, Type: Float, F: f + 0, S: text}
	}
	return n, p.advance()
}

func (p *parser) primary() (Node, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	t, a := p.tok, p.at(p.tok.off)
	switch {
	case t.kind == tokNumber:
		return p.number(a, "")
	case t.kind == tokText:
		return &Literal{at: a, Type: Text, S: t.val}, p.advance()
	case t.kind == tokQuoted:
		return &Column{at: a, Name: t.val}, p.advance()
	case t.sign("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.tok.sign(")") {
			if p.tok.kind == tokEnd {
				return nil, syntax(a.src, a.off, "close it with )", "a parenthesis that is never closed")
			}
			return nil, p.unexpected(")")
		}
		return n, p.advance()
	case t.is("case"):
		return p.caseOf(a)
	case t.is("null"):
		return &Literal{at: a, Null: true}, p.advance()
	case t.is("true"):
		return &Literal{at: a, Type: Bool, I: 1}, p.advance()
	case t.is("false"):
		return &Literal{at: a, Type: Bool}, p.advance()
	case t.kind == tokWord && !keywords[strings.ToLower(t.val)]:
		return p.name(a, t.val)
	}
	return nil, p.unexpected("a column, a value or (")
}

// name reads a column, a call, or a literal of the form date '…'.
func (p *parser) name(a at, word string) (Node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	lower := strings.ToLower(word)
	if p.tok.kind == tokText && (lower == "date" || lower == "timestamp") {
		lit, err := parseMoment(p.tok.val)
		if err == nil && lower == "date" && lit.Type != Date {
			err = errNotDate
		}
		if err != nil {
			return nil, syntax(a.src, p.tok.off, momentHint, "%s '%s': %w", lower, show(p.tok.val), err)
		}
		if lower == "timestamp" {
			lit = asTime(lit)
		}
		lit.at = a
		return &lit, p.advance()
	}
	if !p.tok.sign("(") {
		return &Column{at: a, Name: word}, nil
	}
	if _, ok := functions[lower]; !ok {
		return nil, syntax(a.src, a.off, nearFunction(lower), "unknown function %s", show(word))
	}
	args, err := p.list()
	return &Func{at: a, Name: lower, Args: args}, err
}

// caseOf reads case [x] when … then … [else …] end; with x every when is x = it.
func (p *parser) caseOf(a at) (Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	c := &Case{at: a}
	var subject Node
	var err error
	size := p.nodes
	if !p.tok.is("when") {
		if subject, err = p.or(); err != nil {
			return nil, err
		}
	}
	size = p.nodes - size
	for p.tok.is("when") {
		// Every branch holds the subject, so it counts again for each.
		p.nodes += size
		if err := p.count(); err != nil {
			return nil, err
		}
		place := p.at(p.tok.off)
		var w When
		if w.If, err = p.after("when"); err != nil {
			return nil, err
		}
		if subject != nil {
			w.If = &Binary{at: place, Op: OpEq, L: subject, R: w.If}
		}
		if w.Then, err = p.after("then"); err != nil {
			return nil, err
		}
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		return nil, p.unexpected("when")
	}
	if p.tok.is("else") {
		if c.Else, err = p.after("else"); err != nil {
			return nil, err
		}
	}
	return c, p.expect("end")
}

// after takes the keyword and reads the expression behind it.
func (p *parser) after(word string) (Node, error) {
	if err := p.expect(word); err != nil {
		return nil, err
	}
	return p.or()
}
