package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/result"
)

func place(path string, line int) string { return path + ":" + strconv.Itoa(line) }

// shown is the value as it was written, without secrets.
func (s *setting) shown() string {
	k, v := s.key, &s.value
	switch {
	case k.Secret:
		return Secret{raw: v.text}.String()
	case k.Type == List:
		parts := make([]string, len(v.list))
		for i, x := range v.list {
			parts[i] = Redact(x)
		}
		return strings.Join(parts, ", ")
	case k.Type == Map:
		parts := make([]string, len(v.pairs))
		for i, p := range v.pairs {
			parts[i] = p.name + "=" + Redact(p.value)
		}
		return strings.Join(parts, ", ")
	case k.Type == Bool:
		return strconv.FormatBool(v.text == "true")
	case k.Type == RuleList, k.Type == SegmentList:
		what := strings.TrimPrefix(k.Type.String(), "list of ")
		if n := len(v.node.Items); n != 1 {
			return fmt.Sprintf("%d %s", n, what)
		}
		return "1 " + strings.TrimSuffix(what, "s")
	}
	return Redact(v.text)
}

// ShowSpecs are the result columns of `config show`.
var ShowSpecs = []result.Spec{
	{Name: "key", Type: expr.Text, Desc: "Name of the setting in files"},
	{Name: "value", Type: expr.Text, Desc: "Its value as written, without secrets", Null: "nobody set it and it has no default"},
	{Name: "from", Type: expr.Text, Desc: "Where the value comes from: flag, environment, file with line, or default"},
}

// Table returns origins as a result.
func Table(origins []Origin) *result.Table {
	t := &result.Table{Name: "config", N: len(origins)}
	for _, s := range ShowSpecs {
		t.Columns = append(t.Columns, result.Column{Spec: s, Data: result.NewData(s.Type, len(origins))})
	}
	for _, o := range origins {
		result.AppendText(&t.Columns[0].Data, o.Key)
		if o.Value == "" && o.From == "default" {
			result.AppendNull(&t.Columns[1].Data)
		} else {
			result.AppendText(&t.Columns[1].Data, o.Value)
		}
		result.AppendText(&t.Columns[2].Data, o.From)
	}
	return t
}
