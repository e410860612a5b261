package serve

import (
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/render"
)

// DatasetView is a dataset as the API tells it.
type DatasetView struct {
	Name    string    `json:"name" doc:"As dataset= takes it"`
	State   string    `json:"state" enum:"loading,ready,failed"`
	Inputs  []string  `json:"inputs" nullable:"false" doc:"What it is read from"`
	Table   string    `json:"table,omitempty" doc:"The canonical table: orders, events"`
	Rows    int64     `json:"rows,omitempty" doc:"Rows of the input"`
	First   string    `json:"first,omitempty" doc:"Wall time of the first sold line"`
	Last    string    `json:"last,omitempty" doc:"Wall time of the last sold line"`
	Digest  string    `json:"digest,omitempty" doc:"Digest of the inputs"`
	Account []Counted `json:"account,omitempty" doc:"Where every row went: rows = sold + reversals + voids + rejects + outside"`
	Problem *Problem  `json:"problem,omitempty" doc:"Why it failed"`
}

// Counted is rows and money of one kind.
type Counted struct {
	Kind  string  `json:"kind" enum:"sold,reversal,void,reject,outside"`
	Rows  int64   `json:"rows"`
	Money string  `json:"money" doc:"Exact, as a decimal"`
	Why   []Cause `json:"reasons,omitempty"`
}

// Cause is rows and money of one reason.
type Cause struct {
	Reason string `json:"reason"`
	Rows   int64  `json:"rows"`
	Money  string `json:"money"`
}

// ViewOf tells a dataset.
func ViewOf(d *Dataset) DatasetView {
	v := DatasetView{Name: d.Name, State: d.State.String(), Inputs: append([]string{}, d.Inputs...), Table: d.Table}
	switch d.State {
	case Failed:
		p := ProblemOf(d.Err).remedied()
		v.Problem = &p
		return v
	case Loading:
		return v
	}
	v.Rows, v.Digest = d.Rows, d.Digest
	if d.Last > 0 || d.First > 0 {
		v.First, v.Last = wall(d.First), wall(d.Last)
	}
	for _, k := range []relation.Kind{relation.Sold, relation.Reversal, relation.Void, relation.Reject, relation.Outside} {
		rows, money := d.Account.Of(k)
		c := Counted{Kind: k.String(), Rows: rows, Money: string(render.AppendMoney(nil, money))}
		for _, r := range d.Account.Reasons {
			if r.Kind == k && r.Rows > 0 && k != relation.Sold {
				c.Why = append(c.Why, Cause{r.Reason, r.Rows, string(render.AppendMoney(nil, r.Money))})
			}
		}
		v.Account = append(v.Account, c)
	}
	return v
}

// wall formats µs of wall time, which has no zone of its own.
func wall(us int64) string { return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05") }

// jsonResponse describes an answer in JSON by its Go type.
func (a *api) jsonResponse(desc string, t reflect.Type) *huma.Response {
	return &huma.Response{Description: desc, Content: map[string]*huma.MediaType{"application/json": {Schema: a.doc.Components.Schemas.Schema(t, true, "")}}}
}

func (a *api) mountDatasets() {
	responses := a.problems()
	responses["200"] = a.jsonResponse("What is served", reflect.TypeFor[[]DatasetView]())
	a.mount(operation{
		Operation: &huma.Operation{Method: http.MethodGet, Path: apiPrefix + "/datasets", OperationID: "datasets", Tags: []string{"Data"},
			Summary: "What is served, and where every row of it went", Responses: responses},
		scope: Read,
		handle: func(c *call) error {
			list := []DatasetView{}
			for _, d := range a.s.conf.Backend.Datasets() {
				list = append(list, ViewOf(&d))
			}
			c.w.Header().Set("Cache-Control", "no-store")
			return writeJSON(c.w, http.StatusOK, list)
		},
	})
	one := a.problems()
	one["200"] = a.jsonResponse("The dataset", reflect.TypeFor[DatasetView]())
	a.mount(operation{
		Operation: &huma.Operation{Method: http.MethodGet, Path: apiPrefix + "/datasets/{name}", OperationID: "dataset", Tags: []string{"Data"},
			Summary: "One dataset", Responses: one,
			Parameters: []*huma.Param{{Name: "name", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1)}}}},
		scope: Read,
		handle: func(c *call) error {
			name := c.r.PathValue("name")
			for _, d := range a.s.conf.Backend.Datasets() {
				if d.Name == name {
					c.w.Header().Set("Cache-Control", "no-store")
					return writeJSON(c.w, http.StatusOK, ViewOf(&d))
				}
			}
			return fault.New(fault.NotFound, "no dataset %q is served", clip(name)).WithHint("%s/datasets lists them", apiPrefix)
		},
	})
}

// HealthView is how the server is.
type HealthView struct {
	Status   string            `json:"status" enum:"up,loading,degraded"`
	Version  string            `json:"version"`
	Datasets map[string]string `json:"datasets,omitempty" doc:"State of each dataset"`
	Cache    string            `json:"cache,omitempty" doc:"up, or why the cache is out of service: answers are then computed"`
}

// mountHealth mounts what supervisors ask; it needs no key and tells nothing of the data.
func (a *api) mountHealth() {
	up := a.problems()
	up["200"] = a.jsonResponse("The process answers", reflect.TypeFor[HealthView]())
	a.mount(operation{
		Operation: &huma.Operation{Method: http.MethodGet, Path: "/healthz", OperationID: "healthz", Tags: []string{"Operation"}, Summary: "Whether the process answers", Responses: up},
		scope:     Public,
		handle: func(c *call) error {
			c.w.Header().Set("Cache-Control", "no-store")
			return writeJSON(c.w, http.StatusOK, HealthView{Status: "up", Version: a.s.conf.Version})
		},
	})
	ready := a.problems()
	ready["200"] = a.jsonResponse("Everything is loaded", reflect.TypeFor[HealthView]())
	ready["503"] = a.jsonResponse("Something is loading or failed", reflect.TypeFor[HealthView]())
	a.mount(operation{
		Operation: &huma.Operation{Method: http.MethodGet, Path: "/readyz", OperationID: "readyz", Tags: []string{"Operation"}, Summary: "Whether the data is loaded", Responses: ready},
		scope:     Public,
		handle:    a.ready,
	})
}

func (a *api) ready(c *call) error {
	v := HealthView{Status: "up", Version: a.s.conf.Version, Datasets: map[string]string{}, Cache: "up"}
	status := http.StatusOK
	for _, d := range a.s.conf.Backend.Datasets() {
		if a.s.conf.Keys == nil { // names are for those who hold a key
			v.Datasets[d.Name] = d.State.String()
		}
		switch d.State {
		case Loading:
			v.Status, status = "loading", http.StatusServiceUnavailable
		case Failed:
			v.Status, status = "degraded", http.StatusServiceUnavailable
		}
	}
	if h := a.s.conf.Cache.Health(); !h.Up {
		v.Cache = h.Err
		if status == http.StatusOK {
			v.Status = "degraded" // slower, and right
		}
	}
	if status != http.StatusOK {
		c.w.Header().Set("Retry-After", "1")
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return writeJSON(c.w, status, v)
}
