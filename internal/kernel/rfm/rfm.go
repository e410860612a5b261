// Package rfm scores customers by recency, frequency and money and names
// segments by the scores.
//
// Score = 1 + ⌊5 × (customers strictly worse) / N⌋ in integers. The number of
// values below v reaches t exactly when v is greater than the t-th smallest value, so four
// order statistics of each measure decide all scores; they are the small
// parameters that any engine can be given.
package rfm

import (
	"math/bits"
	"slices"
)

// Cuts are the four ascending cut points of one measure: a value greater than k of
// them scores 1 + k.
type Cuts [4]int64

// buckets is the resolution of the histogram that narrows the order statistics down.
const buckets = 1 << 16

// CutsOf returns the cut points of values, larger being better; with no values
// all cuts are 0. One histogram over equal-width buckets finds the bucket of
// each order statistic, and only that bucket's values are sorted: two passes over the
// values for all but adversarial distributions.
func CutsOf(values []int64) (c Cuts) {
	n := len(values)
	if n == 0 {
		return c
	}
	least := slices.Min(values)
	width := uint64(slices.Max(values)) - uint64(least) // wraps right for any two int64
	shift := max(0, bits.Len64(width)-16)
	count := make([]int32, buckets)
	for _, v := range values {
		count[(uint64(v)-uint64(least))>>shift]++
	}
	bucket, below := 0, 0
	var sorted []int64
	from := -1 // the bucket that sorted holds
	for k := 1; k <= 4; k++ {
		rank := (k*n + 4) / 5 // ⌈k·n/5⌉-th smallest
		for below+int(count[bucket]) < rank {
			below += int(count[bucket])
			bucket++
		}
		if from != bucket {
			sorted = collect(values, least, shift, uint64(bucket), int(count[bucket]))
			from = bucket
		}
		c[k-1] = sorted[rank-below-1]
	}
	return c
}

// collect returns the values of one bucket, sorted.
func collect(values []int64, least int64, shift int, bucket uint64, n int) []int64 {
	out := make([]int64, 0, n)
	for _, v := range values {
		if (uint64(v)-uint64(least))>>shift == bucket {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// Score returns the score 1–5 of a value.
func (c *Cuts) Score(v int64) uint8 {
	s := uint8(1)
	for _, cut := range c {
		if v > cut {
			s++
		}
	}
	return s
}

// Scores holds the three scores and the segment (index into Segments) of each customer.
type Scores struct{ R, F, M, Segment []uint8 }

// Score scores N customers: recency in days (smaller is better), frequency in
// orders, money in any exact unit. The slices have equal length.
func Score(recency, frequency, money []int64) Scores {
	n := len(recency)
	recent := make([]int64, n)
	for i, d := range recency {
		recent[i] = -d
	}
	rc, fc, mc := CutsOf(recent), CutsOf(frequency), CutsOf(money)
	s := Scores{make([]uint8, n), make([]uint8, n), make([]uint8, n), make([]uint8, n)}
	for i := range n {
		s.R[i], s.F[i], s.M[i] = rc.Score(recent[i]), fc.Score(frequency[i]), mc.Score(money[i])
		s.Segment[i] = Segment(s.R[i], s.F[i], s.M[i])
	}
	return s
}

// Segments lists the segment names in the order they are reported.
var Segments = [...]string{
	"champions", "loyal", "potential_loyalists", "new", "promising", "need_attention",
	"about_to_sleep", "cant_lose", "at_risk", "hibernating", "lost",
}

// Positions in Segments.
const (
	Champions uint8 = iota
	Loyal
	PotentialLoyalists
	New
	Promising
	NeedAttention
	AboutToSleep
	CantLose
	AtRisk
	Hibernating
	Lost
)

// Segment returns the segment of three scores 1–5: by recency and by the rounded
// mean v of frequency and money scores (docs/contract.md, Definitions, Segments).
func Segment(r, f, m uint8) uint8 {
	v := (f + m + 1) / 2
	switch r {
	case 5:
		return pick(v >= 4, Champions, v >= 2, PotentialLoyalists, New)
	case 4:
		return pick(v >= 4, Loyal, v >= 2, PotentialLoyalists, Promising)
	case 3:
		return pick(v >= 4, Loyal, v == 3, NeedAttention, AboutToSleep)
	}
	switch {
	case v == 5:
		return CantLose
	case v >= 3:
		return AtRisk
	case r == 1 && v == 1:
		return Lost
	}
	return Hibernating
}

func pick(c1 bool, s1 uint8, c2 bool, s2, s3 uint8) uint8 {
	if c1 {
		return s1
	}
	if c2 {
		return s2
	}
	return s3
}
