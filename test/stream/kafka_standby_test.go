package stream_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// process is an ecomctl that runs beside the test.
type process struct {
	cmd  *exec.Cmd
	said *bytes.Buffer
	done chan struct{}
}

// launch starts ecomctl.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(program(t), args...), said: &bytes.Buffer{}, done: make(chan struct{})}
	p.cmd.Stderr = p.said
	p.cmd.Env = append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is seen in what it left
		close(p.done)
	}()
	t.Cleanup(func() { p.end(syscall.SIGKILL) })
	return p
}

// end sends a signal and waits for the process's end.
func (p *process) end(how syscall.Signal) {
	_ = p.cmd.Process.Signal(syscall.SIGCONT) // it may be stopped, or gone
	_ = p.cmd.Process.Signal(how)
	<-p.done
}

// TestKafkaRebalance runs two processes of one group, of which one reads and one stands by, while orders arrive. They are
// killed, interrupted and frozen beyond the session's timeout (a frozen one believes afterwards that it still reads), and the broker
// is killed in between: the group's survivors count every record, once.
func TestKafkaRebalance(t *testing.T) {
	b := kafka(t)
	dir := t.TempDir()
	in := b.topic(t, "group", 4)
	lines := orders(t, 30_000, 14)
	kills := kills(t)
	once := []string{"stream", b.uri(in), "--window", "1h", "--by", "region", "--delay", "1h", "--allowed-lateness", "30d", "--idle-timeout", "5s", "--checkpoint", filepath.Join(dir, "state"),
		"--checkpoint-interval", "50ms", "-o", filepath.Join(dir, "rows.csv"), "--max-rejects", "1", "--group", in, "--dead-letters", filepath.Join(dir, "dead")}
	args := append(once[:len(once):len(once)], "--standby", "--session-timeout", "1s")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- b.load(ctx, in, lines[:25_000], 3*kills) }()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 4))
	group := [2]*process{launch(t, args...), launch(t, args...)}
	for k := range kills {
		time.Sleep(500*time.Millisecond + time.Duration(rng.IntN(1500))*time.Millisecond)
		who := rng.IntN(2)
		switch k % 10 {
		case 1, 6: // leaves the group by itself
			group[who].end(syscall.SIGTERM)
			group[who] = launch(t, args...)
		case 2, 7: // is silent for longer than the group waits
			_ = group[who].cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(1500 * time.Millisecond)
			_ = group[who].cmd.Process.Signal(syscall.SIGCONT)
		case 8: // in `make chaos`; TestKafkaKill does it always
			if err := b.kill(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the broker's return", func(context.Context) error { return b.script("start.sh") })
		default:
			group[who].end(syscall.SIGKILL)
			group[who] = launch(t, args...)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if err := b.load(ctx, in, lines[25_000:], 1); err != nil { // somebody must read on
		t.Fatal(err)
	}
	msgs := b.dump(t, in, 4)
	b.lag(t, in, len(msgs)) // whoever reads now has taken over what the others left
	for _, p := range group {
		p.end(syscall.SIGTERM)
	}
	all := filepath.Join(dir, "all.ndjson")
	var text bytes.Buffer
	for _, m := range msgs {
		text.Write(append(m.Value, '\n'))
	}
	if err := os.WriteFile(all, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, said := run(t, nil, append(once, "--to-end")...)
	records, _, late, _, dead, _ := counts(t, said)
	if records != len(msgs) || late != 0 {
		t.Fatalf("%d records in the topic: %s", len(msgs), said)
	}
	if n := linesOf(t, filepath.Join(dir, "dead")); n != dead {
		t.Fatalf("%d dead letters and %d kept", dead, n)
	}
	same(t, batch(t, all), lastRevisions(t, filepath.Join(dir, "rows.csv"), 1))
	t.Logf("%d records; the survivors said\n%s%s", len(msgs), group[0].said, group[1].said)
}
