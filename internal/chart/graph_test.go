package chart

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestGraphPlaces: whatever the edges, no two names share a place, none overlap within a
// column, and every one is within the rows of the chart.
func TestGraphPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "nodes")
		g := Graph{ID: "g", Nodes: make([]Node, n)}
		for range rapid.IntRange(0, 40).Draw(t, "edges") {
			g.Edges = append(g.Edges, Edge{From: rapid.IntRange(0, n-1).Draw(t, "from"), To: rapid.IntRange(0, n-1).Draw(t, "to")})
		}
		at, rows := g.layout()
		for i := range at {
			if at[i].row < 0 || at[i].row > float64(rows-1) {
				t.Fatalf("node %d is in row %g of %d", i, at[i].row, rows)
			}
			for j := range i {
				if at[i].right == at[j].right && math.Abs(at[i].row-at[j].row) < 1 {
					t.Fatalf("nodes %d and %d cover each other: %v %v", i, j, at[i], at[j])
				}
			}
		}
	})
}

// TestGraphIsSafe: names and tips are data.
func TestGraphIsSafe(t *testing.T) {
	c, err := Graph{ID: "g", Nodes: []Node{{Name: attack, Tip: attack}, {Name: "{{.}}", Size: math.NaN()}}, Edges: []Edge{{0, 1, math.Inf(1), attack}}}.Chart()
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Series []struct {
			Data []struct {
				Name  string
				Label struct{ Formatter string }
			}
			Links []struct{ Source, Target string }
		}
	}
	if err := json.Unmarshal(c.Option, &o); err != nil {
		t.Fatal(err)
	}
	if s := o.Series[0]; len(s.Data) != 2 || len(s.Links) != 1 || s.Links[0].Source != "0" || s.Links[0].Target != "1" || s.Data[1].Label.Formatter != "··.··" {
		t.Errorf("%+v", s)
	}
	if len(c.Tips[0]) != 3 {
		t.Errorf("%d tips for two nodes and an edge", len(c.Tips[0]))
	}
}
