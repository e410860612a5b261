package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// TestKafkaKill kills the stream at random moments while orders arrive on four partitions, and the
// broker in between (kill -9, restart): the windows in a file, and those in a topic by their key, equal the
// batch answer over what the topic holds; 0 lost, 0 twice.
func TestKafkaKill(t *testing.T) {
	b := kafka(t)
	dir := t.TempDir()
	in, out := b.topic(t, "orders", 4), b.topic(t, "windows", 2)
	lines := orders(t, 30_000, 13)
	kills := kills(t)
	args := func(state, to string) []string {
		return []string{"stream", b.uri(in), "--window", "1h", "--by", "region", "--delay", "1h", "--allowed-lateness", "30d", "--idle-timeout", "5s", "--checkpoint", filepath.Join(dir, state),
			"--checkpoint-interval", "50ms", "-o", to, "--max-rejects", "1", "--group", in, "--dead-letters", filepath.Join(dir, state+".dead")}
	}
	file, topic := args("file", filepath.Join(dir, "rows.csv")), args("topic", b.uri(out))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- b.load(ctx, in, lines, 2*kills) }()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for k := range kills {
		run := file
		if k%2 == 1 {
			run = topic
		}
		if k%5 == 2 { // the broker dies while the stream runs
			time.AfterFunc(200*time.Millisecond, func() { _ = b.kill() })
			runAndKill(t, nil, time.Second+time.Duration(rng.IntN(500))*time.Millisecond, run...)
			eventually(t, "the broker's return", func(context.Context) error { return b.script("start.sh") })
			continue
		}
		runAndKill(t, nil, 200*time.Millisecond+time.Duration(rng.IntN(1200))*time.Millisecond, run...)
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	msgs := b.dump(t, in, 4)
	all := filepath.Join(dir, "all.ndjson")
	var text bytes.Buffer
	for _, m := range msgs {
		text.Write(append(m.Value, '\n'))
	}
	if err := os.WriteFile(all, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want := batch(t, all)
	for _, run2 := range [][]string{file, topic} {
		_, said := run(t, nil, append(run2, "--to-end")...)
		records, _, late, _, dead, aborted := counts(t, said)
		if records != len(msgs) || late != 0 || aborted != 0 {
			t.Fatalf("%d records in the topic: %s", len(msgs), said)
		}
		if n := linesOf(t, run2[slices.Index(run2, "--dead-letters")+1]); n != dead {
			t.Fatalf("%d dead letters and %d kept", dead, n)
		}
	}
	same(t, want, lastRevisions(t, filepath.Join(dir, "rows.csv"), 1))
	same(t, want, b.table(t, out))
	b.lag(t, in, len(msgs))
	t.Logf("%d lines sent, %d records in the topic, %d windows and regions", len(lines), len(msgs), len(want))
}

// load sends lines to four partitions in time order, for so long that kills find work. It repeats
// what the broker did not acknowledge, so that the topic may hold a line twice: the topic is the truth.
func (b *broker) load(ctx context.Context, topic string, lines [][]byte, pieces int) error {
	w := &kafkago.Writer{Addr: kafkago.TCP(b.address), Topic: topic, RequiredAcks: kafkago.RequireAll, BatchSize: 500, BatchTimeout: 5 * time.Millisecond, Compression: kafkago.Zstd, Balancer: &kafkago.RoundRobin{},
		Transport: &kafkago.Transport{MetadataTTL: time.Second}, WriteTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, MaxAttempts: 2}
	defer w.Close()
	for part := range slices.Chunk(lines, len(lines)/pieces+1) {
		msgs := make([]kafkago.Message, len(part))
		for i, l := range part {
			msgs[i].Value = bytes.TrimSpace(l)
		}
		var err error
		for try := range 600 {
			if err = w.WriteMessages(ctx, msgs...); err == nil || ctx.Err() != nil {
				break
			}
			var failed kafkago.WriteErrors
			if errors.As(err, &failed) && len(failed) == len(msgs) {
				var again []kafkago.Message
				for i, e := range failed {
					if e != nil {
						again = append(again, msgs[i])
					}
				}
				msgs = again
			}
			time.Sleep(time.Duration(50+try) * time.Millisecond)
		}
		if err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	return nil
}

// table reads a topic of windows as a table: the last record of each key.
func (b *broker) table(t *testing.T, topic string) []string {
	t.Helper()
	last := map[string]string{}
	for _, m := range b.dump(t, topic, 2) {
		var v struct {
			Window    string       `json:"window_start"`
			Region    *string      `json:"region"`
			Revenue   json.Number  `json:"revenue"`
			Orders    json.Number  `json:"orders"`
			Units     json.Number  `json:"units"`
			Customers json.Number  `json:"customers"`
			Revision  *json.Number `json:"revision"`
		}
		if err := json.Unmarshal(m.Value, &v); err != nil || v.Revision == nil {
			t.Fatalf("%s: %v", m.Value, err)
		}
		region := ""
		if v.Region != nil {
			region = *v.Region
		}
		last[string(m.Key)] = fmt.Sprintf("%s,%s,%s,%s,%s,%s", v.Window, region, v.Revenue, v.Orders, v.Units, v.Customers)
	}
	var out []string
	for _, r := range last {
		out = append(out, r)
	}
	slices.Sort(out)
	return out
}

// lag proves that the group was told the end of every partition.
func (b *broker) lag(t *testing.T, topic string, records int) {
	t.Helper()
	eventually(t, "the offsets of the group", func(ctx context.Context) error {
		r, err := b.client().OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: topic, Topics: map[string][]int{topic: {0, 1, 2, 3}}})
		if err != nil {
			return err
		}
		sum := 0
		for _, p := range r.Topics[topic] {
			sum += int(p.CommittedOffset)
		}
		if sum != records {
			return fmt.Errorf("the group knows %d records of %d", sum, records)
		}
		return nil
	})
}

// kill ends the broker as kill -9 does.
func (b *broker) kill() error {
	services := os.Getenv("SERVICES_DIR")
	if services == "" {
		services = "../../.services"
	}
	for _, e := range b.env {
		if name, ok := strings.CutPrefix(e, "KAFKA_INSTANCE="); ok {
			return killPidFile(filepath.Join(services, "run", "kafka-"+name+".pid"))
		}
	}
	return io.EOF
}

// killPidFile kills the process that a file names and waits until it is gone: a script that starts it again
// would take a dying one for one that runs.
func killPidFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil || pid <= 1 {
		return fmt.Errorf("%s: no process: %w", path, err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); !gone(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: process %d does not end", path, pid)
		}
	}
	return nil
}

// gone reports whether a process has ended, be it reaped or not.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(text), ") ") // behind the command's name
	return strings.HasPrefix(after, "Z") || strings.HasPrefix(after, "X")
}
