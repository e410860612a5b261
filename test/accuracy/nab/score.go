// Package nab scores anomaly detectors as the Numenta Anomaly Benchmark does
// (Lavin & Ahmad, Evaluating Real-time Anomaly Detection Algorithms, ICMLA 2015): a
// detection inside a labelled window earns by how early it is, one outside costs by how
// far it lies behind the last window, a missed window costs one, and one threshold is
// chosen for the whole corpus. It is a tool of the accuracy tests.
package nab

import (
	"math"
	"slices"
)

// Profile weighs the three kinds of outcome.
type Profile struct {
	Name       string
	TP, FN, FP float64
}

// Profiles are those of the benchmark.
var Profiles = []Profile{
	{"standard", 1, 1, 0.11},
	{"reward low FP rate", 1, 1, 0.22},
	{"reward low FN rate", 1, 2, 0.11},
}

// File is one labelled series.
type File struct {
	Name    string
	Stamps  []string // as in the file
	Values  []float64
	Windows [][2]int // first and last index, ascending
}

// Probation is the number of leading points that are not scored: 15 % of the file, at
// most 750.
func Probation(n int) int {
	return int(math.Min(math.Floor(0.15*float64(n)), 0.15*5000))
}

// scaledSigmoid is the benchmark's weight of a position relative to a window: −1 at its
// left edge, 0 at its right edge, positive behind it.
func scaledSigmoid(x float64) float64 {
	if x > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*x)) - 1
}

// point is a scored point: its detector score, what a detection there is worth, and
// the window it lies in (−1 = none).
type point struct {
	score, worth float64
	window       int
}

// sweep lays the worth of a detection over every point of a file behind the probation.
func sweep(f *File, scores []float64, p Profile, firstWindow int) []point {
	var out []point
	best := scaledSigmoid(-1)
	w, prev := 0, -1
	for i := range f.Values {
		for w < len(f.Windows) && i > f.Windows[w][1] {
			prev = w
			w++
		}
		pt := point{score: scores[i], window: -1}
		switch {
		case w < len(f.Windows) && i >= f.Windows[w][0]:
			width := float64(f.Windows[w][1] - f.Windows[w][0] + 1)
			pt.window = firstWindow + w
			pt.worth = scaledSigmoid(-(float64(f.Windows[w][1]-i)+1)/width) * p.TP / best
		case prev < 0:
			pt.worth = -p.FP
		default:
			width := float64(f.Windows[prev][1] - f.Windows[prev][0])
			pt.worth = scaledSigmoid(float64(i-f.Windows[prev][1])/width) * p.FP
		}
		if i >= Probation(len(f.Values)) {
			out = append(out, pt)
		}
	}
	return out
}

// Outcome is the score of a detector over a corpus.
type Outcome struct {
	Score     float64 // normalised: 0 = nothing ever detected, 100 = all at once and no false alarm
	Threshold float64
	Hit       int // windows with a detection
	Windows   int
	False     int // detections outside windows
}

// Score runs the benchmark's threshold search: scores[i] are those of files[i], in any
// monotone unit that means the same in every file.
func Score(files []*File, scores [][]float64, p Profile) Outcome {
	var points []point
	windows := 0
	for i, f := range files {
		points = append(points, sweep(f, scores[i], p, windows)...)
		windows += len(f.Windows)
	}
	slices.SortStableFunc(points, func(a, b point) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	worth := make([]float64, windows)
	for i := range worth {
		worth[i] = -p.FN
	}
	null := -p.FN * float64(windows)
	total, hit, wrong := null, 0, 0
	best := Outcome{Score: total, Threshold: math.Inf(1), Windows: windows}
	for i, pt := range points {
		if i > 0 && pt.score < points[i-1].score && total > best.Score {
			best = Outcome{total, points[i-1].score, hit, windows, wrong}
		}
		switch {
		case pt.window < 0:
			total += pt.worth
			wrong++
		case pt.worth > worth[pt.window]:
			if worth[pt.window] == -p.FN {
				hit++
			}
			total += pt.worth - worth[pt.window]
			worth[pt.window] = pt.worth
		}
	}
	if total > best.Score && len(points) > 0 {
		best = Outcome{total, points[len(points)-1].score, hit, windows, wrong}
	}
	best.Score = 100 * (best.Score - null) / (float64(windows)*p.TP - null)
	return best
}
