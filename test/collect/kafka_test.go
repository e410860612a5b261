package collect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const services = "../../scripts/services/"

// script runs a script of a service.
func script(name string, env []string, args ...string) (string, error) {
	c := exec.Command("bash", append([]string{services + name}, args...)...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// needs skips a test, naming what is missing; where services are required it fails.
func needs(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if os.Getenv("ECOMCTL_REQUIRE_SERVICES") == "1" || os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skipf("%s is not here: %v", what, err)
}

// freePorts finds ports that nobody has, at offsets from a base below the ports that the system gives to
// connections: a client that calls a stopped server again and again would be given its port.
func freePorts(t *testing.T, offsets ...int) int {
	t.Helper()
	for range 1000 {
		base := 10000 + 100*rand.IntN(220)
		var open []net.Listener
		for _, k := range offsets {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+k)); err == nil {
				open = append(open, l)
			}
		}
		for _, l := range open {
			l.Close()
		}
		if len(open) == len(offsets) {
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

// broker is a Kafka broker of this test.
type broker struct {
	address string
	env     []string
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	port := freePorts(t, 0, 1)
	b := &broker{fmt.Sprintf("127.0.0.1:%d", port), []string{fmt.Sprintf("KAFKA_PORT_BASE=%d", port), fmt.Sprintf("KAFKA_INSTANCE=collect%d", os.Getpid())}}
	_, err := script("kafka/install.sh", b.env)
	needs(t, "Kafka", err)
	t.Cleanup(func() { _, _ = script("kafka/stop.sh", b.env, "--clean") })
	_, err = script("kafka/start.sh", b.env)
	needs(t, "Kafka", err)
	return b
}

func (b *broker) uri(topic string) string { return "kafka://" + b.address + "/" + topic }

func (b *broker) client() *kafkago.Client {
	return &kafkago.Client{Addr: kafkago.TCP(b.address), Timeout: 5 * time.Second}
}

// eventually repeats what may fail for a while.
func eventually(t *testing.T, what string, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

const partitions = 3

// topic makes a topic and waits for its leaders.
func (b *broker) topic(t *testing.T, name string, config ...kafkago.ConfigEntry) string {
	t.Helper()
	eventually(t, "making "+name, func(ctx context.Context) error {
		r, err := b.client().CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: config}}})
		if err == nil {
			err = r.Errors[name]
		}
		if errors.Is(err, kafkago.TopicAlreadyExists) {
			return nil
		}
		return err
	})
	eventually(t, "the leaders of "+name, func(ctx context.Context) error {
		_, err := b.ends(ctx, name)
		return err
	})
	return name
}

// ends gives the ends of the partitions.
func (b *broker) ends(ctx context.Context, topic string) (ends [partitions]int64, err error) {
	var ask []kafkago.OffsetRequest
	for p := range partitions {
		ask = append(ask, kafkago.LastOffsetOf(p))
	}
	r, err := b.client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: ask}})
	if err != nil {
		return ends, err
	}
	if len(r.Topics[topic]) != partitions {
		return ends, errors.New("not all partitions have a leader")
	}
	for _, p := range r.Topics[topic] {
		if p.Error != nil {
			return ends, p.Error
		}
		ends[p.Partition] = p.LastOffset
	}
	return ends, nil
}

// dump reads a topic by the client's own reader: how often each value is there.
func (b *broker) dump(t *testing.T, topic string) map[string]int {
	t.Helper()
	got := map[string]int{}
	var ends [partitions]int64
	eventually(t, "the ends of "+topic, func(ctx context.Context) (err error) {
		ends, err = b.ends(ctx, topic)
		return err
	})
	for p, end := range ends {
		r := kafkago.NewReader(kafkago.ReaderConfig{Brokers: []string{b.address}, Topic: topic, Partition: p, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 100 * time.Millisecond})
		for at := int64(0); at < end; {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			m, err := r.ReadMessage(ctx)
			cancel()
			must(t, err)
			got[string(m.Value)]++
			at = m.Offset + 1
		}
		r.Close()
	}
	return got
}

// streamed is what stream says of a topic when repeats are told by their key.
func (b *broker) streamed(t *testing.T, topic string) []string {
	t.Helper()
	out, said := run(t, "stream", b.uri(topic), "--window", "1d", "--dedupe-key", "order_id", "--dedupe-horizon", "60d", "--delay", "40d", "--to-end", "--format", "csv")
	if !strings.Contains(said, " 0 late ") || !strings.Contains(said, " 0 dead letters ") {
		t.Fatal(said)
	}
	var rows []string
	for _, r := range strings.Split(strings.TrimSpace(out), "\n")[1:] {
		f := strings.Split(r, ",") // window_start,window_end,revenue,orders,units,customers,revision
		rows = append(rows, strings.Join(append([]string{f[0][:10]}, f[2:6]...), ","))
	}
	return rows
}

