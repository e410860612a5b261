package quality

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// The types of rules.
const (
	NotNull    = "not_null"    // the column has a value
	Unique     = "unique"      // the values (of several columns together) do not repeat; nulls are left out. Columns ["*"]: no row repeats, nulls being equal
	HasType    = "type"        // the value can be read as `as`
	Range      = "range"       // min ≤ value ≤ max (above, below: without the bound itself)
	Set        = "set"         // the value is one of `values`
	Pattern    = "pattern"     // the text matches the regular expression `pattern` (RE2, anywhere unless anchored)
	ForeignKey = "foreign_key" // the value is in the column of another file
	RowCount   = "row_count"   // the input has min to max rows
	Expression = "expression"  // the condition is not false (null passes, as in SQL's CHECK)
	Freshness  = "freshness"   // the latest time is not older than max_age
	Readable   = "readable"    // every line has as many fields as there are columns; always checked on text
)

// Severity says what a broken rule means.
type Severity uint8

// The severities.
const (
	Error   Severity = iota // the input is not fit: exit code 3
	Warning                 // worth a look
)

// String returns the word used in files and results.
func (s Severity) String() string { return [...]string{"error", "warn"}[s] }

// Bound is an end of a range.
type Bound struct {
	Set  bool
	Open bool // the bound itself is outside
	Text string
	// Kind is Number, a moment or text; Number and Micros hold the value.
	Kind   BoundKind
	Number float64
	Int    int64
	IsInt  bool
	Micros int64
}

// BoundKind is how a bound compares.
type BoundKind uint8

// The kinds of bounds.
const (
	NumberBound BoundKind = iota
	TimeBound
	TextBound
)

// Rule is one rule.
type Rule struct {
	Name     string
	Type     string
	Columns  []string
	Severity Severity
	Where    expr.Node // nil = every row

	As, Layout       string        // HasType
	Min, Max         Bound         // Range
	Values           []string      // Set
	Pattern          string        // Pattern
	File, FileColumn string        // ForeignKey
	MinRows, MaxRows int64         // RowCount; -1 = open
	Expression       expr.Node     // Expression
	MaxAge           time.Duration // Freshness
	MaxFailed        int64         // this many failures are tolerated
	MaxRatio         float64       // or this share
	IfPresent        bool          // passed over when the input lacks a column
	From             string        // "rules.yaml:12"
}

var ruleKeys = []string{"name", "type", "column", "columns", "severity", "where", "as", "layout", "min", "max", "above", "below", "values", "pattern",
	"references", "expression", "max_age", "max_failed", "max_ratio", "if_present"}

// needs lists, for each type, the keys it takes besides the common ones; those
// without ? are required.
var needs = map[string][]string{
	NotNull: {"column"}, Unique: {"column"}, HasType: {"column", "as", "layout?"}, Range: {"column", "min?", "max?", "above?", "below?"},
	Set: {"column", "values"}, Pattern: {"column", "pattern"}, ForeignKey: {"column", "references"}, RowCount: {"min?", "max?"},
	Expression: {"expression"}, Freshness: {"column", "max_age"},
}

var commonKeys = []string{"name", "type", "severity", "where", "max_failed", "max_ratio", "if_present"}

// ParseRules reads a rules file:
//
//	version: 1
//	rules:
//	  - {type: not_null, column: order_id}
//	  - {name: known states, type: set, column: region, values: [SP, RJ], severity: warn}
//
// Errors are fault.Usage with file, line and remedy.
func ParseRules(file string, r io.Reader) ([]Rule, error) {
	doc, err := yamldoc.Parse(file, r)
	if err != nil {
		return nil, err
	}
	if err := doc.Only("the rules file", "version", "rules"); err != nil {
		return nil, err
	}
	if v := doc.Get("version"); v != nil {
		if n, err := v.Int("version"); err != nil {
			return nil, err
		} else if n != 1 {
			return nil, v.Fail("write version: 1", "version %d is not known", n)
		}
	}
	list := doc.Get("rules")
	if list == nil || list.Kind != yamldoc.List || len(list.Items) == 0 {
		return nil, doc.Fail("write rules: and, below it, - {type: not_null, column: order_id}", "there are no rules")
	}
	var rules []Rule
	for _, item := range list.Items {
		more, err := parseRule(item)
		if err != nil {
			return nil, err
		}
		rules = append(rules, more...)
	}
	return rules, nameRules(rules)
}

