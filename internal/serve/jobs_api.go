package serve

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/analysis"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/report"
)

// JobRequest starts an analysis as a job.
type JobRequest struct {
	Analysis string            `json:"analysis" minLength:"1" maxLength:"64" doc:"Path of the analysis below /api/v1: sales, sales/daily, behavior/predict" example:"forecast"`
	Query    map[string]string `json:"query,omitempty" doc:"What the query of its GET would hold, all values as texts"`
}

// ReportRequest starts a report.
type ReportRequest struct {
	Dataset  string `json:"dataset,omitempty" maxLength:"1000" doc:"Name of a dataset; by default the first"`
	Input    string `json:"input,omitempty" maxLength:"1000" doc:"A path below one of the server's roots"`
	From     string `json:"from,omitempty" format:"date" doc:"First day reported"`
	To       string `json:"to,omitempty" format:"date" doc:"Day before which rows are reported"`
	AsOf     string `json:"as_of,omitempty" format:"date"`
	Where    string `json:"where,omitempty" maxLength:"1000" doc:"Only rows that satisfy this condition"`
	Currency string `json:"currency,omitempty" maxLength:"16"`
	Lang     string `json:"lang,omitempty" enum:"en,zh"`
	Net      bool   `json:"net,omitempty"`
	Title    string `json:"title,omitempty" maxLength:"200"`
	Format   string `json:"format,omitempty" enum:"html,json" doc:"html by default"`
}

// JobView is a job as the API tells it.
type JobView struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind" doc:"The analysis, or report"`
	State    string        `json:"state" enum:"queued,running,done,failed,cancelled"`
	Created  time.Time     `json:"created"`
	Started  *time.Time    `json:"started,omitempty"`
	Finished *time.Time    `json:"finished,omitempty"`
	Expires  *time.Time    `json:"expires,omitempty" doc:"When the result is forgotten"`
	Progress *JobProgress  `json:"progress,omitempty"`
	Result   string        `json:"result,omitempty" format:"uri-reference" doc:"Where the result is"`
	Problem  *Problem      `json:"problem,omitempty" doc:"Why it failed"`
	Links    []JobViewLink `json:"links" nullable:"false"`
}

// JobViewLink is what can be done next.
type JobViewLink struct {
	Rel    string `json:"rel"`
	Method string `json:"method"`
	Href   string `json:"href" format:"uri-reference"`
}

// JobProgress is how far a scan is.
type JobProgress struct {
	Phase string   `json:"phase"`
	Done  int64    `json:"done" doc:"Bytes"`
	Total int64    `json:"total" doc:"Bytes; 0 = not known"`
	Share *float64 `json:"share,omitempty" minimum:"0" maximum:"1"`
}

func jobPath(id string) string { return apiPrefix + "/jobs/" + id }

func (a *api) viewJob(j *job) JobView {
	js := a.s.jobs
	js.mu.Lock()
	defer js.mu.Unlock()
	v := JobView{ID: j.id, Kind: j.kind, State: string(j.state), Created: j.created.UTC(), Links: []JobViewLink{{"self", "GET", jobPath(j.id)}, {"cancel", "DELETE", jobPath(j.id)}}}
	if !j.started.IsZero() {
		v.Started = ptr(j.started.UTC())
	}
	if j.state.over() {
		v.Finished, v.Expires = ptr(j.finished.UTC()), ptr(j.finished.Add(js.s.conf.JobLifetime).UTC())
		v.Links[1].Rel = "forget"
	}
	if j.state == jobDone {
		v.Result = jobPath(j.id) + "/result"
	}
	if j.err != nil {
		p := ProblemOf(inQuery(j.err)).remedied()
		v.Problem = &p
	}
	p := &j.progress
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != "" && !j.state.over() {
		v.Progress = &JobProgress{Phase: p.phase, Done: p.done, Total: max(0, p.total)}
		if p.total > 0 {
			v.Progress.Share = ptr(min(1, float64(p.done)/float64(p.total)))
		}
	}
	return v
}

// owner is whose jobs a request may see: those of its key.
func owner(ctx context.Context) string {
	k, _ := KeyOf(ctx)
	return k.Name
}

