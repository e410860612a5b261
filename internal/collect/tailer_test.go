package collect

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// logFile is a log as applications and log rotation treat it.
type logFile struct {
	dir     string
	f       *os.File // the writer's
	half    string   // what the last line lacks
	written int
	kept    int // generations, the live one not counted
}

func newLog(dir string) (*logFile, error) {
	l := &logFile{dir: dir}
	return l, l.reopen()
}

func (l *logFile) live() string { return filepath.Join(l.dir, "orders.log") }

// nth is the name of a generation, packed or not.
func (l *logFile) nth(k int) (path string, there bool) {
	for _, end := range []string{"", ".gz"} {
		path = fmt.Sprintf("%s.%d%s", l.live(), k, end)
		if _, err := os.Stat(path); err == nil {
			return path, true
		}
	}
	return fmt.Sprintf("%s.%d", l.live(), k), false
}

func (l *logFile) reopen() (err error) {
	if l.f != nil {
		l.f.Close()
	}
	l.f, err = os.OpenFile(l.live(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

// write writes lines; of the last one only a part when cut is positive.
func (l *logFile) write(n, cut int) error {
	var b strings.Builder
	b.WriteString(l.half)
	l.half = ""
	for range n {
		fmt.Fprintf(&b, "{\"n\":%d,\"pad\":%q}\n", l.written, strings.Repeat("x", l.written%97))
		l.written++
	}
	text := b.String()
	if cut = min(cut, max(0, len(text)-1)); n == 0 {
		cut = 0
	}
	l.half = text[len(text)-cut:]
	_, err := l.f.WriteString(text[:len(text)-cut])
	return err
}

// shift gives every generation the next number.
func (l *logFile) shift() error {
	for k := l.kept; k >= 1; k-- {
		path, _ := l.nth(k)
		if err := os.Rename(path, strings.Replace(path, fmt.Sprintf(".log.%d", k), fmt.Sprintf(".log.%d", k+1), 1)); err != nil {
			return err
		}
	}
	l.kept++
	return nil
}

// rename rotates by renaming; the writer goes on with the renamed file until it reopens.
func (l *logFile) rename() error {
	if _, err := os.Stat(l.live()); err != nil {
		return nil //nolint:nilerr // renamed, and not made anew yet
	}
	if err := l.shift(); err != nil {
		return err
	}
	return os.Rename(l.live(), l.live()+".1")
}

// copyTruncate rotates by a copy. A line that is cut by it would be lost to everybody.
func (l *logFile) copyTruncate() error {
	text, err := os.ReadFile(l.live())
	if err != nil || l.half != "" {
		return nil //nolint:nilerr // not there
	}
	if err := l.shift(); err != nil {
		return err
	}
	if err := os.WriteFile(l.live()+".1", text, 0o600); err != nil {
		return err
	}
	return os.Truncate(l.live(), 0)
}

// pack packs a generation that is no longer written, as gzip does: the age stays.
func (l *logFile) pack(k int) error {
	path, there := l.nth(k)
	if !there || isPacked(path) {
		return nil
	}
	if a, err := l.f.Stat(); err != nil || sameAs(path, a) {
		return err
	}
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	if err := os.WriteFile(path+".gz", b.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.Chtimes(path+".gz", st.ModTime(), st.ModTime()); err != nil {
		return err
	}
	return os.Remove(path)
}

func sameAs(path string, a os.FileInfo) bool {
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// follower is a Tailer with a sink that counts.
type follower struct {
	t     *Tailer
	disk  []byte // the last state
	got   map[string]int
	o     TailOptions
	kills int
	said  []string
}

func newFollower(path string, chunk int) *follower {
	f := &follower{got: map[string]int{}}
	f.o = TailOptions{Paths: []string{path}, MaxLine: 4096, Quiet: time.Hour, Poll: time.Microsecond, Now: time.Now, chunk: chunk,
		Say: func(format string, args ...any) { f.said = append(f.said, fmt.Sprintf(format, args...)) }}
	return f
}

// start begins a run, as Run does: the state is saved before anything is read.
func (f *follower) start() error {
	var s State
	if f.disk != nil {
		if err := json.Unmarshal(f.disk, &s); err != nil {
			return err
		}
	}
	f.t = NewTailer(f.o, s.Places, s.Seen)
	if err := f.t.Start(context.Background()); err != nil {
		return err
	}
	return f.commit()
}

func (f *follower) commit() (err error) {
	var s State
	f.t.Mark(&s)
	f.disk, err = json.Marshal(s)
	return err
}

// kill drops what is not in the state.
func (f *follower) kill() {
	f.t.Close()
	f.t = nil
	f.kills++
}

// read takes some batches.
func (f *follower) read(n int) error {
	for range n {
		b, err := f.t.Next(context.Background(), 0)
		if err != nil {
			return err
		}
		if b == nil {
			return nil
		}
		for _, l := range b.Lines {
			f.got[string(l.Data)]++
		}
	}
	return nil
}

// finish reads everything there is.
func (f *follower) finish() error {
	if f.t != nil {
		if err := f.commit(); err != nil {
			return err
		}
		f.t.Close()
	}
	f.o.Once, f.o.Quiet = true, 0
	for range 3 { // as cron does: the second run finds what the first one left
		if err := f.start(); err != nil {
			return err
		}
		if err := f.read(1 << 30); err != io.EOF {
			return fmt.Errorf("the end: %w", err)
		}
		if err := f.commit(); err != nil {
			return err
		}
		f.t.Close()
	}
	return nil
}

// TestTailer: whatever is written, rotated, packed and killed in whatever order, every line comes,
// whole; and once, when nothing is killed.
func TestTailer(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		dir := filepath.Join(base, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l, err := newLog(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { l.f.Close() }()
		f := newFollower(l.live(), rapid.SampledFrom([]int{64, 700, 1 << 20}).Draw(t, "chunk"))
		if err := f.start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if f.t != nil {
				f.t.Close()
			}
		}()
		// one way of rotating, as people have, gives lines once; both within one look may repeat some
		ways := rapid.SampledFrom([][]string{{"rename", "reopen", "pack"}, {"copytruncate", "copytruncate", "reopen"}, {"rename", "reopen", "pack", "copytruncate"}}).Draw(t, "ways")
		mixed := len(ways) == 4
		do := append([]string{"write", "write", "write", "read", "read", "read", "commit", "kill"}, ways...)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if err := step(t, do, l, f); err != nil {
				t.Fatal(err)
			}
		}
		if f.t == nil {
			if err := f.start(); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.write(1, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.finish(); err != nil {
			t.Fatal(err)
		}
		for k := range l.written {
			line := fmt.Sprintf(`{"n":%d,"pad":%q}`, k, strings.Repeat("x", k%97))
			switch c := f.got[line]; {
			case c == 0:
				t.Fatalf("line %d of %d is lost; said: %q", k, l.written, f.said)
			case c > 1 && f.kills == 0 && !mixed:
				t.Fatalf("line %d came %d times; said: %q", k, c, f.said)
			}
			delete(f.got, line)
		}
		for line := range f.got {
			t.Fatalf("a line that was never written: %q; said: %q", line, f.said)
		}
	})
}

// step does one thing to the log or its reader.
func step(t *rapid.T, ways []string, l *logFile, f *follower) error {
	if f.t == nil && rapid.IntRange(0, 2).Draw(t, "start") == 0 {
		return f.start()
	}
	switch do := rapid.SampledFrom(ways).Draw(t, "do"); do {
	case "write":
		return l.write(rapid.IntRange(0, 40).Draw(t, "lines"), rapid.IntRange(0, 30).Draw(t, "cut"))
	case "rename":
		return l.rename()
	case "reopen":
		if l.half != "" {
			if err := l.write(0, 0); err != nil {
				return err
			}
		}
		return l.reopen()
	case "copytruncate":
		return l.copyTruncate()
	case "pack":
		return l.pack(rapid.IntRange(1, 3).Draw(t, "generation"))
	default:
		if f.t == nil {
			return nil
		}
		switch do {
		case "read":
			return f.read(rapid.IntRange(1, 20).Draw(t, "batches"))
		case "commit":
			return f.commit()
		}
		f.kill()
	}
	return nil
}
