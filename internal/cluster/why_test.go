package cluster

import (
	"strings"
	"testing"
)

// tidy is a cluster of two queues, small (at most 2048 MB) and large, of two nodes of 4096 MB and 4 vcores.
func tidy() *Cluster {
	root := &Queue{Path: "root", Max: Resource{8192, 8}}
	small := &Queue{Path: "root.small", Parent: root, Leaf: true, State: "RUNNING", Max: Resource{2048, 8}, MaxShare: 0.25, HasMasters: true, MastersMax: Resource{1024, 2}, MastersPart: 0.5}
	large := &Queue{Path: "root.large", Parent: root, Leaf: true, State: "RUNNING", Max: Resource{8192, 8}, MaxShare: 1, PerUser: 1}
	return &Cluster{
		Queues: &Queues{Scheduler: "capacity", List: []*Queue{root, small, large}},
		Nodes: []Node{{ID: "n1:1", State: "RUNNING", FreeMB: 4096, FreeVCores: 4}, {ID: "n2:1", State: "RUNNING", FreeMB: 4096, FreeVCores: 4},
			{ID: "n3:1", State: "LOST", FreeMB: 9999, FreeVCores: 99}},
	}
}

// waiting is an application of bob in a queue that asks for a container.
func waiting(queue string, mb, cores int64) *App {
	a := &App{ID: "application_1_0007", User: "bob", Queue: queue, State: "ACCEPTED", Diagnostics: "not yet activated"}
	a.Requests = append(a.Requests, struct {
		Capability   Resource `json:"capability"`
		Containers   int64    `json:"numContainers"`
		ResourceName string   `json:"resourceName"`
		Label        string   `json:"nodeLabelExpression"`
	}{Resource{mb, cores}, 1, "*", ""})
	return a
}

