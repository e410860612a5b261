package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/anomaly"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// outlierParam says what becomes of values at the end that nothing announces.
var outlierParam = Param{Name: "outliers", Kind: StringParam, Default: "clean", Choices: []string{"clean", "keep"},
	Help: "single odd values at the end of a series: fit what was expected instead and say so, or fit them as they are"}

// cleaned is a model that does not see strays at the end of a series: one order of a wholesaler on the last day
// would lift every day to come.
type cleaned struct{ forecast.Model }

// asTheyAre are the models whose definition is the last values themselves.
var asTheyAre = []string{"naive", "snaive", "drift", "window"}

// lateSteps is the number of steps at the end of a series that are looked at: two seasons, or where a season is
// long or there is none, a few steps.
func lateSteps(season int) int {
	if season > 3 && season <= longSeason {
		return 2 * season
	}
	return 8
}

// Fit implements forecast.Model.
func (c cleaned) Fit(ctx context.Context, y []float64, season int) (forecast.Fitted, error) {
	var periods []int
	if season > 1 {
		periods = []int{season}
	}
	strays := anomaly.Strays(y, periods, lateSteps(season))
	if len(strays) == 0 {
		return c.Model.Fit(ctx, y, season)
	}
	calm := slices.Clone(y)
	for _, s := range strays {
		calm[s.At] = s.Expected
	}
	fit, err := c.Model.Fit(ctx, calm, season)
	if err != nil {
		return nil, err
	}
	if t, ok := fit.(tester); ok {
		return testedClean{cleanFit{fit, strays}, t}, nil
	}
	return cleanFit{fit, strays}, nil
}

// tester is a fit that knows its own back-test.
type tester interface{ Tested() []forecast.Origin }

// innerFit lets a fit stand within another: its field must not be called as its method.
type innerFit = forecast.Fitted

// cleanFit is a fit without strays.
type cleanFit struct {
	innerFit
	strays []anomaly.Stray
}

// Strays lists what the fit did not see.
func (f cleanFit) Strays() []anomaly.Stray { return f.strays }

// testedClean is one that knows its own back-test.
type testedClean struct {
	cleanFit
	tester
}

// straysOf returns what a fit, or one within it, did not see.
func straysOf(fit forecast.Fitted) []anomaly.Stray {
	for fit != nil {
		switch f := fit.(type) {
		case interface{ Strays() []anomaly.Stray }:
			return f.Strays()
		case interface{ Unwrap() forecast.Fitted }:
			fit = f.Unwrap()
		default:
			return nil
		}
	}
	return nil
}

// readOutliers reads --outliers.
func readOutliers(r *Request) (keep bool, err error) {
	switch s := r.Str("outliers"); s {
	case "", "clean":
		return false, nil
	case "keep":
		return true, nil
	default:
		return false, fault.New(fault.Usage, "--outliers %s: not one of clean, keep", s)
	}
}

// strayNote says which values were not fitted, those farthest off first; "" without any.
func (f *forecastRun) strayNote() string {
	type place struct {
		series int
		anomaly.Stray
	}
	var all []place
	for i := range f.outcomes {
		for _, s := range f.outcomes[i].strays {
			all = append(all, place{i, s})
		}
	}
	if len(all) == 0 {
		return ""
	}
	off := func(p place) float64 { return math.Abs(p.Value - p.Expected) }
	slices.SortStableFunc(all, func(a, b place) int { return compareFloat(off(b), off(a)) })
	const most = 3
	var words []string
	for _, p := range all[:min(most, len(all))] {
		s := &f.panel.series[p.series]
		words = append(words, fmt.Sprintf("%s %s: %s instead of %s", s.id, f.panel.grid.text(f.panel.grid.at(s.origin, int64(p.At))), plainNumber(s.y[p.At]), plainNumber(p.Expected)))
	}
	if n := len(all) - most; n > 0 {
		words = append(words, fmt.Sprintf("%d more", n))
	}
	return fmt.Sprintf("%s at the end not fitted, for nothing announces or repeats it: %s (--outliers keep fits it)", counted(len(all), "odd value"), strings.Join(words, ", "))
}
