package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/render"
	"github.com/ecomctl/ecomctl/internal/result"
)

// Sink writes the rows of windows to a topic: the key is the window and its dimensions, the value
// the row as JSON. A row that is written again after a crash has the same key, so that the last record of a
// key holds: a compacted topic is a table of windows.
type Sink struct {
	conf Config
	w    *kafkago.Writer
	dims int
	zone *time.Location
}

// NewSink returns a sink of rows with so many dimensions.
func NewSink(conf Config, dims int, zone *time.Location) *Sink {
	conf.defaults()
	return &Sink{conf: conf, w: conf.writer(), dims: dims, zone: zone}
}

// writer returns a writer that waits until every replica has the records.
func (c *Config) writer() *kafkago.Writer {
	_, t := c.client()
	return &kafkago.Writer{Addr: kafkago.TCP(c.Brokers...), Topic: c.Topic, Balancer: &kafkago.Hash{}, RequiredAcks: kafkago.RequireAll, Transport: t,
		BatchSize: 1000, BatchTimeout: 5 * time.Millisecond, WriteTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, MaxAttempts: 3, Compression: kafkago.Lz4}
}

// keyColumns are the columns before the dimensions: the window's start and end.
const keyColumns = 2

// Put implements stream.Output.
func (s *Sink) Put(ctx context.Context, t *result.Table) error {
	var text bytes.Buffer
	if err := render.Write(&text, "ndjson", t, render.Options{Zone: s.zone}); err != nil {
		return err
	}
	var msgs []kafkago.Message
	names := t.Names()
	for line := range bytes.Lines(text.Bytes()) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		key, err := keyOf(line, names[:keyColumns+s.dims])
		if err != nil {
			return err
		}
		msgs = append(msgs, kafkago.Message{Key: key, Value: line})
	}
	return s.conf.send(ctx, s.w, msgs)
}

// keyOf makes the key of a row: an array of the window's start and the dimensions.
func keyOf(row []byte, names []string) ([]byte, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(row, &values); err != nil {
		return nil, fault.New(fault.Internal, "writing a window to Kafka: %w", err)
	}
	key := []json.RawMessage{values[names[0]]}
	for _, n := range names[keyColumns:] {
		key = append(key, values[n])
	}
	return json.Marshal(key)
}

// send writes messages, again and again while the broker does not answer.
func (c *Config) send(ctx context.Context, w *kafkago.Writer, msgs []kafkago.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	return c.retry(ctx, "writing to "+c.address(), func(ctx context.Context) error {
		err := w.WriteMessages(ctx, msgs...)
		if errs, ok := err.(kafkago.WriteErrors); ok { //nolint:errorlint // the type is returned as it is
			for _, e := range errs {
				if e != nil {
					return e
				}
			}
		}
		return err
	})
}

// Sync implements stream.Output: what Put returned from is with every replica.
func (s *Sink) Sync(context.Context) (int64, error) { return 0, nil }

// Restore implements stream.Output: later records of a key replace earlier ones.
func (s *Sink) Restore(int64) error { return nil }

// Close implements stream.Output.
func (s *Sink) Close(bool) error { return s.w.Close() }

// Producer sends records to a topic.
type Producer struct {
	conf Config
	w    *kafkago.Writer
	msgs []kafkago.Message
}

// NewProducer returns a producer.
func NewProducer(conf Config) *Producer {
	conf.defaults()
	return &Producer{conf: conf, w: conf.writer()}
}

// most is how many records are sent at once.
const most = 1000

// Send sends a record, or keeps it until there are more; Flush sends the rest.
func (p *Producer) Send(ctx context.Context, key, value []byte) error {
	p.msgs = append(p.msgs, kafkago.Message{Key: key, Value: value})
	if len(p.msgs) < most {
		return nil
	}
	return p.Flush(ctx)
}

// Flush sends what is kept.
func (p *Producer) Flush(ctx context.Context) error {
	err := p.conf.send(ctx, p.w, p.msgs)
	p.msgs = p.msgs[:0]
	return err
}

// Close ends the producer; what was not flushed is dropped.
func (p *Producer) Close() error { return p.w.Close() }
