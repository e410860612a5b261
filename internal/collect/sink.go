package collect

import (
	"context"
	"time"

	"github.com/ecomctl/ecomctl/internal/stream"
)

// Line is one line on its way.
type Line struct {
	stream.Record
	File string
}

// Refusal is a line that a sink will never take.
type Refusal struct {
	Line
	Cause  string // one word
	Detail string
}

// Sink takes lines and makes them safe. Errors of the kinds Unavailable and Full may pass: the call
// is made again, with no lines where they were lines, and nothing was lost.
type Sink interface {
	// Put takes lines; it keeps nothing of their bytes but copies. It may send some.
	Put(ctx context.Context, lines []Line) error
	// Full reports whether Flush is wanted now, so that memory stays bounded.
	Full() bool
	// Flush returns when all that Put took is as safe as it is without Committed.
	Flush(ctx context.Context) error
	// Refused returns, once, the lines that will never be taken.
	Refused() []Refusal
	// Committed is called when the state that belongs to the last Flush is safe.
	Committed(ctx context.Context) error
	// Repeated is the number of lines so far that may have been delivered twice.
	Repeated() int64
	Close() error
}

// Options say how lines are collected.
type Options struct {
	Interval time.Duration // between states, and so files of a folder
	Once     bool
	Metrics  string        // file that takes the counts in Prometheus' text format; "" = none
	Patience time.Duration // how long is tried to deliver what was read, when the run is to end
	Now      func() time.Time
	Say      func(format string, args ...any)
	Pause    time.Duration // before an output that does not answer is tried again, at first
}
