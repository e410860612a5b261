package chart

import (
	"math"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
)

// Cloud is one group of points of a scatter chart; all show the same tip.
type Cloud struct {
	Name  string
	Color string // token
	X, Y  []float64
	Tip   string
}

// Scatter shows groups of points on a plane. Only nearness means something: the axes have names and no numbers.
type Scatter struct {
	ID           string
	Height       int
	Clouds       []Cloud
	XName, YName string
}

// scatterDigits is how many decimals points keep: a pixel is coarser.
const scatterDigits = 100

// Chart builds the chart.
func (s Scatter) Chart() (*Chart, error) {
	c := charts.NewScatter()
	for _, g := range s.Clouds {
		c.AddSeries(g.Name, nil)
	}
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	var tips []string
	var legend []Key
	var series []any
	var xs, ys []float64
	for i, g := range s.Clouds {
		points := make([]any, len(g.X))
		for j := range points {
			points[j] = map[string]any{"value": []any{coarse(g.X[j]), coarse(g.Y[j])}, "tip": i}
		}
		xs, ys = append(xs, g.X...), append(ys, g.Y...)
		series = append(series, map[string]any{
			"type": "scatter", "name": g.Name, "data": points, "symbolSize": 6,
			"itemStyle": map[string]any{"color": g.Color, "opacity": 0.65}, "emphasis": map[string]any{"disabled": true},
		})
		tips = append(tips, g.Tip)
		legend = append(legend, Key{Color: g.Color, Text: g.Name})
	}
	o["series"] = series
	o["xAxis"], o["yAxis"] = []any{bare(xs, s.XName, "middle", 12)}, []any{bare(ys, s.YName, "end", 10)}
	o["yAxis"].([]any)[0].(map[string]any)["nameTextStyle"] = map[string]any{"color": "@muted", "fontSize": 12, "align": "left"}
	o["grid"] = room(36, 16, 32, 16)
	out := &Chart{ID: s.ID, Kind: "scatter", Height: s.Height, Tips: [][]string{tips}, Legend: legend}
	return o.finish(out, map[string]any{"trigger": "item"})
}

// coarse rounds a coordinate; what is no number is left out of the picture.
func coarse(v float64) any { return number(math.Round(v*scatterDigits) / scatterDigits) }

// bare is an axis without numbers around its values.
func bare(v []float64, name, place string, gap int) map[string]any {
	lo, hi := 0.0, 1.0
	if known := slices.DeleteFunc(slices.Clone(v), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }); len(known) > 0 {
		lo, hi = slices.Min(known), slices.Max(known)
	}
	pad := 0.05 * (hi - lo)
	if pad == 0 {
		pad = 1
	}
	return map[string]any{
		"type": "value", "min": tidy(math.Floor((lo-pad)*scatterDigits) / scatterDigits), "max": tidy(math.Ceil((hi+pad)*scatterDigits) / scatterDigits),
		"name": name, "nameLocation": place, "nameGap": gap, "nameTextStyle": map[string]any{"color": "@muted", "fontSize": 12},
		"axisLine":  map[string]any{"show": true, "onZero": false, "lineStyle": map[string]any{"color": "@axis"}},
		"axisTick":  map[string]any{"show": false},
		"axisLabel": map[string]any{"show": false}, "splitLine": map[string]any{"show": false},
	}
}
