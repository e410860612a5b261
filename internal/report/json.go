package report

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// WriteJSON writes the document's data as one indented JSON object: sentences,
// tiles, the tables behind the figures in full precision, and the provenance.
// Times are RFC 3339; undefined ratios are null; the order of members is fixed.
func WriteJSON(w io.Writer, doc *Document) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(jsonDocument(doc.normal())); err != nil {
		return fault.Wrap(err, "writing the report's data")
	}
	return nil
}

type (
	docJSON struct {
		Title      string         `json:"title"`
		Lang       string         `json:"lang"`
		Currency   string         `json:"currency,omitempty"`
		Sections   []sectionJSON  `json:"sections"`
		Provenance provenanceJSON `json:"provenance"`
	}
	sectionJSON struct {
		ID      string       `json:"id"`
		Title   string       `json:"title"`
		Lead    []string     `json:"lead,omitempty"`
		Tiles   []tileJSON   `json:"tiles,omitempty"`
		Figures []figureJSON `json:"figures,omitempty"`
		Actions []actionJSON `json:"actions,omitempty"`
		Missing string       `json:"missing,omitempty"`
	}
	tileJSON struct {
		Label  string `json:"label"`
		Value  string `json:"value"`
		Full   string `json:"full"`
		Change string `json:"change,omitempty"`
		Note   string `json:"note,omitempty"`
		Usual  string `json:"usual,omitempty"` // "usual", "unusual", "too few"
		Series []any  `json:"series,omitempty"`
	}
	figureJSON struct {
		ID       string     `json:"id"`
		Question string     `json:"question"`
		Alt      string     `json:"alt,omitempty"`
		Note     string     `json:"note,omitempty"`
		Table    *tableJSON `json:"table,omitempty"`
	}
	actionJSON struct {
		Head string `json:"head"`
		Text string `json:"text"`
	}
	tableJSON struct {
		Name    string       `json:"name"`
		Columns []columnJSON `json:"columns"`
		Rows    [][]any      `json:"rows"`
	}
	columnJSON struct {
		Name string `json:"name"`
		Type string `json:"type"`
		Unit string `json:"unit,omitempty"`
		Desc string `json:"description,omitempty"`
	}
	inputJSON struct {
		URI        string `json:"uri"`
		Format     string `json:"format"`
		Detail     string `json:"detail,omitempty"`
		Rows       int64  `json:"rows"`
		Bytes      int64  `json:"bytes"`
		Digest     string `json:"digest,omitempty"`
		DigestKind string `json:"digest_kind,omitempty"`
	}
	reasonJSON struct {
		Kind         string      `json:"kind"`
		Reason       string      `json:"reason"`
		Rows         int64       `json:"rows"`
		Money        json.Number `json:"money"`
		WithoutMoney int64       `json:"rows_without_money,omitempty"`
	}
	provenanceJSON struct {
		Inputs          []inputJSON  `json:"inputs"`
		Rows            int64        `json:"rows"`
		Reasons         []reasonJSON `json:"reasons"`
		Free            int64        `json:"free_rows"`
		Duplicates      *int64       `json:"duplicates,omitempty"`
		DuplicatesMoney json.Number  `json:"duplicates_money,omitempty"`
		FirstSold       string       `json:"first_sold,omitempty"`
		LastSold        string       `json:"last_sold,omitempty"`
		AsOf            string       `json:"as_of,omitempty"`
		Now             string       `json:"now,omitempty"`
		Zone            string       `json:"zone,omitempty"`
		Version         string       `json:"version,omitempty"`
		Command         string       `json:"command,omitempty"`
		Mapping         []mappedJSON `json:"mapping,omitempty"`
		Rules           []ruleJSON   `json:"rules,omitempty"`
		Notices         []string     `json:"notices,omitempty"`
	}
	mappedJSON struct {
		Canonical string `json:"canonical"`
		From      string `json:"from"`
	}
	ruleJSON struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
		Text string `json:"text,omitempty"`
	}
)

