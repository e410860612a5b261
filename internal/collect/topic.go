package collect

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// Topic sends lines to a topic of Kafka, acknowledged by all replicas in sync.
type Topic struct {
	lines   *kafka.Lines
	key     string // member whose value is the key; "" = none
	bytes   int
	by      map[int]Line // what is not acknowledged, for refusals
	ids     int
	refused []Refusal
	opened  bool
	early   []Line // what came before the topic could be opened
}

// OpenTopic opens a topic. key is the member of lines whose value is the key of records, "" is none. With patient, brokers that do
// not answer yet are asked again by Put and Flush.
func OpenTopic(ctx context.Context, conf kafka.Config, key string, patient bool) (*Topic, error) {
	t := &Topic{lines: kafka.NewLines(conf), key: key, by: map[int]Line{}}
	err := t.open(ctx)
	if patient && fault.KindOf(err) == fault.Unavailable {
		return t, nil
	}
	return t, err
}

// open looks the topic up, and adds what came before.
func (t *Topic) open(ctx context.Context) error {
	if t.opened {
		return nil
	}
	if err := t.lines.Open(ctx); err != nil {
		return err
	}
	t.opened = true
	t.add(t.early)
	t.early = nil
	return nil
}

// sendBytes of lines are sent at once, and so kept at most.
const sendBytes = 1 << 20

// Put implements Sink.
func (t *Topic) Put(ctx context.Context, lines []Line) error {
	kept := make([]Line, len(lines))
	for i, l := range lines {
		l.Data = bytes.Clone(l.Data)
		kept[i] = l
	}
	if !t.opened {
		t.early = append(t.early, kept...)
		if err := t.open(ctx); err != nil {
			return err
		}
	} else {
		t.add(kept)
	}
	if t.bytes < sendBytes && t.lines.Pending() < 5000 {
		return nil
	}
	return t.Flush(ctx)
}

// add hands lines to the producer.
func (t *Topic) add(lines []Line) {
	if len(lines) == 0 {
		return
	}
	var ids []int
	var keys, values [][]byte
	for _, l := range lines {
		t.by[t.ids] = l
		ids, values, keys = append(ids, t.ids), append(values, l.Data), append(keys, keyOf(l.Data, t.key))
		t.ids++
		t.bytes += len(l.Data)
	}
	t.lines.Add(ids, keys, values)
}

// keyOf is the value of a member as it is written, without the quotes of a string; nil when there is none.
func keyOf(line []byte, member string) []byte {
	if member == "" {
		return nil
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(line, &all) != nil {
		return nil
	}
	var s string
	switch v := all[member]; {
	case len(v) == 0, string(v) == "null":
		return nil
	case json.Unmarshal(v, &s) == nil:
		return []byte(s)
	default:
		return v
	}
}

// Full implements Sink: what is kept is sent by Put.
func (t *Topic) Full() bool { return false }

// Flush implements Sink.
func (t *Topic) Flush(ctx context.Context) error {
	if len(t.early) > 0 {
		if err := t.open(ctx); err != nil {
			return err
		}
	}
	err := t.lines.Flush(ctx)
	for _, id := range t.lines.Refused() {
		t.refused = append(t.refused, Refusal{t.by[id], "too_large", "the topic takes no record of this size (max.message.bytes)"})
	}
	if err == nil {
		t.bytes = 0
		clear(t.by)
	}
	return err
}

// Refused implements Sink.
func (t *Topic) Refused() []Refusal {
	r := t.refused
	t.refused = nil
	return r
}

// Committed implements Sink.
func (t *Topic) Committed(context.Context) error { return nil }

// Repeated implements Sink.
func (t *Topic) Repeated() int64 { return t.lines.Repeated() }

// Close implements Sink.
func (t *Topic) Close() error { return t.lines.Close() }
