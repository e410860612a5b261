package cluster

import (
	"context"
	"sort"
	"strings"
)

// Node is a machine that runs containers.
type Node struct {
	ID         string   `json:"id"` // host:port
	Rack       string   `json:"rack"`
	State      string   `json:"state"`
	Health     string   `json:"healthReport"`
	Containers int64    `json:"numContainers"`
	UsedMB     int64    `json:"usedMemoryMB"`
	FreeMB     int64    `json:"availMemoryMB"`
	UsedVCores int64    `json:"usedVirtualCores"`
	FreeVCores int64    `json:"availableVirtualCores"`
	Labels     []string `json:"nodeLabels"`
	Version    string   `json:"version"`
}

// Free is what containers can still take.
func (n *Node) Free() Resource { return Resource{n.FreeMB, n.FreeVCores} }

// Total is what the node offers.
func (n *Node) Total() Resource { return Resource{n.UsedMB + n.FreeMB, n.UsedVCores + n.FreeVCores} }

// Runs tells whether containers are started on it.
func (n *Node) Runs() bool { return n.State == "RUNNING" }

// label is the partition that the node belongs to; "" is the default one.
func (n *Node) label() string { return strings.Join(n.Labels, ",") }

// Nodes lists the nodes by id, those that are lost or decommissioned included.
func (c *Client) Nodes(ctx context.Context) ([]Node, error) {
	var doc struct {
		Nodes told[struct {
			Node []Node `json:"node"`
		}] `json:"nodes"`
	}
	const doing = "listing the nodes"
	if err := c.get(ctx, doing, "nodes", &doc); err != nil {
		return nil, err
	}
	if !doc.Nodes.there {
		return nil, lacks(doing, "list")
	}
	nodes := doc.Nodes.value.Node
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].ID < nodes[j].ID })
	return nodes, nil
}
