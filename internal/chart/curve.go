package chart

import (
	"github.com/go-echarts/go-echarts/v2/charts"
)

// Mark is a point of a curve that is labelled.
type Mark struct {
	X, Y float64
	Text string
}

// Curve is a line over a numeric axis from 0 to 1, such as a Pareto curve, with
// labelled points and the line of equality.
type Curve struct {
	ID           string
	Height       int
	X, Y         []float64
	Tips         []string
	Marks        []Mark
	XName, YName string
	Value        Format // of both axes
}

// Chart builds the chart.
func (v Curve) Chart() (*Chart, error) {
	c := charts.NewLine()
	c.AddSeries("curve", nil).AddSeries("equal", nil).AddSeries("marks", nil)
	c.MultiSeries[0].Data = pairs(v.X, v.Y)
	c.MultiSeries[1].Data = []any{[]float64{0, 0}, []float64{1, 1}}
	var marks []any
	for _, m := range v.Marks {
		marks = append(marks, map[string]any{"value": []any{m.X, m.Y}, "label": map[string]any{"formatter": m.Text}})
	}
	c.MultiSeries[2].Data = marks
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	sc := scale{0, 1, 0.2}
	x, y := sc.axis(), sc.axis()
	x["splitLine"] = map[string]any{"show": false}
	x["axisLine"] = map[string]any{"show": true, "lineStyle": map[string]any{"color": "@axis"}}
	for axis, name := range map[*map[string]any]string{&x: v.XName, &y: v.YName} {
		(*axis)["name"] = name
		(*axis)["nameTextStyle"] = map[string]any{"color": "@muted", "fontSize": 12}
	}
	x["nameLocation"], x["nameGap"] = "middle", 28
	y["nameLocation"], y["nameGap"] = "end", 14
	y["nameTextStyle"].(map[string]any)["align"] = "left"
	o["xAxis"], o["yAxis"] = []any{x}, []any{y}
	o["grid"] = room(36, 24, 28, 8)
	series := o["series"].([]any)
	merge(series[0].(map[string]any), Line{Color: "@s1", Width: 2.5, Area: true}.style())
	merge(series[1].(map[string]any), Line{Color: "@axis", Width: 1, Dashed: true}.style())
	merge(series[1].(map[string]any), map[string]any{"silent": true, "tooltip": map[string]any{"show": false}})
	merge(series[2].(map[string]any), map[string]any{
		"type": "line", "showSymbol": true, "symbol": "circle", "symbolSize": 9, "lineStyle": map[string]any{"width": 0},
		"itemStyle": map[string]any{"color": "@s1", "borderColor": "@bg", "borderWidth": 2}, "silent": true,
		"label": map[string]any{"show": true, "position": "right", "color": "@ink", "fontSize": 13, "fontWeight": 600, "distance": 10, "align": "left", "verticalAlign": "top"},
	})
	out := &Chart{ID: v.ID, Kind: "curve", Height: v.Height, Ticks: sc.ticks(v.Value), Tips: [][]string{v.Tips}}
	return o.finish(out, map[string]any{"trigger": "axis",
		"axisPointer": map[string]any{"type": "line", "axis": "x", "snap": true, "lineStyle": map[string]any{"color": "@axis"}}})
}

func pairs(x, y []float64) []any {
	out := make([]any, len(x))
	for i := range x {
		out[i] = []any{number(x[i]), number(y[i])}
	}
	return out
}
