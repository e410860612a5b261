package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/ecomctl/ecomctl/test/figures"
)

// TestThroughput measures `ecomctl stream` of a topic (start of the program, parsing, clean rules,
// windows by region, checkpoints and commits included) beside bare consumers of the same client that only read, in
// turn. `make stream-figures` writes the figures into docs/stream.md.
func TestThroughput(t *testing.T) {
	if os.Getenv("ECOMCTL_STREAM_FIGURES") == "" {
		t.Skip("measured by `make stream-figures`")
	}
	b := kafka(t)
	const parts, rounds = 4, 5
	topic := b.topic(t, "speed", parts)
	lines := orders(t, 1_000_000, 17)
	bytesIn := 0
	for p := range parts {
		var own [][]byte
		for i := p; i < len(lines); i += parts {
			own = append(own, bytes.TrimSpace(lines[i]))
			bytesIn += len(lines[i]) - 1
		}
		for piece := range slices.Chunk(own, 20_000) {
			b.send(t, topic, p, piece...)
		}
	}
	type round struct{ group, readers, ours measured }
	var all []round
	for i := range rounds {
		r := round{group: bareOnce(t, b, topic, "group", parts, len(lines)), readers: bareOnce(t, b, topic, "readers", parts, len(lines)),
			ours: streamOnce(t, b, topic, filepath.Join(t.TempDir(), strconv.Itoa(i)), len(lines))}
		t.Logf("round %d: group %s, readers %s, stream %s", i+1, r.group, r.readers, r.ours)
		all = append(all, r)
	}
	median := func(of func(r round) float64) float64 {
		var v []float64
		for _, r := range all {
			v = append(v, of(r))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	n := float64(len(lines))
	row := func(name string, of func(r round) measured) string {
		return fmt.Sprintf("| %s | %.0f | %.2f | %.2f s | %.2f |\n", name, n/median(func(r round) float64 { return of(r).wall }), median(func(r round) float64 { return of(r).wall / r.ours.wall }),
			median(func(r round) float64 { return of(r).cpu }), median(func(r round) float64 { return of(r).cpu / r.ours.cpu }))
	}
	text := "| median of " + strconv.Itoa(rounds) + " rounds in turn | records a second | `stream` is × as fast | processor time | its share of `stream`'s |\n|---|---|---|---|---|\n" +
		row("consumer group of kafka-go (one `Reader`, `ReadMessage`, commits each second), from its first record on", func(r round) measured { return r.group }) +
		row("four kafka-go `Reader`s side by side, no group, no commits, from their first record on", func(r round) measured { return r.readers }) +
		row("`ecomctl stream --window 1h --by region --checkpoint --group`, from its start on", func(r round) measured { return r.ours }) +
		fmt.Sprintf("\n%d records of %d bytes on average, lz4, %d partitions, the broker on the same machine (%d processors, load %s).\n", len(lines), bytesIn/len(lines), parts, runtime.NumCPU(), load())
	t.Log("\n" + text)
	if ratio := median(func(r round) float64 { return r.group.wall / r.ours.wall }); ratio < 0.6 {
		t.Errorf("stream is %.2f × as fast as a bare consumer; at least 0.6 is wanted", ratio)
	}
	if err := figures.Write("../../docs/stream.md", "throughput", text); err != nil {
		t.Fatal(err)
	}
}

// measured is a time in seconds, by the clock and of the processor.
type measured struct{ wall, cpu float64 }

func (m measured) String() string { return fmt.Sprintf("%.2f s (CPU %.2f s)", m.wall, m.cpu) }

// bareOnce runs a bare consumer in a process of its own: this program, which TestMain turns into one.
func bareOnce(t *testing.T, b *broker, topic, kind string, parts, n int) measured {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("ECOMCTL_TEST_BARE=%s %s %s %d %d", b.address, topic, kind, parts, n))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, os.Stderr
	m := timed(t, c)
	if _, err := fmt.Sscan(out.String(), &m.wall); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	return m
}

// timed runs a command.
func timed(t *testing.T, c *exec.Cmd) measured {
	t.Helper()
	start := time.Now()
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%v", err, c.Stderr)
	}
	return measured{time.Since(start).Seconds(), (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()}
}

// bare reads a topic by the client's own reader, does nothing else and writes how many seconds it
// took from the first record on.
func bare(what string, out io.Writer) error {
	var address, topic, kind string
	var parts, n int
	if _, err := fmt.Sscan(what, &address, &topic, &kind, &parts, &n); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	conf := kafkago.ReaderConfig{Brokers: []string{address}, Topic: topic, MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 250 * time.Millisecond, QueueCapacity: 5000}
	readers, each := parts, n/parts
	if kind == "group" {
		readers, each = 1, n
		conf.GroupID, conf.StartOffset, conf.CommitInterval = fmt.Sprint("bare-", os.Getpid()), kafkago.FirstOffset, time.Second
	}
	var once sync.Once
	var first time.Time
	failed := make(chan error, readers)
	for p := range readers {
		own := conf
		if kind != "group" {
			own.Partition = p
		}
		go func() {
			r := kafkago.NewReader(own)
			var err error
			for i := 0; i < each && err == nil; i++ {
				_, err = r.ReadMessage(ctx)
				once.Do(func() { first = time.Now() })
			}
			failed <- err
		}()
	}
	for range readers {
		if err := <-failed; err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, time.Since(first).Seconds())
	return err
}

// streamOnce runs ecomctl over the topic.
func streamOnce(t *testing.T, b *broker, topic, state string, n int) measured {
	t.Helper()
	c := exec.Command(program(t), "stream", b.uri(topic), "--window", "1h", "--by", "region", "--delay", "1h", "--checkpoint", state, "--checkpoint-interval", "1s",
		"-o", state+".csv", "--to-end", "--group", topic, "--max-rejects", "1")
	var said bytes.Buffer
	c.Stderr = &said
	c.Env = append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z")
	m := timed(t, c)
	if records, _, _, _, _, _ := counts(t, said.String()); records != n {
		t.Fatal(said.String())
	}
	return m
}

// load is how many processes wanted a processor in the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := bytes.Cut(text, []byte(" "))
	return string(first)
}
