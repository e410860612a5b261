package cluster

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Reason is why an application waits: a word that scripts compare, and a sentence that a person
// can act on.
type Reason struct {
	Code string
	Text string
}

// The words of Reason.Code.
const (
	WaitStarting   = "starting"    // the ResourceManager or the master has just begun
	WaitMasters    = "am-limit"    // no more application masters in the queue
	WaitUserMaster = "user-am"     // no more application masters of this user
	WaitApps       = "app-limit"   // no more applications in the queue
	WaitQueueState = "queue-state" // the queue is stopped
	WaitNoNodes    = "no-nodes"    // nothing runs containers
	WaitLabel      = "label"       // no node with the label
	WaitTooLarge   = "too-large"   // no node could ever hold the container
	WaitQueue      = "queue-limit" // the queue, or one above it, has its maximum
	WaitUser       = "user-limit"  // the user has the maximum in the queue
	WaitFull       = "cluster-full"
	WaitScattered  = "scattered" // free in sum, not on one node
	WaitTurn       = "turn"      // nothing known stands in the way
)

// Cluster is what Why looks at: all of one moment.
type Cluster struct {
	Queues *Queues
	Nodes  []Node
	Apps   []App // those that are not over, to name who holds what
}

// Why tells why an application waits; ok is false when it does not.
func (c *Cluster) Why(a *App) (r Reason, ok bool) {
	switch a.State {
	case "NEW", "NEW_SAVING", "SUBMITTED":
		return Reason{WaitStarting, "the ResourceManager is taking it in; should this last, its state store is slow (yarn.resourcemanager.store.class)"}, true
	case "ACCEPTED":
		if a.Containers > 0 {
			return Reason{WaitStarting, fmt.Sprintf("its master was started on %s and has not reported yet; should this last, read its log: ecomctl yarn apps %s --log", a.MasterAt, a.ID)}, true
		}
		return c.notStarted(a), true
	case "RUNNING":
		if len(a.Asks()) == 0 {
			return r, false
		}
		r = c.container(a)
		var n int64
		for _, ask := range a.Asks() {
			n += ask.Count
		}
		r.Text = fmt.Sprintf("runs with %s and waits for %d more: %s", plural(a.Containers, "container"), n, r.Text)
		return r, true
	}
	return r, false
}

// notStarted explains an application without a master.
func (c *Cluster) notStarted(a *App) Reason {
	q := c.Queues.Find(a.Queue)
	if q == nil {
		return Reason{WaitTurn, fmt.Sprintf("its queue %s is not among the scheduler's; the ResourceManager says: %s", a.Queue, firstLine(a.Diagnostics))}
	}
	// The scheduler's own word comes first: it knows what the numbers of a moment later need not show.
	lower := strings.ToLower(a.Diagnostics)
	ask := Resource{}
	if asks := a.Asks(); len(asks) > 0 {
		ask = asks[0].Size
	}
	switch {
	case strings.Contains(lower, "user's am resource limit"):
		return c.userMasters(a, q, ask)
	case strings.Contains(lower, "am resource limit exceeded"):
		return c.masters(a, q, ask)
	case strings.Contains(lower, "maximum parallel"), strings.Contains(lower, "max parallel"), q.MaxApps > 0 && q.Running >= q.MaxApps:
		return Reason{WaitApps, fmt.Sprintf("queue %s runs %d applications, as many as it may at a time: wait for one to end, or use another queue (%s)", q.Path, q.Running, c.others(q, ask))}
	}
	return c.container(a)
}

// masters explains the limit of application masters in a queue.
func (c *Cluster) masters(a *App, q *Queue, ask Resource) Reason {
	if q.HasMasters && !q.MastersMax.Holds(ask) && q.Running == 0 {
		return Reason{WaitMasters, fmt.Sprintf("its master asks for %s, and the masters of queue %s may take %s together: ask for a smaller one (--driver-memory), use another queue (%s), or raise %s (now %s)",
			show(ask), q.Path, show(q.MastersMax), c.others(q, ask), mastersProperty(q, c), percent(q.MastersPart))}
	}
	return Reason{WaitMasters, fmt.Sprintf("the masters of queue %s may take %s together and take %s, this one asks for %s: wait for one to end (%s), use another queue (%s), or raise %s (now %s)",
		q.Path, show(q.MastersMax), show(q.Masters), show(ask), c.holders(q, ""), c.others(q, ask), mastersProperty(q, c), percent(q.MastersPart))}
}

// mastersProperty is the setting that limits masters.
func mastersProperty(q *Queue, c *Cluster) string {
	if c.Queues.Scheduler == "fair" {
		return "maxAMShare of " + q.Path
	}
	return "yarn.scheduler.capacity." + q.Path + ".maximum-am-resource-percent"
}

