// Package quality says how good an input is: Profile describes every column
// exactly (counts, extremes, moments, quantiles, the most frequent value), Validate
// checks rules and finds every row that breaks one.
//
// Both read the input as it is, before mapping and clean, split by split in
// parallel, and give the same bytes for any number of threads and any order of
// rows within what they report.
//
//	source.Dataset ─scan─▶ tally (value, count) ─▶ Profile ─▶ result.Table, suggested rules
//	               ─scan─▶ checks ─▶ Report ─▶ result.Table, JUnit, failing rows
package quality
