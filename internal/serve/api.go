package serve

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
)

// api is the REST interface: an OpenAPI 3.1 document and what it promises.
type api struct {
	s    *Server
	doc  *huma.OpenAPI
	spec []byte // the document in JSON
	tag  string
	page []byte // the document for people
}

const apiPrefix = "/api/v1"

// newAPI mounts every operation. The document is made from the registry of analyses and from the
// Go types of what is answered.
func newAPI(s *Server) (*api, error) {
	a := &api{s: s, doc: &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "ecomctl", Version: s.conf.Version,
			Description: "What ecomctl's commands answer, over HTTP: the same numbers, the same columns, the same bytes. Errors are application/problem+json."},
		Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
	}}
	if s.conf.Keys != nil {
		a.doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
			"bearer": {Type: "http", Scheme: "bearer"}, "key": {Type: "apiKey", In: "header", Name: "X-API-Key"}, "browser": {Type: "http", Scheme: "basic"}}
		a.doc.Security = []map[string][]string{{"bearer": {}}, {"key": {}}, {"browser": {}}}
	}
	a.mountAnalyses()
	a.mountDatasets()
	a.mountJobs()
	a.mountHealth()
	var err error
	if a.spec, err = json.MarshalIndent(a.doc, "", "  "); err != nil {
		return nil, fault.New(fault.Internal, "writing the OpenAPI document: %w", err)
	}
	a.tag = RenderKey(string(a.spec))
	if a.page, err = renderDocs(a.doc); err != nil {
		return nil, err
	}
	s.Handle("GET /api/openapi.json", Read, http.HandlerFunc(a.serveSpec))
	s.Handle("GET /api/docs", Read, http.HandlerFunc(a.serveDocs))
	s.Handle("GET /api/docs.css", Read, http.HandlerFunc(serveDocsStyle))
	s.Handle("GET /api/{$}", Read, http.RedirectHandler("/api/docs", http.StatusSeeOther))
	return a, nil
}

func (a *api) serveSpec(w http.ResponseWriter, r *http.Request) {
	if Unchanged(w, r, a.tag) {
		return
	}
	w.Header().Set("Content-Type", "application/json") // the registered type, application/openapi+json, opens in no browser
	w.Header().Set("Content-Length", strconv.Itoa(len(a.spec)))
	_, _ = w.Write(a.spec) // the client may be gone
}

// problems are the responses that operations share.
func (a *api) problems(more ...int) map[string]*huma.Response {
	schema := a.doc.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	out := map[string]*huma.Response{}
	add := func(status, desc string) {
		out[status] = &huma.Response{Description: desc, Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
	}
	codes := append([]int{400, 404, 405, 413, 421, 429, 503}, more...)
	if a.s.conf.Keys != nil {
		codes = append(codes, 401)
	}
	codes = append(codes, 403)
	for _, c := range codes {
		add(strconv.Itoa(c), http.StatusText(c))
	}
	add("default", "Any other problem")
	return out
}

// mountAnalyses makes one operation of every registered analysis, and the usual short paths.
func (a *api) mountAnalyses() {
	for _, d := range analysis.All() {
		a.mountAnalysis(d, apiPrefix+"/"+strings.ReplaceAll(d.Name, " ", "/"), d.Short.EN, nil)
	}
	for _, p := range []struct{ path, cut string }{{"daily", "day"}, {"weekly", "week"}, {"monthly", "month"}} {
		a.mountAnalysis(analysis.Sales, apiPrefix+"/sales/"+p.path, "Sales by "+p.cut, map[string]string{"by": p.cut})
	}
	if d := analysis.Get("segments"); d != nil {
		a.mountAnalysis(d, apiPrefix+"/users/segments", d.Short.EN, nil)
	}
}

// mountAnalysis makes an operation; fixed are parameters that the path decides. Paths that decide
// any take the days as start_date and end_date, inclusive.
func (a *api) mountAnalysis(d *analysis.Definition, path, summary string, fixed map[string]string) {
	params := append(whatParams(), paramsOf(d, fixed)...)
	for _, p := range scopeParams() {
		switch {
		case p.Name == pNet && d.NoNet:
		case p.Name == pFrom && fixed != nil:
			params = append(params, queryParam(pStart, "First day reported", dateSchema()))
		case p.Name == pTo && fixed != nil:
			params = append(params, queryParam(pEnd, "Last day reported (inclusive)", dateSchema()))
		default:
			params = append(params, p)
		}
	}
	params = append(params, showParams()...)
	content := map[string]*huma.MediaType{}
	for _, f := range formats {
		schema := &huma.Schema{Type: huma.TypeString}
		if f.name == "json" {
			schema = &huma.Schema{Type: huma.TypeArray, Items: rowSchema(d)}
		} else if f.name == "arrow" || f.name == "parquet" {
			schema.Format = "binary"
		}
		content[f.media] = &huma.MediaType{Schema: schema}
	}
	responses := a.problems(http.StatusNotAcceptable, http.StatusUnprocessableEntity)
	responses["200"] = &huma.Response{Description: "The result", Content: content, Headers: map[string]*huma.Param{
		"ETag":          {Description: "Digest of inputs, parameters and version", Schema: &huma.Schema{Type: huma.TypeString}},
		"X-Total-Count": {Description: "Rows of the whole result", Schema: &huma.Schema{Type: huma.TypeInteger}},
		"Link":          {Description: "With limit: first, prev, next and last page (RFC 8288)", Schema: &huma.Schema{Type: huma.TypeString}},
		"Ecomctl-Notes": {Description: "Remarks for people: a JSON array of texts", Schema: &huma.Schema{Type: huma.TypeString}},
	}}
	responses["304"] = &huma.Response{Description: "The client has it already"}
	a.mount(operation{
		Operation: &huma.Operation{Method: http.MethodGet, Path: path, OperationID: operationID(path), Summary: summary, Description: asParameters(d.Long),
			Tags: []string{d.Group}, Parameters: params, Responses: responses},
		scope:  Read,
		handle: func(c *call) error { return a.answer(c, d, fixed) },
	})
}

// operationID names an operation by its path: /api/v1/sales/daily is sales-daily.
func operationID(path string) string {
	return strings.NewReplacer("/", "-", "{", "", "}", "").Replace(strings.TrimPrefix(path, apiPrefix+"/"))
}
