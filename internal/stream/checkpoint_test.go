package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/session"
)

// someOrders are n lines, one a minute.
func someOrders(n int) [][]byte {
	lines := [][]byte{[]byte(sampleLine)}
	for i := range n {
		at := start.Add(time.Duration(i) * time.Minute)
		lines = append(lines, fmt.Appendf(nil, `{"order_id":"o%d","order_ts":%q,"customer_id":"c%d","product_id":"p","quantity":1,"unit_price":2.5,"city":"w","region":"SP","status":"paid"}`,
			i/2, at.Format("2006-01-02T15:04:05"), i%17))
	}
	return lines
}

// stopped runs until the source fails after some batches, and returns its folder.
func stopped(t *testing.T, dir string, out *memOutput, batches int) Options {
	t.Helper()
	opts := testOptions(session.Settings{})
	opts.Checkpoint = dir
	src := &memSource{parts: map[string][][]byte{"p": someOrders(500)}, pick: func(n int) int { return n - 1 }, crash: batches}
	if _, err := Run(context.Background(), opts, src, []string{"mem"}, Outputs{Rows: out}); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	return opts
}

// finish runs to the end and checks that every window is there, once.
func finish(t *testing.T, opts Options, out *memOutput) *Summary {
	t.Helper()
	src := &memSource{parts: map[string][][]byte{"p": someOrders(500)}, pick: func(n int) int { return n - 1 }, crash: -1}
	sum, err := Run(context.Background(), opts, src, []string{"mem"}, Outputs{Rows: out})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Counts.Records != 501 || sum.Counts.Sold != 501 || !sum.Counts.Balanced() {
		t.Fatal(sum.Counts.String())
	}
	var orders int
	for i, l := range out.lines {
		if slices.Contains(out.lines[:i], l) {
			t.Fatalf("twice: %s", l)
		}
		if strings.HasSuffix(l, ",30,60,17,0") {
			orders += 30
		}
	}
	if orders != 30*8 || len(out.lines) != 10 {
		t.Fatalf("%d orders in full hours:\n%s", orders, strings.Join(out.lines, "\n"))
	}
	return sum
}

// newest returns the files of the last checkpoint.
func newest(t *testing.T, dir string) (manifests, segments []string) {
	t.Helper()
	manifests, err := filepath.Glob(filepath.Join(dir, manifestPrefix+"*"))
	if err != nil || len(manifests) != 2 {
		t.Fatalf("%d checkpoints, %v", len(manifests), err)
	}
	segments, err = filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(segments) == 0 {
		t.Fatalf("%d segments, %v", len(segments), err)
	}
	return manifests, segments
}