func TestWhy(t *testing.T) {
	use := func(n *Node, mb, cores int64) {
		n.FreeMB, n.FreeVCores, n.UsedMB, n.UsedVCores = n.FreeMB-mb, n.FreeVCores-cores, n.UsedMB+mb, n.UsedVCores+cores
	}
	for _, c := range []struct {
		name string
		app  *App
		set  func(c *Cluster, a *App)
		code string
		text string // a part of the sentence
	}{
		{"room", waiting("root.large", 1024, 1), nil, WaitTurn, "there is room for the 1024 MB and 1 vcore"},
		{"starting", waiting("root.large", 1024, 1), func(_ *Cluster, a *App) { a.Containers, a.MasterAt = 1, "n1:8042" }, WaitStarting, "its master was started on n1:8042"},
		{"being stored", waiting("root.large", 1024, 1), func(_ *Cluster, a *App) { a.State = "NEW_SAVING" }, WaitStarting, "state store"},
		{"no nodes", waiting("root.large", 1024, 1), func(c *Cluster, _ *App) { c.Nodes = c.Nodes[2:] }, WaitNoNodes, "1 lost, unhealthy or decommissioned"},
		{"label", waiting("root.large", 1024, 1), func(_ *Cluster, a *App) { a.Requests[0].Label = "gpu" }, WaitLabel, `nodes labelled "gpu"`},
		{"memory too large", waiting("root.large", 4097, 1), nil, WaitTooLarge, "the largest node has 4096 MB and 4 vcores: this can never start"},
		{"cores too many", waiting("root.large", 128, 5), nil, WaitTooLarge, "it asks for 128 MB and 5 vcores in one container"},
		{"stopped", waiting("root.small", 128, 1), func(c *Cluster, _ *App) { c.Queues.List[1].State = "STOPPED" }, WaitQueueState, "root.small is STOPPED: use another one (root.large has room for 8192 MB)"},
		{"queue full", waiting("root.small", 1024, 1), func(c *Cluster, _ *App) {
			c.Queues.List[1].Used = Resource{1536, 1}
			use(&c.Nodes[0], 1536, 1)
			c.Apps = []App{{ID: "application_1_0001", User: "ann", Queue: "root.small", MemoryMB: 1536}, {ID: "application_1_0002", User: "ann", Queue: "root.large", MemoryMB: 4000}}
		}, WaitQueue, "has 1536 MB and 1 vcore of the 2048 MB and 8 vcores that it may take at most, this asks for 1024 MB and 1 vcore: wait for others of the queue to end (application_1_0001 of ann has 1536 MB), use another queue (root.large has room for 6656 MB)"},
		{"user full", waiting("root.large", 1024, 1), func(c *Cluster, _ *App) {
			c.Queues.List[2].Users = []QueueUser{{Name: "bob", Used: Resource{3500, 3}, Limit: Resource{4096, 4}}}
		}, WaitUser, "bob has 3500 MB and 3 vcores of the 4096 MB and 4 vcores that one user may take in queue root.large"},
		{"another user", waiting("root.large", 1024, 1), func(c *Cluster, _ *App) {
			c.Queues.List[2].Users = []QueueUser{{Name: "ann", Used: Resource{3500, 3}, Limit: Resource{4096, 4}}}
		}, WaitTurn, "there is room"},
		{"masters", waiting("root.small", 512, 1), func(c *Cluster, a *App) {
			c.Queues.List[1].Masters, c.Queues.List[1].Running = Resource{1024, 1}, 1
			a.Diagnostics = "Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.  Details : …"
		}, WaitMasters, "the masters of queue root.small may take 1024 MB and 2 vcores together and take 1024 MB and 1 vcore, this one asks for 512 MB and 1 vcore"},
		{"masters of a user", waiting("root.small", 512, 1), func(c *Cluster, a *App) {
			c.Queues.List[1].MastersUser = Resource{512, 1}
			c.Queues.List[1].Users = []QueueUser{{Name: "bob", Masters: Resource{512, 1}}}
			a.Diagnostics = "not yet activated. User's AM resource limit exceeded."
		}, WaitUserMaster, "the masters of bob in queue root.small may take 512 MB and 1 vcore together and take 512 MB"},
		{"as many as may run", waiting("root.small", 512, 1), func(c *Cluster, _ *App) { c.Queues.List[1].MaxApps, c.Queues.List[1].Running = 3, 3 }, WaitApps, "runs 3 applications"},
		{"cluster full", waiting("root.large", 2048, 1), func(c *Cluster, _ *App) { use(&c.Nodes[0], 4000, 1); use(&c.Nodes[1], 4000, 1) }, WaitFull, "192 MB and 6 vcores of 8192 MB and 8 vcores are free"},
		{"no cores", waiting("root.large", 2048, 1), func(c *Cluster, _ *App) { use(&c.Nodes[0], 100, 4); use(&c.Nodes[1], 100, 4) }, WaitFull, "7992 MB and 0 vcores"},
		{"scattered", waiting("root.large", 3000, 1), func(c *Cluster, _ *App) { use(&c.Nodes[0], 2048, 1); use(&c.Nodes[1], 2048, 1) }, WaitScattered, "4096 MB and 6 vcores are free on 2 nodes together, but on none of them"},
		{"runs and waits", waiting("root.large", 4097, 1), func(_ *Cluster, a *App) { a.State, a.Containers = "RUNNING", 1 }, WaitTooLarge, "runs with 1 container and waits for 1 more: it asks for 4097 MB"},
		{"unknown queue", waiting("root.gone", 128, 1), nil, WaitTurn, "queue root.gone is not among"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := tidy()
			if c.set != nil {
				c.set(now, c.app)
			}
			r, ok := now.Why(c.app)
			if !ok || r.Code != c.code || !strings.Contains(r.Text, c.text) {
				t.Errorf("%v %s: %s\nwant %s: …%s…", ok, r.Code, r.Text, c.code, c.text)
			}
		})
	}
	for _, state := range []string{"RUNNING", "FINISHED", "FAILED", "KILLED"} {
		if r, ok := tidy().Why(&App{State: state}); ok {
			t.Errorf("%s: %+v", state, r)
		}
	}
}
