package serve

import (
	"bytes"
	_ "embed" // the style and the template
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
)

//go:embed docs.tmpl
var docsTemplate string

//go:embed docs.css
var docsCSS []byte

// docsGroup is a heading with its operations.
type docsGroup struct {
	Name string
	Ops  []docsOp
}

type docsOp struct {
	ID, Method, Path, Summary string
	Text                      []string // paragraphs
	Params                    []docsParam
	Body                      []docsParam
	Answers                   []docsAnswer
	Columns                   []docsParam
	Example                   string
}

type docsParam struct{ Name, In, Type, Default, Text string }

type docsAnswer struct{ Status, Text, Types string }

// renderDocs draws the document for people, without a script and without anything from elsewhere.
func renderDocs(doc *huma.OpenAPI) ([]byte, error) {
	groups := map[string]*docsGroup{}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for _, m := range []struct {
			name string
			op   *huma.Operation
		}{{"GET", item.Get}, {"POST", item.Post}, {"DELETE", item.Delete}} {
			if m.op == nil {
				continue
			}
			g := groups[m.op.Tags[0]]
			if g == nil {
				g = &docsGroup{Name: m.op.Tags[0]}
				groups[g.Name] = g
			}
			g.Ops = append(g.Ops, describe(doc, m.name, path, m.op))
		}
	}
	data := struct {
		Version  string
		Keys     bool
		Groups   []*docsGroup
		Problems []ProblemKind
	}{Version: doc.Info.Version, Keys: len(doc.Security) > 0}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		data.Groups = append(data.Groups, groups[name])
	}
	data.Problems = ProblemKinds()
	t, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fault.New(fault.Internal, "reading the template of /api/docs: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, fault.New(fault.Internal, "drawing /api/docs: %w", err)
	}
	return b.Bytes(), nil
}

func describe(doc *huma.OpenAPI, method, path string, op *huma.Operation) docsOp {
	d := docsOp{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary}
	if op.Description != "" {
		for _, p := range strings.Split(op.Description, "\n\n") {
			d.Text = append(d.Text, strings.ReplaceAll(p, "\n", " "))
		}
	}
	for _, p := range op.Parameters {
		d.Params = append(d.Params, docsParam{Name: p.Name, In: p.In, Type: typeName(p.Schema), Default: defaultOf(p.Schema), Text: p.Description})
	}
	if op.RequestBody != nil {
		s := doc.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[name]
			in := "optional"
			if slices.Contains(s.Required, name) {
				in = "required"
			}
			d.Body = append(d.Body, docsParam{Name: name, In: in, Type: typeName(p), Text: p.Description})
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		if !strings.HasPrefix(status, "2") && status != "304" {
			continue
		}
		d.Answers = append(d.Answers, docsAnswer{status, r.Description, strings.Join(slices.Sorted(maps.Keys(r.Content)), ", ")})
		if j := r.Content["application/json"]; j != nil && j.Schema != nil && j.Schema.Items != nil {
			for _, name := range slices.Sorted(maps.Keys(j.Schema.Items.Properties)) {
				p := j.Schema.Items.Properties[name]
				d.Columns = append(d.Columns, docsParam{Name: name, Type: typeName(p), Text: p.Description})
			}
		}
	}
	if method == http.MethodGet && !strings.Contains(path, "{") {
		d.Example = path
	}
	return d
}

func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			if w, ok := e.(string); ok {
				words = append(words, w)
			}
		}
		return strings.Join(words, " | ")
	case s.Format != "":
		return s.Format
	case s.Type == "" && len(s.AnyOf) > 0:
		return "text or number"
	}
	return s.Type
}

func defaultOf(s *huma.Schema) string {
	if s == nil {
		return ""
	}
	switch v := s.Default.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

func (a *api) serveDocs(w http.ResponseWriter, r *http.Request) {
	if Unchanged(w, r, RenderKey(string(a.page))) {
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(a.page) // the client may be gone
}

func serveDocsStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=300")
	_, _ = w.Write(docsCSS) // the client may be gone
}
