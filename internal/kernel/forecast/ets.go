package forecast

import (
	"context"
	"math"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// etsModel is one or several forms of exponential smoothing.
type etsModel struct {
	name  string
	forms func(d *etsData) []ETSSpec // tried; the least AICc wins
}

// Name implements Model.
func (m etsModel) Name() string { return m.name }

// ETS returns the model of one form.
func ETS(name string, spec ETSSpec) Model {
	return etsModel{name, func(*etsData) []ETSSpec { return []ETSSpec{spec} }}
}

// SES is simple exponential smoothing: ETS(A,N,N).
func SES() Model { return ETS("ses", ETSSpec{'A', 'N', false, 'N'}) }

// Holt is Holt's trend (Holt 1957, reprinted in Int. J. Forecasting 20, 2004): ETS(A,A,N), or
// ETS(A,Ad,N) where AICc prefers its damped form.
func Holt() Model {
	return etsModel{"holt", func(*etsData) []ETSSpec { return undampedOrDamped(ETSSpec{'A', 'A', false, 'N'}) }}
}

func undampedOrDamped(s ETSSpec) []ETSSpec {
	damped := s
	damped.Damped = true
	return []ETSSpec{s, damped}
}

// Damped is the damped trend of Gardner & McKenzie (Management Science 31, 1985): ETS(A,Ad,N).
func Damped() Model { return ETS("damped", ETSSpec{'A', 'A', true, 'N'}) }

// HoltWinters is Holt–Winters smoothing (Winters, Management Science 6, 1960) with an additive or
// multiplicative season: ETS(A,A,A) or ETS(M,A,M), or their damped forms where AICc prefers
// them. Without a season of two steps or more it is Holt's trend.
func HoltWinters(multiplicative bool) Model {
	name, spec := "hw", ETSSpec{'A', 'A', false, 'A'}
	if multiplicative {
		name, spec = "hw-mul", ETSSpec{'M', 'A', false, 'M'}
	}
	return etsModel{name, func(d *etsData) []ETSSpec {
		s := spec
		if d.m < 2 {
			s.Season = 'N'
		}
		return undampedOrDamped(s)
	}}
}

// AutoETS chooses among all admissible forms by AICc (Hyndman, Koehler, Snyder & Grose, Int. J.
// Forecasting 18, 2002).
func AutoETS() Model {
	return etsModel{"ets", func(d *etsData) []ETSSpec {
		return etsForms(d.least > 0, d.m > 1 && d.n >= 2*d.m)
	}}
}

// Fit implements Model.
func (m etsModel) Fit(ctx context.Context, y []float64, season int) (Fitted, error) {
	d, err := newETSData(y, season)
	if err != nil {
		return nil, err
	}
	forms := m.forms(d)
	if d.constant() {
		return constantETS(forms[0], d), nil
	}
	work := &etsFit{}
	var best *etsFitted
	for i, spec := range forms {
		if len(forms) > 1 && d.n < spec.size(d.m)+3 && i > 0 {
			continue // more numbers than the series can tell
		}
		r, ferr := fitETS(ctx, work, spec, d)
		if ferr != nil {
			if fault.KindOf(ferr) == fault.Interrupted {
				return nil, ferr
			}
			err = ferr
			continue
		}
		if best == nil || r.aicc < best.aicc {
			best = r
		}
	}
	if best == nil {
		return nil, err
	}
	return best, nil
}

// constantETS is what every form is on a series of equal values.
func constantETS(spec ETSSpec, d *etsData) *etsFitted {
	spec = ETSSpec{spec.Error, 'N', false, 'N'}
	level := etsPars{alpha: alphaMin, level: d.mean, seas: []float64{0}}
	r := &etsFitted{spec: spec, m: 1, par: level, end: level, aicc: math.Inf(-1)}
	r.fitted = make([]float64, d.offset+len(d.y))
	for i := range r.fitted {
		r.fitted[i] = d.mean
		if i < d.offset {
			r.fitted[i] = math.NaN()
		}
	}
	return r
}
