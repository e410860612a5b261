package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"sync"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Lines sends records so that trying again doubles nothing: it is an idempotent producer (KIP-98). The
// client's own writer is none, so batches of version 2 with the producer's id, its epoch and a sequence for each
// partition are made here; a broker that has a batch already says so. One batch at a time is on its way
// to a partition, acknowledged by all replicas in sync.
//
// What the broker's memory of a producer does not cover is sent once more and counted: see Repeated.
type Lines struct {
	conf   Config
	client *kafkago.Client
	closer *kafkago.Transport

	parts    []int
	session  kafkago.ProducerSession
	started  bool
	sequence map[int]int32
	pending  []*outgoing // in the order in which they came
	next     int         // partition of the next batch without keys
	repeated int64
	refused  []int
	balancer kafkago.Murmur2Balancer
	target   int // bytes of a batch; less when the topic takes less
}

// outgoing is a batch of records for a partition.
type outgoing struct {
	part     int
	sequence int32
	records  []record
	raw      []byte // encoded, since sequences were given
	tried    bool
	done     bool
}

type record struct {
	key, value []byte
	id         int
}

const (
	batchRecords = 5000
	batchTarget  = 512 << 10 // bytes of a batch, unless one record is longer
)

// NewLines returns a producer.
func NewLines(conf Config) *Lines {
	conf.defaults()
	c, t := conf.client()
	return &Lines{conf: conf, client: c, closer: t, sequence: map[int]int32{}, target: batchTarget}
}

// Open looks the topic up.
func (l *Lines) Open(ctx context.Context) error {
	s := &Source{conf: l.conf, client: l.client}
	var err error
	l.parts, err = s.partitions(ctx)
	return err
}

// Add takes records, of which it keeps the slices. Records with keys go to the partition that Java's clients
// choose for them; others fill one partition's batch after the other's. ids are what Refused tells.
func (l *Lines) Add(ids []int, keys, values [][]byte) {
	open := map[int]*outgoing{}
	size := map[int]int{}
	for i, v := range values {
		part := l.parts[l.next%len(l.parts)]
		var key []byte
		if keys != nil && keys[i] != nil {
			key = keys[i]
			part = l.balancer.Balance(kafkago.Message{Key: key}, l.parts...)
		}
		b := open[part]
		if b == nil || len(b.records) >= batchRecords || size[part]+len(v) > l.target {
			if b != nil && key == nil {
				l.next++
				part = l.parts[l.next%len(l.parts)]
			}
			b = &outgoing{part: part, sequence: -1}
			open[part], size[part] = b, 0
			l.pending = append(l.pending, b)
		}
		b.records = append(b.records, record{key, v, ids[i]})
		size[part] += len(v) + len(key) + 16
	}
	l.next++
}

// Pending is the number of records that are not acknowledged yet.
func (l *Lines) Pending() (n int) {
	for _, b := range l.pending {
		n += len(b.records)
	}
	return n
}

// Repeated is the number of records that may be in the topic twice.
func (l *Lines) Repeated() int64 { return l.repeated }

// Refused returns, once, the ids of records that the topic does not take because they are too large.
func (l *Lines) Refused() []int {
	r := l.refused
	l.refused = nil
	return r
}

// Flush sends what was added. When it fails, nothing is forgotten, and it may be called again.
func (l *Lines) Flush(ctx context.Context) error {
	if len(l.pending) == 0 {
		return nil
	}
	for _, seq := range l.sequence {
		if seq > math.MaxInt32/2 { // sequences of another id begin anew
			l.started = l.started && l.tried()
		}
	}
	return l.conf.retry(ctx, "writing to "+l.conf.address(), func(ctx context.Context) error {
		if !l.started {
			if err := l.begin(ctx); err != nil {
				return err
			}
		}
		for {
			err := l.round(ctx)
			var large *tooLarge
			if !errors.As(err, &large) {
				return err
			}
			l.split(large.batch) // and go on at once, with smaller batches
		}
	})
}

// tried reports whether an answer is open.
func (l *Lines) tried() bool {
	return slices.ContainsFunc(l.pending, func(b *outgoing) bool { return b.tried })
}

// begin asks for a producer's id. Batches that were on their way under another one get new sequences.
func (l *Lines) begin(ctx context.Context) error {
	r, err := l.client.InitProducerID(ctx, &kafkago.InitProducerIDRequest{TransactionTimeoutMs: 60000})
	if err != nil {
		return err
	}
	if r.Error != nil {
		return r.Error
	}
	l.session, l.started = *r.Producer, true
	clear(l.sequence)
	for _, b := range l.pending {
		if b.tried {
			l.repeated += int64(len(b.records))
		}
		b.sequence, b.raw, b.tried = -1, nil, false
	}
	return nil
}

