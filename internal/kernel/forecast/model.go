package forecast

import "context"

// Model is a way of forecasting one series. A Model is a value without state: one may
// be used for many series at once.
type Model interface {
	// Name is the word of --model: "ets", "theta", "arima".
	Name() string
	// Fit estimates the model on the series y, in order of time and equally spaced; NaN is a
	// missing value. season is the number of steps of a season, 1 = none; a model that has
	// several seasons holds them itself and takes season as the shortest. Fit does not keep or
	// change y. It fails, with fault.Data, where the model does not apply (too short, not
	// positive); it never panics on numbers, however odd, and stops with ctx.
	Fit(ctx context.Context, y []float64, season int) (Fitted, error)
}

// Fitted is a model estimated on one series. It is immutable.
type Fitted interface {
	// Name tells what was fitted: "ETS(A,Ad,N)", "ARIMA(1,1,1)(0,1,1)[12]".
	Name() string
	// Forecast returns the point forecasts of the h steps after the series' end.
	Forecast(h int) []float64
	// Sigma returns the standard deviations of the errors of Forecast(h) that the model
	// itself implies; NaN where it has none.
	Sigma(h int) []float64
	// Fitted returns the one-step-ahead forecasts within the series, as long as y; NaN where
	// there is none.
	Fitted() []float64
	// Params returns what was estimated.
	Params() []Param
	// AICc is the corrected Akaike criterion; NaN for what is not fitted by likelihood.
	AICc() float64
}

// Param is one estimated number of a model.
type Param struct {
	Name  string
	Value float64
}
