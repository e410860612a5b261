// Package chart makes ECharts options with go-echarts and marshals them safely: a
// product name never becomes markup or script. It is the only package that knows
// go-echarts.
//
// Options name colours by token ("@s1", "@grid"); the page replaces them by the
// palette of the theme it shows, so one option serves light, dark and paper. Text on
// axes and in tooltips is written here, in the language of the report: the page
// formats nothing.
package chart

import (
	"encoding/json"
	"maps"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Chart is one drawing: options for ECharts as JSON that holds no executable
// text. ID is stable, so that equal input gives equal bytes.
type Chart struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`   // "line", "bar", "hbar", "curve", "heat", "tiles": the page may redraw by kind for narrow screens
	Option json.RawMessage `json:"option"` // '<', '>', '&', U+2028 and U+2029 are escaped
	Height int             `json:"height"` // CSS pixels at full width
	// Ticks are the texts of the value axis by value as JavaScript prints it.
	Ticks map[string]string `json:"ticks,omitempty"`
	// Tips are the tooltip texts: by series, then by data index. Charts with an axis
	// tooltip use the first list only.
	Tips [][]string `json:"tips,omitempty"`
	// Flow allows tiles to be laid out in fewer columns.
	Flow bool `json:"flow,omitempty"`
	// Whole keeps all columns of a heat map on a narrow page, which else shows the first ones.
	Whole bool `json:"whole,omitempty"`
	// At are the category indices that may carry an axis label; nil = all.
	At []Tick `json:"at,omitempty"`
	// Legend lists what colours mean where direct labels cannot; the page draws it as text.
	Legend []Key `json:"legend,omitempty"`
}

// Tick is a category that may carry a label. A narrow page keeps every second,
// third, sixth or twelfth by Rank, so that rank 0 (January) always stays.
type Tick struct {
	Index int `json:"i"`
	Rank  int `json:"r"`
}

// Key is one entry of a legend: a colour token and what it stands for.
type Key struct {
	Color string `json:"color"`
	Text  string `json:"text"`
	Hatch bool   `json:"hatch,omitempty"`
}

// NaN is a missing value: the line breaks, the bar is absent.
var NaN = math.NaN()

// option is a chart's option as nested maps, ready for what go-echarts has no
// field for.
type option map[string]any

// source is what every go-echarts chart offers.
type source interface {
	Validate()
	JSON() map[string]any
}

// toOption turns a go-echarts chart into nested maps.
func toOption(c source) (option, error) {
	c.Validate()
	raw, err := json.Marshal(c.JSON())
	if err != nil {
		return nil, fault.New(fault.Internal, "marshalling a chart: %w", err)
	}
	var o option
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fault.New(fault.Internal, "reading a chart back: %w", err)
	}
	return o, nil
}

// merge puts the entries of over into o, map by map.
func merge(o, over map[string]any) {
	for k, v := range over {
		if sub, ok := v.(map[string]any); ok {
			if have, ok := o[k].(map[string]any); ok {
				merge(have, sub)
				continue
			}
		}
		o[k] = v
	}
}

// finish adds what all charts share and marshals. encoding/json sorts the keys and
// escapes '<', '>', '&', U+2028 and U+2029.
func (o option) finish(c *Chart, tooltip map[string]any) (*Chart, error) {
	for _, k := range []string{"title", "legend", "toolbox"} {
		delete(o, k)
	}
	o["animation"] = false
	o["textStyle"] = map[string]any{"fontFamily": "@font", "color": "@muted"}
	tip := map[string]any{
		"show": true, "renderMode": "richText", "confine": true, "backgroundColor": "@panel", "borderColor": "@line",
		"borderWidth": 1, "padding": []int{8, 12}, "textStyle": map[string]any{"color": "@ink", "fontSize": 13, "lineHeight": 20},
		"transitionDuration": 0,
	}
	maps.Copy(tip, tooltip)
	o["tooltip"] = tip
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, fault.New(fault.Internal, "marshalling chart %s: %w", c.ID, err)
	}
	c.Option = raw
	return c, nil
}

// number makes NaN and ±Inf null for JSON.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return v
}

func numbers(vs []float64) []any {
	out := make([]any, len(vs))
	for i, v := range vs {
		out[i] = number(v)
	}
	return out
}
