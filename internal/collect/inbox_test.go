package collect

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// moodyDisk fails when its room is used up, and forgets to truncate when it is stubborn. It does not sync: what a
// test kills is the process, not the machine.
type moodyDisk struct {
	*os.File
	room     *int
	stubborn bool
}

func (d moodyDisk) Write(p []byte) (int, error) {
	if *d.room < len(p) {
		n, _ := d.File.Write(p[:*d.room])
		*d.room = 0
		return n, &os.PathError{Op: "write", Path: d.Name(), Err: syscall.ENOSPC}
	}
	*d.room -= len(p)
	return d.File.Write(p)
}

func (d moodyDisk) Sync() error { return nil }

func (d moodyDisk) Truncate(n int64) error {
	if d.stubborn {
		return syscall.EIO
	}
	return d.File.Truncate(n)
}

// post is an inbox with what senders and the output know of it.
type post struct {
	t     *rapid.T
	dir   string
	saved State // what the last commit wrote
	in    *Inbox
	room  int

	sent     int // lines, one number each
	kept     map[string]bool
	refused  map[string]bool
	got      map[string]int
	failures int
	kills    int
}

// open starts a run.
func (p *post) open() {
	state := p.saved
	state.dir = p.dir
	in, err := OpenInbox(&state, 1<<20, 4096)
	if err != nil {
		p.t.Fatal(err)
	}
	in.roll = rapid.Int64Range(1, 500).Draw(p.t, "roll")
	in.create = func(path string) (segmentFile, error) {
		f, err := os.Create(path)
		return moodyDisk{f, &p.room, rapid.Bool().Draw(p.t, "stubborn")}, err
	}
	in.buf = make([]byte, 16) // grows
	p.in = in
}

// send appends some lines.
func (p *post) send() {
	if rapid.IntRange(0, 4).Draw(p.t, "full") == 0 {
		p.room = rapid.IntRange(0, 60).Draw(p.t, "room")
	}
	var lines []string
	for range rapid.IntRange(1, 4).Draw(p.t, "lines") {
		p.sent++
		lines = append(lines, fmt.Sprintf(`{"n":%d,"pad":%q}`, p.sent, strings.Repeat("x", p.sent%37)))
	}
	err := p.in.Append(p.t.Context(), []byte("\n"+strings.Join(lines, "\n")+"\n"))
	for _, l := range lines {
		if err == nil {
			p.kept[l] = true
		} else {
			p.refused[l] = true
		}
	}
	if err != nil {
		if fault.KindOf(err) != fault.Full {
			p.t.Fatal(err)
		}
		p.failures++
		p.room = 1 << 30
	}
}

// read takes a batch; over says that no more will come.
func (p *post) read() (over bool) {
	b, err := p.in.Next(p.t.Context(), 0)
	if err != nil && !errors.Is(err, io.EOF) {
		p.t.Fatal(err)
	}
	if b != nil {
		for _, l := range b.Lines {
			p.got[string(l.Data)]++
		}
	}
	return err != nil
}

// commit saves the state, as Run does.
func (p *post) commit() {
	p.in.Mark(&p.saved)
	p.in.Saved(&p.saved)
}

// kill ends the run, in the middle of a write whose sender has no answer.
func (p *post) kill() {
	p.in.Close()
	p.kills++
	files, err := filepath.Glob(filepath.Join(p.dir, "inbox", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	if slices.Sort(files); len(files) > 0 && rapid.Bool().Draw(p.t, "torn") {
		f, err := os.OpenFile(files[len(files)-1], os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			p.t.Fatal(err)
		}
		_, _ = f.WriteString(`{"torn":`)
		f.Close()
	}
	p.open()
}

// TestInbox: whatever is sent, read, saved and killed in whatever order, on a disk that fills up now and then: what
// a sender was told is kept comes, whole, and once unless a run was killed; what a sender was told is not
// kept may come only from a run that was killed; what was delivered leaves nothing on the disk.
func TestInbox(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		p := &post{t: t, dir: filepath.Join(base, fmt.Sprint(n)), room: 1 << 30, kept: map[string]bool{}, refused: map[string]bool{}, got: map[string]int{}}
		defer os.RemoveAll(p.dir)
		p.open()
		defer func() { p.in.Close() }()
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"send", "send", "send", "read", "read", "commit", "kill"}).Draw(t, "do") {
			case "send":
				p.send()
			case "read":
				p.read()
			case "commit":
				p.commit()
			case "kill":
				p.kill()
			}
		}
		p.in.Finish()
		for !p.read() {
		}
		p.commit()
		for l := range p.kept {
			if c := p.got[l]; c == 0 || c > 1 && p.kills == 0 {
				t.Fatalf("%s came %d times", l, c)
			}
		}
		for l := range p.got {
			if !p.kept[l] && !(p.refused[l] && p.kills > 0) {
				t.Fatalf("%q was never kept", l)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(p.dir, "inbox", "*")); len(left) > 0 || p.in.Behind() != 0 {
			t.Fatalf("left behind: %v, %d bytes", left, p.in.Behind())
		}
		if err := p.in.Append(t.Context(), []byte("{}\n")); fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("behind the end: %v", err)
		}
	})
}

// TestInboxTogether: senders at the same time share writes and none waits for ever; the limit holds until the state
// says that something was delivered.
func TestInboxTogether(t *testing.T) {
	state := &State{dir: t.TempDir()}
	const senders, each, long = 20, 50, 17
	in, err := OpenInbox(state, senders*each*long, 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for k := range each {
				if err := in.Append(t.Context(), fmt.Appendf(nil, "{\"s\":%02d,\"k\":%03d}\n", s, k)); err != nil { // long bytes
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := in.Append(t.Context(), []byte("{}\n")); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "wait for the output") {
		t.Fatalf("beyond the limit: %v", err)
	}
	last := map[string]string{}
	lines := 0
	for lines < senders*each {
		b, err := in.Next(t.Context(), time.Minute)
		if err != nil || b == nil {
			t.Fatal(b, err)
		}
		for _, l := range b.Lines {
			s, k, _ := strings.Cut(string(l.Data), ",")
			if k <= last[s] {
				t.Fatalf("sender %s: %s behind %s", s, k, last[s])
			}
			last[s] = k
			lines++
		}
	}
	in.Mark(state)
	in.Saved(state)
	if err := in.Append(t.Context(), []byte("{}\n")); err != nil {
		t.Fatalf("after the delivery: %v", err)
	}
}
