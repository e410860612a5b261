package chart

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
)

const attack = `</script><img src=x onerror=alert(1)>` + "\u2028{b}"

func plainText(v float64) string { return "v" }

// charts builds one chart of each kind with hostile names.
func hostileCharts(t *testing.T) []*Chart {
	t.Helper()
	names := []string{attack, "{{.}}", "商品"}
	vals := []float64{1, math.NaN(), 3}
	builders := []interface{ Chart() (*Chart, error) }{
		Lines{ID: "l", Height: 100, Labels: names, Tips: names, Value: plainText, Shade: []Span{{0, 1}}, Open: []Span{{2, 2}},
			Band: &Band{Low: []float64{0, 0, 1}, High: []float64{2, 2, 4}, Color: "@s1"}, Series: []Line{{Name: attack, Color: "@s1", Values: vals, Label: true, Dashed: true, Area: true}}},
		Bars{ID: "b", Height: 100, Labels: names, Tips: names, Value: plainText, Series: []Bar{{Name: attack, Color: "@s1", Values: vals, Labels: names, Open: []bool{true, false, false}, Grey: []bool{false, true, false}}}},
		Bars{ID: "h", Lying: true, Labels: names, Tips: names, Value: plainText, Series: []Bar{{Name: attack, Color: "@s1", Fall: "@s2", Values: []float64{2, 1, -3}, Labels: names}}},
		Curve{ID: "c", Height: 100, X: []float64{0, 1}, Y: []float64{0, 1}, Tips: names[:2], Marks: []Mark{{0.2, 0.8, attack}}, Value: plainText},
		Heat{ID: "x", Kind: "heat", Height: 100, X: names, Y: names, Cells: []Cell{{X: 0, Y: 0, Level: 0.5, Text: attack, Tip: attack}, {X: 1, Y: 1, Empty: true}, {X: 2, Y: 2, Level: 1, Open: true, Text: "1"}}},
		Radar{ID: "r", Height: 100, Axes: names, Middle: true, Shapes: []RadarShape{{Name: attack, Color: "@s1", Values: vals, Tip: attack}}},
		Scatter{ID: "s", Height: 100, XName: attack, YName: attack, Clouds: []Cloud{{Name: attack, Color: "@s1", X: []float64{1, math.NaN()}, Y: []float64{2, math.Inf(1)}, Tip: attack}, {}}},
		Graph{ID: "g", Nodes: []Node{{Name: attack, Tip: attack}, {Name: names[1], Size: 1}}, Edges: []Edge{{0, 1, 1, attack}}},
		Heat{ID: "t", Kind: "tiles", Height: 100, X: names, Y: names, Cells: []Cell{{Text: attack}}, Flow: true},
	}
	var out []*Chart
	for _, b := range builders {
		c, err := b.Chart()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func TestOptionsHoldNoMarkup(t *testing.T) {
	for _, c := range hostileCharts(t) {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexAny(raw, "<>&\u2028\u2029"); i >= 0 {
			t.Errorf("chart %s: %.80q", c.ID, raw[max(0, i-30):])
		}
		if bytes.Contains(raw, []byte("function")) || bytes.Contains(raw, []byte("__f__")) {
			t.Errorf("chart %s holds a function", c.ID)
		}
		var o map[string]any
		if err := json.Unmarshal(c.Option, &o); err != nil {
			t.Errorf("chart %s: %v", c.ID, err)
		}
		if tip := o["tooltip"].(map[string]any); tip["renderMode"] != "richText" {
			t.Errorf("chart %s: tooltip mode %v would take markup", c.ID, tip["renderMode"])
		}
		if o["animation"] != false {
			t.Errorf("chart %s is animated", c.ID)
		}
	}
}

func TestSameBytes(t *testing.T) {
	a, b := hostileCharts(t), hostileCharts(t)
	for i := range a {
		if !bytes.Equal(a[i].Option, b[i].Option) {
			t.Errorf("chart %s differs from run to run", a[i].ID)
		}
	}
}

func TestBarsBeginAtZero(t *testing.T) {
	for _, vals := range [][]float64{{5, 9}, {1000, 1001}, {0.001, 0.002}, {-3, 4}, {-8, -5}, {0, 0}, {math.NaN(), 3}, {1e15, 2e15}, {}} {
		s := newScale(5, vals)
		if s.min > 0 || s.max < 0 || s.step <= 0 {
			t.Errorf("%v: axis from %v to %v by %v leaves zero out", vals, s.min, s.max, s.step)
		}
		for _, v := range vals {
			if v < s.min || v > s.max {
				t.Errorf("%v: %v is off the axis %v–%v", vals, v, s.min, s.max)
			}
		}
		if n := len(s.ticks(plainText)); n < 2 || n > 12 {
			t.Errorf("%v: %d ticks", vals, n)
		}
	}
}

func TestTicksAreKeyedAsScriptsPrintNumbers(t *testing.T) {
	keys := func(s scale) []string {
		var out []string
		for k := range s.ticks(plainText) {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if got, want := keys(newScale(5, []float64{0.3})), []string{"0", "0.1", "0.2", "0.3"}; !slices.Equal(got, want) && len(got) > 8 {
		t.Errorf("ticks %v, want like %v", got, want)
	}
	if got, want := keys(scale{0, 1, 0.2}), []string{"0", "0.2", "0.4", "0.6", "0.8", "1"}; !slices.Equal(got, want) {
		t.Errorf("ticks %v, want %v", got, want)
	}
	if got, want := keys(scale{0, 2e6, 1e6}), []string{"0", "1000000", "2000000"}; !slices.Equal(got, want) {
		t.Errorf("ticks %v, want %v", got, want)
	}
}
