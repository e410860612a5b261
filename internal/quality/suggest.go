package quality

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// What Suggest needs to see before it believes a pattern.
const (
	leastRows    = 30 // below it one odd file decides too much
	mostSet      = 20 // values of a set
	rowsPerValue = 20 // rows for each value of a set, on average
)

var idLike = regexp.MustCompile(`(?i)(^|[_ ])(id|no|number|code|key|sku|uuid)$|id$|(编号|单号|号)$`)

// Suggest writes a rules file from a profile. It is conservative: every rule holds for
// the profiled data, bounds are where meaning changes (0) and not where the data happen
// to end, and what may well change (the list of regions) only warns. A comment
// over each rule says why it is there.
func Suggest(p *Profile, input string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Rules suggested from %s: %d rows, %d columns.\n", yamldoc.Comment(input), p.Rows, len(p.Columns))
	if p.Sampled {
		b.WriteString("# Only the first rows were read; rows after them may break these rules.\n")
	}
	b.WriteString("# Read them before you trust them: a rule is right when breaking it is worth waking somebody up.\n")
	b.WriteString("version: 1\nrules:\n")
	b.WriteString("  # an empty file is usually a failed export\n  - {type: row_count, min: 1}\n")
	if p.Rows < leastRows {
		fmt.Fprintf(&b, "  # %d rows are too few to learn more from\n", p.Rows)
		return b.Bytes()
	}
	for i := range p.Columns {
		suggestColumn(&b, p, &p.Columns[i])
	}
	return b.Bytes()
}

func suggestColumn(b *bytes.Buffer, p *Profile, c *Column) {
	if c.nested || c.Distinct == 0 {
		return
	}
	name := yamldoc.Quote(c.Name)
	say := func(why, rule string, args ...any) {
		fmt.Fprintf(b, "  # %s: %s\n  - {%s}\n", yamldoc.Comment(c.Name), why, fmt.Sprintf(rule, args...))
	}
	if c.Nulls == 0 {
		say("never empty", "type: not_null, column: %s", name)
	}
	if word := wordOfKind(c.Kind); word != "" && c.Bad == 0 && c.Infinite == 0 {
		say("every value can be read as "+word, "type: type, column: %s, as: %s", name, word)
	}
	if c.Nulls == 0 && c.Distinct == c.Rows && !p.Sampled && c.Kind != frame.Float && c.Kind != frame.Time && idLike.MatchString(c.Name) {
		say("every value is there once", "type: unique, column: %s", name)
	}
	if numeric := c.Kind == frame.Int || c.Kind == frame.Float || c.Kind == frame.Decimal; numeric && !idLike.MatchString(c.Name) {
		switch {
		case c.Negative == 0 && c.Zero == 0:
			say("always above 0, least "+c.Min, "type: range, column: %s, above: 0", name)
		case c.Negative == 0:
			say(fmt.Sprintf("never below 0, and 0 in %d rows", c.Zero), "type: range, column: %s, min: 0", name)
		default:
			fmt.Fprintf(b, "  # %s: %d negative values, least %s: no bound suggested\n", yamldoc.Comment(c.Name), c.Negative, yamldoc.Comment(c.Min))
		}
	}
	if values := c.setValues(); values != nil {
		say(fmt.Sprintf("only %d different values in %d rows; a new one may be right", len(values), c.Rows-c.Nulls),
			"type: set, column: %s, severity: warn, values: [%s]", name, strings.Join(values, ", "))
	}
}

// setValues returns the quoted values of a column that looks like an enumeration.
func (c *Column) setValues() (quoted []string) {
	if c.Kind != frame.String || c.Values == nil || c.Distinct > mostSet || c.Rows-c.Nulls < rowsPerValue*c.Distinct {
		return nil
	}
	for _, v := range c.Values {
		if strings.ContainsRune(v.Value, '\uFFFD') || strings.HasSuffix(v.Value, "…") {
			return nil // not the value itself
		}
		quoted = append(quoted, yamldoc.Quote(v.Value))
	}
	return quoted
}

func wordOfKind(k frame.Kind) string {
	switch k {
	case frame.Int:
		return "integer"
	case frame.Float, frame.Decimal:
		return "number"
	case frame.Bool:
		return "boolean"
	case frame.Date:
		return "date"
	case frame.Time:
		return "timestamp"
	}
	return ""
}
