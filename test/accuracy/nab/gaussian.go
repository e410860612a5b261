package nab

import "math"

// WindowedGaussian is the benchmark's simple peer: the tail probability of a value
// under a normal distribution of the last 6,400 values, moved in steps of 100.
func WindowedGaussian(f *File) []float64 {
	const size, step = 6400, 100
	scores := make([]float64, len(f.Values))
	var window, buffer []float64
	mean, std := 0.0, 1.0
	fit := func() {
		mean, std = 0, 0
		for _, v := range window {
			mean += v
		}
		mean /= float64(len(window))
		for _, v := range window {
			std += (v - mean) * (v - mean)
		}
		if std = math.Sqrt(std / float64(len(window))); std == 0 {
			std = 1e-6
		}
	}
	for i, v := range f.Values {
		if len(window) > 0 {
			scores[i] = 1 - 0.5*math.Erfc(math.Abs(v-mean)/std/math.Sqrt2)
		}
		if len(window) < size {
			window = append(window, v)
			fit()
			continue
		}
		if buffer = append(buffer, v); len(buffer) == step {
			window = append(window[step:], buffer...)
			buffer = buffer[:0]
			fit()
		}
	}
	return scores
}
