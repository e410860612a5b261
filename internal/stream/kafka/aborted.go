package kafka

import (
	"cmp"
	"slices"

	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/ecomctl/ecomctl/internal/stream"
)

// aborted follows the transactions of a fetched range (KIP-98): the answer lists those that were
// aborted with their producer and first offset; from there on the producer's transactional batches are
// left out, until the marker that ends the transaction.
type aborted struct {
	list   []fetch.ResponseTransaction // by first offset
	active map[int64]bool              // producers
}

func newAborted(list []fetch.ResponseTransaction) *aborted {
	a := &aborted{list: slices.Clone(list), active: map[int64]bool{}}
	slices.SortFunc(a.list, func(x, y fetch.ResponseTransaction) int { return cmp.Compare(x.FirstOffset, y.FirstOffset) })
	return a
}

// upTo makes the transactions active that begin at or before an offset.
func (a *aborted) upTo(offset int64) {
	for len(a.list) > 0 && a.list[0].FirstOffset <= offset {
		a.active[a.list[0].ProducerID] = true
		a.list = a.list[1:]
	}
}

// reading is what a fetch gave.
type reading struct {
	records    []stream.Record
	oldRecords []stream.Record // of the formats before transactions
	aborted    int64
	next       int64 // the offset to go on with
}
