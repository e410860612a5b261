package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Resource is an amount of what containers take: MiB of memory and virtual cores.
type Resource struct {
	MemoryMB int64 `json:"memory"`
	VCores   int64 `json:"vCores"`
}

// Plus returns the sum of two amounts.
func (r Resource) Plus(o Resource) Resource {
	return Resource{r.MemoryMB + o.MemoryMB, r.VCores + o.VCores}
}

// Minus returns what is left of r without o, not below 0.
func (r Resource) Minus(o Resource) Resource {
	return Resource{max(0, r.MemoryMB-o.MemoryMB), max(0, r.VCores-o.VCores)}
}

// Holds tells whether o fits into r.
func (r Resource) Holds(o Resource) bool { return o.MemoryMB <= r.MemoryMB && o.VCores <= r.VCores }

// Least returns the smaller of both amounts of each kind.
func (r Resource) Least(o Resource) Resource {
	return Resource{min(r.MemoryMB, o.MemoryMB), min(r.VCores, o.VCores)}
}

// Ask is a number of equal containers that an application waits for.
type Ask struct {
	Size  Resource
	Count int64
	Label string // of the nodes it wants; "" = any without one
}

// App is an application as the ResourceManager tells it. Times are milliseconds since 1970; 0 is not yet.
type App struct {
	ID          string  `json:"id"`
	User        string  `json:"user"`
	Name        string  `json:"name"`
	Queue       string  `json:"queue"`
	Type        string  `json:"applicationType"`
	State       string  `json:"state"`
	Final       string  `json:"finalStatus"`
	Progress    float64 `json:"progress"` // percent
	Tracking    string  `json:"trackingUrl"`
	Diagnostics string  `json:"diagnostics"`
	Started     int64   `json:"startedTime"`
	Launched    int64   `json:"launchTime"`
	Finished    int64   `json:"finishedTime"`
	Elapsed     int64   `json:"elapsedTime"`     // milliseconds
	Logs        string  `json:"amContainerLogs"` // page of the master's logs on its node
	MasterAt    string  `json:"amHostHttpAddress"`
	MemoryMB    int64   `json:"allocatedMB"` // -1 when finished
	VCores      int64   `json:"allocatedVCores"`
	Containers  int64   `json:"runningContainers"`
	MBSeconds   int64   `json:"memorySeconds"`
	CoreSeconds int64   `json:"vcoreSeconds"`
	Requests    []struct {
		Capability   Resource `json:"capability"`
		Containers   int64    `json:"numContainers"`
		ResourceName string   `json:"resourceName"`
		Label        string   `json:"nodeLabelExpression"`
	} `json:"resourceRequests"`
}

// Asks lists the containers that the application waits for: the requests for any node, which hold
// those for single nodes and racks too.
func (a *App) Asks() []Ask {
	var out []Ask
	for _, r := range a.Requests {
		if r.ResourceName == "*" && r.Containers > 0 {
			out = append(out, Ask{Size: r.Capability, Count: r.Containers, Label: r.Label})
		}
	}
	return out
}

// Over tells whether the application has ended.
func (a *App) Over() bool {
	return a.State == "FINISHED" || a.State == "FAILED" || a.State == "KILLED"
}

// Succeeded tells whether it ended well.
func (a *App) Succeeded() bool { return a.State == "FINISHED" && a.Final == "SUCCEEDED" }

// States are the words of --state, in the order that applications go through.
var States = []string{"NEW", "NEW_SAVING", "SUBMITTED", "ACCEPTED", "RUNNING", "FINISHED", "FAILED", "KILLED"}

// unfinished are the states of applications that are not over.
var unfinished = States[:5]

// Filter chooses applications; the zero value means those that are not over.
type Filter struct {
	All         bool // finished ones too
	States      []string
	Queue, User string
}

// Apps lists applications, the oldest first.
func (c *Client) Apps(ctx context.Context, f Filter) ([]App, error) {
	q := url.Values{}
	switch {
	case len(f.States) > 0:
		q.Set("states", strings.Join(f.States, ","))
	case !f.All:
		q.Set("states", strings.Join(unfinished, ","))
	}
	if f.Queue != "" {
		q.Set("queue", f.Queue)
	}
	if f.User != "" {
		q.Set("user", f.User)
	}
	var doc struct {
		Apps told[struct {
			App []App `json:"app"`
		}] `json:"apps"`
	}
	const doing = "listing the applications"
	if err := c.get(ctx, doing, "apps?"+q.Encode(), &doc); err != nil {
		return nil, err
	}
	if !doc.Apps.there {
		return nil, lacks(doing, "list")
	}
	apps := doc.Apps.value.App
	sort.SliceStable(apps, func(i, j int) bool {
		if apps[i].Started != apps[j].Started {
			return apps[i].Started < apps[j].Started
		}
		return apps[i].ID < apps[j].ID
	})
	return apps, nil
}

var appID = regexp.MustCompile(`^application_\d{1,20}_\d{1,20}$`)

// CheckID refuses what is no id of an application.
func CheckID(id string) error {
	if !appID.MatchString(id) {
		return fault.New(fault.Usage, "%q is not the id of an application", id).WithHint("ids look like application_1795384343448_0001; `ecomctl yarn apps --all` lists them")
	}
	return nil
}

// App tells about one application.
func (c *Client) App(ctx context.Context, id string) (*App, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	var doc struct {
		App App `json:"app"`
	}
	doing := "asking for " + id
	if err := c.get(ctx, doing, "apps/"+id, &doc); err != nil {
		return nil, err
	}
	if doc.App.ID != id || doc.App.State == "" {
		return nil, lacks(doing, "application")
	}
	return &doc.App, nil
}

// Kill ends an application. It is no error that it is over already.
func (c *Client) Kill(ctx context.Context, id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"state": "KILLED"})
	if err != nil {
		return fault.New(fault.Internal, "%w", err)
	}
	return c.call(ctx, "killing "+id, http.MethodPut, "/ws/v1/cluster/apps/"+id+"/state", body, nil)
}