func (a *api) mountJobs() {
	job := func(desc string) *huma.Response { return a.jsonResponse(desc, reflect.TypeFor[JobView]()) }
	id := []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1)}}}
	add := func(method, path, summary string, params []*huma.Param, body reflect.Type, responses map[string]*huma.Response, handle func(*call) error) {
		op := &huma.Operation{Method: method, Path: apiPrefix + path, OperationID: strings.ToLower(method) + "-" + operationID(apiPrefix+path),
			Tags: []string{"Jobs"}, Summary: summary, Parameters: params, Responses: responses}
		if body != nil {
			op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: a.doc.Components.Schemas.Schema(body, true, "")}}}
		}
		a.mount(operation{Operation: op, scope: Read, handle: handle})
	}
	with := func(status string, r *huma.Response, codes ...int) map[string]*huma.Response {
		m := a.problems(codes...)
		m[status] = r
		return m
	}
	accepted := job("The job has begun")
	accepted.Headers = map[string]*huma.Param{"Location": {Description: "Where the job is", Schema: &huma.Schema{Type: huma.TypeString}}}
	add("POST", "/jobs", "Start an analysis as a job, for what takes longer than a request may", nil, reflect.TypeFor[JobRequest](), with("202", accepted, 406, 415), a.postJob)
	add("POST", "/reports", "Start a report as a job", nil, reflect.TypeFor[ReportRequest](), with("202", accepted, 415), a.postReport)
	add("GET", "/jobs", "The jobs of this key", nil, nil, with("200", a.jsonResponse("The jobs, newest first", reflect.TypeFor[[]JobView]())), a.listJobs)
	add("GET", "/jobs/{id}", "How far a job is", id, nil, with("200", job("The job")), a.getJob)
	add("DELETE", "/jobs/{id}", "Cancel a job, or forget a finished one", id, nil, with("204", &huma.Response{Description: "Done"}), a.deleteJob)
	content := map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
	for _, f := range formats {
		content[f.media] = &huma.MediaType{Schema: &huma.Schema{}}
	}
	add("GET", "/jobs/{id}/result", "What a job made", id, nil, with("200", &huma.Response{Description: "The result", Content: content}, 409, 422), a.getResult)
}

// routeOf finds the analysis of a path below /api/v1.
func (a *api) routeOf(path string) (*analysis.Definition, map[string]string) {
	for _, p := range []struct{ path, cut string }{{"sales/daily", "day"}, {"sales/weekly", "week"}, {"sales/monthly", "month"}} {
		if path == p.path {
			return analysis.Sales, map[string]string{"by": p.cut}
		}
	}
	if path == "users/segments" {
		path = "segments"
	}
	return analysis.Get(strings.ReplaceAll(path, "/", " ")), nil
}

func (a *api) postJob(c *call) error {
	var in JobRequest
	if err := c.readBody(a, &in); err != nil {
		return err
	}
	path := strings.Trim(in.Analysis, "/")
	d, fixed := a.routeOf(path)
	item := a.doc.Paths[apiPrefix+"/"+path]
	if d == nil || item == nil || item.Get == nil {
		return fault.New(fault.NotFound, "no analysis is at %s/%s", apiPrefix, clip(path)).WithHint("/api/docs lists them")
	}
	known, names := map[string]*huma.Param{}, []string{}
	for _, p := range item.Get.Parameters {
		known[p.Name] = p
		names = append(names, p.Name)
	}
	values := url.Values{}
	for k, v := range in.Query {
		values.Set(k, v)
	}
	q, err := readQuery(values.Encode(), known, names)
	if err != nil {
		return err
	}
	f, err := formatOf(q[pFormat], nil)
	if err != nil {
		return err
	}
	sh, err := showOf(q)
	if err != nil {
		return err
	}
	ask, err := askOf(d, fixed, q)
	if err != nil {
		return err
	}
	if _, err := a.s.conf.Backend.Tag(c.ctx(), ask); err != nil { // what is wrong in itself is told now
		return err
	}
	return a.begin(c, d.Name, func(ctx context.Context) (product, error) {
		ans, err := a.s.conf.Backend.Table(ctx, ask)
		if err != nil {
			return product{}, err
		}
		t, err := part(ans.Table, sh)
		if err != nil {
			return product{}, err
		}
		body, err := a.renderOnly(ans, t, f)
		return product{body: body, typ: f.typ, name: strings.ReplaceAll(d.Name, " ", "-") + f.ext, facts: facts{Total: ans.Table.N, Notes: ans.Notes}}, err
	})
}

