package collect

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/open"
	"github.com/ecomctl/ecomctl/internal/stream"
)

// moody is a sink that does not answer now and then, refuses a line, and stops the run after a while.
type moody struct {
	kept, safe []string
	calls      int
	refused    []Refusal
	stop       func()
	stopAt     int
	steady     bool
}

func (m *moody) fail() error {
	if m.calls++; m.calls%3 != 0 && !m.steady {
		return fault.New(fault.Unavailable, "no answer")
	}
	return nil
}

func (m *moody) Put(_ context.Context, lines []Line) error {
	for _, l := range lines {
		if bytes.Contains(l.Data, []byte("refuse")) {
			l.Data = bytes.Clone(l.Data)
			m.refused = append(m.refused, Refusal{l, "too_large", ""})
			continue
		}
		m.kept = append(m.kept, string(l.Data))
	}
	return m.fail()
}
func (m *moody) Full() bool { return len(m.kept) > 20 }
func (m *moody) Flush(context.Context) error {
	if err := m.fail(); err != nil {
		return err
	}
	m.safe, m.kept = append(m.safe, m.kept...), nil
	if len(m.safe) >= m.stopAt {
		m.stop()
	}
	return nil
}
func (m *moody) Refused() []Refusal              { r := m.refused; m.refused = nil; return r }
func (m *moody) Committed(context.Context) error { return nil }
func (m *moody) Repeated() int64                 { return 0 }
func (m *moody) Close() error                    { return nil }

// options are those of a run that does not wait.
func options() Options {
	return Options{Interval: time.Millisecond, Patience: time.Minute, Pause: time.Microsecond, Now: time.Now, Say: func(string, ...any) {}}
}

func tailing(paths ...string) TailOptions {
	return TailOptions{Paths: paths, MaxLine: 4096, Poll: time.Millisecond, Quiet: time.Hour, Now: time.Now, Say: func(string, ...any) {}, chunk: 500}
}

// TestRunStops: an output that often does not answer gets every line once, the identity holds, an interrupt
// ends the run well, and the next run has nothing left.
func TestRunStops(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	var text strings.Builder
	for k := range 300 {
		switch {
		case k == 100:
			text.WriteString("\n \r\nno object\n[1]\n" + strings.Repeat("x", 9000) + "\n{\"refuse\":1}\n")
		case k%7 == 0:
			text.WriteString("\x00\x00")
		}
		fmt.Fprintf(&text, "{\"k\":%d}\r\n", k)
	}
	text.WriteString(`{"half":`)
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for round, want := range []int{300, 0} {
		state, fresh, err := OpenState(t.Context(), filepath.Join(dir, "state"), "moody")
		if err != nil || fresh != (round == 0) {
			t.Fatal(err, fresh)
		}
		if _, _, err := OpenState(t.Context(), filepath.Join(dir, "state"), "moody"); fault.KindOf(err) != fault.Locked {
			t.Fatalf("a second one: %v", err)
		}
		dead, err := stream.OpenFile(filepath.Join(dir, "dead"), false)
		if err == nil {
			err = dead.Restore(state.Dead)
		}
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		sink := &moody{stop: cancel, stopAt: want}
		o := options()
		tail := NewTailer(tailing(path), state.Places, state.Seen)
		if want == 0 {
			tail.o.Once = true
			sink.steady = true // the end does not wait
		}
		counts, err := Run(ctx, o, tail, sink, dead, state)
		cancel()
		tail.Close()
		if err = errors.Join(err, dead.Close(true), state.Close()); err != nil {
			t.Fatal(err)
		}
		if len(sink.safe) != want || !counts.Balanced() || counts.Delivered != int64(want) {
			t.Fatalf("%d lines are safe: %s", len(sink.safe), counts.String())
		}
		for k, l := range sink.safe {
			if l != fmt.Sprintf(`{"k":%d}`, k) {
				t.Fatalf("line %d is %q", k, l)
			}
		}
		if d := counts.Dead; round == 0 && (d["malformed"] != 2 || d["too_long"] != 1 || d["too_large"] != 1) {
			t.Fatalf("%v", d)
		}
	}
	letters, err := os.ReadFile(filepath.Join(dir, "dead"))
	if err != nil || bytes.Count(letters, []byte("\n")) != 4 {
		t.Fatalf("%v %s", err, letters)
	}
}

