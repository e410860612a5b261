package recommend

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Truth is what users took later: the n-th evaluated user is row User[n] of the training
// matrix and took Item[Off[n]:Off[n+1]] (ascending, distinct).
type Truth struct {
	User []uint32
	Off  []int64
	Item []uint32
}

// Metrics of lists of k proposals, each a mean over users.
type Metrics struct {
	Precision float64 // hits / k
	Recall    float64 // hits / later items
	NDCG      float64 // Σ 1/log₂(rank+1) over hits / the same of an ideal list
	MAP       float64 // Σ precision at each hit's rank / min(k, later items)
	Coverage  float64 // distinct items proposed / items with a user
	Users     int
}

// Scores are the metrics of each user.
type Scores struct {
	Precision, Recall, NDCG, AP []float64
	coverage                    float64
}

// Score measures lists, of which the n-th belongs to the n-th user of the truth.
// Jarvelin & Kekalainen (Cumulated Gain-Based Evaluation of IR Techniques, ACM TOIS 20(4), 2002) for
// NDCG, with gains of 0 and 1. catalogue is the number of items that could be proposed.
func Score(l *Lists, t *Truth, catalogue int) *Scores {
	n := len(t.User)
	s := &Scores{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), 0}
	proposed := map[uint32]bool{}
	discount := make([]float64, l.K+1)
	ideal := make([]float64, l.K+1)
	for r := range l.K {
		discount[r] = 1 / math.Log2(float64(r)+2)
		ideal[r+1] = ideal[r] + discount[r]
	}
	for u := range n {
		later := t.Item[t.Off[u]:t.Off[u+1]]
		items, _ := l.Of(u)
		hits, gain, ap := 0, 0.0, 0.0
		for r, it := range items {
			proposed[it] = true
			if _, hit := slices.BinarySearch(later, it); hit {
				hits++
				gain += discount[r]
				ap += float64(hits) / float64(r+1)
			}
		}
		if len(later) == 0 || l.K == 0 {
			continue
		}
		best := min(l.K, len(later))
		s.Precision[u] = float64(hits) / float64(l.K)
		s.Recall[u] = float64(hits) / float64(len(later))
		s.NDCG[u] = gain / ideal[best]
		s.AP[u] = ap / float64(best)
	}
	if catalogue > 0 {
		s.coverage = float64(len(proposed)) / float64(catalogue)
	}
	return s
}

// Mean returns the metrics over all users; zero when there are none.
func (s *Scores) Mean() Metrics {
	return Metrics{mean(s.Precision), mean(s.Recall), mean(s.NDCG), mean(s.AP), s.coverage, len(s.NDCG)}
}

func mean(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// Interval is a bootstrap percentile interval of a mean.
type Interval struct{ Lo, Hi float64 }

// Bootstrap returns the 95 % percentile interval of the mean of v (Efron & Tibshirani, An
// Introduction to the Bootstrap, 1993, ch. 13): users are drawn with replacement,
// times times. Pass differences of two methods over the same users for a paired interval.
func Bootstrap(v []float64, times int, seed uint64) Interval {
	if len(v) == 0 || times < 1 {
		return Interval{math.NaN(), math.NaN()}
	}
	rng := rand.New(rand.NewPCG(seed, 0x7265636f))
	means := make([]float64, times)
	n := uint64(len(v))
	for b := range means {
		sum := 0.0
		for range v {
			sum += v[rng.Uint64N(n)]
		}
		means[b] = sum / float64(n)
	}
	slices.Sort(means)
	at := func(p float64) float64 { // type 7
		x := p * float64(times-1)
		i := int(x)
		if i+1 >= times {
			return means[times-1]
		}
		return means[i] + (x-float64(i))*(means[i+1]-means[i])
	}
	return Interval{at(.025), at(.975)}
}
