package gbt

import (
	"math"
	"slices"
	"sort"
)

// MaxBins is the largest number of bins of a feature beside the one of missing values.
const MaxBins = 255

// maxLevels is the number of levels of a categorical column that get a bin each; the
// rarer ones share one more.
const maxLevels = MaxBins - 1

// binSample bounds the values that the edges of a column are found from.
const binSample = 200_000

// Column is one feature: numbers, or codes of levels.
type Column struct {
	Values []float64 // numbers; NaN and infinities are missing. Nil for a categorical column
	Codes  []int32   // levels, 0 ≤ code < Levels; others are unseen levels, negative ones missing
	Levels int
}

// Bins maps the values of one column to bins. Bin 0 holds missing values.
type Bins struct {
	// Edges, ascending, divide numbers: v is in bin 1 + |{e ∈ Edges : e < v}|.
	Edges []float64
	// Level is the bin of each level of a categorical column, nil for numbers. Levels that have
	// no bin of their own, and unseen ones, share the last bin.
	Level []uint8
	// N is the number of bins, bin 0 included.
	N int
}

// NewBins finds the bins of a column from the given rows.
func NewBins(c *Column, rows []int32) *Bins {
	if c.Values == nil {
		return levelBins(c, rows)
	}
	step := 1 + (len(rows)-1)/binSample
	v := make([]float64, 0, len(rows)/step+1)
	for i := 0; i < len(rows); i += step {
		if x := c.Values[rows[i]]; !missing(x) {
			v = append(v, x)
		}
	}
	slices.Sort(v)
	b := &Bins{Edges: edges(v)}
	b.N = len(b.Edges) + 2
	return b
}

// missing reports whether a number counts as missing.
func missing(x float64) bool { return x-x != 0 }

// edges divides sorted values into at most MaxBins bins: one a distinct value where
// there are few; else bins of about equal counts, a value that fills a bin alone getting its own.
func edges(v []float64) []float64 {
	var value []float64
	var count []int
	for i := 0; i < len(v); {
		j := i
		for j < len(v) && v[j] <= v[i] {
			j++
		}
		value, count = append(value, v[i]), append(count, j-i)
		i = j
	}
	var out []float64
	if len(value) <= MaxBins {
		for i := 1; i < len(value); i++ {
			out = append(out, between(value[i-1], value[i]))
		}
		return out
	}
	left, bins, in := len(v), MaxBins, 0
	for i := 0; i+1 < len(value) && bins > 1; i++ {
		in += count[i]
		target := float64(left) / float64(bins)
		if float64(in) >= target || float64(count[i+1]) >= target {
			out = append(out, between(value[i], value[i+1]))
			left, bins, in = left-in, bins-1, 0
		}
	}
	return out
}

// between returns a number m with a ≤ m < b that is as far from both as can be.
func between(a, b float64) float64 {
	m := a/2 + b/2
	if !(m >= a && m < b) {
		return a
	}
	return m
}

// levelBins gives the most frequent levels a bin each, ties to the lower code.
func levelBins(c *Column, rows []int32) *Bins {
	count := make([]int, c.Levels)
	for _, r := range rows {
		if k := c.Codes[r]; k >= 0 && int(k) < c.Levels {
			count[k]++
		}
	}
	order := make([]int, 0, c.Levels)
	for k, n := range count {
		if n > 0 {
			order = append(order, k)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return count[order[i]] > count[order[j]] })
	order = order[:min(len(order), maxLevels)]
	slices.Sort(order)
	b := &Bins{Level: make([]uint8, c.Levels), N: len(order) + 2}
	for k := range b.Level {
		b.Level[k] = uint8(b.N - 1)
	}
	for i, k := range order {
		b.Level[k] = uint8(i + 1)
	}
	return b
}

// categorical reports whether the column holds levels.
func (b *Bins) categorical() bool { return b.Level != nil }

// number returns the bin of a number.
func (b *Bins) number(x float64) uint8 {
	if missing(x) {
		return 0
	}
	// The number of edges below x, by halving without a branch on the comparison: which way it
	// goes is a coin toss to the processor. e − x has a sign bit exactly where e < x.
	e, lo := b.Edges, 0
	for n := len(e); n > 0; {
		half := (n + 1) >> 1
		lo += half & -int(math.Float64bits(e[lo+half-1]-x)>>63)
		n -= half
	}
	return uint8(lo + 1)
}

// level returns the bin of a level.
func (b *Bins) level(k int32) uint8 {
	switch {
	case k < 0:
		return 0
	case int(k) < len(b.Level):
		return b.Level[k]
	}
	return uint8(b.N - 1)
}

// valid reports whether bins from a file hold the invariants of NewBins.
func (b *Bins) valid() bool {
	if b.N < 2 || b.N > MaxBins+1 {
		return false
	}
	for i, e := range b.Edges {
		if math.IsNaN(e) || math.IsInf(e, 0) || i > 0 && e <= b.Edges[i-1] {
			return false
		}
	}
	for _, l := range b.Level {
		if l == 0 || int(l) >= b.N {
			return false
		}
	}
	return b.Level != nil && b.Edges == nil || b.Level == nil && len(b.Edges) == b.N-2
}
