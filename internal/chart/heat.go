package chart

import (
	"github.com/go-echarts/go-echarts/v2/charts"
)

// Cell is one cell of a heat map or a tile grid.
type Cell struct {
	X, Y  int     // indices of the axes
	Level float64 // 0..1, place on the ordered scale
	Text  string  // written in the cell; "" = none
	Tip   string
	Empty bool // not observable: hatched, with the reason in Tip
	Open  bool // its period is not complete: hatched over the colour
}

// Heat is a grid of cells on the ordered scale.
type Heat struct {
	ID     string
	Kind   string // "heat" or "tiles"
	Height int
	X, Y   []string
	Cells  []Cell
	XName  string
	Whole  bool // no column may be left out on a narrow page
	Flow   bool // cells follow each other: a narrow page may lay them out in fewer columns
	Legend []Key
}

// levels is the number of steps of the ordered scale: a reader tells five apart.
const levels = 6

// levelColor returns the token of a level.
func levelColor(v float64) (fill, text string) {
	i := min(levels-1, max(0, int(v*levels)))
	fill = "@o" + string(rune('1'+i))
	if i >= 3 {
		return fill, "@onDeep"
	}
	return fill, "@onPale"
}

// item returns the cell as ECharts wants it.
func (c Cell) item() map[string]any {
	fill, text := levelColor(c.Level)
	style := map[string]any{"color": fill, "borderColor": "@bg", "borderWidth": 2}
	switch {
	case c.Empty:
		style["color"], text = "@empty", "@muted"
	case c.Open && text == "@onPale":
		style["decal"] = hatch("@hatchPale")
	case c.Open:
		style["decal"] = hatch("@hatch")
	}
	item := map[string]any{"value": []any{c.X, c.Y, number(c.Level)}, "itemStyle": style}
	if c.Text != "" {
		label := map[string]any{"show": true, "formatter": escapeTemplate(c.Text), "color": text}
		if c.Open { // the text stays readable over the hatch
			label["textBorderColor"], label["textBorderWidth"] = fill, 4
		}
		item["label"] = label
	}
	return item
}

// Chart builds the chart.
func (h Heat) Chart() (*Chart, error) {
	c := charts.NewHeatMap()
	c.SetXAxis(h.X)
	c.AddSeries("cells", nil)
	tips := make([]string, len(h.Cells))
	data := make([]any, len(h.Cells))
	for i, cell := range h.Cells {
		data[i], tips[i] = cell.item(), cell.Tip
	}
	c.MultiSeries[0].Data = data
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	x, y := categories(h.X), categories(h.Y)
	y["inverse"] = true
	tiles := h.Kind == "tiles"
	for _, a := range []map[string]any{x, y} {
		a["axisLine"] = map[string]any{"show": false}
		if tiles {
			a["show"], a["axisLabel"] = false, map[string]any{"show": false}
		}
	}
	x["position"] = "top"
	if !tiles {
		y["axisLabel"] = map[string]any{"color": "@ink", "fontSize": 12, "interval": 0}
	}
	if h.XName != "" {
		x["name"], x["nameLocation"], x["nameGap"] = h.XName, "middle", 26
		x["nameTextStyle"] = map[string]any{"color": "@muted", "fontSize": 12}
	}
	o["xAxis"], o["yAxis"] = []any{x}, []any{y}
	top := 8
	if h.XName != "" {
		top = 28
	}
	o["grid"] = room(top, 4, 4, 4)
	if tiles {
		o["grid"] = map[string]any{"top": 4, "right": 0, "bottom": 4, "left": 0}
	}
	delete(o, "visualMap")
	merge(o["series"].([]any)[0].(map[string]any), map[string]any{
		"label":    map[string]any{"show": false, "fontSize": 12},
		"emphasis": map[string]any{"itemStyle": map[string]any{"borderColor": "@ink"}},
	})
	out := &Chart{ID: h.ID, Kind: h.Kind, Height: h.Height, Tips: [][]string{tips}, Legend: h.Legend, Flow: h.Flow, Whole: h.Whole}
	return o.finish(out, map[string]any{"trigger": "item"})
}

// escapeTemplate keeps text from being read as a label template.
func escapeTemplate(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '{' || r == '}' {
			r = '·'
		}
		out = append(out, r)
	}
	return string(out)
}

// ScaleLegend explains the ordered scale by its ends.
func ScaleLegend(low, high string) []Key {
	return []Key{{Color: "@o1", Text: low}, {Color: "@o2"}, {Color: "@o3"}, {Color: "@o4"}, {Color: "@o5"}, {Color: "@o6", Text: high}}
}
