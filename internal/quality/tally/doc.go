// Package tally counts how often each value occurs, exactly and in bounded
// memory: open-addressing tables that compare the values themselves, spilled as
// sorted runs when the budget is used up, and merged into one ascending list of
// (value, count). Whatever a profile says (distinct, extremes, quantiles, mode,
// sums) is computed from that list, so no answer depends on the order of rows or
// on how many tables counted them.
//
//	Add ─▶ table ─Spill─▶ sorted runs ┐
//	                 table, sorted ───┴─▶ Merge ─▶ f(value, count) ascending
//
// A table belongs to one goroutine until it is merged.
package tally
