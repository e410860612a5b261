package analysis

import (
	"sort"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/forecast"
)

// forecastModels makes the models of --model for given seasons, by name.
var forecastModels = map[string]func(seasons []int) forecast.Model{
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

	"croston": plainModel(forecast.Croston), "sba": plainModel(forecast.SBA), "tsb": plainModel(forecast.TSB),
}

// plainModel is a model that takes the shortest season when it is fitted.
func plainModel(f func() forecast.Model) func([]int) forecast.Model {
	return func([]int) forecast.Model { return f() }
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
func modelOf(name string, seasons []int) (forecast.Model, error) {
	f, ok := forecastModels[name]
	if !ok {
		return nil, fault.New(fault.Usage, "--model %s: not one of %s", name, strings.Join(modelNames(), ", "))
	}
	return f(seasons), nil
}

// autoForecast is --model auto.
func autoForecast([]int) forecast.Model {
	return forecast.Combination("auto", forecast.AutoETS(), forecast.Damped(), forecast.DynamicOptimisedTheta())
}