// nameRules gives rules without a name one, and refuses a name given twice.
func nameRules(rules []Rule) error {
	seen := map[string]int{}
	for i := range rules {
		r := &rules[i]
		if r.Name == "" {
			r.Name = r.Type
			if len(r.Columns) > 0 {
				r.Name += "_" + strings.ReplaceAll(strings.Join(r.Columns, "_"), "*", "row")
			}
			for n, base := 2, r.Name; seen[r.Name] > 0; n++ {
				r.Name = base + "_" + strconv.Itoa(n)
			}
		} else if seen[r.Name] > 0 {
			return fault.New(fault.Usage, "reading %s: the name %q is given twice", r.From, r.Name).WithHint("name each rule differently")
		}
		seen[r.Name]++
	}
	return nil
}

// parseRule reads one item; not_null, type, set, pattern and range over several
// columns are one rule a column.
func parseRule(n *yamldoc.Node) ([]Rule, error) {
	if err := n.Only("a rule", ruleKeys...); err != nil {
		return nil, err
	}
	r := Rule{MinRows: -1, MaxRows: -1, From: n.File + ":" + strconv.Itoa(n.Line)}
	var err error
	if r.Type, err = typeOf(n); err != nil {
		return nil, err
	}
	if err := checkKeys(n, r.Type); err != nil {
		return nil, err
	}
	for _, p := range n.Pairs {
		if p.Value.Kind == yamldoc.Null {
			return nil, p.Value.Fail("give it a value or leave it out", "%s has no value", p.Key)
		}
		if err := r.set(p.Key, p.Value); err != nil {
			return nil, err
		}
	}
	if err := r.complete(n); err != nil {
		return nil, err
	}
	if len(r.Columns) < 2 || r.Type == Unique || r.Type == ForeignKey {
		return []Rule{r}, nil
	}
	rules := make([]Rule, len(r.Columns))
	for i, c := range r.Columns {
		rules[i] = r
		rules[i].Columns = []string{c}
		if r.Name != "" {
			rules[i].Name = r.Name + "_" + c
		}
	}
	return rules, nil
}

// typeOf reads the type of a rule.
func typeOf(n *yamldoc.Node) (string, error) {
	hint := "types are " + strings.Join(typeNames(), ", ")
	t := n.Get("type")
	if t == nil {
		return "", n.Fail(hint, "a rule has no type")
	}
	s, err := t.Text("type")
	if err != nil {
		return "", err
	}
	if needs[s] == nil {
		if near := yamldoc.Nearest(s, typeNames()); near != "" {
			hint = fmt.Sprintf("did you mean %s? T%s", near, hint[1:])
		}
		return "", t.Fail(hint, "the rule type %q is not known", s)
	}
	return s, nil
}

func typeNames() []string {
	names := make([]string, 0, len(needs))
	for t := range needs {
		names = append(names, t)
	}
	slices.Sort(names)
	return names
}

// checkKeys refuses keys that the type does not take and asks for those it needs.
func checkKeys(n *yamldoc.Node, typ string) error {
	allowed := slices.Clone(commonKeys)
	for _, k := range needs[typ] {
		name, optional := strings.CutSuffix(k, "?")
		allowed = append(allowed, name)
		if name == "column" {
			allowed = append(allowed, "columns")
			if n.Get("column") != nil && n.Get("columns") != nil {
				return n.Fail("keep one of them", "a %s rule has column and columns", typ)
			}
			if n.Get("columns") != nil {
				continue
			}
		}
		if !optional && n.Get(name) == nil {
			return n.Fail("add "+name+": …", "a %s rule needs %s", typ, name)
		}
	}
	for _, p := range n.Pairs {
		if !slices.Contains(allowed, p.Key) {
			at := yamldoc.Node{File: n.File, Line: p.Line}
			return at.Fail("a "+typ+" rule takes "+strings.Join(allowed, ", "), "a %s rule has no key %q", typ, p.Key)
		}
	}
	return nil
}
