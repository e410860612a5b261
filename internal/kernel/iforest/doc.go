// Package iforest scores how easily rows are isolated: Liu, Ting & Zhou, Isolation
// Forest, ICDM 2008. A tree cuts a small sample by random columns at random values; odd rows
// end near its root. The score of a row is
//
//	s = 2^(−E h / c(ψ))  with  c(n) = 2 H(n−1) − 2 (n−1)/n
//
// where E h is its mean depth over the trees, ψ the sample size, H the harmonic
// numbers: near 1 is odd, 0.5 and below is ordinary.
//
// A tree is stored as a complete one of fixed height: a leaf above the bottom is continued by
// nodes that always go left. So every row makes the same number of steps without a branch, and
// four rows go down side by side.
package iforest
