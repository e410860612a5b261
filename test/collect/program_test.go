// Package collect_test runs ecomctl collect, and Flume, against a real Kafka and HDFS, and kills them on the way.
package collect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/cli"
)

// asCommand makes the test binary the program itself, for a process that can be killed.
const asCommand = "ECOMCTL_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(cli.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is ecomctl as a process of its own.
func program(t *testing.T, ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(ctx, self, args...)
	c.Env = append(os.Environ(), asCommand+"=1", "ECOMCTL_NOW=2026-03-01T00:00:00Z")
	return c
}

// run runs a command to its end.
func run(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	c := program(t, ctx, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("ecomctl %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}

// runAndKill starts a command and ends it after a while, as kill -9 does, or politely with SIGTERM, which it
// must survive with exit code 0.
func runAndKill(t *testing.T, after time.Duration, politely bool, args ...string) {
	t.Helper()
	var errs bytes.Buffer
	c := program(t, t.Context(), args...)
	c.Stderr = &errs
	must(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("ecomctl %s ended by itself: %v\n%s", strings.Join(args, " "), err, errs.String())
	case <-time.After(after):
	}
	if !politely {
		must(t, c.Process.Kill())
		<-ended
		return
	}
	must(t, c.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-ended:
		// before the program listens to signals SIGTERM ends it at once
		if err != nil && !strings.Contains(err.Error(), "terminated") {
			t.Fatalf("SIGTERM: %v\n%s", err, errs.String())
		}
	case <-time.After(time.Minute):
		t.Fatalf("SIGTERM does not end it\n%s", errs.String())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shopLog is a log that an application writes and rotation renames, truncates and packs.
type shopLog struct {
	path string
	n    int // lines so far
	f    *os.File
}

// line is order k.
func line(k int) string {
	return fmt.Sprintf(`{"order_id":"o%06d","order_ts":"2026-01-%02dT%02d:00:00","customer_id":"c%d","product_id":"p%d","quantity":%d,"unit_price":%d.25,"region":"SP","status":"paid"}`,
		k, 1+k%28, k%24, k%500, k%40, 1+k%3, k%90)
}

// write writes lines in pieces that do not end with them, and rotates in between; gap is the time between pieces.
func (l *shopLog) write(lines, rotations int, pack bool, gap time.Duration) (err error) {
	if l.f == nil {
		if l.f, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	each := lines/(rotations+1) + 1
	for end := l.n + lines; l.n < end; {
		var b strings.Builder
		k := min(each, end-l.n)
		for range k {
			b.WriteString(line(l.n) + "\n")
			l.n++
		}
		for text := b.String(); len(text) > 0; time.Sleep(gap) {
			piece := min(len(text), 20_011)
			if _, err := l.f.WriteString(text[:piece]); err != nil {
				return err
			}
			text = text[piece:]
		}
		if l.n < end {
			if err := l.rotate(pack); err != nil {
				return err
			}
		}
	}
	return nil
}

// rotate renames; the generation before is packed. The writer opens the new file.
func (l *shopLog) rotate(pack bool) (err error) {
	if pack {
		if err := packUp(l.path + ".1"); err != nil {
			return err
		}
	}
	for k := 30; k >= 1; k-- {
		for _, end := range []string{"", ".gz"} {
			err := os.Rename(fmt.Sprintf("%s.%d%s", l.path, k, end), fmt.Sprintf("%s.%d%s", l.path, k+1, end))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	l.f.Close()
	l.f, err = os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

// packUp does what gzip does to a file.
func packUp(path string) error {
	st, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(path+".gz", b.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.Chtimes(path+".gz", st.ModTime(), st.ModTime()); err != nil {
		return err
	}
	return os.Remove(path)
}

// all writes every line to one file, the input of the batch answer.
func (l *shopLog) all(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for k := range l.n {
		b.WriteString(line(k) + "\n")
	}
	path := filepath.Join(t.TempDir(), "all.ndjson")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

// missing says which lines did not come, and how often lines came again; a line that was never written fails.
func (l *shopLog) missing(t *testing.T, got map[string]int) (lost, again int) {
	t.Helper()
	for k := range l.n {
		c := got[line(k)]
		if c == 0 {
			lost++
		}
		again += max(0, c-1)
	}
	if extra := len(got) - (l.n - lost); extra != 0 {
		t.Fatalf("%d lines that were never written", extra)
	}
	return lost, again
}

// days is what query says of an input.
func days(t *testing.T, input string, flags ...string) []string {
	t.Helper()
	out, _ := run(t, append([]string{"query", input, "--by", "day", "--measure", "revenue,orders,units,customers", "--format", "csv", "-q"}, flags...)...)
	rows := strings.Split(strings.TrimSpace(out), "\n")[1:]
	slices.Sort(rows)
	return rows
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Fatalf("%s: %d rows where the batch answer has %d, or others:\n%v\n%v", what, len(got), len(want), got, want)
	}
}

// killed runs collect while a log is written, and ends it again and again.
func killed(t *testing.T, l *shopLog, args ...string) {
	t.Helper()
	written := make(chan error, 1)
	go func() { written <- l.write(20_000, 12, true, 20*time.Millisecond) }()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range 6 {
		runAndKill(t, time.Duration(150+rng.IntN(700))*time.Millisecond, i%3 == 2, args...)
	}
	must(t, <-written)
	l.f.Close()
}

// TestFolderKilled: a folder of Parquet files has every line once, whatever is killed while files are rotated.
func TestFolderKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := &shopLog{path: filepath.Join(dir, "orders.log")}
	lake := filepath.Join(dir, "lake")
	args := []string{"collect", l.path, "-o", lake, "--interval", "150ms", "--roll-size", "256KiB", "--rotate-wait", "0s"}
	killed(t, l, args...)
	_, said := run(t, append(args, "--once")...)
	run(t, append(args, "--once")...) // what rotation moved at the very end
	want := days(t, l.all(t))
	same(t, "the folder", want, days(t, lake))
	same(t, "the folder without repeats", want, days(t, lake, "--dedupe"))
	hidden, err := filepath.Glob(filepath.Join(lake, ".*"))
	if err != nil || len(hidden) > 0 {
		t.Errorf("left behind: %v %v", hidden, err)
	}
	t.Log(strings.TrimSpace(said))
}
