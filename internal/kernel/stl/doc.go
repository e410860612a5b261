// Package stl splits a series into trend, season and remainder by locally weighted regression.
//
//   - STL: Cleveland, Cleveland, McRae & Terpenning, STL: A Seasonal-Trend Decomposition Procedure
//     Based on Loess, Journal of Official Statistics 6(1), 1990. An inner loop smooths the
//     cycle-subseries (one a position in the season), takes what is slow out of them and smooths
//     the rest to the trend; an outer loop gives bisquare weights to the points, so that
//     outliers do not bend the parts. Parameters and defaults as in statsmodels' STL, and
//     the numbers too, but for rounding.
//   - MSTL: Bandara, Hyndman & Bergmeir, MSTL: A Seasonal-Trend Decomposition Algorithm for Time
//     Series with Multiple Seasonal Patterns, 2021 (arXiv 2107.13462): STL for each season, from
//     the shortest, on the series without the others, repeated.
//
// Local regression at a point x is a line through the neighbours with weights
// (1 − |d/h|³)³ of the distance d. In the interior of an equally spaced series the
// weights are the same everywhere; so the line's value needs only the sums
//
//	Sₖ = Σ w(d) ρ dᵏ (k = 0, 1, 2) and Tₖ = Σ w(d) ρ y dᵏ (k = 0, 1)
//
// with robustness weights ρ. The S change only once an outer pass, the T are short symmetric filters; this is
// where the time of the textbook form, which makes every weight anew at every point, is saved.
//
// Missing values: see Interpolate.
package stl