func (c *Cluster) userMasters(a *App, q *Queue, ask Resource) Reason {
	var held Resource
	if u := q.user(a.User); u != nil {
		held = u.Masters
	}
	return Reason{WaitUserMaster, fmt.Sprintf("the masters of %s in queue %s may take %s together and take %s, this one asks for %s: wait for one of %s's to end (%s), or use another queue (%s)",
		a.User, q.Path, show(q.MastersUser), show(held), show(ask), a.User, c.holders(q, a.User), c.others(q, ask))}
}

// container explains why a container that is asked for is not there, from the firm reasons to the passing ones.
func (c *Cluster) container(a *App) Reason {
	asks := a.Asks()
	if len(asks) == 0 {
		return Reason{WaitTurn, "it asks for nothing at this moment; the ResourceManager says: " + firstLine(a.Diagnostics)}
	}
	// the smallest is the first that could be had
	ask := slices.MinFunc(asks, func(x, y Ask) int { return int(x.Size.MemoryMB - y.Size.MemoryMB) })
	nodes, r, ok := c.nodesFor(ask)
	if !ok {
		return r
	}
	q := c.Queues.Find(a.Queue)
	if q != nil {
		if r, ok := c.limits(a, q, ask.Size); ok {
			return r
		}
	}
	var free Resource
	fits := false
	for _, n := range nodes {
		free = free.Plus(n.Free())
		fits = fits || n.Free().Holds(ask.Size)
	}
	switch {
	case !free.Holds(ask.Size):
		return Reason{WaitFull, fmt.Sprintf("the cluster is full: it asks for %s and %s of %s are free; wait for others to end or stop one (%s)", show(ask.Size), show(free), show(total(nodes)), c.holders(nil, ""))}
	case !fits:
		return Reason{WaitScattered, fmt.Sprintf("%s are free on %s together, but on none of them the %s that it asks for in one piece: ask for smaller containers, or wait for others to end (%s)",
			show(free), plural(int64(len(nodes)), "node"), show(ask.Size), c.holders(nil, ""))}
	}
	return Reason{WaitTurn, fmt.Sprintf("there is room for the %s that it asks for: it is about to get them, or older applications of its queue come first; the ResourceManager says: %s", show(ask.Size), firstLine(a.Diagnostics))}
}

// nodesFor lists the nodes that could run a container; without one it tells why.
func (c *Cluster) nodesFor(ask Ask) ([]*Node, Reason, bool) {
	var nodes []*Node
	var largest Resource
	ill, running := 0, 0
	for i := range c.Nodes {
		n := &c.Nodes[i]
		switch {
		case !n.Runs():
			ill++
		case n.label() == ask.Label || ask.Label == "*":
			nodes = append(nodes, n)
			if t := n.Total(); t.MemoryMB > largest.MemoryMB {
				largest = t
			}
			running++
		default:
			running++
		}
	}
	switch {
	case running == 0:
		return nil, Reason{WaitNoNodes, fmt.Sprintf("no node runs containers (%d lost, unhealthy or decommissioned): see `ecomctl yarn nodes` for their health, and start NodeManagers", ill)}, false
	case len(nodes) == 0:
		return nil, Reason{WaitLabel, fmt.Sprintf("it asks for nodes labelled %q, and none that runs is: give a node the label (yarn rmadmin -replaceLabelsOnNode), or submit without it", ask.Label)}, false
	}
	for _, n := range nodes {
		if n.Total().Holds(ask.Size) {
			return nodes, Reason{}, true
		}
	}
	return nil, Reason{WaitTooLarge, fmt.Sprintf("it asks for %s in one container, and the largest node has %s: this can never start; ask for less (--executor-memory, --executor-cores, --driver-memory)", show(ask.Size), show(largest))}, false
}

