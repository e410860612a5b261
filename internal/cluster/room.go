package cluster

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// DefaultStepMB is YARN's own default of yarn.scheduler.minimum-allocation-mb.
const DefaultStepMB = 1024

// Room is what a user's job in a queue may take now; where nothing is free, what the queue may take at most, for then the job
// waits for it.
func (c *Client) Room(ctx context.Context, queue, user string) (Room, error) {
	now, err := c.Look(ctx)
	if err != nil {
		return Room{}, err
	}
	q := now.Queues.Find(queue)
	if q == nil || !q.Leaf {
		return Room{}, fault.New(fault.NotFound, "there is no queue %q that takes applications", queue).WithHint("there are: %s", strings.Join(now.Queues.Leaves(), ", "))
	}
	if q.State != "" && q.State != "RUNNING" {
		return Room{}, fault.New(fault.Unavailable, "queue %s is %s", q.Path, q.State).WithHint("choose another one: %s", strings.Join(now.Queues.Leaves(), ", "))
	}
	r := Room{Total: q.Room().Least(now.Free()), From: "free now in " + q.Path}
	most := q.Max
	if u := q.user(user); u != nil && u.Limit != (Resource{}) {
		most = most.Least(u.Limit)
		r.Total = r.Total.Least(u.Limit.Minus(u.Used))
	} else if limit, ok := q.oneUser(); ok {
		most, r.Total = most.Least(limit), r.Total.Least(limit)
	}
	idle := r.Total.MemoryMB >= leastHeapMB*2+overheadMB*2 && r.Total.VCores >= 2
	for i := range now.Nodes {
		n := &now.Nodes[i]
		if !n.Runs() || n.label() != "" {
			continue
		}
		has := n.Free()
		if !idle {
			has = n.Total()
		}
		r.Nodes = append(r.Nodes, has)
		if has.MemoryMB > r.Largest.MemoryMB {
			r.Largest = has
		}
	}
	if !idle {
		r.Total, r.From = most, "the most that "+q.Path+" may take, for less than the smallest job needs is free now"
	}
	if q.Largest != (Resource{}) {
		r.Largest = r.Largest.Least(q.Largest)
	}
	r.StepMB = c.stepMB(ctx)
	return r, nil
}

// oneUser is what a user without applications may take in a queue: user-limit-factor times the queue's guaranteed share (CapacityScheduler,
// "Queue Properties").
func (q *Queue) oneUser() (Resource, bool) {
	if q.PerUser <= 0 || q.Guaranteed.MemoryMB <= 0 {
		return Resource{}, false
	}
	return Resource{int64(float64(q.Guaranteed.MemoryMB) * q.PerUser), int64(float64(q.Guaranteed.VCores) * q.PerUser)}, true
}

// stepMB asks the ResourceManager for its configuration; what cannot be learnt has YARN's default.
func (c *Client) stepMB(ctx context.Context) int64 {
	const name = "yarn.scheduler.minimum-allocation-mb"
	var doc struct {
		Property struct {
			Value string `json:"value"`
		} `json:"property"`
	}
	if err := c.call(ctx, "asking for "+name, http.MethodGet, "/conf?format=json&name="+name, nil, &doc); err != nil {
		return DefaultStepMB
	}
	n, err := strconv.ParseInt(doc.Property.Value, 10, 64)
	if err != nil || n <= 0 {
		return DefaultStepMB
	}
	return n
}
