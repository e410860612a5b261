// Package arima fits seasonal ARIMA models and chooses their orders.
//
//	φ(B) Φ(Bᵐ) ((1−B)ᵈ (1−Bᵐ)ᴰ y − c) = θ(B) Θ(Bᵐ) ε,  ε ~ N(0, σ²)
//
// The choice is the stepwise search of Hyndman & Khandakar, Automatic Time Series Forecasting: The
// forecast Package for R, Journal of Statistical Software 27(3), 2008: d by repeated KPSS tests
// (Kwiatkowski, Phillips, Schmidt & Shin 1992), D by the seasonal strength of an STL decomposition (Wang,
// Smith & Hyndman 2006; over .64), then the neighbours of the best orders so far by AICc.
//
// Every candidate is fitted by exact maximum likelihood on the differenced series:
//
//   - the polynomials are given by partial autocorrelations (Barndorff-Nielsen & Schou 1973; Monahan
//     1984), so that every point of the search is stationary and invertible;
//   - the conditional sum of squares, with its analytic derivatives, gives the start;
//   - the likelihood comes from the recursions of Chandrasekhar type (Morf, Sidhu & Kailath 1974;
//     Pearlman, Biometrika 67, 1980), which cost O(r) a step with r = max(p, q+1) of the
//     expanded polynomials, where a Kalman filter costs O(r²); it changes to the steady filter when
//     the innovations' variance has settled;
//   - with the variance concentrated out, −2 log L is a sum of squares, and Levenberg's method
//     with Marquardt's scaling minimises it in a few steps.
//
// Missing values are interpolated before (see stl.FillSeasonal); that is an approximation: the likelihood takes
// them for observed.
package arima
