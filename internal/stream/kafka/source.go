package kafka

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
)

// Source reads the partitions of a topic. Positions are the reader's own, in its checkpoints; the
// group is only told of them.
type Source struct {
	conf    Config
	client  *kafkago.Client
	close   func()
	cancel  context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup

	parts   map[string]*part
	heads   map[string]*stream.Batch // fetched and not yet given
	bell    chan struct{}            // rung when a partition has something
	failed  chan error
	looked  time.Time // when partitions were looked for
	missing int       // looks that found no topic
}

// New returns a source of a topic.
func New(conf Config) *Source {
	conf.defaults()
	s := &Source{conf: conf, parts: map[string]*part{}, heads: map[string]*stream.Batch{}, bell: make(chan struct{}, 1), failed: make(chan error, 1)}
	client, transport := s.conf.client()
	s.client, s.close = client, transport.CloseIdleConnections
	return s
}

// name is what a partition is called in checkpoints, letters and messages.
func (s *Source) name(partition int) string { return fmt.Sprintf("%s/%d", s.conf.Topic, partition) }

// Start implements stream.Source.
func (s *Source) Start(ctx context.Context, from map[string]stream.Position) ([]string, error) {
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	have, err := s.partitions(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range s.conf.Partitions {
		if !slices.Contains(have, p) {
			return nil, fault.New(fault.NotFound, "reading %s: it has no partition %d", s.conf.address(), p).WithHint("its partitions are %v", have)
		}
	}
	s.looked = s.conf.Now()
	ends, err := s.offsets(ctx, have)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range have {
		if s.conf.Partitions != nil && !slices.Contains(s.conf.Partitions, p) {
			continue
		}
		at, known := from[s.name(p)]
		if !known {
			at.Offset = ends[p].first
			if s.conf.Latest {
				at.Offset = ends[p].last
			}
		} else if at.Offset < ends[p].first || at.Offset > ends[p].last {
			if at.Offset, err = s.conf.reset(s.name(p), at.Offset, ends[p]); err != nil {
				return nil, err
			}
		}
		end := int64(-1)
		if s.conf.End {
			end = ends[p].last
		}
		s.read(p, at.Offset, end)
		names = append(names, s.name(p))
	}
	return names, nil
}

// partitions lists the partitions of the topic.
func (s *Source) partitions(ctx context.Context) (list []int, err error) {
	err = s.conf.retry(ctx, "looking up "+s.conf.address(), func(ctx context.Context) error {
		m, err := s.client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{s.conf.Topic}})
		if err != nil {
			return err
		}
		list = list[:0]
		for _, t := range m.Topics {
			if t.Name != s.conf.Topic {
				continue
			}
			if t.Error == kafkago.UnknownTopicOrPartition {
				return fault.New(fault.NotFound, "%w", t.Error)
			}
			if t.Error != nil {
				return t.Error
			}
			for _, p := range t.Partitions {
				list = append(list, p.ID)
			}
		}
		if len(list) == 0 {
			return fault.New(fault.NotFound, "%w", kafkago.UnknownTopicOrPartition)
		}
		return nil
	})
	slices.Sort(list)
	return list, err
}

// span is what a partition holds.
type span struct{ first, last int64 }

// offsets asks for the beginnings and ends of partitions; the end is that of committed records.
func (s *Source) offsets(ctx context.Context, partitions []int) (out map[int]span, err error) {
	req := &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{}, IsolationLevel: kafkago.ReadCommitted}
	for _, p := range partitions {
		req.Topics[s.conf.Topic] = append(req.Topics[s.conf.Topic], kafkago.FirstOffsetOf(p), kafkago.LastOffsetOf(p))
	}
	err = s.conf.retry(ctx, "asking for the offsets of "+s.conf.address(), func(ctx context.Context) error {
		res, err := s.client.ListOffsets(ctx, req)
		if err != nil {
			return err
		}
		out = map[int]span{}
		for _, p := range res.Topics[s.conf.Topic] {
			if p.Error != nil {
				return p.Error
			}
			out[p.Partition] = span{p.FirstOffset, p.LastOffset}
		}
		for _, p := range partitions {
			if _, ok := out[p]; !ok {
				return kafkago.LeaderNotAvailable
			}
		}
		return nil
	})
	return out, err
}

