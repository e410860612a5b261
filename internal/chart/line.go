package chart

import (
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
)

// Line is one series of a line chart.
type Line struct {
	Name   string
	Color  string // token
	Values []float64
	Width  float64
	Faint  bool // context behind another line
	Dashed bool
	Area   bool
	Label  bool // write the name at the line's end
	Dots   bool // marks at the values instead of a line
}

// Band is the uncertainty around a line, drawn as a tint from Low to High.
type Band struct {
	Low, High []float64
	Color     string
}

// Span is a run of category indices [From, To] to mark.
type Span struct{ From, To int }

// Lines is a line chart over time: the value axis starts at zero.
type Lines struct {
	ID     string
	Height int
	Labels []string // of the categories, in order
	Ticks  []Tick   // the labels to show; nil lets the page choose
	Series []Line
	Tips   []string // one a category
	Value  Format
	// Shade marks weekends and holidays; Open marks periods that are not complete.
	Shade, Open []Span
	Band        *Band
	Outer       *Band // a wider one behind Band
	Legend      []Key
}

// Chart builds the chart.
func (l Lines) Chart() (*Chart, error) {
	c := charts.NewLine()
	c.SetXAxis(l.Labels)
	lists := make([][]float64, 0, len(l.Series))
	for _, s := range l.Series {
		c.AddSeries(s.Name, nil)
		lists = append(lists, s.Values)
	}
	for i, s := range l.Series {
		c.MultiSeries[i].Data = numbers(s.Values)
	}
	o, err := toOption(c)
	if err != nil {
		return nil, err
	}
	for _, b := range []*Band{l.Band, l.Outer} {
		if b != nil {
			lists = append(lists, b.High)
		}
	}
	sc := newScale(5, lists...)
	x := categories(l.Labels)
	x["boundaryGap"] = false
	o["xAxis"], o["yAxis"] = []any{x}, []any{sc.axis()}
	o["grid"] = room(16, l.rightRoom(), bottomRoom(l.Labels), 8)
	series := o["series"].([]any)
	for i, s := range l.Series {
		merge(series[i].(map[string]any), s.style())
	}
	if len(series) > 0 {
		if areas := l.areas(); areas != nil {
			series[0].(map[string]any)["markArea"] = areas
		}
	}
	series = append(series, l.Outer.series("outer", 0.10)...)
	o["series"] = append(series, l.Band.series("band", 0.16)...)
	out := &Chart{ID: l.ID, Kind: "line", Height: l.Height, Ticks: sc.ticks(l.Value), Tips: [][]string{l.Tips}, Legend: l.Legend, At: l.Ticks}
	return o.finish(out, map[string]any{"trigger": "axis",
		"axisPointer": map[string]any{"type": "line", "lineStyle": map[string]any{"color": "@axis"}}})
}

// series draws the band as two stacked lines: an invisible one up to Low and the
// tinted difference on top, both named by stack. A nil band draws nothing.
func (b *Band) series(stack string, opacity float64) []any {
	if b == nil {
		return nil
	}
	diff := make([]float64, len(b.Low))
	for i := range diff {
		diff[i] = b.High[i] - b.Low[i]
	}
	line := func(name string, v []float64, opacity float64) map[string]any {
		return map[string]any{
			"type": "line", "name": name, "data": numbers(v), "stack": stack, "silent": true, "showSymbol": false, "symbol": "none",
			"lineStyle": map[string]any{"opacity": 0}, "areaStyle": map[string]any{"color": b.Color, "opacity": opacity},
			"itemStyle": map[string]any{"color": b.Color}, "z": 1,
		}
	}
	return []any{line("low", b.Low, 0), line("high", diff, opacity)}
}

// bottomRoom leaves a second line below the axis where a label has one.
func bottomRoom(labels []string) int {
	for _, s := range labels {
		if strings.Contains(s, "\n") {
			return 24
		}
	}
	return 8
}

func (l Lines) rightRoom() int {
	for _, s := range l.Series {
		if s.Label {
			return 96
		}
	}
	return 16
}

// style returns what go-echarts' zero values would leave out.
func (s Line) style() map[string]any {
	width := s.Width
	if width == 0 {
		width = 2
	}
	line := map[string]any{"color": s.Color, "width": width}
	if s.Faint {
		line["opacity"] = 0.55
	}
	if s.Dashed {
		line["type"] = []int{4, 4}
	}
	st := map[string]any{
		"showSymbol": false, "symbol": "circle", "symbolSize": 6, "lineStyle": line,
		"itemStyle": map[string]any{"color": s.Color}, "connectNulls": false,
		"emphasis": map[string]any{"disabled": true},
	}
	if s.Dots {
		line["opacity"] = 0
		st["showSymbol"], st["showAllSymbol"], st["symbolSize"], st["z"] = true, true, 10, 5
	}
	if s.Area {
		st["areaStyle"] = map[string]any{"color": s.Color, "opacity": 0.12}
	}
	if s.Label {
		st["endLabel"] = map[string]any{"show": true, "formatter": "{a}", "color": s.Color, "fontSize": 12, "fontWeight": 600, "distance": 6}
	}
	return st
}

// areas marks weekends with a tint and open periods with a hatch.
func (l Lines) areas() map[string]any {
	var data []any
	add := func(spans []Span, style map[string]any) {
		for _, s := range spans {
			data = append(data, []any{map[string]any{"xAxis": s.From, "itemStyle": style}, map[string]any{"xAxis": s.To}})
		}
	}
	add(l.Shade, map[string]any{"color": "@weekend", "opacity": 0.55})
	add(l.Open, map[string]any{"color": "@shade", "decal": hatch("@axis")})
	if data == nil {
		return nil
	}
	return map[string]any{"silent": true, "data": data}
}

// hatch returns diagonal stripes for what is not complete.
func hatch(color string) map[string]any {
	return map[string]any{"color": color, "dashArrayX": []int{1, 0}, "dashArrayY": []int{2, 4}, "rotation": 0.7853981633974483, "symbol": "rect"}
}
