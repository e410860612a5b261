package classify

import (
	"math"
	"sort"
)

// Metrics are the figures of one set of probabilities. Those that need both classes are NaN
// where one is absent.
type Metrics struct {
	Rows, Positives int
	AUC, AUCError   float64 // and its standard error
	AP              float64
	Brier, LogLoss  float64
	Lift            float64 // of the tenth with the highest scores
}

// Measure computes all metrics. Probabilities are finite.
func Measure(p []float64, y []bool) Metrics {
	order := byScore(p)
	m := Metrics{Rows: len(p), Brier: Brier(p, y), LogLoss: LogLoss(p, y)}
	for _, v := range y {
		if v {
			m.Positives++
		}
	}
	m.AUC, m.AUCError = auc(p, y, order)
	m.AP = averagePrecision(p, y, order)
	m.Lift = lift(p, y, order, 0.1)
	return m
}

// AUC returns the area under the ROC curve and its standard error; NaN without both classes.
func AUC(score []float64, y []bool) (area, stderr float64) { return auc(score, y, byScore(score)) }

// AveragePrecision returns the area under the precision-recall curve; NaN without a yes.
func AveragePrecision(score []float64, y []bool) float64 {
	return averagePrecision(score, y, byScore(score))
}

// Lift returns the lift of the share of rows with the highest scores; NaN without a yes.
func Lift(score []float64, y []bool, share float64) float64 {
	return lift(score, y, byScore(score), share)
}

// byScore returns the places of scores, highest first.
func byScore(score []float64) []int32 {
	order := make([]int32, len(score))
	for i := range order {
		order[i] = int32(i)
	}
	sort.Slice(order, func(a, b int) bool { return score[order[a]] > score[order[b]] })
	return order
}

// ties calls do for each group of equal scores with its numbers of yes and no, highest first.
func ties(score []float64, y []bool, order []int32, do func(yes, no float64)) {
	for i := 0; i < len(order); {
		j, yes := i, 0.0
		for ; j < len(order) && score[order[j]] >= score[order[i]]; j++ {
			if y[order[j]] {
				yes++
			}
		}
		do(yes, float64(j-i)-yes)
		i = j
	}
}

func auc(score []float64, y []bool, order []int32) (area, stderr float64) {
	var pos, neg float64
	ties(score, y, order, func(yes, no float64) { pos, neg = pos+yes, neg+no })
	if pos < 1 || neg < 1 {
		return math.NaN(), math.NaN()
	}
	// A yes beats the share of no below it; a no is beaten by the share of yes above it.
	var above, over, yes2, no2, sum float64
	ties(score, y, order, func(yes, no float64) {
		beats := (neg - over - no/2) / neg
		beaten := (above + yes/2) / pos
		sum += yes * beats
		yes2 += yes * beats * beats
		no2 += no * beaten * beaten
		above, over = above+yes, over+no
	})
	area = sum / pos
	if pos < 2 || neg < 2 {
		return area, math.NaN()
	}
	v := max(0, yes2-pos*area*area)/(pos-1)/pos + max(0, no2-neg*area*area)/(neg-1)/neg
	return area, math.Sqrt(v)
}

func averagePrecision(score []float64, y []bool, order []int32) float64 {
	var pos, seen, sum float64
	ties(score, y, order, func(yes, no float64) {
		seen, pos = seen+yes+no, pos+yes
		sum += yes * pos / seen
	})
	if pos < 1 {
		return math.NaN()
	}
	return sum / pos
}

func lift(score []float64, y []bool, order []int32, share float64) float64 {
	top := share * float64(len(order))
	var seen, pos, hit float64
	ties(score, y, order, func(yes, no float64) {
		if room := top - seen; room > 0 {
			hit += yes * min(1, room/(yes+no))
		}
		seen, pos = seen+yes+no, pos+yes
	})
	if pos < 1 || top <= 0 {
		return math.NaN()
	}
	return hit / top / (pos / seen)
}

// Brier returns the mean squared error of probabilities; NaN without rows.
func Brier(p []float64, y []bool) float64 {
	var s float64
	for i, v := range p {
		if y[i] {
			v = 1 - v
		}
		s += v * v
	}
	return s / float64(len(p))
}

// leastLikely keeps one certain and wrong probability from making the loss infinite.
const leastLikely = 1e-15

// LogLoss returns the mean negative log-likelihood; NaN without rows.
func LogLoss(p []float64, y []bool) float64 {
	var s float64
	for i, v := range p {
		if !y[i] {
			v = 1 - v
		}
		s -= math.Log(max(leastLikely, v))
	}
	return s / float64(len(p))
}

// LossOf returns the log-loss, in nats, of log-odds x where the truth is y.
func LossOf(x float64, y bool) float64 {
	if y {
		x = -x
	}
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}