// rowsOf counts the rows of a folder.
func rowsOf(t *testing.T, dir string) (rows int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil || len(files) == 0 {
		return 0
	}
	ds, err := open.Open(t.Context(), files, open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ds.Close()
	for _, s := range ds.Splits() {
		rows += s.Rows()
	}
	return rows
}

// TestFolderCrash: whatever moment of a commit a crash hits, the folder holds what the state says, and no more.
func TestFolderCrash(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	line := []Line{{Record: stream.Record{Data: []byte(`{"order_id":"1","unit_price":1}`)}, File: "a"}}
	var state FolderState
	at := func(s *FolderState) *Folder {
		f, err := OpenFolder(ctx, dir, s, 1<<20, nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	write := func(f *Folder) {
		t.Helper()
		if err := errors.Join(f.Put(ctx, line), f.Flush(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	f := at(&state)
	saved := state // before the first commit
	write(f)
	f = at(&saved) // killed before the state was written: the file never was
	if n := rowsOf(t, dir); n != 0 {
		t.Fatalf("%d rows without a state", n)
	}
	write(f)
	again := saved // killed after the state was written: the file gets its name now
	at(&again)
	if n := rowsOf(t, dir); n != 1 {
		t.Fatalf("%d rows of a state that names 1", n)
	}
	f = at(&saved) // … and was given it before
	write(f)
	if err := f.Committed(ctx); err != nil {
		t.Fatal(err)
	}
	if n := rowsOf(t, dir); n != 2 {
		t.Fatalf("%d rows", n)
	}
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".*")); len(hidden) > 0 {
		t.Fatalf("left behind: %v", hidden)
	}
}

// TestPacked: a file that is being packed is waited for.
func TestPacked(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	var want int
	for ; b.Len() < 200_000; want++ {
		fmt.Fprintf(z, "{\"n\":%d,\"x\":\"%x\"}\n", want, fmt.Append(nil, want*7919, want*want*31, time.Duration(want*want*want)))
	}
	_ = z.Close()
	var said []string
	o := tailing(filepath.Join(dir, "*"))
	o.Once, o.Say = true, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	var state State
	got := 0
	for _, size := range []int{b.Len() / 2, b.Len()} {
		if err := os.WriteFile(path, b.Bytes()[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		tail := NewTailer(o, state.Places, state.Seen)
		if err := tail.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for {
			batch, err := tail.Next(t.Context(), 0)
			if err != nil {
				break
			}
			got += len(batch.Lines)
		}
		tail.Mark(&state)
		tail.Close()
	}
	if got != want || len(said) != 1 || !strings.Contains(said[0], "the packed file is cut off") {
		t.Fatalf("%d of %d lines; said %q", got, want, said)
	}
}

// full is a sink whose disk is full when lines are to be made safe.
type full struct{ moody }

func (f *full) Flush(context.Context) error { return fault.New(fault.Full, "no space left") }

// TestUndelivered: what a run that failed has read, and not delivered, is not told as delivered.
func TestUndelivered(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	if err := os.WriteFile(path, []byte("{\"a\":1}\n{\"a\":2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	state, _, err := OpenState(t.Context(), filepath.Join(dir, "state"), "full")
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	dead, err := stream.OpenFile(filepath.Join(dir, "dead"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dead.Close(true) }()
	opts, paths := options(), tailing(path)
	opts.Once, paths.Once = true, true
	tail := NewTailer(paths, nil, nil)
	defer tail.Close()
	counts, err := Run(t.Context(), opts, tail, &full{moody{steady: true}}, dead, state)
	if fault.KindOf(err) != fault.Full || counts.Lines != 0 || counts.Delivered != 0 {
		t.Errorf("%s: %v", counts.String(), err)
	}
}
