package anomaly

import (
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/kernel/stl"
)

// ESDLevel is the score from which SeasonalESD's points are anomalies by default, as in the
// package of its authors: level 0.05 of the test.
const ESDLevel = 0.95

// esdCycles is the number of cycles of a piece: a fortnight of days, as its authors have it.
const esdCycles = 14

// SeasonalESD judges whole series by the seasonal hybrid ESD test: pieces of a fortnight of cycles, in each the robust season of the first of
// Options.Periods and the piece's median as the expectation, and the ESD test with median and MAD on what is left, for at most a
// share `most` of the piece. P is the least level of that test at which a point is an outlier: the probability that
// a piece of its length without any has one. A point that the test does not reach has P 1. Pieces overlap where the last is not
// whole, and the smaller P counts. Spots and Pool are not looked at.
func SeasonalESD(ctx context.Context, series []Series, o Options, most float64, threads int) ([][]Point, error) {
	level := o.Level
	if level <= 0 || level >= 1 {
		level = ESDLevel
	}
	out := make([][]Point, len(series))
	each(len(series), threads, func(i int) {
		if ctx.Err() == nil {
			out[i] = seasonalESD(series[i].Y, o.Periods, most, level)
		}
	})
	return out, ctx.Err()
}

func seasonalESD(y []float64, periods []int, most, level float64) []Point {
	points := make([]Point, len(y))
	for i := range points {
		points[i] = Point{Expected: math.NaN(), Z: math.NaN(), P: math.NaN(), Score: math.NaN()}
	}
	period := 1
	for _, m := range periods {
		if m > 1 {
			period = m
			break
		}
	}
	piece := esdCycles * period
	if period == 1 || piece > len(y) {
		piece = len(y)
	}
	for to := piece; piece > 0; to = min(to+piece, len(y)) {
		esdPiece(points[to-piece:to], y[to-piece:to], period, most)
		if to == len(y) {
			break
		}
	}
	for i := range points {
		p := &points[i]
		if y[i] != y[i] {
			p.Kind = Missing
		}
		if p.P != p.P {
			continue
		}
		p.Kind, p.Score = kindOf(y[i], p.Expected), 1-p.P
		p.Anomaly = p.Score >= level
	}
	return points
}

// esdPiece fills expectation and P of one piece.
func esdPiece(points []Point, y []float64, period int, most float64) {
	seen := make([]float64, 0, len(y))
	for _, v := range y {
		if v == v {
			seen = append(seen, v)
		}
	}
	if len(seen) < Least {
		return
	}
	season := make([]float64, len(y))
	if n := len(y); n > 2*period && period > 1 {
		full, _ := stl.FillSeasonal(y, period)
		flat := 10*(n/period) + 11 - 10*(n/period)%2 // a window so long that the season does not change
		if p, err := stl.Decompose(full, stl.Options{Period: period, Robust: true, Seasonal: flat, FlatSeason: true}); err == nil {
			season = p.Season
		}
	}
	slices.Sort(seen)
	median := seen[len(seen)/2]
	rest := make([]float64, len(y))
	for i, v := range y {
		rest[i] = v - season[i] - median
	}
	at, statistic, p := extremes(rest, int(math.Ceil(most*float64(len(y)))))
	for i := range points {
		points[i].Expected = season[i] + median
		if y[i] == y[i] && !(points[i].P < 1) {
			points[i].P, points[i].Z = 1, 0
		}
	}
	for k, i := range at {
		if q := &points[i]; p[k] <= q.P {
			q.P, q.Z = p[k], math.Copysign(statistic[k], rest[i])
		}
	}
}
