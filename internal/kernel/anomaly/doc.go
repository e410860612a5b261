// Package anomaly judges the values of time series: how improbable is this one, given
// those before it, and what kind of anomaly is it.
//
//		value ─transform─▶ baseline (robust level + seasons) ─error─▶ tails ─p─▶ merged p ─▶ score, kind, incident
//
//	  - Detector is the causal form: its state and Update(step, value) are all that a stream
//	    needs, and batches run the same code. Baseline: robust exponential smoothing (Gelper,
//	    Fried & Croux, Journal of Forecasting 29(3), 2010) on a Box–Cox scale; season, transform and
//	    weights are those with the least robust one-step error on the past, chosen anew at doubling
//	    lengths. Tails: peaks over threshold with a generalised Pareto distribution (Hosking &
//	    Wallis, Technometrics 29(3), 1987; Siffer et al., KDD 2017). Evidence of several kinds is
//	    merged by a weighted Bonferroni rule (Genovese, Roeder & Wasserman, Biometrika 93(3), 2006), the
//	    geometric mean of two by Vovk & Wang, Combining p-values via averaging, Biometrika 107(4), 2020.
//	    Series that are mostly 0 are judged by the probability of a sale, the tail of its sizes and the lengths of runs.
//	  - Pool shares the tails of many series with those too short to have their own.
//	  - SHESD is the seasonal hybrid ESD test of Hochenbaum, Vallis & Kejariwal, Automatic
//	    Anomaly Detection in the Cloud Via Statistical Learning, 2017 (arXiv 1704.07706).
//	  - Retrospective judges a whole series at once by the remainder of a decomposition.
//	  - Explain names the values of a dimension that account for a deviation of a sum, in the manner of
//	    Bhagwan et al., Adtributor, NSDI 2014.
//
// Missing values are NaN. Nothing draws random numbers.
package anomaly
