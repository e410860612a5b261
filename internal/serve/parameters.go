package serve

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Bounds of texts in a query, in characters: of conditions and lists, and of other texts. All of
// an analysis's parameters at their longest fit into maxHeader bytes.
const (
	maxText   = 1000
	maxWord   = 300
	maxHeader = 128 << 10
)

func ptr[T any](v T) *T { return &v }

func queryParam(name, desc string, s *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: desc, Schema: s}
}

func nameSchema() *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxWord)} }

func textSchema() *huma.Schema { return &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxText)} }

func dateSchema() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "date"} }

func countSchema() *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Minimum: ptr(0.0), Maximum: ptr(1e12)}
}

func wordSchema(words ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// Names of parameters that every analysis has.
const (
	pDataset, pInput          = "dataset", "input"
	pFrom, pTo, pAsOf         = "from", "to", "as_of"
	pStart, pEnd              = "start_date", "end_date"
	pWhere, pNet              = "where", "net"
	pCurrency, pLang          = "currency", "lang"
	pSort, pLimit, pOffset    = "sort", "limit", "offset"
	pColumns, pFormat, pTitle = "columns", "format", "title"
)

// whatParams name the data.
func whatParams() []*huma.Param {
	return []*huma.Param{
		queryParam(pDataset, "Name of a dataset of /api/v1/datasets; by default the first that fits", nameSchema()),
		queryParam(pInput, "A path below one of the server's roots, instead of dataset", nameSchema()),
	}
}

// scopeParams choose rows and days.
func scopeParams() []*huma.Param {
	return []*huma.Param{
		queryParam(pFrom, "First day reported", dateSchema()),
		queryParam(pTo, "Day before which rows are reported (half-open)", dateSchema()),
		queryParam(pAsOf, "Rows on or after this day do not exist yet; by default the day after the last sold line", dateSchema()),
		queryParam(pWhere, "Only rows that satisfy this condition: region = 'SP' and unit_price > 10", textSchema()),
		queryParam(pNet, "Add the negative money of reversals on their own date", &huma.Schema{Type: huma.TypeBoolean, Default: false}),
		queryParam(pCurrency, "Currency code: filters where there is a currency column, else a label", &huma.Schema{Type: huma.TypeString, MaxLength: ptr(16)}),
		queryParam(pLang, "Language of texts", wordSchema("en", "zh")),
	}
}

// showParams say how a table is shown.
func showParams() []*huma.Param {
	return []*huma.Param{
		queryParam(pSort, "Order rows by COL or COL:desc, several separated by commas", nameSchema()),
		queryParam(pLimit, "At most so many rows; without it all", countSchema()),
		queryParam(pOffset, "Leave out so many rows first", countSchema()),
		queryParam(pColumns, "Only these columns, separated by commas, in this order", textSchema()),
		queryParam(pFormat, "Representation, over what Accept says", wordSchema(formatNames()...)),
	}
}

// paramsOf makes the query parameters of an analysis; fixed ones are left out.
func paramsOf(d *analysis.Definition, fixed map[string]string) []*huma.Param {
	var out []*huma.Param
	for _, p := range d.Params {
		if _, skip := fixed[p.Name]; skip || p.Kind == analysis.InFileParam || p.Kind == analysis.OutFileParam {
			continue
		}
		out = append(out, queryParam(p.Name, asParameters(p.Help), paramSchema(&p)))
	}
	return out
}

func paramSchema(p *analysis.Param) *huma.Schema {
	s := nameSchema()
	switch {
	case p.Kind == analysis.ListParam:
		s = textSchema()
	case len(p.Choices) > 0:
		s = wordSchema(p.Choices...)
	case p.Kind == analysis.IntParam:
		s = &huma.Schema{Type: huma.TypeInteger}
	case p.Kind == analysis.FloatParam:
		s = &huma.Schema{Type: huma.TypeNumber}
	case p.Kind == analysis.BoolParam:
		s = &huma.Schema{Type: huma.TypeBoolean}
	}
	if p.Default == "" {
		return s
	}
	s.Default = p.Default
	switch s.Type {
	case huma.TypeInteger:
		if n, err := strconv.ParseInt(p.Default, 10, 64); err == nil {
			s.Default = n
		}
	case huma.TypeNumber:
		if f, err := strconv.ParseFloat(p.Default, 64); err == nil {
			s.Default = f
		}
	case huma.TypeBoolean:
		s.Default = p.Default == "true"
	}
	return s
}

// rowSchema is the schema of a row of a result.
func rowSchema(d *analysis.Definition) *huma.Schema {
	// with --by the first column is the dimension, whatever that is
	free := slices.ContainsFunc(d.Params, func(p analysis.Param) bool { return p.Columns })
	scaled := slices.ContainsFunc(d.Params, func(p analysis.Param) bool { return p.Name == "scale" }) // counts become fractions
	row := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: true}
	for _, c := range d.Columns {
		if scaled && c.Type == expr.Int {
			c.Type = expr.Float
		}
		row.Properties[c.Name] = columnSchema(&c, free)
	}
	return row
}

