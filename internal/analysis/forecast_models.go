package analysis

import (
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/arima"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// modelSetting is what a run tells its models.
type modelSetting struct {
	seasons []int // rising; none = no season
	horizon int
	light   bool // so many series that only what is quick is tried
}

// shortest returns the shortest season, 1 where there is none.
func (s modelSetting) shortest() int {
	if len(s.seasons) == 0 {
		return 1
	}
	return s.seasons[0]
}

// forecastModels makes the models of --model, by name.
var forecastModels = map[string]func(modelSetting) forecast.Model{
	"auto": autoForecast,

	"naive": plainModel(forecast.Naive), "snaive": plainModel(forecast.SeasonalNaive),
	"drift": plainModel(forecast.Drift), "window": plainModel(forecast.WindowMean),

	"ses": plainModel(forecast.SES), "holt": plainModel(forecast.Holt), "damped": plainModel(forecast.Damped),
	"hw":     plainModel(func() forecast.Model { return forecast.HoltWinters(false) }),
	"hw-mul": plainModel(func() forecast.Model { return forecast.HoltWinters(true) }),
	"ets":    plainModel(forecast.AutoETS),

	"theta": plainModel(forecast.Theta), "otm": plainModel(forecast.OptimisedTheta),
	"dstm": plainModel(forecast.DynamicTheta), "dotm": plainModel(forecast.DynamicOptimisedTheta),
	"autotheta": plainModel(forecast.AutoTheta),

	"arima": plainModel(func() forecast.Model { return arima.Auto{} }),

	"mstl": func(s modelSetting) forecast.Model {
		return forecast.Decomposed("mstl", s.seasons, forecast.AutoETS())
	},

	"croston": plainModel(forecast.Croston), "sba": plainModel(forecast.SBA), "tsb": plainModel(forecast.TSB),
}

// plainModel is a model that takes the shortest season when it is fitted.
func plainModel(f func() forecast.Model) func(modelSetting) forecast.Model {
	return func(modelSetting) forecast.Model { return f() }
}

// modelNames lists the words of --model.
func modelNames() []string {
	names := make([]string, 0, len(forecastModels))
	for n := range forecastModels {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// modelOf makes one model.
func modelOf(name string, s modelSetting) (forecast.Model, error) {
	f, ok := forecastModels[name]
	if !ok {
		return nil, fault.New(fault.Usage, "--model %s: not one of %s", name, strings.Join(modelNames(), ", "))
	}
	return f(s), nil
}
