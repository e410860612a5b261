package nab

import (
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// SeasonalHybridESD is Twitter's detector (Hochenbaum et al., 2017) with the defaults of
// its R package: STL season, piecewise medians of two weeks in the place of the trend, hybrid ESD
// at level 0.05 for at most a share `most` of each piece. It looks at the whole series, as in the
// benchmark, so it knows more than a causal detector. The score is 1 where the test rejects, else 0.
func SeasonalHybridESD(f *File, period int, most float64) []float64 {
	scores := make([]float64, len(f.Values))
	piece := 14 * period
	if piece < 2*period+1 || piece > len(f.Values) {
		piece = len(f.Values)
	}
	for from := 0; from < len(f.Values); from += piece {
		to := min(from+piece, len(f.Values))
		if to-from < piece { // the last piece is as long as the others
			from = to - piece
		}
		y := f.Values[from:to]
		sorted := slices.Clone(y)
		slices.Sort(sorted)
		median := sorted[len(sorted)/2]
		season := make([]float64, len(y))
		if p, err := stl.Decompose(y, stl.Options{Period: period, Robust: true, Seasonal: 10*(len(y)/period) + 11 - 10*(len(y)/period)%2, FlatSeason: true}); err == nil {
			season = p.Season
		}
		rest := make([]float64, len(y))
		for i := range y {
			rest[i] = y[i] - season[i] - median
		}
		at, _ := anomaly.ESD(rest, int(math.Ceil(most*float64(len(y)))), 0.05)
		for _, i := range at {
			scores[from+i] = 1
		}
		if to == len(f.Values) {
			break
		}
	}
	return scores
}
