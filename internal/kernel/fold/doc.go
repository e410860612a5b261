// Package fold holds accumulators that can be kept for long: a Shard is a part of
// a grouped aggregation (exact sums, distinct values by value) that can add, merge and
// write down what changed since it was written last. Batch engines that fold and forget have
// faster ones; both add by kernel/exact and compare by value, so their answers are equal.
//
//	rows ─hash of the value─▶ Shard.Add… ──Append──▶ chunk, chunk, chunk ──Apply──▶ Shard
//
// A shard written at first is one chunk; later chunks hold only new groups, new
// values and the sums that moved, so that the cost of writing follows change, not size.
package fold
