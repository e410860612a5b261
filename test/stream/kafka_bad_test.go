package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/internal/fault"
	streampkg "github.com/ecomctl/ecomctl/internal/stream"
	kafkasrc "github.com/ecomctl/ecomctl/internal/stream/kafka"
)

// fails runs ecomctl, which must fail, and returns what it said.
func fails(t *testing.T, code int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	var errs bytes.Buffer
	c := exec.CommandContext(ctx, program(t), args...)
	c.Stdout, c.Stderr = io.Discard, &errs
	err := c.Run()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		t.Fatalf("ecomctl %s: %v, wanted exit code %d\n%s", strings.Join(args, " "), err, code, errs.String())
	}
	return errs.String()
}

// hour is a line of an order within a minute of an hour.
func hour(h, minute, n int) []byte {
	return line(fmt.Sprint("o", n), fmt.Sprint("c", n%5), fmt.Sprintf("2026-01-01T%02d:%02d:00", h, minute), 1)
}

// outOfRange: a log that no longer holds the checkpoint's place is a clear stop, or what the policy says.
func outOfRange(t *testing.T, b *broker) {
	topic, dir := b.topic(t, "range", 1), t.TempDir()
	var lines [][]byte
	for i := range 10 {
		lines = append(lines, hour(9, i, i))
	}
	b.send(t, topic, 0, lines...)
	args := []string{"stream", b.uri(topic), "--window", "1h", "--checkpoint", filepath.Join(dir, "state"), "-o", filepath.Join(dir, "rows.csv"), "--to-end"}
	run(t, nil, args...)
	remake(t, b, topic)
	b.send(t, topic, 0, hour(10, 0, 50), hour(10, 1, 51))
	said := fails(t, 1, args...)
	if !strings.Contains(said, "offset 10 is not in the log, which holds 0 to 2") || !strings.Contains(said, "--out-of-range earliest") {
		t.Fatal(said)
	}
	_, said = run(t, nil, append(args, "--out-of-range", "earliest")...)
	if records, counted, _, _, _, _ := counts(t, said); records != 12 || counted != 12 {
		t.Fatal(said)
	}
	same(t, []string{"2026-01-01T09:00:00Z,,10,10,10,5", "2026-01-01T10:00:00Z,,2,2,2,2"}, lastRevisions(t, filepath.Join(dir, "rows.csv"), 0))
	if said := fails(t, 1, "stream", b.uri("no-such-topic"), "--to-end"); !strings.Contains(said, "there is no such topic") {
		t.Fatal(said)
	}
	if said := fails(t, 1, "stream", b.uri(topic), "--to-end", "--partitions", "0,7"); !strings.Contains(said, "it has no partition 7") {
		t.Fatal(said)
	}
}

// remake deletes a topic and makes it anew.
func remake(t *testing.T, b *broker, topic string) {
	t.Helper()
	remove(t, b, topic)
	b.create(t, topic, 1)
}

// remove deletes a topic and waits until it is gone.
func remove(t *testing.T, b *broker, topic string) {
	t.Helper()
	eventually(t, "deleting "+topic, func(ctx context.Context) error {
		r, err := b.client().DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
		if err != nil {
			return err
		}
		return r.Errors[topic]
	})
	eventually(t, "the end of "+topic, func(ctx context.Context) error {
		m, err := b.client().Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
		if err == nil && len(m.Topics) == 1 && m.Topics[0].Error == nil {
			err = fmt.Errorf("it is still there")
		}
		return err
	})
}

// reader reads a topic in this process, to see what a source does over time.
type reader struct {
	t    *testing.T
	src  *kafkasrc.Source
	mu   sync.Mutex
	said []string
	got  map[string][]string // by partition
}

func newReader(t *testing.T, b *broker, topic string, change func(*kafkasrc.Config)) *reader {
	t.Helper()
	r := &reader{t: t, got: map[string][]string{}}
	conf := kafkasrc.Config{Brokers: []string{b.address}, Topic: topic, Refresh: 300 * time.Millisecond, Now: time.Now, Say: func(f string, args ...any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.said = append(r.said, fmt.Sprintf(f, args...))
	}}
	if change != nil {
		change(&conf)
	}
	r.src = kafkasrc.New(conf)
	t.Cleanup(func() { r.src.Close() })
	if _, err := r.src.Start(context.Background(), map[string]streampkg.Position{}); err != nil {
		t.Fatal(err)
	}
	return r
}

// until reads until there are n records, or an error.
func (r *reader) until(n int) error {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for {
		have := 0
		for _, l := range r.got {
			have += len(l)
		}
		if have >= n {
			return nil
		}
		b, err := r.src.Next(ctx, 100*time.Millisecond, func(string) int64 { return 0 })
		if err != nil {
			return err
		}
		if b != nil {
			for _, rec := range b.Records {
				r.got[b.Partition] = append(r.got[b.Partition], string(rec.Data))
			}
		}
	}
}

