// Package chart makes ECharts options with go-echarts and marshals them safely: a
// product name never becomes markup or script. It is the only package that knows
// go-echarts.
package chart

import "encoding/json"

// Chart is one drawing: options for ECharts as JSON that holds no executable
// text. ID is stable, so that equal input gives equal bytes.
type Chart struct {
	ID     string
	Kind   string          // "line", "bar", "heatmap", …: the page may redraw by kind for narrow screens
	Option json.RawMessage // '<', '>', '&', U+2028 and U+2029 are escaped
	Height int             // CSS pixels at full width
}