func TestKafka(t *testing.T) {
	t.Parallel()
	b := startBroker(t)
	t.Run("side by side", func(t *testing.T) {
		t.Run("killed", func(t *testing.T) { kafkaKilled(t, b) })
		t.Run("refused records", func(t *testing.T) { refused(t, b) })
		t.Run("Flume killed", func(t *testing.T) { flumeKafka(t, b) })
	})
	t.Run("the broker is gone for a while", func(t *testing.T) { brokerGone(t, b) })
	t.Run("the broker is gone for a receiver", func(t *testing.T) { receiverGone(t, b) })
}

// kafkaKilled: nothing is lost, and what was sent twice goes by its key.
func kafkaKilled(t *testing.T, b *broker) {
	t.Parallel()
	topic := b.topic(t, "killed")
	dir := t.TempDir()
	l := &shopLog{path: filepath.Join(dir, "orders.log")}
	args := []string{"collect", l.path, "-o", b.uri(topic), "--state", filepath.Join(dir, "state"), "--interval", "100ms", "--rotate-wait", "0s", "--key", "order_id"}
	killed(t, l, args...)
	run(t, append(args, "--once")...)
	_, said := run(t, append(args, "--once")...)
	lost, again := l.missing(t, b.dump(t, topic))
	if lost > 0 {
		t.Fatalf("%d of %d lines are lost", lost, l.n)
	}
	same(t, "stream", days(t, l.all(t)), b.streamed(t, topic))
	t.Logf("%d lines, %d of them twice; %s", l.n, again, strings.TrimSpace(said))
}

// refused: records that the topic does not take are dead letters, and the others around them arrive.
func refused(t *testing.T, b *broker) {
	t.Parallel()
	topic := b.topic(t, "small", kafkago.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: "20000"})
	dir := t.TempDir()
	l := &shopLog{path: filepath.Join(dir, "orders.log"), n: 2000}
	noise := make([]byte, 60_000) // does not compress
	rng := rand.New(rand.NewPCG(1, 2))
	for k := range noise {
		noise[k] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"[rng.IntN(64)]
	}
	lines := strings.Split(strings.TrimSpace(readAll(t, l.all(t))), "\n")
	long := fmt.Sprintf(`{"order_id":"x","noise":%q}`, noise)
	text := strings.Join(append(append(append([]string(nil), lines[:700]...), long, "no json", "", "{\"order_id\":1"), lines[700:]...), "\n") + "\n"
	must(t, os.WriteFile(l.path, []byte(text), 0o600))
	dead := filepath.Join(dir, "dead.ndjson")
	_, said := run(t, "collect", l.path, "-o", b.uri(topic), "--state", filepath.Join(dir, "state"), "--once", "--dead-letters", dead)
	if !strings.Contains(said, "lines in 2003 = 2000 delivered + 3 dead letters (2 malformed, 1 too_large)") {
		t.Fatal(said)
	}
	if lost, again := l.missing(t, b.dump(t, topic)); lost+again > 0 {
		t.Fatalf("%d lost, %d twice", lost, again)
	}
	if out, _ := run(t, "stream", "redrive", dead, "--cause", "too_large"); out != long+"\n" {
		t.Fatalf("the letter gives back %d bytes", len(out))
	}
}

func readAll(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// brokerGone: while the broker is gone lines wait, which is said; then they arrive, and none twice.
func brokerGone(t *testing.T, b *broker) {
	topic := b.topic(t, "gone")
	dir := t.TempDir()
	l := &shopLog{path: filepath.Join(dir, "orders.log")}
	must(t, l.write(500, 0, false, 0))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said bytes.Buffer
	c := program(t, ctx, "collect", l.path, "-o", b.uri(topic), "--state", filepath.Join(dir, "state"), "--interval", "50ms", "--metrics", filepath.Join(dir, "metrics"))
	c.Stderr = &said
	must(t, c.Start())
	metric := func(want string) {
		t.Helper()
		eventually(t, want, func(context.Context) error {
			text, err := os.ReadFile(filepath.Join(dir, "metrics"))
			if err == nil && !strings.Contains(string(text), want+"\n") {
				err = fmt.Errorf("metrics say %s", text)
			}
			return err
		})
	}
	metric(`ecomctl_collect_lines_total{outcome="delivered"} 500`)
	_, err := script("kafka/stop.sh", b.env)
	must(t, err)
	must(t, l.write(500, 0, false, 0))
	metric("ecomctl_collect_waiting 1")
	must(t, l.write(500, 0, false, 0))
	_, err = script("kafka/start.sh", b.env)
	must(t, err)
	metric(`ecomctl_collect_lines_total{outcome="delivered"} 1500`)
	metric("ecomctl_collect_waiting 0")
	must(t, c.Process.Signal(os.Interrupt))
	must(t, c.Wait())
	if !strings.Contains(said.String(), "waiting: writing to") || !strings.Contains(said.String(), "the output takes lines again") || !strings.Contains(said.String(), "lines in 1500 = 1500 delivered + 0 dead letters") {
		t.Fatal(said.String())
	}
	if lost, again := l.missing(t, b.dump(t, topic)); lost > 0 || again > 0 && !strings.Contains(said.String(), "may be there twice") {
		t.Fatalf("%d lost, %d twice\n%s", lost, again, said.String())
	}
}
