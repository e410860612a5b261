// Package kafka reads streams from Kafka and writes windows to it. It is the only package that
// knows a client of Kafka.
//
// Records are read by the fetch protocol itself, not by the client's reader: that one delivers the
// records of aborted transactions and the transactions' markers even when asked for committed records. A
// fetch answers with the list of aborted transactions of its range, by which their
// batches are left out here (see aborted).
//
//	one goroutine a partition: fetch ─▶ batches ─▶ aborted out ─▶ Source.Next, the partition that is furthest behind first
package kafka
