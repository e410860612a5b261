package analysis

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/learner"
)

// Words of labels with two values, in lower case.
var (
	yesWords = []string{"1", "true", "t", "yes", "y", "positive", "churned", "是", "真"}
	noWords  = []string{"0", "-1", "false", "f", "no", "n", "negative", "否", "假"}
)

// labelValue is one value of the label with its rows.
type labelValue struct {
	text string
	rows int
}

// readLabels settles which rows are yes, and which have no label.
func (d *predictData) readLabels(o *predictOptions, c *learner.Column) error {
	values, texts := labelValues(c)
	positive, err := positiveValue(o, values)
	if err != nil {
		return err
	}
	d.Y = make([]bool, len(d.answer))
	for i := range d.Y {
		if s, ok := texts(i); ok {
			d.Y[i] = s == positive
			d.fit = append(d.fit, int32(i))
		}
	}
	yes := 0
	for _, r := range d.fit {
		if d.Y[r] {
			yes++
		}
	}
	if n := len(d.fit); yes < 2 || n-yes < 2 {
		return fault.New(fault.Input, "--label %s: %d of %d rows are %q: two rows of either class are the least to learn from", o.label, yes, n, positive)
	}
	d.notes = append(d.notes, fmt.Sprintf("label: %s = %s", o.label, positive))
	if left := len(d.answer) - len(d.fit); left > 0 {
		d.notes = append(d.notes, fmt.Sprintf("%d rows have no label: they are predicted, not learned from", left))
	}
	return nil
}

// labelValues counts the values of a label, most frequent first, and gives the text of each row.
func labelValues(c *learner.Column) (values []labelValue, text func(i int) (string, bool)) {
	text = func(i int) (string, bool) {
		if c.Values != nil {
			return ftoa(c.Values[i] + 0), !math.IsNaN(c.Values[i])
		}
		switch k := c.Codes[i]; {
		case k < 0:
			return "", false
		case int(k) < len(c.Levels):
			s := strings.TrimSpace(c.Levels[k])
			return s, s != ""
		}
		return "(other)", true
	}
	count := map[string]int{}
	for i := range max(len(c.Values), len(c.Codes)) {
		if s, ok := text(i); ok {
			if count[s]++; len(count) > mostLevels {
				break // far too many to name
			}
		}
	}
	for s, n := range count {
		values = append(values, labelValue{s, n})
	}
	sort.Slice(values, func(i, j int) bool {
		if values[i].rows != values[j].rows {
			return values[i].rows > values[j].rows
		}
		return values[i].text < values[j].text
	})
	return values, text
}

// positiveValue returns the value that is yes: --positive, or what two values say themselves.
func positiveValue(o *predictOptions, values []labelValue) (string, error) {
	var list []string
	for _, v := range values[:min(len(values), 8)] {
		list = append(list, fmt.Sprintf("%q (%d rows)", v.text, v.rows))
	}
	if len(values) > 8 {
		list = append(list, "…")
	}
	has := func(s string) bool {
		return slices.ContainsFunc(values, func(v labelValue) bool { return v.text == s })
	}
	switch {
	case len(values) == 0:
		return "", fault.New(fault.Input, "--label %s: no row has a label", o.label)
	case o.positive != "" && !has(o.positive):
		return "", fault.New(fault.Usage, "--positive %s: --label %s has no such value", o.positive, o.label).WithHint("its values: %s", strings.Join(list, ", "))
	case len(values) == 1:
		return "", fault.New(fault.Input, "--label %s: every row is %s: there is nothing to tell apart", o.label, list[0]).
			WithHint("a label has yes and no among its values")
	case o.positive != "":
		return o.positive, nil
	case len(values) > 2:
		return "", fault.New(fault.Usage, "--label %s: more than two values: %s", o.label, strings.Join(list, ", ")).
			WithHint("say which one is yes with --positive VALUE; all others are no then")
	}
	a, b := values[0].text, values[1].text
	word := func(s string, in []string) bool { return slices.Contains(in, strings.ToLower(s)) }
	switch {
	case word(a, yesWords) && !word(b, yesWords), word(b, noWords) && !word(a, noWords):
		return a, nil
	case word(b, yesWords) && !word(a, yesWords), word(a, noWords) && !word(b, noWords):
		return b, nil
	}
	return "", fault.New(fault.Usage, "--label %s: which of %s is yes?", o.label, strings.Join(list, " and ")).
		WithHint("say so with --positive VALUE")
}
