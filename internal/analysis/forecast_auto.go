package analysis

import (
	"github.com/ecomctl/ecomctl/internal/kernel/arima"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// longSeason is the length from which a season is better taken out by STL than carried as a state
// for every step of it.
const longSeason = 25

// Origins at which the candidates of --model auto are compared.
const (
	autoOrigins      = 4
	autoOriginsLight = 2
)

// autoForecast is --model auto: candidates that suit the seasons, weighed on the series' own history.
func autoForecast(s modelSetting) forecast.Model {
	a := forecast.Auto{Horizon: s.horizon, Origins: autoOrigins}
	if s.light {
		a.Origins = autoOriginsLight
	}
	add := func(prior float64, models ...forecast.Model) {
		for _, m := range models {
			a.Candidates = append(a.Candidates, forecast.Candidate{Model: m, Prior: prior})
		}
	}
	// what costs most is left out where there are very many series
	slow := func(models ...forecast.Model) {
		if !s.light {
			add(1, models...)
		}
	}
	add(1, forecast.OnlyIntermittent(forecast.SBA()), forecast.OnlyIntermittent(forecast.TSB()))
	m := s.shortest()
	switch {
	case len(s.seasons) > 1:
		last := s.seasons[len(s.seasons)-1]
		level := forecast.ETSSpec{Error: 'A', Trend: 'N', Season: 'A'}
		for _, m := range s.seasons {
			add(1, forecast.WithSeason(forecast.SeasonalNaive(), m), forecast.WithSeason(forecast.DynamicOptimisedTheta(), m))
		}
		add(1, forecast.WithSeason(forecast.ETS("ets", level), last), forecast.Logged(forecast.WithSeason(forecast.ETS("ets", level), last)))
		add(1, forecast.Decomposed("mstl", s.seasons, forecast.SES()), forecast.Logged(forecast.Decomposed("mstl", s.seasons, forecast.Damped())))
		slow(forecast.Logged(forecast.Decomposed("mstl", s.seasons, arima.Auto{})))
	case m >= longSeason:
		add(1, forecast.WithSeason(forecast.AutoETS(), 1), forecast.WithSeason(forecast.Damped(), 1), forecast.DynamicOptimisedTheta())
		add(1, forecast.Decomposed("mstl", s.seasons, forecast.AutoETS()), forecast.Logged(forecast.Decomposed("mstl", s.seasons, forecast.AutoETS())))
		add(0.5, forecast.Naive(), forecast.SeasonalNaive())
	default:
		add(1, forecast.AutoETS(), forecast.DynamicOptimisedTheta())
		add(0.5, forecast.Damped(), forecast.SeasonalNaive())
		slow(arima.Auto{})
	}
	return a
}
