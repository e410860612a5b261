package nab

import (
	"math"
	"testing"
)

func TestScoreOfHandWorkedFile(t *testing.T) {
	f := &File{Values: make([]float64, 100), Windows: [][2]int{{50, 59}}}
	p := Profiles[0]
	scores := make([]float64, 100)
	scores[50] = 1
	if got := Score([]*File{f}, [][]float64{scores}, p).Score; math.Abs(got-100) > 1e-9 {
		t.Errorf("a detection at the left edge scores %v, want 100", got)
	}
	// A detection at the right edge: scaledSigmoid(-1/10) = 2/(1+e^-0.5) − 1 = 0.244919, over
	// scaledSigmoid(-1) = 0.986614, is worth 0.248242; normalised (0.248242 + 1) / 2.
	scores[50], scores[59] = 0, 1
	if got := Score([]*File{f}, [][]float64{scores}, p).Score; math.Abs(got-62.41208) > 1e-4 {
		t.Errorf("a detection at the right edge scores %v, want 62.41208", got)
	}
	// One false alarm before any window costs 0.11 of 2.
	scores[20] = 1
	if got := Score([]*File{f}, [][]float64{scores}, p).Score; math.Abs(got-62.41208+5.5) > 1e-4 {
		t.Errorf("with a false alarm %v, want 56.91208", got)
	}
	// In the probation (the first 15) it costs nothing.
	scores[20], scores[14] = 0, 1
	if got := Score([]*File{f}, [][]float64{scores}, p).Score; math.Abs(got-62.41208) > 1e-4 {
		t.Errorf("with an alarm in the probation %v, want 62.41208", got)
	}
	if got := Score([]*File{f}, [][]float64{make([]float64, 100)}, p).Score; got != 0 && got < 0 {
		t.Errorf("no detection scores %v", got)
	}
}
