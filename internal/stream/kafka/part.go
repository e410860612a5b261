package kafka

import (
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream"
)

const (
	fetchWait  = 250 * time.Millisecond
	fetchBytes = 1 << 20
	// emptyMost is how many empty answers in a row are believed while the log has more.
	emptyMost = 40
)

// part reads one partition.
type part struct {
	src   *Source
	id    int
	name  string
	at    int64
	end   int64 // the stream ends there; -1 = never
	out   chan *stream.Batch
	quiet bool // the last batch said that there is no more
	free  chan *arena
	empty int // answers without records in a row, though there should be some

	client    *kafkago.Client
	transport *kafkago.Transport
}

// run fetches until ctx ends, or to the partition's end.
func (p *part) run(ctx context.Context) error {
	defer p.reopen()
	for {
		if p.end >= 0 && p.at >= p.end {
			return p.give(ctx, &stream.Batch{Partition: p.name, Next: stream.Position{Offset: p.at}, Ended: true})
		}
		b, err := p.fetch(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		if err := p.give(ctx, b); err != nil {
			return err
		}
	}
}

// give hands a batch over.
func (p *part) give(ctx context.Context, b *stream.Batch) error {
	select {
	case p.out <- b:
		p.src.ring()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reopen drops the connections; the next fetch makes new ones.
func (p *part) reopen() {
	if p.transport != nil {
		p.transport.CloseIdleConnections()
	}
	p.client, p.transport = nil, nil
}

// fetch asks once for records, trying again while the broker does not answer. It returns nil
// when nothing came.
func (p *part) fetch(ctx context.Context) (*stream.Batch, error) {
	conf := &p.src.conf
	var res *fetched
	var mem *arena
	what := "reading " + conf.address() + " partition " + p.name[len(conf.Topic)+1:]
	err := conf.retry(ctx, what, func(ctx context.Context) error {
		var err error
		mem = p.arena() // a request that was given up may still write to its own
		res, err = p.ask(ctx, mem)
		if err == nil {
			return nil
		}
		var code kafkago.Error
		if !errors.As(err, &code) { // a connection that is broken, or stalls
			p.reopen()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if kafkago.Error(res.code) == kafkago.OffsetOutOfRange {
		return nil, p.outOfRange(ctx)
	}
	got, err := readSet(mem, res, p.at)
	if err != nil {
		return nil, fault.New(fault.Input, "%s at offset %d: %w", what, p.at, err).
			WithHint("the log is damaged there; what was read before is in the checkpoint")
	}
	b := p.batch(&got, res.stable)
	if b == nil || len(b.Records) == 0 {
		p.used(mem)
	} else {
		b.Free = func() { p.used(mem) }
	}
	return b, nil
}

// arena gives memory for an answer; what is not given back is left to the collector.
func (p *part) arena() *arena {
	select {
	case a := <-p.free:
		return a
	default:
		return &arena{}
	}
}

// used takes memory back.
func (p *part) used(a *arena) {
	if cap(a.raw)+cap(a.text) > 64<<20 { // of an uncommon batch
		return
	}
	select {
	case p.free <- a:
	default:
	}
}

// ask sends one request.
func (p *part) ask(ctx context.Context, mem *arena) (*fetched, error) {
	conf := &p.src.conf
	if p.client == nil {
		p.client, p.transport = conf.client()
	}
	one, cancel := context.WithTimeout(ctx, fetchWait+conf.Stall)
	defer cancel()
	m, err := p.transport.RoundTrip(one, p.client.Addr, &rawFetch{into: mem, Request: &fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(fetchWait / time.Millisecond), MinBytes: 1, MaxBytes: fetchBytes, IsolationLevel: int8(kafkago.ReadCommitted), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: conf.Topic, Partitions: []fetch.RequestPartition{{
			Partition: int32(p.id), CurrentLeaderEpoch: -1, FetchOffset: p.at, LogStartOffset: -1, PartitionMaxBytes: fetchBytes}}}},
	}})
	if err != nil {
		return nil, err
	}
	res, ok := m.(*fetched)
	if !ok {
		return nil, errAnswer
	}
	switch code := kafkago.Error(res.code); code {
	case 0, kafkago.OffsetOutOfRange:
		return res, nil
	case kafkago.NotLeaderForPartition, kafkago.UnknownTopicOrPartition:
		p.reopen() // the leader moved, or the broker just started: ask anew who leads
		return nil, code
	default:
		return nil, code
	}
}

// batch makes a batch of what a fetch gave; stable is the end of what can be read.
func (p *part) batch(got *reading, stable int64) *stream.Batch {
	moved := got.next > p.at
	if !moved && stable > p.at {
		// An answer without records although there are some: a batch that compaction emptied, whose
		// length the client does not tell, or a broker that is not well.
		if p.empty++; p.empty >= emptyMost {
			p.src.conf.Say("note: %s: no records at offset %d though the log reaches to %d; the connection is opened anew", p.name, p.at, stable)
			p.reopen()
			p.empty = 0
		}
		return nil
	}
	p.empty = 0
	quiet := !moved || got.next >= stable
	if !moved && p.quiet {
		return nil
	}
	if p.end >= 0 && got.next > p.end {
		for len(got.records) > 0 && got.records[len(got.records)-1].At >= p.end {
			got.records = got.records[:len(got.records)-1]
		}
		got.next = p.end
	}
	p.at, p.quiet = got.next, quiet
	return &stream.Batch{Partition: p.name, Records: got.records, Next: stream.Position{Offset: p.at}, Aborted: got.aborted, Quiet: quiet}
}

// outOfRange goes where the policy says when the log no longer holds the position.
func (p *part) outOfRange(ctx context.Context) error {
	ends, err := p.src.offsets(ctx, []int{p.id})
	if err != nil {
		return err
	}
	p.at, err = p.src.conf.reset(p.name, p.at, ends[p.id])
	return err
}

// reset gives the offset to go on with when a log that reaches over log does not hold at.
func (c *Config) reset(name string, at int64, log span) (int64, error) {
	to := log.first
	switch c.OutOfRange {
	case "earliest":
	case "latest":
		to = log.last
	default:
		return at, fault.New(fault.NotFound, "reading %s: offset %d is not in the log, which holds %d to %d", name, at, log.first, log.last).
			WithHint("records were deleted before they were read, or the topic was made anew; go on with what there is by --out-of-range earliest (or latest)")
	}
	if lost := to - at; lost > 0 {
		c.Say("note: %s: offset %d is not in the log; going on at %d: %d records are lost", name, at, to, lost)
	} else {
		c.Say("note: %s: offset %d is not in the log, which was made anew; going on at %d", name, at, to)
	}
	return to, nil
}
