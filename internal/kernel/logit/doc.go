// Package logit fits logistic regression with an L2 penalty.
//
// It minimises Σ ln(1+e^{−s_i·(x_i·w+b)}) + |w|²/(2C) over weights w and an unpenalised intercept b by Newton's
// method (iteratively re-weighted least squares; Hastie, Tibshirani & Friedman, The Elements
// of Statistical Learning, 4.4.1) with step halving. Numbers are standardised, missing ones are the mean and have
// an indicator of their own; levels of a categorical column are one-hot, the rare ones together. Every
// row has one entry a column, so the Hessian costs rows × columns², however many levels there are.
//
// Sums are made over a fixed division of the rows and added in its order: a fit does not
// depend on the number of threads.
package logit
