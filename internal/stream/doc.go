// Package stream counts orders that keep coming: JSON records of any number of
// partitions go through the same mapping, clean rules and exact money as in batch
// into tumbling windows of event time, and each window is written when the watermark has passed it.
//
//	Source ─batches─▶ decoder (sample → schema → relation) ─rows─▶ duplicates, lateness ─▶ windows of fold.Shards
//	   ▲                    └─ dead letters                              └─ late rows          │
//	   └── positions ◀── checkpoint: positions, changed parts of windows, lengths of outputs ◀─┘
//
// Every record is exactly one of: counted, late, duplicate, dead letter, aborted. State,
// positions and the lengths of output files are committed together; after a crash the outputs are cut back
// to the lengths that the last checkpoint knows, and reading goes on from its positions, so nothing is
// lost and nothing is counted twice.
package stream
