package cli

import "github.com/ecomctl/ecomctl/internal/analysis"

// paramValue is the flag of an analysis' parameter. It keeps the text as typed,
// which the analysis parses and complains about in its own words; help and
// completion see what kind of value is meant.
type paramValue struct {
	kind analysis.ParamKind
	text string
}

func (v *paramValue) String() string     { return v.text }
func (v *paramValue) Set(s string) error { v.text = s; return nil }

// Type names the kind of value as the standard flags do.
func (v *paramValue) Type() string {
	switch v.kind {
	case analysis.BoolParam:
		return "bool"
	case analysis.IntParam:
		return "int"
	case analysis.FloatParam:
		return "float"
	case analysis.InFileParam, analysis.OutFileParam:
		return "FILE"
	case analysis.ListParam:
		return "list"
	}
	return "string"
}
