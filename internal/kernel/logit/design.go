package logit

import (
	"math"
	"slices"
	"sort"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Column is one feature: numbers, or codes of levels.
type Column struct {
	Values []float64 // numbers; NaN and infinities are missing. Nil for a categorical column
	Codes  []int32   // levels, 0 ≤ code < Levels; others are unseen levels, negative ones missing
	Levels int
}

// Term says how a column enters the model.
type Term struct {
	// Numbers: (v − Mean)/Scale has weight At, missing values are 0 there and 1 at Missing, which is
	// −1 where none was missing. Scale 0: the column is constant and takes no part.
	Mean, Scale float64
	At, Missing int32
	// Levels: the weight's place by level, nil for numbers; Other is that of rare and unseen
	// levels, −1 for none.
	Level []int32
	Other int32
}

// Design is the way from columns to the entries of a row.
type Design struct {
	Terms   []Term
	Numbers int // the first so many weights are those of numbers
	Weights int // in all, without the intercept
}

// Limits of one-hot levels: a level with fewer rows joins the rare ones, and so do the least
// frequent when the model would have more weights than maxWeights.
const (
	rareRows   = 10
	maxWeights = 1000
)

// NewDesign finds means, scales and levels from the given rows.
func NewDesign(cols []Column, rows []int32) (*Design, error) {
	if len(rows) == 0 {
		return nil, fault.New(fault.Input, "fitting a logistic regression: there are no rows")
	}
	d := &Design{Terms: make([]Term, len(cols))}
	var categorical int
	for i := range cols {
		if cols[i].Values == nil {
			categorical++
			continue
		}
		d.number(&d.Terms[i], &cols[i], rows)
	}
	d.Numbers = d.Weights
	for i := range cols { // behind all numbers, so that those of a row lie side by side
		if t := &d.Terms[i]; cols[i].Values != nil && t.Missing >= 0 {
			t.Missing = d.take()
		}
	}
	room := max(2, (maxWeights-d.Weights)/max(1, categorical))
	for i := range cols {
		if cols[i].Values == nil {
			d.levels(&d.Terms[i], &cols[i], rows, room)
		}
	}
	return d, nil
}

// number standardises a column. The variance is that of the values around their mean, each
// scaled first so that neither overflows.
func (d *Design) number(t *Term, c *Column, rows []int32) {
	*t = Term{At: -1, Missing: -1, Other: -1}
	var n, most float64
	for _, r := range rows {
		if v := c.Values[r]; finite(v) {
			n++
			most = max(most, math.Abs(v))
		}
	}
	if n > 0 && most > 0 {
		var sum, square float64
		for _, r := range rows {
			if v := c.Values[r]; finite(v) {
				sum += v / most
			}
		}
		mean := sum / n
		for _, r := range rows {
			if v := c.Values[r]; finite(v) {
				square += (v/most - mean) * (v/most - mean)
			}
		}
		t.Mean = mean * most
		if sd := math.Sqrt(square / n); sd > 1e-12*math.Abs(mean) && sd*most > 0 && finite(1/(sd*most)) {
			t.Scale, t.At = sd*most, d.take()
		}
	}
	if int(n) < len(rows) && n > 0 {
		t.Missing = 0 // its place comes later
	}
}

// levels gives the frequent levels a weight each.
func (d *Design) levels(t *Term, c *Column, rows []int32, room int) {
	*t = Term{At: -1, Missing: -1, Other: -1, Level: make([]int32, c.Levels)}
	count := make([]int, c.Levels)
	missing := 0
	for _, r := range rows {
		switch k := c.Codes[r]; {
		case k < 0:
			missing++
		case int(k) < c.Levels:
			count[k]++
		}
	}
	var frequent []int
	others := 0
	for k, n := range count {
		t.Level[k] = -1
		if n >= rareRows {
			frequent = append(frequent, k)
		} else {
			others += n
		}
	}
	sort.SliceStable(frequent, func(i, j int) bool { return count[frequent[i]] > count[frequent[j]] })
	if len(frequent) > room-2 {
		for _, k := range frequent[max(0, room-2):] {
			others += count[k]
		}
		frequent = frequent[:max(0, room-2)]
	}
	slices.Sort(frequent)
	for _, k := range frequent {
		t.Level[k] = d.take()
	}
	if others > 0 {
		t.Other = d.take()
		for k := range t.Level {
			if t.Level[k] < 0 {
				t.Level[k] = t.Other
			}
		}
	}
	if missing > 0 {
		t.Missing = d.take()
	}
}

func (d *Design) take() int32 {
	d.Weights++
	return int32(d.Weights - 1)
}

// row sets x, of d.Numbers values, to the numbers of a row and returns ones with the places that
// are 1 appended.
func (d *Design) row(x []float64, ones []int32, cols []Column, r int) []int32 {
	for i := range d.Terms {
		t, c := &d.Terms[i], &cols[i]
		at := t.Missing
		if t.Level == nil {
			v := c.Values[r]
			if t.At >= 0 {
				x[t.At] = 0
			}
			if finite(v) {
				at = -1
				if t.At >= 0 { // farOut: a value unlike all seen in training
					x[t.At] = max(-farOut, min(farOut, (v-t.Mean)/t.Scale))
				}
			}
		} else if k := c.Codes[r]; k >= 0 {
			at = t.Other
			if int(k) < len(t.Level) {
				at = t.Level[k]
			}
		}
		if at >= 0 {
			ones = append(ones, at)
		}
	}
	return ones
}

// farOut bounds standardised values, so that products of them stay finite.
const farOut = 1e6

func finite(x float64) bool { return x-x == 0 }

// Validate checks a design that came from a file.
func (d *Design) Validate() error {
	ok := d.Numbers >= 0 && d.Numbers <= d.Weights && d.Weights <= 1<<20
	in := func(at int32) bool { return at >= -1 && int(at) < d.Weights }
	for i := range d.Terms {
		t := &d.Terms[i]
		ok = ok && t.At >= -1 && int(t.At) < d.Numbers && in(t.Missing) && in(t.Other) && finite(t.Mean) && finite(t.Scale) && (t.At < 0 || t.Scale > 0)
		for _, at := range t.Level {
			ok = ok && in(at)
		}
	}
	if !ok {
		return fault.New(fault.Input, "logistic regression: the terms point outside the weights")
	}
	return nil
}
