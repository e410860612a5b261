package nab

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
)

// SeasonalHybridESD is Twitter's detector (Hochenbaum et al., 2017) with the defaults of
// its R package: STL season, piecewise medians of two weeks in the place of the trend, hybrid ESD
// at level 0.05 for at most a share `most` of each piece. It looks at the whole series, as in the
// benchmark, so it knows more than a causal detector. The score is 1 where the test rejects, else 0.
func SeasonalHybridESD(f *File, period int, most float64) ([]float64, error) {
	out, err := anomaly.SeasonalESD(context.Background(), []anomaly.Series{{Y: f.Values}}, anomaly.Options{Periods: []int{period}}, most, 1)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, len(f.Values))
	for i, p := range out[0] {
		if p.Anomaly {
			scores[i] = 1
		}
	}
	return scores, nil
}
