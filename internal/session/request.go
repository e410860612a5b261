package session

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/config"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// request turns the settings into an analysis request.
func (s *Session) request() (*analysis.Request, error) {
	o := &s.set
	r := &analysis.Request{Rel: s.Rel, Params: map[string]string{}, AsOf: s.Rel.AsOf, Now: s.Now.UnixMicro(), Lang: o.Lang, Net: o.Net,
		Seed: o.Seed, Threads: o.Workers(), Rows: rowsOf(s.Data)}
	var err error
	if r.Memory, err = o.MemoryBytes(); err != nil {
		return nil, err
	}
	if r.From, err = day("from", o.From, query.MinTime); err != nil {
		return nil, err
	}
	if r.To, err = day("to", o.To, query.MaxTime); err != nil {
		return nil, err
	}
	if r.From >= r.To {
		return nil, fault.New(fault.Usage, "--from %s is not before --to %s", o.From, o.To)
	}
	if o.Where != "" {
		if r.Where, err = parseWhere(o.Where, s.Rel); err != nil {
			return nil, err
		}
	}
	if r.Segments, err = shopSegments(o.Segments); err != nil {
		return nil, err
	}
	if s.Rel.Rates != nil {
		r.Currency = s.Rel.Rates.To
	} else {
		r.InCurrency(o.Currency)
	}
	return r, nil
}

// textRow is about the length of a row of a text file, to estimate their number.
const textRow = 64

// rowsOf bounds the rows of a dataset: their number where the splits tell, else by size.
func rowsOf(d source.Dataset) int64 {
	var n int64
	for _, sp := range d.Splits() {
		if rows := sp.Rows(); rows >= 0 {
			n += rows
		} else {
			n += sp.Bytes() / textRow
		}
	}
	return n
}

// parseWhere reads and checks --where against the relation.
func parseWhere(src string, rel *relation.Relation) (expr.Node, error) {
	n, err := expr.Parse(src)
	if err != nil {
		return nil, fault.Wrap(err, "--where")
	}
	lookup := func(name string) (int, expr.Type, bool) {
		if name == relation.MoneyColumn {
			return len(rel.Columns), expr.Money, true
		}
		i := rel.Find(name)
		if i < 0 {
			return 0, 0, false
		}
		return i, rel.Columns[i].Type, true
	}
	names := []string{relation.MoneyColumn}
	for i := range rel.Columns {
		names = append(names, rel.Columns[i].Name)
	}
	typed, err := expr.CheckCondition(n, lookup, names...)
	if err != nil {
		return nil, fault.Wrap(err, "--where")
	}
	return typed, nil
}

// shopSegments checks the configured names of RFM scores.
func shopSegments(list []config.Segment) ([]analysis.SegmentRule, error) {
	var out []analysis.SegmentRule
	for _, s := range list {
		when, err := expr.Parse(s.When)
		if err == nil {
			when, err = expr.CheckCondition(when, analysis.SegmentLookup, analysis.SegmentColumns...)
		}
		if err != nil {
			return nil, fault.Wrap(err, "%s: segment %s", s.From, s.Name)
		}
		out = append(out, analysis.SegmentRule{Name: s.Name, When: when})
	}
	return out, nil
}

// maxFile bounds the files that a parameter names: models and lists, not data.
const maxFile = 256 << 20

// ReadParamFiles reads the files that the InFileParams of an analysis name, by Param.Name.
func (h *Host) ReadParamFiles(ctx context.Context, d *analysis.Definition, params map[string]string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, p := range d.Params {
		path := params[p.Name]
		if p.Kind != analysis.InFileParam || path == "" {
			continue
		}
		b, err := h.ReadFile(ctx, path, maxFile)
		if err != nil {
			return nil, fault.Wrap(err, "--%s", p.Name)
		}
		files[p.Name] = b
	}
	return files, nil
}
