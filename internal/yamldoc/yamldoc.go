// Package yamldoc reads the YAML files that people write (configuration, rules)
// strictly and in bounded memory: one document, a bounded size, depth and number
// of nodes (aliases are expanded and counted, so they cannot explode), no key twice,
// no merge keys or custom tags, and a line for every complaint.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Limits of a document.
const (
	MaxBytes = 1 << 20
	maxDepth = 32
	maxNodes = 100_000
)

// Kind is the shape of a node.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Int
	Float
	Text
	List
	Map
)

// String returns the name used in messages.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "an integer", "a number", "text", "a list", "a map of keys"}[k]
}

// Node is a value of a document.
type Node struct {
	File string // for messages
	Line int
	Kind Kind
	// Value is the text of a scalar as it was written, without quotes.
	Value string
	Items []*Node // of a List
	Pairs []Pair  // of a Map, in the file's order
}

// Pair is a key with its value.
type Pair struct {
	Key   string
	Line  int
	Value *Node
}

// Parse reads a document. An empty one is a Null node. Errors are fault.Usage
// with file and line.
func Parse(file string, r io.Reader) (*Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fault.Wrap(fault.As(fault.Input, err), "reading %s", file)
	}
	if len(data) > MaxBytes {
		return nil, fault.New(fault.Usage, "reading %s: it is larger than 1 MiB", file).WithHint("is this really a YAML file?")
	}
	if !utf8.Valid(data) {
		return nil, fault.New(fault.Usage, "reading %s: it is not UTF-8", file).WithHint("save it as UTF-8 text")
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := decode(dec, &doc); err != nil {
		if errors.Is(err, io.EOF) {
			return &Node{File: file, Line: 1}, nil
		}
		return nil, syntax(file, err)
	}
	var more yaml.Node
	if err := decode(dec, &more); err == nil {
		return nil, fault.New(fault.Usage, "reading %s: line %d: a second document begins", file, more.Line).WithHint("keep one document, without a --- line in the middle")
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(file, err)
	}
	c := converter{file: file}
	return c.node(doc.Content[0], 0)
}

// decode turns a panic of the parser into an error.
func decode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", p)
		}
	}()
	return dec.Decode(n)
}

var (
	lineOf = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	// the library counts lines from 0 in complaints of its parser, from 1 in those of its scanner
	parserSays = regexp.MustCompile(`^did not find expected (node content|',' or '[\]}]'|'-' indicator|key|<document start>)`)
)

// syntax words the parser's complaint.
func syntax(file string, err error) error {
	msg := err.Error()
	found := lineOf.FindStringSubmatch(msg)
	msg = strings.TrimPrefix(msg, found[0])
	where := ""
	if line, err := strconv.Atoi(found[1]); err == nil {
		if parserSays.MatchString(msg) {
			line++
		}
		where = fmt.Sprintf("line %d: ", line)
	}
	return fault.New(fault.Usage, "reading %s: %sit is not YAML: %s", file, where, msg).
		WithHint("indent with spaces, not tabs, and quote text that holds : # { [ or begins with one of %% @ ` & * !")
}

type converter struct {
	file  string
	nodes int
}

func (c *converter) fail(line int, hint, format string, args ...any) error {
	return fault.New(fault.Usage, "reading %s: line %d: %s", c.file, line, fmt.Sprintf(format, args...)).WithHint("%s", hint)
}