// limits looks for a queue, from the application's own upwards, or a limit of its user, that is reached.
func (c *Cluster) limits(a *App, q *Queue, ask Resource) (Reason, bool) {
	if q.State != "" && q.State != "RUNNING" {
		return Reason{WaitQueueState, fmt.Sprintf("queue %s is %s: use another one (%s), or have it started", q.Path, q.State, c.others(q, ask))}, true
	}
	for p := q; p != nil; p = p.Parent {
		if p.Parent == nil && p.Path == "root" {
			break // the root's maximum is the cluster, which the nodes tell better
		}
		if !p.Max.Minus(p.Used).Holds(ask) {
			return Reason{WaitQueue, fmt.Sprintf("queue %s has %s of the %s that it may take at most, this asks for %s: wait for others of the queue to end (%s), use another queue (%s), or raise its maximum (%s)",
				p.Path, show(p.Used), show(p.Max), show(ask), c.holders(p, ""), c.others(p, ask), maxProperty(p, c))}, true
		}
	}
	if u := q.user(a.User); u != nil && u.Limit != (Resource{}) && u.Used != (Resource{}) && !u.Limit.Holds(u.Used.Plus(ask)) {
		return Reason{WaitUser, fmt.Sprintf("%s has %s of the %s that one user may take in queue %s, this asks for %s: wait for one of %s's to end (%s), use another queue (%s), or raise user-limit-factor of the queue (now %g)",
			a.User, show(u.Used), show(u.Limit), q.Path, show(ask), a.User, c.holders(q, a.User), c.others(q, ask), q.PerUser)}, true
	}
	return Reason{}, false
}

// maxProperty is the setting that limits a queue.
func maxProperty(q *Queue, c *Cluster) string {
	if c.Queues.Scheduler == "fair" {
		return "maxResources of " + q.Path
	}
	return fmt.Sprintf("yarn.scheduler.capacity.%s.maximum-capacity, now %s of the cluster", q.Path, percent(q.MaxShare))
}

// namedHolders is how many applications a sentence names.
const namedHolders = 3

// holders names the applications that hold most, of a queue and below (nil: all), of a user ("": all).
func (c *Cluster) holders(q *Queue, user string) string {
	var list []*App
	for i := range c.Apps {
		a := &c.Apps[i]
		if a.MemoryMB <= 0 || user != "" && a.User != user {
			continue
		}
		if q != nil {
			own := c.Queues.Find(a.Queue)
			for own != nil && own != q {
				own = own.Parent
			}
			if own == nil {
				continue
			}
		}
		list = append(list, a)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].MemoryMB > list[j].MemoryMB })
	var names []string
	for _, a := range list[:min(len(list), namedHolders)] {
		names = append(names, fmt.Sprintf("%s of %s has %d MB", a.ID, a.User, a.MemoryMB))
	}
	switch more := len(list) - len(names); {
	case len(names) == 0:
		return "none holds anything now"
	case more > 0:
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// others names the queues with most room besides q and those below it: room for what is asked for.
func (c *Cluster) others(q *Queue, ask Resource) string {
	var list []*Queue
	room := func(q *Queue) Resource { return q.Room().Least(c.Free()) }
	for _, o := range c.Queues.List {
		below := false
		for p := o; p != nil; p = p.Parent {
			below = below || p == q
		}
		if o.Leaf && !below && (o.State == "" || o.State == "RUNNING") && room(o).MemoryMB > 0 && room(o).Holds(ask) {
			list = append(list, o)
		}
	}
	if len(list) == 0 {
		return "none has room now"
	}
	sort.SliceStable(list, func(i, j int) bool { return room(list[i]).MemoryMB > room(list[j]).MemoryMB })
	var names []string
	for _, o := range list[:min(len(list), namedHolders)] {
		names = append(names, fmt.Sprintf("%s has room for %d MB", o.Path, room(o).MemoryMB))
	}
	return strings.Join(names, ", ")
}

func total(nodes []*Node) Resource {
	var t Resource
	for _, n := range nodes {
		t = t.Plus(n.Total())
	}
	return t
}

func show(r Resource) string {
	return fmt.Sprintf("%d MB and %s", r.MemoryMB, plural(r.VCores, "vcore"))
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// firstLine is the beginning of what the ResourceManager says, on one line, without its time and its details.
func firstLine(s string) string {
	s = plain(strings.TrimSpace(s))
	if strings.HasPrefix(s, "[") {
		if _, rest, ok := strings.Cut(s, "] "); ok {
			s = rest
		}
	}
	s, _, _ = strings.Cut(s, "Details :")
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return "nothing"
	}
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Ended tells in one line why an application ended badly.
func (a *App) Ended() string {
	if a.Succeeded() || !a.Over() {
		return ""
	}
	return firstLine(a.Diagnostics)
}

// Free is what is free on all nodes that run.
func (c *Cluster) Free() Resource {
	var free Resource
	for i := range c.Nodes {
		if c.Nodes[i].Runs() {
			free = free.Plus(c.Nodes[i].Free())
		}
	}
	return free
}

// Look asks for queues, nodes and the applications that are not over.
func (c *Client) Look(ctx context.Context) (*Cluster, error) {
	queues, err := c.Queues(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	apps, err := c.Apps(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	return &Cluster{Queues: queues, Nodes: nodes, Apps: apps}, nil
}
