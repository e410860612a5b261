package anomaly

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// Series is one series on a grid of steps: Y[i] stands at step First + i of the common
// calendar; NaN is a gap.
type Series struct {
	First int64
	Y     []float64
}

// blockSteps is the length of time after which the series learn of each other's errors.
const blockSteps = 64

// Batch judges many series causally, as Detectors do, with one Pool: it is asked as it
// stood at the beginning of a block of time, so that nothing depends on the number of
// threads, and nothing on the future. The answer is parallel to the series and their values.
func Batch(ctx context.Context, series []Series, o Options, threads int) ([][]Point, error) {
	out := make([][]Point, len(series))
	det := make([]*Detector, len(series))
	at := make([]int, len(series))
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	if o.Pool == nil && len(series) > 1 {
		o.Pool = &Pool{}
	}
	for i, s := range series {
		out[i] = make([]Point, len(s.Y))
		det[i] = New(o)
		if len(s.Y) > 0 {
			from, to = min(from, s.First), max(to, s.First+int64(len(s.Y)))
		}
	}
	step := int64(blockSteps)
	if len(series) == 1 {
		step = 1 << 16
	}
	for t := from; t < to; t += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		each(len(series), threads, func(i int) {
			s := series[i]
			for ; at[i] < len(s.Y) && s.First+int64(at[i]) < t+step; at[i]++ {
				out[i][at[i]] = det[i].Update(s.First+int64(at[i]), s.Y[at[i]])
			}
		})
		for _, d := range det {
			if f := d.TakeFresh(); o.Pool != nil {
				o.Pool.Learn(f)
			}
		}
	}
	return out, nil
}

// each calls f(0) … f(n−1) from several goroutines.
func each(n, threads int, f func(int)) {
	if threads <= 1 || n <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(threads, n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}
