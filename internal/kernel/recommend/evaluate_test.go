package recommend

import (
	"math"
	"testing"
)

// TestMetricsByHand works the metrics out for two users and lists of 3. User 0 took items 1 and 4
// and was shown 4, 2, 1; user 1 took 7 and was shown 5, 7 (a short list).
//
//	user 0: precision 2/3, recall 2/2, DCG = 1/log₂2 + 1/log₂4 = 1.5, ideal = 1 + 1/log₂3 = 1.63093,
//	        average precision = (1/1 + 2/3)/2 = 0.83333
//	user 1: precision 1/3, recall 1, DCG = 1/log₂3 = 0.63093, ideal 1, average precision = (1/2)/1
//	coverage: items 4, 2, 1, 5, 7 of 10
func TestMetricsByHand(t *testing.T) {
	l := &Lists{K: 3, Len: []int32{3, 2}, Item: []uint32{4, 2, 1, 5, 7, 0}, Score: make([]float32, 6)}
	truth := &Truth{User: []uint32{0, 1}, Off: []int64{0, 2, 3}, Item: []uint32{1, 4, 7}}
	got := Score(l, truth, 10).Mean()
	want := Metrics{Precision: .5, Recall: 1, NDCG: (1.5/1.6309297535714575 + 0.6309297535714575) / 2, MAP: (5./6 + .5) / 2, Coverage: .5, Users: 2}
	for i, p := range [][2]float64{{got.Precision, want.Precision}, {got.Recall, want.Recall}, {got.NDCG, want.NDCG}, {got.MAP, want.MAP}, {got.Coverage, want.Coverage}} {
		if math.Abs(p[0]-p[1]) > 1e-12 {
			t.Errorf("metric %d: %g, want %g", i, p[0], p[1])
		}
	}
	if got.Users != want.Users {
		t.Errorf("%d users", got.Users)
	}
}

func TestMetricsOfNobody(t *testing.T) {
	got := Score(newLists(0, 3), &Truth{Off: []int64{0}}, 0).Mean()
	if got != (Metrics{}) {
		t.Errorf("%+v", got)
	}
	if in := Bootstrap(nil, 100, 1); !math.IsNaN(in.Lo) {
		t.Errorf("%+v", in)
	}
}

// TestBootstrapCovers compares the interval of 400 zeros and 600 ones with the binomial's ±1.96·√(pq/n).
func TestBootstrapCovers(t *testing.T) {
	v := make([]float64, 1000)
	for i := range 600 {
		v[i] = 1
	}
	in := Bootstrap(v, 2000, 7)
	half := 1.96 * math.Sqrt(.6*.4/1000)
	if math.Abs(in.Lo-(.6-half)) > .004 || math.Abs(in.Hi-(.6+half)) > .004 {
		t.Errorf("%+v, want about %g to %g", in, .6-half, .6+half)
	}
	if again := Bootstrap(v, 2000, 7); again != in {
		t.Error("the same seed gave another interval")
	}
}
