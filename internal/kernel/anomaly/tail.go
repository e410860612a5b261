package anomaly

import (
	"container/heap"
	"math"
	"slices"
)

// Limits of a Tail: the excesses it keeps are the largest tailShare of the values, at
// least tailLeast and at most tailMost of them.
const (
	tailShare = 0.05
	tailLeast = 12
	tailMost  = 300

	shapePrior = 40 // excesses that the supposition of an exponential tail counts for
)

// Tail learns the upper tail of a stream of values and tells how improbable a value
// is: peaks over a threshold with a generalised Pareto distribution fitted by
// probability-weighted moments (Hosking & Wallis, Technometrics 29(3), 1987), in the
// streaming form of Siffer et al., Anomaly Detection in Streams with Extreme Value
// Theory, KDD 2017. The threshold is the smallest of the kept largest values. The zero value is ready.
type Tail struct {
	n     int
	top   minHeap // the largest values
	fresh bool    // shape and scale are those of top
	shape float64
	scale float64
	least float64 // bound of scale: a tail of nearly equal values must not call the next one impossible
	since int     // values kept since the fit
}

// minHeap is a heap with the smallest value first.
type minHeap []float64

func (h minHeap) Len() int           { return len(h) }
func (h minHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h minHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *minHeap) Push(x any) { *h = append(*h, x.(float64)) }

// Pop implements heap.Interface.
func (h *minHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// N returns the number of values learnt.
func (t *Tail) N() int { return t.n }

// Add learns a value; NaN is ignored.
func (t *Tail) Add(x float64) {
	if math.IsNaN(x) {
		return
	}
	t.n++
	room := min(tailMost, max(tailLeast, int(tailShare*float64(t.n))))
	switch {
	case len(t.top) < room:
		heap.Push(&t.top, x)
	case x > t.top[0]:
		t.top[0] = x
		heap.Fix(&t.top, 0)
	default:
		return
	}
	if t.since++; t.since > len(t.top)/20 {
		t.fresh = false
	}
}

// addMild learns a value, as at most what is reached once in rareOnce values.
func (t *Tail) addMild(x float64) {
	if t.n >= tailLeast && x > t.top[0] { // the bound is never below the threshold
		x = math.Min(x, t.Quantile(rareOnce))
	}
	t.Add(x)
}

// fit estimates shape and scale of the excesses: the shape by probability-weighted moments,
// drawn towards 0 (an exponential tail) while the excesses are few, the scale so that the median
// excess is met: some anomalies among few excesses must not make the tail wide.
func (t *Tail) fit() {
	t.fresh, t.since = true, 0
	s := slices.Clone(t.top)
	slices.Sort(s)
	u := s[0]
	k := len(s) - 1 // excesses over the smallest
	var a0, a1 float64
	for i, x := range s[1:] {
		a0 += x - u
		a1 += (x - u) * (float64(k-i-1) + 0.35) / float64(k)
	}
	a0 /= float64(k)
	a1 /= float64(k)
	t.shape = 0
	if d := a0 - 2*a1; d > 0 && a0 > 0 {
		kappa := a0/d - 2 // Hosking's sign of the shape
		t.shape = -kappa * float64(k) / float64(k+shapePrior)
	}
	// A bounded tail would call any new record impossible; one without a mean would call none unusual.
	t.shape = math.Min(math.Max(t.shape, 0), 0.9)
	middle := medianOf(s[1:]) - u
	t.scale = middle / math.Ln2
	if t.shape > 1e-6 {
		t.scale = middle * t.shape / (math.Exp2(t.shape) - 1)
	}
	if t.scale <= 0 {
		t.scale = a0 * (1 - t.shape)
	}
	if t.scale > 0 { // 0 tells that all are equal: P then goes by ranks
		t.scale = math.Max(t.scale, t.least)
	}
}

// P returns the probability of a value as large as x, at most 1; 1 while fewer
// than tailLeast values are known. Below the threshold it is the share of the kept values.
func (t *Tail) P(x float64) float64 {
	if t.n < tailLeast || math.IsNaN(x) {
		return 1
	}
	u := t.top[0]
	share := float64(len(t.top)) / float64(t.n+1)
	if x <= u {
		return 1
	}
	if !t.fresh {
		t.fit()
	}
	if t.scale <= 0 {
		return share / float64(len(t.top)+1)
	}
	z := (x - u) / t.scale
	if t.shape < 1e-6 {
		return share * math.Exp(-z)
	}
	return share * math.Pow(1+t.shape*z, -1/t.shape)
}

// Quantile returns the value that is reached with probability p, at most the share above
// the threshold; +Inf while fewer than tailLeast values are known.
func (t *Tail) Quantile(p float64) float64 {
	if t.n < tailLeast {
		return math.Inf(1)
	}
	if !t.fresh {
		t.fit()
	}
	share := float64(len(t.top)) / float64(t.n+1)
	u := t.top[0]
	if p >= share {
		return u
	}
	if t.shape < 1e-6 {
		return u + t.scale*math.Log(share/p)
	}
	return u + t.scale/t.shape*(math.Pow(share/p, t.shape)-1)
}
