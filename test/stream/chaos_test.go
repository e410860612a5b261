// Package stream_test kills `ecomctl stream` at random moments and reads Kafka through it.
package stream_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	buildOnce sync.Once
	builtBin  string
	buildErr  error
)

// program builds ecomctl once.
func program(t *testing.T) string {
	t.Helper()
	buildOnce.Do(func() { builtBin, buildErr = build() })
	if buildErr != nil {
		t.Fatal(buildErr)
	}
	return builtBin
}

// build builds ecomctl into a folder that TestMain removes.
func build() (string, error) {
	dir, err := os.MkdirTemp("", "ecomctl-stream-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "ecomctl")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/ecomctl").CombinedOutput(); err != nil {
		return bin, fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
}

func TestMain(m *testing.M) {
	if what := os.Getenv("ECOMCTL_TEST_BARE"); what != "" { // see bareOnce
		if err := bare(what, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if theBroker != nil {
		_ = theBroker.script("stop.sh", "--clean")
		os.RemoveAll(theBroker.dir)
	}
	if builtBin != "" {
		os.RemoveAll(filepath.Dir(builtBin))
	}
	os.Exit(code)
}

// kills is how often a test kills: 5, or what `make chaos` asks for.
func kills(t *testing.T) int {
	t.Helper()
	v := os.Getenv("ECOMCTL_CHAOS")
	if v == "" {
		return 5
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("ECOMCTL_CHAOS=%s: not a number", v)
	}
	return n
}

// run runs ecomctl to its end and returns what it said.
func run(t *testing.T, stdin io.Reader, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(program(t), args...)
	c.Stdin, c.Stdout, c.Stderr = stdin, &out, &errs
	c.Env = append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z")
	if err := c.Run(); err != nil {
		t.Fatalf("ecomctl %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}

// runAndKill starts ecomctl and kills it after a while, as kill -9 does. It reports whether it was
// still running.
func runAndKill(t *testing.T, stdin *os.File, after time.Duration, args ...string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	var errs bytes.Buffer
	c := exec.CommandContext(ctx, program(t), args...) // its Cancel is SIGKILL
	if stdin != nil {
		c.Stdin = stdin
	}
	c.Stdout, c.Stderr = io.Discard, &errs
	c.Env = append(os.Environ(), "ECOMCTL_NOW=2026-01-15T06:00:00Z")
	err := c.Run()
	if ctx.Err() == nil && err != nil {
		t.Fatalf("ecomctl %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return ctx.Err() != nil
}

// orders makes lines of a shop, some spoiled, out of order by minutes, some sent twice.
func orders(t *testing.T, rows int, seed uint64) [][]byte {
	t.Helper()
	text, _ := run(t, nil, "generate", "orders", "--rows", strconv.Itoa(rows), "--days", "20", "--from", "2025-10-01", "--regions", "br", "--dirty", "0.01",
		"--seed", strconv.FormatUint(seed, 10), "--format", "ndjson")
	lines := bytes.SplitAfter([]byte(text), []byte("\n"))
	lines = lines[:len(lines)-1]
	rng := rand.New(rand.NewPCG(seed, 7))
	for i := range lines { // neighbours change places: events are out of order
		k := min(len(lines)-1, i+rng.IntN(20))
		lines[i], lines[k] = lines[k], lines[i]
	}
	return lines
}

// lastRevisions reads the rows of windows, the last revision of each; a revision that is there
// twice fails.
func lastRevisions(t *testing.T, path string, dims int) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type version struct {
		rev  int
		text string
	}
	last, seen := map[string]version{}, map[string]bool{}
	for _, r := range rows[1:] {
		key := r[0] + "," + strings.Join(r[2:2+dims], ",")
		n := len(r)
		rev, err := strconv.Atoi(r[n-1])
		if err != nil {
			t.Fatal(err)
		}
		if id := key + "#" + r[n-1]; seen[id] {
			t.Fatalf("%s: written twice: %v", path, r)
		} else {
			seen[id] = true
		}
		if old, ok := last[key]; !ok || rev > old.rev {
			last[key] = version{rev, key + "," + strings.Join(r[2+dims:n-1], ",")}
		}
	}
	var out []string
	for _, v := range last {
		out = append(out, v.text)
	}
	slices.Sort(out)
	return out
}

// batch is what `ecomctl query` says.
func batch(t *testing.T, file string) []string {
	t.Helper()
	text, _ := run(t, nil, "query", file, "--by", "hour,region", "--measure", "revenue,orders,units,customers", "--format", "csv", "--max-rejects", "1")
	rows := strings.Split(strings.TrimSpace(text), "\n")[1:]
	slices.Sort(rows)
	return rows
}

// same compares windows with the batch answer.
func same(t *testing.T, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("row %d: batch says %s, stream says %s", i, want[i], got[i])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("batch has %d rows, stream %d", len(want), len(got))
	}
}

var identity = regexp.MustCompile(`records in (\d+) = (\d+) counted \+ (\d+) late \+ (\d+) duplicates \+ (\d+) dead letters \+ (\d+) aborted`)

// counts reads the identity that a run printed and proves it.
func counts(t *testing.T, stderr string) (records, counted, late, duplicates, dead, aborted int) {
	t.Helper()
	m := identity.FindStringSubmatch(stderr)
	if m == nil {
		t.Fatalf("no identity in:\n%s", stderr)
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	if n[0] != n[1]+n[2]+n[3]+n[4]+n[5] {
		t.Fatalf("the identity does not hold: %s", m[0])
	}
	return n[0], n[1], n[2], n[3], n[4], n[5]
}

// linesOf counts the lines of a file.
func linesOf(t *testing.T, path string) int {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}

// TestKillFollow kills a run that follows a growing file at random moments under load: the windows
// equal the batch answer, and rows, late rows and dead letters are there once.
func TestKillFollow(t *testing.T) {
	dir := t.TempDir()
	lines := orders(t, 60_000, 11)
	file := filepath.Join(dir, "orders.ndjson")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"stream", file, "--window", "1h", "--by", "region", "--delay", "10m", "--allowed-lateness", "1d", "--checkpoint", filepath.Join(dir, "state"),
		"--checkpoint-interval", "20ms", "-o", filepath.Join(dir, "rows.csv"), "--late", filepath.Join(dir, "late.ndjson"), "--dead-letters", filepath.Join(dir, "dead.ndjson"), "--max-rejects", "1"}
	written, kills := make(chan error, 1), kills(t)
	go func() { // the load: pieces that do not end with lines
		text := bytes.Join(lines, nil)
		piece := len(text)/(40*kills) + 1
		var err error
		for len(text) > 0 && err == nil {
			n := min(len(text), piece)
			_, err = f.Write(text[:n])
			text = text[n:]
			time.Sleep(5 * time.Millisecond)
		}
		written <- errors.Join(err, f.Close())
	}()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range kills {
		runAndKill(t, nil, time.Duration(30+rng.IntN(400))*time.Millisecond, append(args, "--follow")...)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	_, stderr := run(t, nil, args...)
	records, counted, late, _, dead, _ := counts(t, stderr)
	if records != len(lines) {
		t.Fatalf("%d of %d records were counted once", records, len(lines))
	}
	if n := linesOf(t, filepath.Join(dir, "late.ndjson")); n != late {
		t.Fatalf("%d late rows and %d kept", late, n)
	}
	if n := linesOf(t, filepath.Join(dir, "dead.ndjson")); n != dead {
		t.Fatalf("%d dead letters and %d kept", dead, n)
	}
	// the batch answer is over the rows that were not late
	if late > 0 {
		t.Fatalf("%d rows were late; the test wants disorder within lateness", late)
	}
	same(t, batch(t, file), lastRevisions(t, filepath.Join(dir, "rows.csv"), 1))
	t.Logf("%d records, %d counted, %d dead letters; %s", records, counted, dead, strings.TrimSpace(stderr))
}

// TestKillStdin kills a run whose standard input is a file.
func TestKillStdin(t *testing.T) {
	dir := t.TempDir()
	lines := orders(t, 40_000, 12)
	lines = append(lines, lines[100:400]...) // repeats, told by their key
	file, once := filepath.Join(dir, "orders.ndjson"), filepath.Join(dir, "once.ndjson")
	for path, text := range map[string][][]byte{file: lines, once: lines[:40_000]} {
		if err := os.WriteFile(path, bytes.Join(text, nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"stream", "-", "--window", "1h", "--by", "region", "--delay", "2d", "--allowed-lateness", "20d", "--checkpoint", filepath.Join(dir, "state"), "--memory", "64MiB",
		"--checkpoint-interval", "10ms", "-o", filepath.Join(dir, "rows.csv"), "--max-rejects", "1", "--dedupe-key", "order_id,product_id,quantity,unit_price,order_ts,status"}
	open := func() *os.File {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	for range kills(t) {
		runAndKill(t, open(), time.Duration(30+rng.IntN(300))*time.Millisecond, args...)
	}
	_, stderr := run(t, open(), args...)
	records, _, _, duplicates, _, _ := counts(t, stderr)
	if records != len(lines) || duplicates == 0 {
		t.Fatalf("%d of %d records, %d repeats told", records, len(lines), duplicates)
	}
	same(t, dedupedBatch(t, once), lastRevisions(t, filepath.Join(dir, "rows.csv"), 1))
}

// dedupedBatch is the batch answer with exact repeats left out, as the key of the stream does.
func dedupedBatch(t *testing.T, file string) []string {
	t.Helper()
	text, _ := run(t, nil, "query", file, "--dedupe", "--by", "hour,region", "--measure", "revenue,orders,units,customers", "--format", "csv", "--max-rejects", "1")
	rows := strings.Split(strings.TrimSpace(text), "\n")[1:]
	slices.Sort(rows)
	return rows
}
