// Package forecast holds forecasting models for one series each, the measures of
// their errors and the ways of combining them. It knows nothing of calendars, files or many
// series: those are the callers'.
//
//	y ─Model.Fit─▶ Fitted ─Forecast(h), Sigma(h)─▶ points and spread
//
// Missing values are NaN. All is deterministic; no model draws random numbers.
package forecast
