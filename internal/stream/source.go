package stream

import (
	"context"
	"time"
)

// Position is a place in a partition.
type Position struct {
	Offset int64 `json:"offset"` // of the next record
	// Mark identifies what is read (a digest of a file's beginning), so that a checkpoint
	// is not applied to something else. It is the source's own.
	Mark string `json:"mark,omitempty"`
}

// Record is one record as it came.
type Record struct {
	// Data is the record. One that has ndjson.Padding bytes of room behind it, whose slice's capacity
	// ends with so many zeros, is parsed where it stands.
	Data []byte
	At   int64 // its own position
	// Cut is the full length of a record that was too long to be kept whole; Data holds its
	// beginning then.
	Cut int64
}

// Batch is a run of records of one partition.
type Batch struct {
	Partition string
	Records   []Record
	Next      Position // behind the last of them
	Aborted   int64    // records of aborted transactions, which are not among Records
	Quiet     bool     // the partition has nothing more at present
	Ended     bool     // the partition has ended for good
	// Free, where there is one, is called when nobody needs the records any more.
	Free func()
}

// free says that a batch is no longer needed.
func (b *Batch) free() {
	if b.Free != nil {
		b.Free()
	}
}

// Source gives records. Next is called by one goroutine; a batch is the receiver's to keep.
type Source interface {
	// Start opens the partitions at the positions of a checkpoint, and returns the names of
	// the partitions there are. Partitions without a position start where the source's policy says.
	Start(ctx context.Context, from map[string]Position) ([]string, error)
	// Next returns the next batch; nil when nothing came within wait; io.EOF when every
	// partition has ended. low tells the newest event time of a partition, so that the partition
	// that is furthest behind is read first.
	Next(ctx context.Context, wait time.Duration, low func(partition string) int64) (*Batch, error)
	// Commit is told that everything before the positions is safe.
	Commit(ctx context.Context, at map[string]Position) error
	Close() error
}

// MaxRecord is the longest record that is parsed.
const MaxRecord = 1 << 20

// KeptOfLong is how much of a record that is too long goes to the dead letters.
const KeptOfLong = 16 << 10
