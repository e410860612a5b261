// Package generate makes synthetic shops: order lines that behave like those of
// a real shop (a few customers and products make most of the revenue, weekdays,
// seasons, campaign days, growth, bundles, returns, wholesale, guests) and, on
// request, are as dirty as real files are.
//
// Every value is a function of (seed, order number, line number) by a
// counter-based hash, so any block of rows can be made on its own: the same
// options give the same bytes for any number of threads and in any order of blocks.
//
//	Options ─New─▶ Shop ─Splits─▶ split ─Open─▶ Reader ─Next─▶ frame.Batch
//
// A Shop is a source.Dataset: whatever reads files reads a synthetic shop too.
//
// The unit of generation is a group of 1,024 orders with exactly 2,560 lines
// (the basket sizes of a group are one fixed multiset in a shuffled order), so
// the row number tells the group and row counts are exact. Draws are integers and
// quantised tables, never fused floating point, so all platforms agree.
package generate