// partitionAdded: a partition that is added is read from its beginning.
func partitionAdded(t *testing.T, b *broker) {
	topic := b.topic(t, "grows", 1)
	b.send(t, topic, 0, []byte("a"))
	r := newReader(t, b, topic, nil)
	if err := r.until(1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "adding a partition", func(ctx context.Context) error {
		res, err := b.client().CreatePartitions(ctx, &kafkago.CreatePartitionsRequest{Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: 2, TopicPartitionAssignments: []kafkago.TopicPartitionAssignment{{BrokerIDs: []int32{1}}}}}})
		if err != nil {
			return err
		}
		return res.Errors[topic]
	})
	b.await(t, topic, 2)
	b.send(t, topic, 1, []byte("b"), []byte("c"))
	if err := r.until(3); err != nil {
		t.Fatal(err)
	}
	if got := r.got[topic+"/1"]; strings.Join(got, "") != "bc" {
		t.Fatalf("%q", r.got)
	}
}

// comesBack: the checkpoint of a topic that is gone is kept, and good for the topic that comes back, with more partitions
// than before.
func comesBack(t *testing.T, b *broker) {
	topic, dir := b.topic(t, "returns", 1), t.TempDir()
	b.send(t, topic, 0, hour(9, 0, 1), hour(9, 1, 2))
	args := []string{"stream", b.uri(topic), "--window", "1h", "--checkpoint", filepath.Join(dir, "state"), "-o", filepath.Join(dir, "rows.csv"), "--to-end", "--out-of-range", "earliest"}
	run(t, nil, args...)
	remove(t, b, topic)
	if said := fails(t, 1, args...); !strings.Contains(said, "there is no such topic") {
		t.Fatal(said)
	}
	b.create(t, topic, 2)
	b.send(t, topic, 0, hour(10, 0, 3))
	b.send(t, topic, 1, hour(10, 1, 4), hour(11, 1, 5))
	_, said := run(t, nil, args...)
	if records, counted, _, _, _, _ := counts(t, said); records != 5 || counted != 5 {
		t.Fatal(said)
	}
	same(t, []string{"2026-01-01T09:00:00Z,,2,2,2,2", "2026-01-01T10:00:00Z,,2,2,2,2", "2026-01-01T11:00:00Z,,1,1,1,1"}, lastRevisions(t, filepath.Join(dir, "rows.csv"), 0))
}

// topicVanishes: a topic that is deleted while it is read is a clear stop.
func topicVanishes(t *testing.T, b *broker) {
	topic := b.topic(t, "goes", 1)
	b.send(t, topic, 0, []byte("a"))
	r := newReader(t, b, topic, nil)
	if err := r.until(1); err != nil {
		t.Fatal(err)
	}
	remove(t, b, topic)
	err := r.until(2)
	if fault.KindOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), "checkpoint") && !strings.Contains(fault.HintOf(err), "deleted") {
		t.Fatalf("%v, hint %q", err, fault.HintOf(err))
	}
}

// noTopic: a topic that is not there is told at once, also to a process that would stand by for it, and what
// the output held is still there.
func noTopic(t *testing.T, b *broker) {
	out := filepath.Join(t.TempDir(), "hours.csv")
	if err := os.WriteFile(out, []byte("earlier\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--standby", "--group", "nobody"}} {
		said := fails(t, 1, append([]string{"stream", b.uri("never-made"), "--checkpoint", filepath.Join(t.TempDir(), "state"), "-o", out}, args...)...)
		if !strings.Contains(said, "there is no such topic") || strings.Contains(said, "standing by") {
			t.Error(said)
		}
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "earlier\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// stalls: a connection that falls silent without an error is noticed and opened anew.
func stalls(t *testing.T, b *broker) {
	topic := b.topic(t, "stalls", 1)
	b.send(t, topic, 0, []byte("a"))
	var dead atomic.Bool
	var dialled atomic.Int64
	r := newReader(t, b, topic, func(c *kafkasrc.Config) {
		c.Stall = 500 * time.Millisecond
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, address)
			dialled.Add(1)
			return &silent{Conn: conn, dead: &dead, born: dialled.Load()}, err
		}
	})
	if err := r.until(1); err != nil {
		t.Fatal(err)
	}
	before := dialled.Load()
	dead.Store(true) // the connections that there are say no more, and take what they are given
	silence.Store(before)
	b.send(t, topic, 0, []byte("b"))
	if err := r.until(2); err != nil {
		t.Fatal(err)
	}
	if dialled.Load() == before {
		t.Fatal("no connection was opened anew")
	}
}

// silence is the number of the last connection that falls silent.
var silence atomic.Int64

// silent is a connection that can fall silent.
type silent struct {
	net.Conn
	dead *atomic.Bool
	born int64
}

func (s *silent) Read(p []byte) (int, error) {
	for {
		n, err := s.Conn.Read(p)
		if err != nil || !s.dead.Load() || s.born > silence.Load() {
			return n, err
		}
	}
}
