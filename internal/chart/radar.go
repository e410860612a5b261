package chart

import (
	"github.com/go-echarts/go-echarts/v2/charts"
)

// RadarShape is one outline of a radar chart: a value from 0 to 1 an axis.
type RadarShape struct {
	Name   string
	Color  string // token
	Values []float64
	Tip    string
}

// Radar compares a few things along at least three axes from 0 (the centre) to 1. With Middle, the ring at one half
// is drawn stronger: it stands for the average.
type Radar struct {
	ID     string
	Height int
	Axes   []string
	Shapes []RadarShape
	Middle bool
}

// Chart builds the chart.
func (r Radar) Chart() (*Chart, error) {
	c := charts.NewRadar()
	for _, s := range r.Shapes {
		c.AddSeries(s.Name, nil)
	}
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	var axes []any
	for _, a := range r.Axes {
		axes = append(axes, map[string]any{"name": a, "min": 0, "max": 1})
	}
	rings := []string{"@line", "@line", "@line", "@line", "@line"} // from the centre, which is one too
	if r.Middle {
		rings[2] = "@axis"
	}
	o["radar"] = map[string]any{
		"indicator": axes, "radius": "74%", "center": []any{"50%", "53%"}, "splitNumber": len(rings) - 1, "shape": "polygon",
		"axisName":  map[string]any{"color": "@ink", "fontSize": 12},
		"axisLine":  map[string]any{"lineStyle": map[string]any{"color": "@line"}},
		"splitLine": map[string]any{"lineStyle": map[string]any{"color": rings}},
		"splitArea": map[string]any{"show": false},
	}
	var tips []string
	var legend []Key
	var series []any
	for i, s := range r.Shapes {
		series = append(series, map[string]any{
			"type": "radar", "name": s.Name, "symbol": "circle", "symbolSize": 6,
			"data":      []any{map[string]any{"value": numbers(s.Values), "name": s.Name, "tip": i}},
			"lineStyle": map[string]any{"color": s.Color, "width": 2.5}, "itemStyle": map[string]any{"color": s.Color},
			"areaStyle": map[string]any{"color": s.Color, "opacity": 0.06},
		})
		tips = append(tips, s.Tip)
		legend = append(legend, Key{Color: s.Color, Text: s.Name})
	}
	o["series"] = series
	out := &Chart{ID: r.ID, Kind: "radar", Height: r.Height, Tips: [][]string{tips}, Legend: legend}
	return o.finish(out, map[string]any{"trigger": "item"})
}