func jsonDocument(doc *Document) docJSON {
	out := docJSON{Title: doc.Title, Lang: doc.Lang, Currency: doc.Currency, Sections: []sectionJSON{}, Provenance: jsonProvenance(&doc.Provenance)}
	for _, v := range doc.Views {
		out.Sections = append(out.Sections, jsonSection(v))
	}
	return out
}

func jsonSection(v *analysis.View) sectionJSON {
	s := sectionJSON{ID: v.ID, Title: v.Title, Lead: v.Lead, Missing: v.Missing}
	for _, t := range v.Tiles {
		tile := tileJSON{Label: t.Label, Value: t.Value, Full: t.Full, Change: t.Change, Note: t.Note,
			Usual: map[analysis.Trend]string{analysis.Usual: "usual", analysis.Unusual: "unusual", analysis.TooFewData: "too few"}[t.Trend]}
		for _, x := range t.Spark {
			tile.Series = append(tile.Series, jsonFloat(x))
		}
		s.Tiles = append(s.Tiles, tile)
	}
	for _, f := range v.Figures {
		s.Figures = append(s.Figures, figureJSON{ID: f.ID, Question: f.Question, Alt: f.Alt, Note: f.Note, Table: jsonTable(f.Table)})
	}
	for _, a := range v.Actions {
		s.Actions = append(s.Actions, actionJSON(a))
	}
	return s
}

func jsonTable(t *result.Table) *tableJSON {
	if t == nil {
		return nil
	}
	out := &tableJSON{Name: t.Name, Rows: make([][]any, t.N)}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, columnJSON{Name: c.Name, Type: c.Type.String(), Unit: string(c.Unit), Desc: c.Desc})
	}
	for i := range t.N {
		row := make([]any, len(t.Columns))
		for k := range t.Columns {
			row[k] = jsonValue(&t.Columns[k], i)
		}
		out.Rows[i] = row
	}
	return out
}

func jsonValue(c *result.Column, i int) any {
	d := &c.Data
	if d.IsNull(i) {
		return nil
	}
	switch c.Type {
	case expr.Money:
		return json.Number(rawMoney(d.I64[i]))
	case expr.Int:
		return d.I64[i]
	case expr.Float:
		return jsonFloat(d.F64[i])
	case expr.Date:
		return phrase.Date(d.I64[i]).Format("2006-01-02")
	case expr.Time:
		return rfc3339(d.I64[i])
	case expr.Bool:
		return d.I64[i] != 0
	}
	return textOf(d, i)
}

func jsonFloat(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return json.Number(strconv.FormatFloat(v, 'g', -1, 64))
}

func rfc3339(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }

func jsonProvenance(p *Provenance) provenanceJSON {
	a := &p.Account
	out := provenanceJSON{Inputs: []inputJSON{}, Reasons: []reasonJSON{}, Rows: a.Rows, Free: a.Free, Zone: p.Zone, Version: p.Version, Command: p.Command, Notices: p.Notices}
	for _, in := range p.Inputs {
		out.Inputs = append(out.Inputs, inputJSON{in.URI, in.Format, in.Detail, in.Rows, in.Size, in.Digest, in.DigestKind})
	}
	sold := false
	for _, r := range a.Reasons {
		out.Reasons = append(out.Reasons, reasonJSON{r.Kind.String(), r.Reason, r.Rows, json.Number(rawMoney(r.Money)), r.NoMoney})
		sold = sold || r.Kind == 0 && r.Rows > 0
	}
	if a.Duplicates >= 0 {
		out.Duplicates, out.DuplicatesMoney = &a.Duplicates, json.Number(rawMoney(a.DuplicatesMoney))
	}
	if sold {
		out.FirstSold, out.LastSold = rfc3339(a.FirstSold), rfc3339(a.LastSold)
	}
	if p.AsOf != 0 && p.AsOf != query.MaxTime {
		out.AsOf = rfc3339(p.AsOf)
	}
	if p.Now != 0 {
		out.Now = rfc3339(p.Now)
	}
	for _, m := range p.Mapping {
		out.Mapping = append(out.Mapping, mappedJSON(m))
	}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, ruleJSON(r))
	}
	return out
}
