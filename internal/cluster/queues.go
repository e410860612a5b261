package cluster

import (
	"context"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Queue is a queue of the scheduler, of the default partition of nodes. What the scheduler does not
// limit is the room of the queue above, in the end the cluster's.
type Queue struct {
	Path     string // root.sales.adhoc
	State    string // RUNNING, STOPPED, DRAINING; "" where the scheduler has none
	Leaf     bool   // takes applications
	Parent   *Queue // nil for root
	Share    float64
	MaxShare float64 // parts of the cluster, 0..1: guaranteed, and at most

	Used       Resource
	Guaranteed Resource
	Max        Resource
	Running    int64 // applications with a master
	Waiting    int64 // applications that wait to be activated, or for their master

	// Largest is the largest container; zero where the scheduler does not tell.
	Largest Resource
	// The room of application masters. HasMasters is false where the scheduler does not limit them.
	HasMasters              bool
	Masters, MastersMax     Resource
	MastersPart             float64  // of the queue's room, 0..1
	MastersUser             Resource // of one user
	PerUser                 float64  // user-limit-factor; 0 where there is none
	Users                   []QueueUser
	MaxApps, MaxAppsPerUser int64 // 0 = unlimited
}

// QueueUser is what a user has in a queue. Limit is zero where the scheduler does not tell.
type QueueUser struct {
	Name                 string
	Used, Limit, Masters Resource
	Running, Waiting     int64
}

// user finds what a user has in the queue.
func (q *Queue) user(name string) *QueueUser {
	for i := range q.Users {
		if q.Users[i].Name == name {
			return &q.Users[i]
		}
	}
	return nil
}

// Room is what the queue may still take, by its own maximum and those of the queues above.
func (q *Queue) Room() Resource {
	room := q.Max.Minus(q.Used)
	for p := q.Parent; p != nil; p = p.Parent {
		room = room.Least(p.Max.Minus(p.Used))
	}
	return room
}

// Queues are a scheduler's queues, parents before their children.
type Queues struct {
	Scheduler string // capacity, fair, fifo
	List      []*Queue
}

// Find returns a queue by its path or, where only one has it, its last name; nil without one.
func (qs *Queues) Find(name string) *Queue {
	var found *Queue
	for _, q := range qs.List {
		if q.Path == name {
			return q
		}
		if q.Leaf && strings.HasSuffix(q.Path, "."+name) {
			if found != nil {
				return nil
			}
			found = q
		}
	}
	return found
}

// Leaves lists the paths of the queues that take applications.
func (qs *Queues) Leaves() []string {
	var out []string
	for _, q := range qs.List {
		if q.Leaf {
			out = append(out, q.Path)
		}
	}
	return out
}

// Queues tells about the scheduler's queues.
func (c *Client) Queues(ctx context.Context) (*Queues, error) {
	var doc struct {
		Scheduler struct {
			Info schedulerInfo `json:"schedulerInfo"`
		} `json:"scheduler"`
	}
	if err := c.get(ctx, "listing the queues", "scheduler", &doc); err != nil {
		return nil, err
	}
	total, err := c.Total(ctx)
	if err != nil {
		return nil, err
	}
	info := &doc.Scheduler.Info
	switch info.Type {
	case "capacityScheduler":
		qs := &Queues{Scheduler: "capacity"}
		info.QueuePath = "root"
		qs.capacity(&info.capacityQueue, nil, total.Total)
		return qs, nil
	case "fairScheduler":
		qs := &Queues{Scheduler: "fair"}
		qs.fair(&info.Root, nil, total.Total)
		return qs, nil
	case "fifoScheduler":
		q := &Queue{Path: "default", Leaf: true, State: info.QState, Share: 1, MaxShare: 1, Guaranteed: total.Total, Max: total.Total, Used: total.Used,
			Running: total.AppsRunning, Waiting: total.AppsPending}
		return &Queues{Scheduler: "fifo", List: []*Queue{q}}, nil
	}
	return nil, fault.New(fault.Input, "the ResourceManager has a scheduler of type %q, which is not known here", info.Type).
		WithHint("known are CapacityScheduler, FairScheduler and FifoScheduler")
}

// Totals are what the cluster has and gives away.
type Totals struct {
	Total, Used, Free, Pending       Resource
	Nodes, Unhealthy, Lost           int64
	AppsRunning, AppsPending, Active int64
}

// Total tells about the cluster as a whole.
func (c *Client) Total(ctx context.Context) (*Totals, error) {
	var doc struct {
		M struct {
			TotalMB     int64 `json:"totalMB"`
			TotalVC     int64 `json:"totalVirtualCores"`
			UsedMB      int64 `json:"allocatedMB"`
			UsedVC      int64 `json:"allocatedVirtualCores"`
			FreeMB      int64 `json:"availableMB"`
			FreeVC      int64 `json:"availableVirtualCores"`
			PendingMB   int64 `json:"pendingMB"`
			PendingVC   int64 `json:"pendingVirtualCores"`
			ActiveNodes int64 `json:"activeNodes"`
			Unhealthy   int64 `json:"unhealthyNodes"`
			Lost        int64 `json:"lostNodes"`
			Running     int64 `json:"appsRunning"`
			Pending     int64 `json:"appsPending"`
		} `json:"clusterMetrics"`
	}
	if err := c.get(ctx, "asking for the cluster's room", "metrics", &doc); err != nil {
		return nil, err
	}
	m := &doc.M
	return &Totals{Total: Resource{m.TotalMB, m.TotalVC}, Used: Resource{m.UsedMB, m.UsedVC}, Free: Resource{m.FreeMB, m.FreeVC},
		Pending: Resource{m.PendingMB, m.PendingVC}, Nodes: m.ActiveNodes, Unhealthy: m.Unhealthy, Lost: m.Lost,
		AppsRunning: m.Running, AppsPending: m.Pending}, nil
}

// schedulerInfo is the answer about any scheduler.
type schedulerInfo struct {
	Type string `json:"type"`
	capacityQueue
	Root   fairQueue `json:"rootQueue"`
	QState string    `json:"qstate"` // fifo
}

// capacityQueue is a queue of the CapacityScheduler. Capacities are percent.
type capacityQueue struct {
	QueueName   string   `json:"queueName"`
	QueuePath   string   `json:"queuePath"`
	State       string   `json:"state"`
	Type        string   `json:"type"`
	AbsCapacity float64  `json:"absoluteCapacity"`
	AbsMax      float64  `json:"absoluteMaxCapacity"`
	Used        Resource `json:"resourcesUsed"`
	Capacities  struct {
		Parts []struct {
			Name   string   `json:"partitionName"`
			Abs    float64  `json:"absoluteCapacity"`
			AbsMax float64  `json:"absoluteMaxCapacity"`
			AMPart float64  `json:"maxAMLimitPercentage"`
			Min    Resource `json:"effectiveMinResource"`
			Max    Resource `json:"effectiveMaxResource"`
		} `json:"queueCapacitiesByPartition"`
	} `json:"capacities"`
	Largest      Resource `json:"maximumAllocation"`
	Active       int64    `json:"numActiveApplications"`
	Pending      int64    `json:"numPendingApplications"`
	MaxApps      int64    `json:"maxApplications"`
	MaxPerUser   int64    `json:"maxApplicationsPerUser"`
	UserFactor   float64  `json:"userLimitFactor"`
	AMLimit      Resource `json:"AMResourceLimit"`
	AMUsed       Resource `json:"usedAMResource"`
	AMUser       Resource `json:"userAMResourceLimit"`
	UserList     users    `json:"users"`
	ChildrenList children `json:"queues"`
}

type users struct {
	User []struct {
		Name    string   `json:"username"`
		Used    Resource `json:"resourcesUsed"`
		AMUsed  Resource `json:"AMResourceUsed"`
		Limit   Resource `json:"userResourceLimit"`
		Active  int64    `json:"numActiveApplications"`
		Pending int64    `json:"numPendingApplications"`
	} `json:"user"`
}

type children struct {
	Queue []capacityQueue `json:"queue"`
}

// capacity adds a queue and those below it. room is what the queues above leave at most.
func (qs *Queues) capacity(c *capacityQueue, parent *Queue, room Resource) {
	q := &Queue{Path: c.QueuePath, State: c.State, Parent: parent, Leaf: len(c.ChildrenList.Queue) == 0 && parent != nil,
		Share: c.AbsCapacity / 100, MaxShare: c.AbsMax / 100, Used: c.Used, Largest: c.Largest, Max: room, Guaranteed: room,
		Running: c.Active, Waiting: c.Pending, PerUser: c.UserFactor, MaxApps: c.MaxApps, MaxAppsPerUser: c.MaxPerUser}
	for _, p := range c.Capacities.Parts {
		if p.Name != "" {
			continue
		}
		q.Share, q.MaxShare = p.Abs/100, p.AbsMax/100
		if p.Max != (Resource{}) { // older ResourceManagers do not tell
			q.Guaranteed, q.Max = p.Min, p.Max
		} else {
			q.Guaranteed, q.Max = part(room, parent, q.Share), part(room, parent, q.MaxShare)
		}
		if q.Leaf && p.AMPart > 0 {
			q.MastersPart = p.AMPart / 100
		}
	}
	if q.Path == "" {
		q.Path = c.QueueName
	}
	if q.Leaf && c.AMLimit != (Resource{}) {
		q.HasMasters, q.Masters, q.MastersMax, q.MastersUser = true, c.AMUsed, c.AMLimit, c.AMUser
	}
	for _, u := range c.UserList.User {
		q.Users = append(q.Users, QueueUser{Name: u.Name, Used: u.Used, Limit: u.Limit, Masters: u.AMUsed, Running: u.Active, Waiting: u.Pending})
	}
	at := len(qs.List)
	qs.List = append(qs.List, q)
	for i := range c.ChildrenList.Queue {
		qs.capacity(&c.ChildrenList.Queue[i], q, q.Max)
	}
	if !q.Leaf {
		qs.sum(at)
	}
}

// part is a share of the whole cluster, of which room is what the root has.
func part(room Resource, parent *Queue, share float64) Resource {
	for p := parent; p != nil; p = p.Parent {
		room = p.Max
	}
	return Resource{int64(float64(room.MemoryMB) * share), int64(float64(room.VCores) * share)}
}

// sum gives a parent the applications, and root what is used, of the queues below it.
func (qs *Queues) sum(at int) {
	q := qs.List[at]
	var used Resource
	for _, child := range qs.List[at+1:] {
		if child.Parent == q {
			q.Running, q.Waiting = q.Running+child.Running, q.Waiting+child.Waiting
			used = used.Plus(child.Used)
		}
	}
	if q.Used == (Resource{}) {
		q.Used = used
	}
}

// fairQueue is a queue of the FairScheduler.
type fairQueue struct {
	Name      string   `json:"queueName"`
	Used      Resource `json:"usedResources"`
	Steady    Resource `json:"steadyFairResources"`
	Max       Resource `json:"maxResources"`
	AMUsed    Resource `json:"amUsedResources"`
	AMMax     Resource `json:"amMaxResources"`
	Largest   Resource `json:"maxContainerAllocation"`
	Active    int64    `json:"numActiveApps"`
	Pending   int64    `json:"numPendingApps"`
	MaxApps   int64    `json:"maxApps"`
	ChildList struct {
		Queue []fairQueue `json:"queue"`
	} `json:"childQueues"`
}

// fair adds a queue and those below it.
func (qs *Queues) fair(f *fairQueue, parent *Queue, room Resource) {
	q := &Queue{Path: f.Name, Parent: parent, Leaf: len(f.ChildList.Queue) == 0 && parent != nil, Used: f.Used, Guaranteed: f.Steady,
		Max: f.Max.Least(room), Largest: f.Largest.Least(room), Running: f.Active, Waiting: f.Pending}
	if f.MaxApps < 1<<31-1 {
		q.MaxApps = f.MaxApps
	}
	if parent == nil { // the root's share is the cluster
		q.Guaranteed = room
	}
	if room.MemoryMB > 0 {
		q.Share, q.MaxShare = ratio(q.Guaranteed.MemoryMB, qs.whole(room)), ratio(q.Max.MemoryMB, qs.whole(room))
	}
	if q.Leaf && f.AMMax != (Resource{}) {
		q.HasMasters, q.Masters, q.MastersMax = true, f.AMUsed, f.AMMax
		q.MastersPart = ratio(f.AMMax.MemoryMB, q.Max.MemoryMB)
	}
	at := len(qs.List)
	qs.List = append(qs.List, q)
	for i := range f.ChildList.Queue {
		qs.fair(&f.ChildList.Queue[i], q, q.Max)
	}
	if !q.Leaf {
		qs.sum(at)
	}
}

// whole is the memory of the root, or room while there is none yet.
func (qs *Queues) whole(room Resource) int64 {
	if len(qs.List) > 0 {
		return qs.List[0].Max.MemoryMB
	}
	return room.MemoryMB
}

func ratio(a, b int64) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}