// node converts a node, expanding aliases.
func (c *converter) node(y *yaml.Node, depth int) (*Node, error) {
	if c.nodes++; c.nodes > maxNodes {
		return nil, c.fail(y.Line, "aliases multiply what they refer to: write less", "there are more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, c.fail(y.Line, "write it flatter", "it is nested more than %d levels deep", maxDepth)
	}
	n := &Node{File: c.file, Line: y.Line}
	switch y.Kind {
	case yaml.AliasNode:
		return c.node(y.Alias, depth+1)
	case yaml.SequenceNode:
		n.Kind = List
		for _, item := range y.Content {
			v, err := c.node(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, v)
		}
		return n, nil
	case yaml.MappingNode:
		if err := c.pairs(y, n, depth); err != nil {
			return nil, err
		}
		return n, nil
	}
	n.Value = y.Value
	switch tag := y.ShortTag(); tag {
	case "!!null":
		n.Kind = Null
	case "!!bool":
		n.Kind = Bool
	case "!!int":
		n.Kind = Int
	case "!!float":
		n.Kind = Float
	case "!!str", "!!timestamp":
		n.Kind = Text
	default:
		return nil, c.fail(y.Line, "write the value plainly", "the tag %s is not known", tag)
	}
	return n, nil
}

func (c *converter) pairs(y *yaml.Node, n *Node, depth int) error {
	n.Kind = Map
	seen := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k := y.Content[i]
		if k.Kind != yaml.ScalarNode {
			return c.fail(k.Line, "keys are plain words", "a key is not a word")
		}
		if k.ShortTag() == "!!merge" {
			return c.fail(k.Line, "write the keys out", "merge keys (<<) are not supported")
		}
		if first, dup := seen[k.Value]; dup {
			return c.fail(k.Line, "remove one of the two", "key %q is there already, on line %d", k.Value, first)
		}
		seen[k.Value] = k.Line
		v, err := c.node(y.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		n.Pairs = append(n.Pairs, Pair{k.Value, k.Line, v})
	}
	return nil
}

// Fail is an error about the node, with its file and line.
func (n *Node) Fail(hint, format string, args ...any) error {
	return fault.New(fault.Usage, "reading %s: line %d: %s", n.File, n.Line, fmt.Sprintf(format, args...)).WithHint("%s", hint)
}

// Text returns the scalar as text; numbers and truth values as they were written.
func (n *Node) Text(what string) (string, error) {
	switch n.Kind {
	case Bool, Int, Float, Text:
		return n.Value, nil
	}
	return "", n.Fail("write "+what+": some text", "%s is %s, not text", what, n.Kind)
}

// Bool returns a truth value.
func (n *Node) Bool(what string) (bool, error) {
	if n.Kind == Bool {
		if v, err := strconv.ParseBool(strings.ToLower(n.Value)); err == nil {
			return v, nil
		}
	}
	return false, n.Fail("write true or false", "%s is %s, not true or false", what, n.shown())
}

// Int returns an integer.
func (n *Node) Int(what string) (int64, error) {
	if n.Kind == Int {
		if v, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 0, 64); err == nil {
			return v, nil
		}
	}
	return 0, n.Fail("write a whole number", "%s is %s, not an integer", what, n.shown())
}

// Float returns a finite number.
func (n *Node) Float(what string) (float64, error) {
	if n.Kind == Int || n.Kind == Float {
		if v, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64); err == nil && v-v == 0 {
			return v, nil
		}
	}
	return 0, n.Fail("write a number", "%s is %s, not a number", what, n.shown())
}

// Texts returns a list of texts; a single scalar is a list of one.
func (n *Node) Texts(what string) ([]string, error) {
	if n.Kind != List {
		s, err := n.Text(what)
		if err != nil {
			return nil, n.Fail("write "+what+": [a, b]", "%s is %s, not a list", what, n.Kind)
		}
		return []string{s}, nil
	}
	out := make([]string, len(n.Items))
	for i, item := range n.Items {
		s, err := item.Text("an item of " + what)
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

func (n *Node) shown() string {
	if n.Kind == Text {
		return strconv.Quote(n.Value)
	}
	if n.Kind == List || n.Kind == Map || n.Kind == Null {
		return n.Kind.String()
	}
	return n.Value
}

// Get returns the value of a key of a Map, or nil.
func (n *Node) Get(key string) *Node {
	for i := range n.Pairs {
		if n.Pairs[i].Key == key {
			return n.Pairs[i].Value
		}
	}
	return nil
}

// Only checks that n is a Map with no keys but the known ones; an unknown one
// is an error with the nearest known key as a remedy.
func (n *Node) Only(what string, known ...string) error {
	if n.Kind != Map {
		return n.Fail("write key: value lines", "%s is %s, not a map of keys", what, n.Kind)
	}
	for _, p := range n.Pairs {
		if found := Nearest(p.Key, known); found != p.Key {
			hint := "the keys are " + strings.Join(known, ", ")
			if found != "" {
				hint = fmt.Sprintf("did you mean %q? T%s", found, hint[1:])
			}
			at := &Node{File: n.File, Line: p.Line}
			return at.Fail(hint, "%s has no key %q", what, p.Key)
		}
	}
	return nil
}

// Nearest returns the known name at the smallest edit distance from name, or ""
// when none is near.
func Nearest(name string, known []string) string {
	best, limit := "", 1+len(name)/3
	for _, k := range known {
		if k == name {
			return k
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k), limit); d <= limit && (best == "" || d < limit) {
			best, limit = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes; more than limit is limit + 1.
func distance(a, b string, limit int) int {
	const longest = 100
	if len(a) > len(b)+limit || len(b) > len(a)+limit || len(a) > longest || len(b) > longest {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
