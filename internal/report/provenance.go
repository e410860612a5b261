package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// ProvenanceOf says what a report about a relation was made from: data is its fact table, tables are the
// further ones by name. Version and Command are the caller's to set.
func ProvenanceOf(rel *relation.Relation, data source.Dataset, tables map[string]source.Dataset, rep *analysis.Report, now time.Time) Provenance {
	p := Provenance{Table: rel.Name, Inputs: data.Inputs(), Account: rep.Account, AsOf: rep.AsOf, Now: now.UnixMicro(), Zone: rel.Zone, Notices: data.Notices()}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		p.Inputs = append(p.Inputs, tables[name].Inputs()...)
	}
	for _, r := range rel.Rules {
		text := ""
		if r.When != nil {
			text = expr.Format(r.When)
		}
		p.Rules = append(p.Rules, Rule{Name: r.Name, Kind: r.Kind.String(), Text: text})
	}
	for _, col := range rel.Columns[:rel.Canonical] {
		p.Mapping = append(p.Mapping, Mapped{Canonical: col.Name, From: col.Sources()})
	}
	return p
}

// ShellQuote quotes an argument of Provenance.Command for a POSIX shell where it must be.
func ShellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
