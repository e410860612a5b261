package accuracy_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ecomctl/ecomctl/internal/kernel/arima"
	"github.com/ecomctl/ecomctl/test/accuracy/table"
)

// TestARIMA fits the weekly series without the command's back-tests, which would fit each four times. With a
// year's season nobody's AutoARIMA is quick: statsforecast 2.1.1 takes minutes a series, so it stands
// against the goal of --model auto only, and is left out with -short.
func TestARIMA(t *testing.T) {
	all := m4Weekly(t)
	var rows [][]string
	for _, c := range []struct {
		season int
		peer   float64 // OWA of statsforecast; 0 = none
		goal   float64
	}{{1, 0.8685, 0.8685 * 1.005}, {52, 0, 0.90}} {
		if c.season > 1 && testing.Short() {
			continue
		}
		f, in := fitARIMA(t, all, c.season)
		e := judge(all, f)
		if e.owa > c.goal {
			t.Errorf("season %d: OWA %.4f, goal %.4f", c.season, e.owa, c.goal)
		}
		peer := "–"
		if c.peer > 0 {
			peer = table.Num(c.peer, 4)
		}
		rows = append(rows, []string{fmt.Sprint(c.season), table.Num(e.smape, 3), table.Num(e.mase, 3), table.Num(e.owa, 4), peer, fmt.Sprintf("≤ %.4f", c.goal),
			fmt.Sprintf("%.1f %%", 100*in.in80), fmt.Sprintf("%.1f %%", 100*in.in95)})
	}
	table.Section(t, "arima", []string{"M4 weekly, AutoARIMA with season", "sMAPE", "MASE", "OWA", "statsforecast 2.1.1", "goal (OWA)", "in 80 % of ψ weights", "in 95 %"}, rows,
		"The intervals are the model's own (σ²Σψ²), not stretched by back-tests.")
}

// fitARIMA forecasts all series on all processors.
func fitARIMA(t *testing.T, all []m4Series, season int) (map[string][]float64, interval) {
	t.Helper()
	out := make([][]float64, len(all))
	var next, in80, in95 atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				f, err := arima.Auto{}.Fit(context.Background(), all[i].train, season)
				if err != nil {
					t.Errorf("%s: %v", all[i].id, err)
					out[i] = make([]float64, m4Horizon)
					continue
				}
				out[i] = f.Forecast(m4Horizon)
				for j, s := range f.Sigma(m4Horizon) {
					off := math.Abs(out[i][j]-all[i].test[j]) / s
					if off <= 1.2815515655446004 { // normal quantiles
						in80.Add(1)
					}
					if off <= 1.959963984540054 {
						in95.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	by := map[string][]float64{}
	for i, s := range all {
		by[s.id] = out[i]
	}
	n := float64(len(all) * m4Horizon)
	return by, interval{float64(in80.Load()) / n, float64(in95.Load()) / n}
}
