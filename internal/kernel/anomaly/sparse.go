package anomaly

import "math"

// Limits of a sparse series.
const (
	sparseZeros  = 0.4 // share of zeros from which a series may be sparse
	busyZeros    = 0.2 // a phase with fewer is busy
	quietZeros   = 0.9 // one with more is quiet
	busyPhases   = 0.1 // a season with so many busy points
	mixedPhases  = 0.3 // and at most so many between tells when nothing comes
	sparseMargin = 0.5 // pseudo-count of points with a sale
)

// sparse judges a series that is 0 most of the time, at no hour that a season tells: a robust scale
// of such values is that of the zeros and calls every sale improbable. In its place stand the
// probability of a sale at all, the tail of the sizes of sales, and the lengths of pauses and of bouts of sales.
type sparse struct {
	on           bool
	points, hit  int  // points, those that are not 0
	size         Tail // logarithms of the sizes
	pauses, bout Tail // square roots of the lengths of runs of zeros and of others
	run          int  // equal in being 0 or not, at the end
	nothing      bool // the last value was 0
}

// learn adds a value.
func (s *sparse) learn(y float64) {
	if nothing := y == 0; s.run > 0 && nothing != s.nothing {
		s.runs().Add(math.Sqrt(float64(s.run)))
		s.run = 0
	}
	s.points++
	s.run++
	s.nothing = y == 0
	if y != 0 {
		s.hit++
		s.size.Add(math.Log(math.Abs(y)))
	}
}

// zeros returns the number of zeros at the end.
func (s *sparse) zeros() int {
	if s.nothing {
		return s.run
	}
	return 0
}

// runs returns the lengths of runs like the last one.
func (s *sparse) runs() *Tail {
	if s.nothing {
		return &s.pauses
	}
	return &s.bout
}

// logP returns the natural logarithm of the probability of a value as large as y, P(Y ≥ y) = P(Y > 0) P(Y ≥ y | Y > 0),
// or of as many zeros or sales in a row as y makes them, whichever is less (a Bonferroni rule).
func (s *sparse) logP(y float64) float64 {
	rate := (float64(s.hit) + sparseMargin) / (float64(s.points) + 2*sparseMargin)
	if y == 0 {
		return s.logRun(y, math.Log1p(-rate))
	}
	amount := math.Log(rate) + math.Log(s.size.P(math.Log(math.Abs(y))))
	return math.Min(0, math.Min(amount, s.logRun(y, math.Log(rate)))+math.Ln2)
}

// logRun is that of a run as long as y makes it, of points that come with a probability each: sales that come in
// bouts make longer runs than chance, so the lengths seen count where they are the more probable. Roots of the lengths
// give their tail the room of a stretched exponential.
func (s *sparse) logRun(y, each float64) float64 {
	if s.run == 0 || (y == 0) != s.nothing {
		return each
	}
	n := float64(s.run + 1)
	l := n * each
	if t := s.runs(); t.N() >= tailLeast {
		l = math.Max(l, math.Log(t.P(math.Sqrt(n))))
	}
	return l
}

// sparseAlpha is the level weight of the baseline of a series that is sparse whatever its season: what it expects is shown, not judged by.
const sparseAlpha = 0.1

// sparseAnyhow reports whether a history is sparse with none of the seasons and without any.
func sparseAnyhow(first int64, history []float64, periods []int) bool {
	if !isSparse(first, history, 1) {
		return false
	}
	for _, m := range periods {
		if m > 1 && len(history) >= 3*m && !isSparse(first, history, m) {
			return false
		}
	}
	return true
}

// isSparse tells of a history, with the season that its baseline uses (1 = none), whether it is sparse.
func isSparse(first int64, history []float64, period int) bool {
	points, zeros := make([]int, period), make([]int, period)
	n, nothing := 0, 0
	for i, y := range history {
		if y != y {
			continue
		}
		ph := phase(first+int64(i), period)
		points[ph]++
		n++
		if y == 0 {
			zeros[ph]++
			nothing++
		}
	}
	if float64(nothing) < sparseZeros*float64(n) || nothing == n {
		return false
	}
	busy, mixed := 0, 0
	for ph, k := range points {
		switch share := float64(zeros[ph]) / float64(max(k, 1)); {
		case share < busyZeros:
			busy += k
		case share <= quietZeros:
			mixed += k
		}
	}
	return float64(busy) < busyPhases*float64(n) || float64(mixed) > mixedPhases*float64(n)
}
