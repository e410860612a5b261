package analysis

import (
	"math"
	"slices"
)

// clusterScale maps a column to the scale that distances are taken on: (t(x) − shift) / factor,
// t being ln(1 + |x|) with the sign kept for "log" and x itself else.
type clusterScale struct {
	Method string    `json:"method"`
	Shift  []float64 `json:"shift"`
	Factor []float64 `json:"factor"`
}

// signedLog is ln(1 + |x|) with the sign of x.
func signedLog(x float64) float64 { return math.Copysign(math.Log1p(math.Abs(x)), x) }

// fitScale finds the scale of each column of n rows without NaN. constant lists the columns of one value: they stay
// 0 everywhere and tell no rows apart.
func fitScale(method string, x []float64, d int) (s clusterScale, constant []int) {
	s = clusterScale{method, make([]float64, d), make([]float64, d)}
	for j := range d {
		s.Factor[j] = 1
		col := columnOf(x, d, j)
		if method == "log" {
			for i, v := range col {
				col[i] = signedLog(v)
			}
		}
		mean, sd := meanAndSD(col)
		if slices.Max(col) == slices.Min(col) {
			constant = append(constant, j)
			if method != "none" {
				s.Shift[j] = col[0]
			}
			continue
		}
		switch method {
		case "log", "standard":
			s.Shift[j], s.Factor[j] = mean, sd
		case "robust":
			slices.Sort(col)
			s.Shift[j] = sortedQuantile(col, 0.5)
			if iqr := sortedQuantile(col, 0.75) - sortedQuantile(col, 0.25); iqr > 0 {
				s.Factor[j] = iqr
			} else {
				s.Factor[j] = sd // half the values are equal: the spread is in the rest
			}
		}
	}
	return s, constant
}

// apply scales rows in place.
func (s *clusterScale) apply(x []float64) {
	d := len(s.Shift)
	for i := range x {
		v := x[i]
		if s.Method == "log" {
			v = signedLog(v)
		}
		x[i] = (v - s.Shift[i%d]) / s.Factor[i%d]
	}
}

// columnOf copies column j of rows of d values.
func columnOf(x []float64, d, j int) []float64 {
	col := make([]float64, 0, len(x)/d)
	for i := j; i < len(x); i += d {
		col = append(col, x[i])
	}
	return col
}

// meanAndSD returns the mean and the standard deviation (population), in two passes.
func meanAndSD(v []float64) (mean, sd float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	for _, x := range v {
		sd += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(sd / float64(len(v)))
}

// sortedQuantile is the quantile of type 7 of sorted values.
func sortedQuantile(v []float64, p float64) float64 {
	h := p * float64(len(v)-1)
	i := int(h)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (h-float64(i))*(v[i+1]-v[i])
}
