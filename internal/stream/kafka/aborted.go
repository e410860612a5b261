package kafka

import (
	"cmp"
	"io"
	"slices"

	"github.com/segmentio/kafka-go/protocol"
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

// markerAbort is the type of the control record that ends an aborted transaction.
const markerAbort = 0

// reading is what a fetch gave.
type reading struct {
	records []stream.Record
	aborted int64
	next    int64 // the offset to go on with
}

// read takes the records of a set from an offset on, without those of aborted transactions and
// without markers.
func read(set *protocol.RecordSet, from int64, transactions []fetch.ResponseTransaction) (reading, error) {
	out := reading{next: from}
	ab := newAborted(transactions)
	batches, ok := set.Records.(*protocol.RecordStream)
	if !ok {
		if set.Records == nil {
			return out, nil
		}
		batches = &protocol.RecordStream{Records: []protocol.RecordReader{set.Records}}
	}
	var slab []byte
	out.records = make([]stream.Record, 0, 4096)
	for _, b := range batches.Records {
		switch b := b.(type) {
		case *protocol.ControlBatch:
			if err := out.marker(b, ab); err != nil {
				return out, err
			}
		case *protocol.RecordBatch:
			ab.upTo(b.BaseOffset)
			out.next = max(out.next, b.BaseOffset)
			if err := out.batch(b, from, b.Attributes.Transactional() && ab.active[b.ProducerID], &slab); err != nil {
				return out, err
			}
		default:
			if err := out.batch(b, from, false, &slab); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// marker passes over the end of a transaction.
func (out *reading) marker(b *protocol.ControlBatch, ab *aborted) error {
	ab.upTo(b.BaseOffset)
	for {
		c, err := b.ReadControlRecord()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if c.Type == markerAbort {
			delete(ab.active, b.ProducerID)
		}
		out.next = max(out.next, c.Offset+1)
	}
	out.next = max(out.next, b.BaseOffset+1)
	return nil
}

// batch takes the records of a batch, or counts them as aborted.
func (out *reading) batch(b protocol.RecordReader, from int64, skip bool, slab *[]byte) error {
	for {
		r, err := b.ReadRecord()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case r.Offset < from: // a batch is fetched whole
		case skip:
			out.aborted++
		default:
			rec, err := record(r, slab)
			if err != nil {
				return err
			}
			out.records = append(out.records, rec)
		}
		out.next = max(out.next, r.Offset+1)
		if r.Key != nil {
			r.Key.Close()
		}
		if r.Value != nil {
			r.Value.Close()
		}
	}
}

// slabBytes is how much memory the values of records share.
const slabBytes = 1 << 20

// record copies a record's value out of the client's pages.
func record(r *protocol.Record, slab *[]byte) (stream.Record, error) {
	out := stream.Record{At: r.Offset}
	if r.Value == nil {
		return out, nil
	}
	n := r.Value.Len()
	if n > stream.MaxRecord {
		out.Cut = int64(n)
		n = stream.KeptOfLong
	}
	if len(*slab) < n {
		*slab = make([]byte, max(slabBytes, n))
	}
	out.Data = (*slab)[:n:n]
	*slab = (*slab)[n:]
	_, err := io.ReadFull(r.Value, out.Data)
	return out, err
}
