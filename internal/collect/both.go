package collect

import (
	"context"
	"errors"
	"io"
	"time"
)

// Both reads an inbox and files.
type Both struct {
	inbox *Inbox
	tail  *Tailer // nil = there are none
	over  func() bool
	done  bool // the inbox has ended
	files bool // it was the files' turn
}

// NewBoth joins an inbox and files; tail may be nil. When the inbox has ended the files are still read, unless over says
// that the whole run is.
func NewBoth(inbox *Inbox, tail *Tailer, over func() bool) *Both {
	return &Both{inbox: inbox, tail: tail, over: over}
}

// Start implements reader.
func (b *Both) Start(ctx context.Context) error {
	if b.tail == nil {
		return nil
	}
	return b.tail.Start(ctx)
}

// Next implements reader. Inbox and files take turns while both have something.
func (b *Both) Next(ctx context.Context, wait time.Duration) (*Batch, error) {
	if b.tail == nil {
		return b.inbox.Next(ctx, wait)
	}
	if b.files = !b.files; b.files {
		if batch, err := b.tail.Next(ctx, 0); batch != nil || err != nil && !errors.Is(err, io.EOF) {
			return batch, err
		}
	}
	if !b.done {
		batch, err := b.inbox.Next(ctx, 0)
		if batch != nil || err != nil && !errors.Is(err, io.EOF) {
			return batch, err
		}
		b.done = err != nil
	}
	if b.done && b.over() {
		return nil, io.EOF
	}
	return b.tail.Next(ctx, min(wait, b.tail.o.Poll))
}

// Mark implements reader.
func (b *Both) Mark(s *State) {
	b.inbox.Mark(s)
	if b.tail != nil {
		b.tail.Mark(s)
	}
}

// Saved implements reader: files are their owner's.
func (b *Both) Saved(s *State) { b.inbox.Saved(s) }

// Dirty implements reader.
func (b *Both) Dirty() bool { return b.inbox.Dirty() || b.tail != nil && b.tail.Dirty() }

// Behind implements reader.
func (b *Both) Behind() int64 {
	n := b.inbox.Behind()
	if b.tail != nil {
		n += b.tail.Behind()
	}
	return n
}

// Open implements reader: segments of the inbox are no files of the user's.
func (b *Both) Open() int {
	if b.tail == nil {
		return 0
	}
	return b.tail.Open()
}
