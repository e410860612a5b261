// Package local answers plans on this machine: one scan of the input feeds all
// queries of a plan.
//
//	split ─▶ reader ─▶ relation.Worker ─▶ state: selections, numbers, ids ─▶ accumulators
//	  (one goroutine a split, several at a time)      (once a batch, shared by queries)      (one set a worker)
//	                                                                             │ merge
//	                         tables, sorted by their dimensions ◀─ results ◀──────┘
//
// # Ids
//
// A keyer gives the values of a column small ids. Integers within the window
// that the file's statistics allow count from the window's start, calendar
// units from the year 1900; text and all else is interned in tables that
// workers share (package intern). A base numbers groups: by one keyer, by a product
// (dense along one large key) or by interned pairs. Which value got which id depends on
// the threads; answers never do, because ids are replaced by values and sorted in the end.
//
// # Exactness
//
// Integers and money are added in 64 bits while the magnitudes met prove that
// no sum can overflow, else in 128. Doubles are added as 128-bit fixed point
// numbers, where every term must be exact, else in a full-length accumulator, and
// rounded once. So no sum depends on the order of rows. Distinct counts compare
// values, never hashes alone. Quantiles keep all values (type 7).
//
// # Attempts
//
// Every shortcut says when it does not hold (errWide, errSuper, errProduct,
// errBudget); the plan then runs again in a larger form, for inputs can always be read
// again. Past the memory budget it runs from disk, partition by partition (external.go).
//
// # Roll-ups and cohorts
//
// Calendars asked in several cuts share one grouping by day, from which the
// coarser ones are folded: sums add, bitmaps of distinct keys unite. A cohort is
// the same fold: groups of (customer, period) are kept by the scan and put together
// when every customer's first period is known.
//
// # Accumulators
//
// A unit says what is accumulated, an acc accumulates: add folds a batch, merge
// folds another worker's acc. Ids of interned keys carry their shard in the lowest bits
// (see intern), so state divides by key without looking at the keys; what crosses a
// process or a disk is rows of raw values (spill.go), never ids.
package local