func TestDamagedCheckpoints(t *testing.T) {
	cut := func(t *testing.T, path string) {
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, b[:len(b)/2], 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, damage := range map[string]func(t *testing.T, manifests []string){
		"cut":   func(t *testing.T, m []string) { cut(t, m[1]) },
		"empty": func(t *testing.T, m []string) { must(t, os.WriteFile(m[1], nil, 0o600)) },
		"a bit": func(t *testing.T, m []string) {
			b, err := os.ReadFile(m[1])
			must(t, err)
			b[len(b)/2] ^= 1
			must(t, os.WriteFile(m[1], b, 0o600))
		},
		"its state is gone": func(t *testing.T, m []string) {
			s := &store{dir: filepath.Dir(m[0])}
			var before, after map[string]bool
			for i, to := range []*map[string]bool{&before, &after} {
				var seq int64
				_, err := fmt.Sscanf(filepath.Base(m[i]), manifestPrefix+"%d", &seq)
				must(t, err)
				mf, err := s.read(seq)
				must(t, err)
				*to = mf.segments()
			}
			for n := range after {
				if !before[n] {
					cut(t, filepath.Join(s.dir, n))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, out := t.TempDir(), &memOutput{}
			opts := stopped(t, dir, out, 60)
			manifests, _ := newest(t, dir)
			damage(t, manifests)
			var said []string
			opts.Say = func(f string, args ...any) { said = append(said, fmt.Sprintf(f, args...)) }
			finish(t, opts, out)
			if len(said) == 0 || !strings.Contains(said[0], "the one before it") {
				t.Fatalf("said: %q", said)
			}
		})
	}
	t.Run("both", func(t *testing.T) {
		dir := t.TempDir()
		opts := stopped(t, dir, &memOutput{}, 60)
		manifests, _ := newest(t, dir)
		cut(t, manifests[0])
		cut(t, manifests[1])
		refused(t, opts, fault.Input, "there is no good one before it")
	})
	t.Run("another version", func(t *testing.T) {
		dir := t.TempDir()
		opts := stopped(t, dir, &memOutput{}, 60)
		manifests, _ := newest(t, dir)
		b, err := os.ReadFile(manifests[1])
		must(t, err)
		must(t, os.WriteFile(manifests[1], bytes.Replace(b, []byte("version 1"), []byte("version 9"), 1), 0o600))
		refused(t, opts, fault.Usage, "it is of version 9, and this ecomctl writes version 1")
	})
	t.Run("in use", func(t *testing.T) {
		dir := t.TempDir()
		opts := stopped(t, dir, &memOutput{}, 60)
		lock, err := lockFolder(filepath.Join(dir, "LOCK"))
		must(t, err)
		defer lock.Close()
		refused(t, opts, fault.Locked, "another process uses them")
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused runs and wants an error with a remedy.
func refused(t *testing.T, opts Options, kind fault.Kind, text string) {
	t.Helper()
	src := &memSource{parts: map[string][][]byte{"p": someOrders(500)}, pick: func(n int) int { return n - 1 }, crash: -1}
	_, err := Run(context.Background(), opts, src, []string{"mem"}, Outputs{Rows: &memOutput{}})
	if err == nil || fault.KindOf(err) != kind || !strings.Contains(err.Error(), text) || fault.HintOf(err) == "" {
		t.Fatalf("kind %v, %v, hint %q", fault.KindOf(err), err, fault.HintOf(err))
	}
}

// fullDisk is a disk with room for so many bytes.
type fullDisk struct {
	*os.File
	room *int
}

func (f fullDisk) Write(p []byte) (int, error) {
	if *f.room < len(p) {
		n, _ := f.File.Write(p[:*f.room])
		*f.room = 0
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	*f.room -= len(p)
	return f.File.Write(p)
}

// TestFullDisk: a disk that fills up under the checkpoint, at any byte, stops the run with a
// remedy, and with room it goes on, losing and repeating nothing.
func TestFullDisk(t *testing.T) {
	for room := 100; room < 40_000; room = room*5/4 + 37 {
		dir, out := t.TempDir(), &memOutput{}
		opts := testOptions(session.Settings{})
		opts.Checkpoint, opts.noSync = dir, true
		if room%2 == 0 {
			opts.Memory = 0 // state is spilled too
		}
		left := room
		opts.create = func(path string) (segmentFile, error) {
			f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			return fullDisk{f, &left}, err
		}
		src := &memSource{parts: map[string][][]byte{"p": someOrders(500)}, pick: func(n int) int { return n - 1 }, crash: -1}
		_, err := Run(context.Background(), opts, src, []string{"mem"}, Outputs{Rows: out})
		if err == nil {
			t.Fatalf("room for %d bytes: no error", room)
		}
		if fault.KindOf(err) != fault.Full || !strings.Contains(fault.HintOf(err), "run the same command again") {
			t.Fatalf("room for %d bytes: %v, hint %q", room, err, fault.HintOf(err))
		}
		opts.create = nil
		finish(t, opts, out)
	}
}

// TestSpill: state that does not fit memory goes to the disk and the answer is the same.
func TestSpill(t *testing.T) {
	opts := testOptions(session.Settings{})
	opts.Memory, opts.TempDir = 0, t.TempDir()
	sum := finish(t, opts, &memOutput{})
	if sum.Spilled == 0 {
		t.Fatal("nothing was spilled")
	}
	if left, err := os.ReadDir(opts.TempDir); err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}
