package sqltable

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
)

// Session is Write for callers that cannot hand over a function: the rows come by Write, and Finish keeps or
// drops them.
type Session struct {
	w      sink.Writer
	filled chan error
	done   chan error
	report Report
}

// Begin prepares the table. Finish must be called.
func Begin(ctx context.Context, raw string, schema *arrow.Schema, o Options) (*Session, error) {
	s := &Session{filled: make(chan error, 1), done: make(chan error, 1)}
	ready := make(chan sink.Writer)
	go func() {
		var err error
		s.report, err = Write(ctx, raw, schema, o, func(w sink.Writer) error {
			ready <- w
			return <-s.filled
		})
		s.done <- err
	}()
	select {
	case s.w = <-ready:
		return s, nil
	case err := <-s.done:
		return nil, err
	}
}

// Write implements sink.Writer.
func (s *Session) Write(b *frame.Batch) error { return s.w.Write(b) }

// Close implements sink.Writer; nothing is settled before Finish.
func (s *Session) Close() error { return s.w.Close() }

// Finish stores the rows when err is nil; else it drops them and returns err.
func (s *Session) Finish(err error) (Report, error) {
	s.filled <- err
	err = <-s.done
	return s.report, err
}
