package anomaly

import (
	"math"
	"sort"
)

// Slice is one value of a dimension at the time of an anomaly.
type Slice struct {
	Actual, Expected float64
}

// Cause is the part of a dimension that accounts for a deviation.
type Cause struct {
	Values []int   // positions of the slices, the largest part first
	Share  float64 // their part of the deviation: 1 = all of it
	Base   float64 // their part of the expectation
}

// Limits of a cause: it holds few values, accounts for most of the deviation, and for much
// more of it than of the ordinary sum. Else the deviation is everywhere.
const (
	causeValues = 3
	causeShare  = 0.6
	causeExcess = 0.35
)

// Explain looks for the fewest values of one dimension that account for the deviation
// of their sum: explanatory power and succinctness of Adtributor. ok is false where no few
// values stand out.
func Explain(slices []Slice) (c Cause, ok bool) {
	total, base := 0.0, 0.0
	for _, s := range slices {
		total += s.Actual - s.Expected
		base += s.Expected
	}
	if total == 0 || len(slices) < 2 || math.IsNaN(total) {
		return c, false
	}
	order := make([]int, len(slices))
	for i := range order {
		order[i] = i
	}
	part := func(i int) float64 { return (slices[i].Actual - slices[i].Expected) / total }
	sort.SliceStable(order, func(a, b int) bool { return part(order[a]) > part(order[b]) })
	for _, i := range order[:min(causeValues, len(order)-1)] {
		c.Values = append(c.Values, i)
		c.Share += part(i)
		if base > 0 {
			c.Base += slices[i].Expected / base
		}
		if c.Share >= causeShare {
			return c, c.Share-c.Base >= causeExcess
		}
	}
	return c, false
}

// Surprise is how much more of the deviation than of the expectation a cause holds: it
// ranks causes of several dimensions.
func (c Cause) Surprise() float64 {
	return math.Min(c.Share, 1) - c.Base - 0.02*float64(len(c.Values)-1)
}
