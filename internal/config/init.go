package config

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ecomctl/ecomctl/internal/yamldoc"
)

// InitOptions is what `init` learnt from an input.
type InitOptions struct {
	Inputs        []string
	Detail        string   // what was recognised: "csv, delimiter ;, encoding GB18030"
	Preset        string   // where the columns are those of one; then there are no choices
	Choices       []Choice // proposed mapping
	Unmapped      []string // columns of the input that mean nothing canonical
	TZ            string
	Currency      string
	Lang          string
	ValidateRules string // rules file written beside it; "" = none
}

// Choice is a mapped column with the reason for people.
type Choice struct{ Canonical, Column, Why string }

// Init writes a commented ecomctl.yaml: what is known is set, every other key
// stands there as a comment with its default.
func Init(o InitOptions) []byte {
	var b bytes.Buffer
	b.WriteString("# Settings of ecomctl for this folder. Flags and ECOMCTL_* variables stand above this file.\n")
	b.WriteString("# `ecomctl config show` prints what holds and why, `ecomctl config check` finds mistakes.\n")
	b.WriteString("# Values may use ${NAME} of the environment; keep secrets out of this file.\n")
	known := map[string]string{}
	if len(o.Inputs) > 0 {
		quoted := make([]string, len(o.Inputs))
		for i, s := range o.Inputs {
			quoted[i] = yamldoc.Quote(s)
		}
		known["input"] = "[" + strings.Join(quoted, ", ") + "]"
	}
	for key, v := range map[string]string{"preset": o.Preset, "tz": o.TZ, "currency": o.Currency, "lang": o.Lang, "validate_rules": o.ValidateRules} {
		if v != "" {
			known[key] = yamldoc.Quote(v)
		}
	}
	for _, k := range Keys {
		b.WriteString("\n# " + yamldoc.Comment(k.Desc))
		if k.Default != "" {
			fmt.Fprintf(&b, " (default: %s)", k.Default)
		}
		b.WriteByte('\n')
		switch {
		case k.Name == "map" && (len(o.Choices) > 0 || len(o.Unmapped) > 0):
			o.writeMap(&b)
		case known[k.Name] != "":
			if k.Name == "input" && o.Detail != "" {
				fmt.Fprintf(&b, "# recognised: %s\n", yamldoc.Comment(o.Detail))
			}
			fmt.Fprintf(&b, "%s: %s\n", k.Name, known[k.Name])
		default:
			fmt.Fprintf(&b, "# %s: %s\n", k.Name, k.Example)
		}
	}
	return b.Bytes()
}

func (o *InitOptions) writeMap(b *bytes.Buffer) {
	if len(o.Choices) > 0 {
		b.WriteString("map:\n")
	}
	for _, c := range o.Choices {
		fmt.Fprintf(b, "  %s: %s", yamldoc.Quote(c.Canonical), yamldoc.Quote(c.Column))
		if c.Why != "" {
			fmt.Fprintf(b, " # %s", yamldoc.Comment(c.Why))
		}
		b.WriteByte('\n')
	}
	if len(o.Unmapped) > 0 {
		fmt.Fprintf(b, "# not used: %s\n", yamldoc.Comment(strings.Join(o.Unmapped, ", ")))
	}
}
