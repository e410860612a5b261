package forecast

import "math"

// SMAPE is the mean of 200·|y − f| / (|y| + |f|) in percent, as in the M4 competition; a step where
// both are 0 counts as 0, one with a missing y is left out. NaN without steps.
func SMAPE(y, f []float64) float64 {
	sum, n := 0.0, 0.0
	for i, v := range y {
		if v != v {
			continue
		}
		n++
		if d := math.Abs(v) + math.Abs(f[i]); d > 0 {
			sum += 200 * math.Abs(v-f[i]) / d
		}
	}
	return sum / n
}

// ScaleMAE is the denominator of MASE: the mean absolute error of the seasonal naive method one
// season ahead within the series (Hyndman & Koehler, Int. J. Forecasting 22, 2006). NaN where it
// cannot be told, 0 for a constant series.
func ScaleMAE(y []float64, season int) float64 {
	sum, n := 0.0, 0.0
	for i := season; i < len(y); i++ {
		if d := y[i] - y[i-season]; d == d {
			sum += math.Abs(d)
			n++
		}
	}
	return sum / n
}

// ScaleMSE is the denominator of RMSSE: the mean squared error of the naive method one step ahead
// within the series (M5 competition).
func ScaleMSE(y []float64) float64 {
	sum, n := 0.0, 0.0
	for i := 1; i < len(y); i++ {
		if d := y[i] - y[i-1]; d == d {
			sum += d * d
			n++
		}
	}
	return sum / n
}

// MAE is the mean absolute error over the known steps.
func MAE(y, f []float64) float64 {
	sum, n := 0.0, 0.0
	for i, v := range y {
		if v == v {
			sum += math.Abs(v - f[i])
			n++
		}
	}
	return sum / n
}

// MSE is the mean squared error over the known steps.
func MSE(y, f []float64) float64 {
	sum, n := 0.0, 0.0
	for i, v := range y {
		if v == v {
			sum += (v - f[i]) * (v - f[i])
			n++
		}
	}
	return sum / n
}

// Score holds the errors of one forecast against what came.
type Score struct{ SMAPE, MASE, RMSSE float64 }

// ScoreOf measures forecast f of the steps y that follow history.
func ScoreOf(history, y, f []float64, season int) Score {
	return Score{
		SMAPE: SMAPE(y, f),
		MASE:  MAE(y, f) / ScaleMAE(history, max(1, season)),
		RMSSE: math.Sqrt(MSE(y, f) / ScaleMSE(history)),
	}
}

// OWA is the overall weighted average of the M4 competition: the mean of the two ratios to NAIVE2,
// of measures that were averaged over all series first.
func OWA(smape, mase, naive2SMAPE, naive2MASE float64) float64 {
	return (smape/naive2SMAPE + mase/naive2MASE) / 2
}
