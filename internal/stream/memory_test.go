package stream

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
)

// errCrash stands for kill -9.
var errCrash = errors.New("crash")

// memSource gives records of partitions in batches that pick chooses; after crash batches it fails.
type memSource struct {
	parts map[string][][]byte
	names []string
	pick  func(n int) int // a number below n
	crash int             // batches until it fails; negative = never
	at    map[string]int
	ended map[string]bool
}

func (s *memSource) Start(_ context.Context, from map[string]Position) ([]string, error) {
	s.at, s.ended = map[string]int{}, map[string]bool{}
	for n, p := range from {
		s.at[n] = int(p.Offset)
	}
	s.names = nil
	for n := range s.parts {
		s.names = append(s.names, n)
	}
	slices.Sort(s.names)
	return s.names, nil
}

func (s *memSource) Next(context.Context, time.Duration, func(string) int64) (*Batch, error) {
	var open []string
	for _, n := range s.names {
		if !s.ended[n] {
			open = append(open, n)
		}
	}
	if len(open) == 0 {
		return nil, io.EOF
	}
	if s.crash == 0 {
		return nil, errCrash
	}
	s.crash--
	name := open[s.pick(len(open))]
	from, all := s.at[name], s.parts[name]
	to := min(len(all), from+s.pick(7))
	b := &Batch{Partition: name, Next: Position{Offset: int64(to)}, Ended: to == len(all)}
	for i := from; i < to; i++ {
		b.Records = append(b.Records, Record{Data: all[i], At: int64(i)})
	}
	s.at[name], s.ended[name] = to, b.Ended
	return b, nil
}

func (s *memSource) Commit(context.Context, map[string]Position) error { return nil }
func (s *memSource) Close() error                                      { return nil }

// memOutput keeps rows as lines of CSV without a header; what a crash leaves behind its last
// synced length is cut by Restore.
type memOutput struct {
	names string
	lines []string
}

func (o *memOutput) Put(_ context.Context, t *result.Table) error {
	var b strings.Builder
	if err := render.Write(&b, "csv", t, render.Options{}); err != nil {
		return err
	}
	o.names = strings.Join(t.Names(), ",")
	o.lines = append(o.lines, strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")...)
	return nil
}

func (o *memOutput) Sync(context.Context) (int64, error) { return int64(len(o.lines)), nil }
func (o *memOutput) Restore(at int64) error              { o.lines = o.lines[:at]; return nil }
func (o *memOutput) Close(bool) error                    { return nil }
