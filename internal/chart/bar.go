package chart

import (
	"github.com/go-echarts/go-echarts/v2/charts"
)

// Bar is one series of a bar chart.
type Bar struct {
	Name   string
	Color  string // token
	Values []float64
	Labels []string // written at the bar's end; nil = none
	Open   []bool   // hatched: the period is not complete; nil = none
	Grey   []bool   // drawn in the colour of "other"; nil = none
	Fall   string   // colour of values below zero; "" = Color
}

// Bars is a bar chart from zero: upright in the order of time, or lying and
// sorted by the caller, largest first.
type Bars struct {
	ID     string
	Height int
	Lying  bool
	Labels []string
	Series []Bar
	Tips   []string // one a category
	Value  Format
	Ticks  []Tick // the labels to show on upright bars; nil = all that fit
	Legend []Key
}

// rowHeight is the height of one lying bar with its gap.
const rowHeight = 28

// Chart builds the chart.
func (b Bars) Chart() (*Chart, error) {
	c := charts.NewBar()
	c.SetXAxis(b.Labels)
	lists := make([][]float64, 0, len(b.Series))
	for _, s := range b.Series {
		c.AddSeries(s.Name, nil)
		lists = append(lists, s.Values)
	}
	for i, s := range b.Series {
		c.MultiSeries[i].Data = s.data()
	}
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	sc := newScale(5, lists...)
	if b.Lying {
		sc = newScale(4, lists...)
	}
	cat, val := categories(b.Labels), sc.axis()
	kind, height := "bar", b.Height
	if b.Lying {
		kind = "hbar"
		cat["inverse"] = true
		if sc.min < 0 { // names stay at the edge, away from bars that point left
			cat["axisLine"].(map[string]any)["onZero"] = false
		}
		cat["axisLabel"] = map[string]any{"color": "@ink", "fontSize": 13, "interval": 0}
		val["splitLine"], val["axisLabel"] = map[string]any{"show": false}, map[string]any{"show": false}
		if height == 0 {
			height = 24 + len(b.Labels)*rowHeight
			if len(b.Series) > 1 {
				height += len(b.Labels) * 14
			}
		}
		o["xAxis"], o["yAxis"] = []any{val}, []any{cat}
		o["grid"] = room(4, 72, 4, 4)
		if sc.min < 0 {
			cat["axisLine"].(map[string]any)["show"] = false
			cat["axisLabel"].(map[string]any)["margin"] = 64
		}
	} else {
		o["xAxis"], o["yAxis"] = []any{cat}, []any{val}
		o["grid"] = room(24, 16, bottomRoom(b.Labels), 8)
	}
	for i, s := range b.Series {
		merge(o["series"].([]any)[i].(map[string]any), s.style(b.Lying, len(b.Series)))
	}
	out := &Chart{ID: b.ID, Kind: kind, Height: height, Tips: [][]string{b.Tips}, Legend: b.Legend, Ticks: sc.ticks(b.Value), At: b.Ticks}
	return o.finish(out, map[string]any{"trigger": "axis",
		"axisPointer": map[string]any{"type": "shadow", "shadowStyle": map[string]any{"color": "@shade"}}})
}

// data returns the values with what differs bar by bar.
func (s Bar) data() []any {
	out := make([]any, len(s.Values))
	for i, v := range s.Values {
		item := map[string]any{"value": number(v)}
		style := map[string]any{}
		if s.Labels != nil {
			label := map[string]any{"show": true, "formatter": s.Labels[i]}
			if v < 0 {
				label["position"] = "left"
			}
			item["label"] = label
		}
		if v < 0 && s.Fall != "" {
			style["color"], style["borderRadius"] = s.Fall, []int{2, 0, 0, 2}
		}
		if s.Grey != nil && s.Grey[i] {
			style["color"] = "@other"
		}
		if s.Open != nil && s.Open[i] {
			style["opacity"] = 0.55
			style["decal"] = hatch("@bg")
		}
		if len(style) > 0 {
			item["itemStyle"] = style
		}
		out[i] = item
	}
	return out
}

func (s Bar) style(lying bool, n int) map[string]any {
	radius, position := []int{2, 2, 0, 0}, "top"
	if lying {
		radius, position = []int{0, 2, 2, 0}, "right"
	}
	width := "64%"
	if n > 1 {
		width = "36%"
	}
	widest := 48
	if lying {
		widest = 20
	}
	return map[string]any{
		"barWidth": width, "barGap": "10%", "barMaxWidth": widest,
		"itemStyle": map[string]any{"color": s.Color, "borderRadius": radius},
		"emphasis":  map[string]any{"disabled": true},
		"label":     map[string]any{"show": false, "position": position, "color": "@ink", "fontSize": 12, "distance": 6},
	}
}