// round sends the pending batches: those of a partition one after the other, the partitions side by side.
func (l *Lines) round(ctx context.Context) error {
	byPart := map[int][]*outgoing{}
	for _, b := range l.pending {
		byPart[b.part] = append(byPart[b.part], b)
	}
	var mu sync.Mutex
	var first error
	var wg sync.WaitGroup
	for part, list := range byPart {
		mu.Lock()
		from := l.sequence[part]
		mu.Unlock()
		wg.Go(func() {
			next, err := l.partition(ctx, part, from, list)
			mu.Lock()
			defer mu.Unlock()
			l.sequence[part] = next
			if err != nil && (first == nil || lost(err)) {
				first = err
			}
		})
	}
	wg.Wait()
	var rest []*outgoing
	for _, b := range l.pending {
		switch {
		case !b.done:
			rest = append(rest, b)
		case len(b.records) == 1 && b.raw == nil: // refused
			l.refused = append(l.refused, b.records[0].id)
		}
	}
	l.pending = rest
	if lost(first) {
		l.started = false
		l.conf.Say("note: the broker no longer knows what was sent; batches without an answer are sent again and may be in the topic twice")
		return kafkago.RequestTimedOut // with a new id, at the next try
	}
	return first
}

// lost reports whether the broker has forgotten this producer, or never knew a batch before.
func lost(err error) bool {
	return errors.Is(err, kafkago.OutOfOrderSequenceNumber) || errors.Is(err, kafkago.UnknownProducerId) || errors.Is(err, kafkago.InvalidProducerEpoch)
}

// tooLarge is a batch that the topic does not take.
type tooLarge struct{ batch *outgoing }

func (e *tooLarge) Error() string { return "the batch is larger than the topic takes" }

// split makes two batches of one, and later batches smaller. Neither was taken, so that the first has
// the sequence of the whole.
func (l *Lines) split(b *outgoing) {
	half, size := len(b.records)/2, 0
	for _, r := range b.records {
		size += len(r.value)
	}
	l.target = max(1<<10, min(l.target, size/2))
	second := &outgoing{part: b.part, sequence: -1, records: b.records[half:]}
	b.records, b.raw, b.sequence, b.tried = b.records[:half], nil, -1, false
	for i, p := range l.pending {
		if p == b {
			l.pending = append(l.pending[:i+1:i+1], append([]*outgoing{second}, l.pending[i+1:]...)...)
			return
		}
	}
}

// partition sends batches to a partition and returns the next sequence.
func (l *Lines) partition(ctx context.Context, part int, seq int32, list []*outgoing) (int32, error) {
	for _, b := range list {
		if b.raw == nil {
			b.sequence = seq
			raw, err := l.encode(b)
			if err != nil {
				return seq, err
			}
			b.raw = raw
		}
		b.tried = true
		r, err := l.client.RawProduce(ctx, &kafkago.RawProduceRequest{Topic: l.conf.Topic, Partition: part, RequiredAcks: kafkago.RequireAll,
			RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(b.raw)}})
		if err == nil {
			err = r.Error
		}
		switch {
		case err == nil, errors.Is(err, kafkago.DuplicateSequenceNumber):
			seq = b.sequence + int32(len(b.records))
			b.done = true
		case errors.Is(err, kafkago.MessageSizeTooLarge), errors.Is(err, kafkago.RecordListTooLarge):
			b.tried = false
			if len(b.records) > 1 {
				return b.sequence, &tooLarge{b}
			}
			seq, b.raw, b.done = b.sequence, nil, true
		default:
			return seq, err
		}
	}
	return seq, nil
}

// Close ends the producer.
func (l *Lines) Close() error {
	l.closer.CloseIdleConnections()
	return nil
}

// encode makes a record batch of version 2, compressed, with the size before it that a raw request wants.
func (l *Lines) encode(b *outgoing) ([]byte, error) {
	now := l.conf.Now().UnixMilli()
	var records []byte
	for i, r := range b.records {
		one := binary.AppendVarint([]byte{0}, 0)
		one = binary.AppendVarint(one, int64(i))
		if r.key == nil {
			one = binary.AppendVarint(one, -1)
		} else {
			one = append(binary.AppendVarint(one, int64(len(r.key))), r.key...)
		}
		one = binary.AppendVarint(one, int64(len(r.value)))
		records = binary.AppendVarint(records, int64(len(one)+len(r.value)+1))
		records = append(append(append(records, one...), r.value...), 0) // no headers
	}
	var packed bytes.Buffer
	z := kafkago.Lz4.Codec().NewWriter(&packed)
	if _, err := z.Write(records); err != nil {
		return nil, fault.New(fault.Internal, "packing a batch: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fault.New(fault.Internal, "packing a batch: %w", err)
	}
	be := binary.BigEndian
	body := be.AppendUint16(nil, uint16(kafkago.Lz4))
	body = be.AppendUint32(body, uint32(len(b.records)-1))
	body = be.AppendUint64(body, uint64(now))
	body = be.AppendUint64(body, uint64(now))
	body = be.AppendUint64(body, uint64(l.session.ProducerID))
	body = be.AppendUint16(body, uint16(l.session.ProducerEpoch))
	body = be.AppendUint32(body, uint32(b.sequence))
	body = be.AppendUint32(body, uint32(len(b.records)))
	body = append(body, packed.Bytes()...)
	out := be.AppendUint64(nil, 0)                  // base offset
	out = be.AppendUint32(out, uint32(9+len(body))) // length of what follows
	out = be.AppendUint32(out, uint32(0xffff_ffff)) // leader epoch
	out = append(out, 2)                            // version
	out = be.AppendUint32(out, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	out = append(out, body...)
	return append(be.AppendUint32(nil, uint32(len(out))), out...), nil
}
