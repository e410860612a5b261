package chart

import (
	"math"
	"strconv"
)

// Format writes a value for an axis or a label.
type Format func(v float64) string

// scale is a value axis with round steps.
type scale struct{ min, max, step float64 }

// newScale returns an axis from 0 (or below, for negative values) over the values,
// with about n steps of 1, 2, 2.5 or 5 × 10^k.
func newScale(n int, lists ...[]float64) scale {
	lo, hi := 0.0, 0.0
	for _, l := range lists {
		for _, v := range l {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	if hi == lo {
		hi = lo + 1
	}
	step := niceStep((hi - lo) / float64(n))
	return scale{min: math.Floor(lo/step) * step, max: math.Ceil(hi/step-1e-9) * step, step: step}
}

// niceStep rounds up to 1, 2, 2.5 or 5 × 10^k.
func niceStep(raw float64) float64 {
	e := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if m*e >= raw*(1-1e-9) {
			return m * e
		}
	}
	return 10 * e
}

// ticks returns the texts of the axis by value, keyed as JavaScript prints the
// rounded value.
func (s scale) ticks(f Format) map[string]string {
	out := map[string]string{}
	for i := 0; ; i++ {
		v := s.min + float64(i)*s.step
		if v > s.max+s.step/2 {
			return out
		}
		v = tidy(v)
		out[strconv.FormatFloat(v, 'f', -1, 64)] = f(v)
	}
}

// tidy removes the binary noise of sums of decimal steps.
func tidy(v float64) float64 {
	t, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return t
}

// axis returns the value axis as ECharts wants it.
func (s scale) axis() map[string]any {
	return map[string]any{
		"type": "value", "min": tidy(s.min), "max": tidy(s.max), "interval": tidy(s.step),
		"axisLine": map[string]any{"show": false}, "axisTick": map[string]any{"show": false},
		"axisLabel": map[string]any{"color": "@muted", "fontSize": 12},
		"splitLine": map[string]any{"show": true, "lineStyle": map[string]any{"color": "@grid", "width": 1}},
	}
}

// categories returns a category axis.
func categories(labels []string) map[string]any {
	return map[string]any{
		"type": "category", "data": labels,
		"axisTick":  map[string]any{"show": false},
		"axisLine":  map[string]any{"show": true, "lineStyle": map[string]any{"color": "@axis"}},
		"axisLabel": map[string]any{"color": "@muted", "fontSize": 12, "hideOverlap": true},
		"splitLine": map[string]any{"show": false},
	}
}

// room leaves the space that labels need.
func room(top, right, bottom, left int) map[string]any {
	return map[string]any{"top": top, "right": right, "bottom": bottom, "left": left, "containLabel": true}
}