func (a *api) postReport(c *call) error {
	var in ReportRequest
	if err := c.readBody(a, &in); err != nil {
		return err
	}
	ask, err := askOf(nil, nil, map[string]string{pDataset: in.Dataset, pInput: in.Input, pFrom: in.From, pTo: in.To, pAsOf: in.AsOf,
		pWhere: in.Where, pCurrency: in.Currency, pLang: in.Lang, pNet: strconv.FormatBool(in.Net)})
	if err != nil {
		return err
	}
	if _, err := a.s.conf.Backend.Tag(c.ctx(), ask); err != nil {
		return err
	}
	return a.begin(c, "report", func(ctx context.Context) (product, error) {
		shared, err := a.s.conf.Backend.Report(ctx, ask)
		if err != nil {
			return product{}, err
		}
		doc := *shared
		doc.Title = in.Title
		b := &boundedBuffer{limit: a.s.conf.MaxAnswer}
		if in.Format == "json" {
			err = report.WriteJSON(b, &doc)
			return product{body: b.Bytes(), typ: "application/json", name: "report.json"}, err
		}
		err = report.Render(b, &doc)
		return product{body: b.Bytes(), typ: "text/html; charset=utf-8", name: "report.html"}, err
	})
}

// begin starts a job and tells where it is.
func (a *api) begin(c *call, kind string, work func(context.Context) (product, error)) error {
	j, err := a.s.jobs.start(kind, owner(c.ctx()), work)
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", jobPath(j.id))
	c.w.Header().Set("Cache-Control", "no-store")
	return writeJSON(c.w, http.StatusAccepted, a.viewJob(j))
}

func (a *api) listJobs(c *call) error {
	js, out := a.s.jobs, []JobView{}
	js.mu.Lock()
	js.sweep()
	mine := make([]*job, 0, len(js.list))
	for i := len(js.list) - 1; i >= 0; i-- {
		if js.list[i].owner == owner(c.ctx()) {
			mine = append(mine, js.list[i])
		}
	}
	js.mu.Unlock()
	for _, j := range mine {
		out = append(out, a.viewJob(j))
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return writeJSON(c.w, http.StatusOK, out)
}

func (a *api) getJob(c *call) error {
	j, err := a.s.jobs.find(c.r.PathValue("id"), owner(c.ctx()))
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return writeJSON(c.w, http.StatusOK, a.viewJob(j))
}

func (a *api) deleteJob(c *call) error {
	if err := a.s.jobs.remove(c.r.PathValue("id"), owner(c.ctx())); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) getResult(c *call) error {
	j, err := a.s.jobs.find(c.r.PathValue("id"), owner(c.ctx()))
	if err != nil {
		return err
	}
	a.s.jobs.mu.Lock()
	state, p, jobErr := j.state, j.product, j.err
	a.s.jobs.mu.Unlock()
	switch {
	case jobErr != nil:
		return jobErr
	case state == jobCancelled:
		return fault.New(fault.NotFound, "the job was cancelled").WithHint("start it again: POST %s/jobs or %s/reports", apiPrefix, apiPrefix)
	case state != jobDone:
		return fault.New(fault.Locked, "the job is %s", state).WithHint("ask %s until it is done", jobPath(j.id))
	}
	h := c.w.Header()
	h.Set("Content-Type", p.typ)
	h.Set("Content-Disposition", `inline; filename="`+p.name+`"`)
	h.Set("Cache-Control", "no-store")
	if strings.HasPrefix(p.typ, "text/html") {
		h.Del("Content-Security-Policy") // the page has its own, by the digests of its scripts
	} else if p.facts.Total > 0 {
		h.Set("X-Total-Count", strconv.Itoa(p.facts.Total))
	}
	if len(p.facts.Notes) > 0 {
		h.Set("Ecomctl-Notes", asciiJSON(p.facts.Notes))
	}
	http.ServeContent(c.w, c.r, "", time.Time{}, bytes.NewReader(p.body))
	return nil
}