func columnSchema(c *result.Spec, free bool) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: asParameters(c.Desc)}
	if c.Unit != "" {
		s.Extensions = map[string]any{"x-unit": string(c.Unit)}
	}
	if c.Null != "" {
		s.Description += " (null: " + asParameters(c.Null) + ")"
	}
	undefined := false // numbers that cannot be computed are null, whatever the column
	switch c.Type {
	case expr.Bool:
		s.Type = huma.TypeBoolean
	case expr.Int:
		s.Type = huma.TypeInteger
	case expr.Float:
		s.Type, undefined = huma.TypeNumber, true
	case expr.Money:
		s.Type = huma.TypeNumber
	case expr.Time:
		s.Format = "date-time"
	case expr.Date:
		if !free {
			s.Format = "date"
		}
	}
	s.Nullable = c.Null != "" || undefined
	if s.Type == huma.TypeString && s.Format == "" { // ids and dimensions keep the type they have in the input
		s.Type, s.Nullable = "", false
		s.AnyOf = []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}, {Type: "null"}}
	}
	return s
}

// show says how a table is shown.
type show struct {
	sort, columns []string
	limit, offset int // limit -1 = all
}

func list(s string) []string {
	var out []string
	for _, w := range strings.Split(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func showOf(q map[string]string) (show, error) {
	s := show{sort: list(q[pSort]), columns: list(q[pColumns]), limit: -1}
	for name, to := range map[string]*int{pLimit: &s.limit, pOffset: &s.offset} {
		if v, ok := q[name]; ok {
			n, err := strconv.Atoi(v)
			if err != nil || n < 0 {
				return s, fault.New(fault.Usage, "%s=%s: not a number of rows", name, v)
			}
			*to = n
		}
	}
	return s, nil
}

// askOf makes the question of a query; fixed parameters are those of the path.
func askOf(d *analysis.Definition, fixed, q map[string]string) (Ask, error) {
	ask := Ask{Dataset: q[pDataset], Input: q[pInput], Scope: Scope{From: q[pFrom], To: q[pTo], AsOf: q[pAsOf], Where: q[pWhere],
		Currency: q[pCurrency], Lang: q[pLang], Net: q[pNet] == "true"}}
	if v := q[pStart]; v != "" {
		ask.From = v
	}
	if v := q[pEnd]; v != "" { // inclusive
		t, err := time.Parse(time.DateOnly, v)
		if err != nil {
			return ask, fault.New(fault.Usage, "%s=%s: not a date", pEnd, v)
		}
		if ask.To = t.AddDate(0, 0, 1).Format(time.DateOnly); len(ask.To) > len(time.DateOnly) {
			ask.To = ""
		}
	}
	if ask.From != "" && ask.To != "" && ask.From >= ask.To {
		first, last := pFrom+" "+ask.From+" is not before "+pTo+" "+ask.To, "days run from the first to the one before which they end"
		if q[pEnd] != "" {
			first, last = pStart+" "+q[pStart]+" is after "+pEnd+" "+q[pEnd], "the end is the last day reported"
		}
		return ask, fault.New(fault.Usage, "%s", first).WithHint("%s", last)
	}
	if d == nil {
		return ask, nil
	}
	ask.Analysis, ask.Params = d.Name, map[string]string{}
	for _, p := range d.Params {
		if v, ok := fixed[p.Name]; ok {
			ask.Params[p.Name] = v
		} else if v, ok := q[p.Name]; ok {
			ask.Params[p.Name] = v
		}
	}
	return ask, nil
}
