package chart

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// Node is a thing of a graph.
type Node struct {
	Name string
	Size float64 // 0..1: its area
	Tip  string
}

// Edge leads from one node to another, by index.
type Edge struct {
	From, To int
	Weight   float64 // 0..1: its width
	Tip      string
}

// Graph shows what belongs together. Connected things stand next to each other in two columns,
// names outside, so that no name covers another and no line; a line inside a column is an arc.
type Graph struct {
	ID    string
	Nodes []Node
	Edges []Edge
}

// graphRow is the height of one row of a graph.
const graphRow = 30

// Chart builds the chart. The layout depends on the data alone.
func (g Graph) Chart() (*Chart, error) {
	at, rows := g.layout()
	c := charts.NewGraph()
	c.AddSeries("graph", []opts.GraphNode{}, []opts.GraphLink{})
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	tips := make([]string, 0, len(g.Nodes)+len(g.Edges))
	nodes, links := make([]any, len(g.Nodes)), make([]any, len(g.Edges))
	for i, n := range g.Nodes {
		side := "left"
		if at[i].right {
			side = "right"
		}
		x := 0
		if at[i].right {
			x = 1
		}
		nodes[i] = map[string]any{"id": strconv.Itoa(i), "name": strconv.Itoa(i), "value": []any{x, at[i].row}, "tip": i, "symbolSize": number(7 + 15*n.Size),
			"label": map[string]any{"position": side, "formatter": escapeTemplate(n.Name)}}
		tips = append(tips, n.Tip)
	}
	for i, e := range g.Edges {
		from, to := at[e.From], at[e.To]
		bend := 0.0
		if from.right == to.right { // an arc towards the middle
			bend = 0.35
			if (from.row < to.row) == from.right {
				bend = -bend
			}
		}
		links[i] = map[string]any{"source": strconv.Itoa(e.From), "target": strconv.Itoa(e.To), "tip": len(g.Nodes) + i,
			"lineStyle": map[string]any{"width": number(1 + 5*e.Weight), "curveness": -bend}}
		tips = append(tips, e.Tip)
	}
	hidden := func(low, high int) map[string]any {
		return map[string]any{"type": "value", "show": false, "min": low, "max": high}
	}
	y := hidden(0, max(1, rows-1))
	y["inverse"] = true
	o["xAxis"], o["yAxis"] = []any{hidden(0, 1)}, []any{y}
	o["grid"] = map[string]any{"top": 16, "bottom": 16, "left": "37%", "right": "37%"}
	merge(o["series"].([]any)[0].(map[string]any), map[string]any{
		"data": nodes, "links": links, "coordinateSystem": "cartesian2d", "layout": "none", "roam": false, "silent": false,
		"symbol": "circle", "edgeSymbol": []string{"none", "arrow"}, "edgeSymbolSize": []int{0, 7},
		"itemStyle": map[string]any{"color": "@s1", "borderColor": "@bg", "borderWidth": 1},
		"lineStyle": map[string]any{"color": "@o3", "opacity": 0.9},
		"label":     map[string]any{"show": true, "color": "@ink", "fontSize": 13, "distance": 8},
		"emphasis":  map[string]any{"focus": "adjacency", "lineStyle": map[string]any{"color": "@s2"}},
	})
	out := &Chart{ID: g.ID, Kind: "graph", Height: 32 + max(2, rows)*graphRow, Tips: [][]string{tips}}
	return o.finish(out, map[string]any{"trigger": "item"})
}

// place is where a node stands: which column, and how far down.
type place struct {
	right bool
	row   float64
}

// layout walks each connected part from its busiest node, the columns in turn, larger
// parts first, and returns the places and the number of rows. Within a part the shorter column is
// spread over the rows of the longer one.
func (g Graph) layout() (at []place, rows int) {
	n := len(g.Nodes)
	next := make([][]int, n)
	for _, e := range g.Edges {
		next[e.From], next[e.To] = append(next[e.From], e.To), append(next[e.To], e.From)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(next[b]), len(next[a])) })
	at = make([]place, n)
	seen := make([]bool, n)
	var parts [][]int
	for _, start := range order {
		if seen[start] {
			continue
		}
		part := []int{start}
		seen[start] = true
		for k := 0; k < len(part); k++ {
			for _, j := range next[part[k]] {
				if !seen[j] {
					seen[j] = true
					at[j].right = !at[part[k]].right
					part = append(part, j)
				}
			}
		}
		parts = append(parts, part)
	}
	slices.SortStableFunc(parts, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	for _, part := range parts {
		var side [2][]int
		for _, i := range part {
			k := 0
			if at[i].right {
				k = 1
			}
			side[k] = append(side[k], i)
		}
		tall := max(len(side[0]), len(side[1]))
		for _, s := range side {
			for k, i := range s {
				at[i].row = float64(rows) + (float64(k)+0.5)*float64(tall)/float64(len(s)) - 0.5
			}
		}
		rows += tall
	}
	return at, rows
}