// read starts the goroutine of a partition.
func (s *Source) read(id int, from, end int64) {
	p := &part{src: s, id: id, name: s.name(id), at: from, end: end, out: make(chan *stream.Batch, 1), free: make(chan *arena, 4)}
	s.parts[p.name] = p
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer close(p.out)
		if err := p.run(s.ctx); err != nil && s.ctx.Err() == nil {
			select {
			case s.failed <- err:
			default: // another partition failed first
			}
			s.ring()
		}
	}()
}

// ring wakes Next.
func (s *Source) ring() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// Next implements stream.Source.
func (s *Source) Next(ctx context.Context, wait time.Duration, low func(string) int64) (*stream.Batch, error) {
	if s.conf.Partitions == nil && !s.conf.End && s.conf.Now().Sub(s.looked) >= s.conf.Refresh {
		if err := s.look(ctx); err != nil {
			return nil, err
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case err := <-s.failed:
			return nil, err
		default:
		}
		ended := s.gather()
		if b := s.behind(low); b != nil {
			delete(s.heads, b.Partition)
			return b, nil
		}
		if ended {
			return nil, io.EOF
		}
		select {
		case <-s.bell:
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// gather takes what partitions have; ended says that none will have more.
func (s *Source) gather() (ended bool) {
	ended = true
	for name, p := range s.parts {
		if s.heads[name] != nil {
			ended = false
			continue
		}
		select {
		case b, open := <-p.out:
			if open {
				s.heads[name], ended = b, false
			}
		default:
			ended = false
		}
	}
	return ended
}

// behind returns the batch of the partition whose events are the oldest.
func (s *Source) behind(low func(string) int64) (best *stream.Batch) {
	var least int64
	for name, b := range s.heads {
		if t := low(name); best == nil || t < least || t == least && name < best.Partition {
			best, least = b, t
		}
	}
	return best
}

// look looks for partitions that were added, and whether the topic is still there.
func (s *Source) look(ctx context.Context) error {
	s.looked = s.conf.Now()
	have, err := s.partitions(ctx)
	if err != nil {
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
		// a broker that just started may not know its topics yet
		if s.missing++; s.missing < 3 {
			return nil
		}
		return fault.New(fault.NotFound, "reading %s: the topic is gone", s.conf.address()).
			WithHint("what was read before is in the checkpoint; if the topic is back with the same records, run the same command again")
	}
	s.missing = 0
	for _, id := range have {
		if s.parts[s.name(id)] == nil {
			s.conf.Say("note: %s has a new partition, %d; it is read from its beginning", s.conf.address(), id)
			s.read(id, 0, -1)
		}
	}
	return nil
}

// Commit implements stream.Source: the group is told the positions.
func (s *Source) Commit(ctx context.Context, at map[string]stream.Position) error {
	if s.conf.Group == "" {
		return nil
	}
	var list []kafkago.OffsetCommit
	offsets := map[int]int64{}
	for name, p := range s.parts {
		if pos, ok := at[name]; ok {
			list = append(list, kafkago.OffsetCommit{Partition: p.id, Offset: pos.Offset})
			offsets[p.id] = pos.Offset
		}
	}
	if m := s.conf.Member; m != nil {
		if err := m.commit(s.conf.Topic, offsets); err != nil {
			return fault.New(fault.Unavailable, "telling group %s its offsets: %w", s.conf.Group, err)
		}
		return nil
	}
	one, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	res, err := s.client.OffsetCommit(one, &kafkago.OffsetCommitRequest{GroupID: s.conf.Group, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{s.conf.Topic: list}})
	if err != nil {
		return fault.New(fault.Unavailable, "telling group %s its offsets: %w", s.conf.Group, err)
	}
	for _, p := range res.Topics[s.conf.Topic] {
		if p.Error != nil {
			return fault.New(fault.Unavailable, "telling group %s its offsets: %w", s.conf.Group, p.Error)
		}
	}
	return nil
}

// Close implements stream.Source.
func (s *Source) Close() error {
	if s.cancel != nil {
		s.cancel()
		for _, p := range s.parts { // a partition may wait for its batch to be taken
			for range p.out {
			}
		}
		s.running.Wait()
	}
	s.close()
	return nil
}

// Names says which inputs a checkpoint is of: not the brokers, which may change.
func (c *Config) Names() string {
	name := Scheme + c.Topic
	if c.Partitions != nil {
		name += strings.ReplaceAll(fmt.Sprint(c.Partitions), " ", ",")
	}
	return name
}
