package collect_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// receiver is an ecomctl collect --listen.
type receiver struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	said string // file
}

var saidURL = regexp.MustCompile(`receiving events on (http://\S+/events);`)

// receive starts a receiver on a free port and waits until it listens.
func receive(t *testing.T, args ...string) *receiver {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "said")
	must(t, err)
	defer f.Close()
	r := &receiver{t: t, cmd: program(t, t.Context(), append([]string{"collect", "--listen", "127.0.0.1:0"}, args...)...), said: f.Name()}
	r.cmd.Stderr = f
	must(t, r.cmd.Start())
	eventually(t, "the receiver's port", func(context.Context) error {
		m := saidURL.FindStringSubmatch(r.text())
		if m == nil {
			return fmt.Errorf("it said %q", r.text())
		}
		r.url = m[1]
		return nil
	})
	return r
}

// text is what it said.
func (r *receiver) text() string { return readAll(r.t, r.said) }

// kill ends it as kill -9 does.
func (r *receiver) kill() {
	must(r.t, r.cmd.Process.Kill())
	_ = r.cmd.Wait() // killed
}

// stop ends it politely, which it must survive.
func (r *receiver) stop() {
	r.t.Helper()
	must(r.t, r.cmd.Process.Signal(syscall.SIGTERM))
	if err := r.cmd.Wait(); err != nil {
		r.t.Fatalf("%v: %s", err, r.text())
	}
}

// client does not keep connections: the receiver is killed under them.
var client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

// send posts orders in one of the forms that are taken. It returns the status, 0 when there was no answer.
func send(ctx context.Context, url string, form int, orders []string) (status int, answer string) {
	body, media, packed := "["+strings.Join(orders, ", ")+"]", "application/json", false
	if form%2 == 1 {
		body, media = strings.Join(orders, "\n"), "application/x-ndjson"
	}
	var b bytes.Buffer
	if packed = form%3 == 2; packed {
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(body))
		_ = z.Close()
	} else {
		b.WriteString(body)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, &b)
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("Content-Type", media)
	if packed {
		r.Header.Set("Content-Encoding", "gzip")
	}
	a, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(text)
}

// senders post orders, each once, until they are told to stop, and remember which were answered.
type senders struct {
	mu       sync.Mutex
	url      string
	answered map[string]bool
	sent     atomic.Int64
	stop     chan struct{}
	wg       sync.WaitGroup
}

// start starts so many.
func (s *senders) start(t *testing.T, n int) {
	for form := range n {
		s.wg.Go(func() {
			for {
				select {
				case <-s.stop:
					return
				default:
				}
				s.mu.Lock()
				url := s.url
				s.mu.Unlock()
				var orders, ids []string
				for range 1 + form*7 {
					k := int(s.sent.Add(1))
					orders, ids = append(orders, line(k)), append(ids, fmt.Sprintf("o%06d", k))
				}
				status, answer := send(t.Context(), url, form, orders)
				switch {
				case status == http.StatusOK && strings.Contains(answer, fmt.Sprintf(`{"accepted":%d,"dead":0}`, len(ids))):
					s.mu.Lock()
					for _, id := range ids {
						s.answered[id] = true
					}
					s.mu.Unlock()
				case status == 0: // nobody is there; whether they were kept is not known
					time.Sleep(5 * time.Millisecond)
				case status != http.StatusServiceUnavailable: // it is closing
					t.Errorf("%d %s", status, answer)
					return
				}
			}
		})
	}
}

// ids counts the orders of a folder by their ids.
func ids(t *testing.T, lake string) map[string]int {
	t.Helper()
	out, _ := run(t, "convert", lake, "--format", "ndjson", "-q")
	got := map[string]int{}
	for text := range strings.Lines(out) {
		var o struct {
			ID string `json:"order_id"`
		}
		must(t, json.Unmarshal([]byte(text), &o))
		got[o.ID]++
	}
	return got
}

// TestReceiverKilled: senders post while the receiver is killed again and again, and ended politely, beside a file that grows.
// What was answered 200 is in the folder, once; what was not answered is there at most once; the file's lines are there once.
func TestReceiverKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := &shopLog{path: filepath.Join(dir, "orders.log"), n: 500_000} // other numbers than the senders'
	lake := filepath.Join(dir, "lake")
	args := []string{l.path, "-o", lake, "--interval", "100ms", "--rotate-wait", "0s"}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	must(t, l.write(1, 0, false, 0))
	s := &senders{answered: map[string]bool{}, stop: make(chan struct{})}
	written := make(chan error, 1)
	for k := range 6 {
		r := receive(t, args...)
		s.mu.Lock()
		s.url = r.url
		s.mu.Unlock()
		if k == 0 {
			s.start(t, 6)
			go func() { written <- l.write(5000, 3, true, 20*time.Millisecond) }()
		}
		time.Sleep(time.Duration(100+rng.IntN(500)) * time.Millisecond)
		if k%3 == 2 {
			r.stop()
		} else {
			r.kill()
		}
	}
	close(s.stop)
	s.wg.Wait()
	must(t, <-written)
	l.f.Close()
	run(t, append(append([]string{"collect"}, args...), "--once")...) // what the last one left, of the inbox too
	got := ids(t, lake)
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
	for id := range s.answered {
		if got[id] == 0 {
			t.Errorf("%s was answered, and is lost", id)
		}
	}
	lines := 0
	for id := range got {
		if id >= "o500000" {
			lines++
		}
	}
	if lines != 5001 || len(s.answered) == 0 {
		t.Errorf("%d lines of the file, %d orders answered", lines, len(s.answered))
	}
	if left, _ := filepath.Glob(filepath.Join(lake, "_collect", "inbox", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("%d orders sent, %d answered, %d there", s.sent.Load(), len(s.answered), len(got)-lines)
}

// receiverGone: while the broker is gone events are taken until the inbox is full, then refused by 503 with the time to
// come back; the receiver is killed meanwhile; what was answered arrives.
func receiverGone(t *testing.T, b *broker) {
	topic := b.topic(t, "received")
	dir := t.TempDir()
	args := []string{"-o", b.uri(topic), "--state", filepath.Join(dir, "state"), "--interval", "50ms", "--max-body", "4KiB", "--inbox-size", "20KiB", "--key", "order_id"}
	r := receive(t, args...)
	var kept []string
	k := 0
	post := func() (status int, answer string) {
		orders := []string{line(k), line(k + 1)}
		k += 2
		status, answer = send(t.Context(), r.url, k, orders)
		if status == http.StatusOK {
			kept = append(kept, orders...)
		}
		return status, answer
	}
	if status, answer := post(); status != http.StatusOK {
		t.Fatal(answer)
	}
	eventually(t, "the first events", func(ctx context.Context) error {
		ends, err := b.ends(ctx, topic)
		if err == nil && ends[0]+ends[1]+ends[2] != 2 {
			err = fmt.Errorf("the topic holds %v", ends)
		}
		return err
	})
	_, err := script("kafka/stop.sh", b.env)
	must(t, err)
	full := func() (answer string) {
		t.Helper()
		for range 200 {
			var status int
			if status, answer = post(); status == http.StatusServiceUnavailable {
				return answer
			} else if status != http.StatusOK {
				t.Fatal(status, answer)
			}
		}
		t.Fatal("the inbox has no end")
		return ""
	}
	if answer := full(); !strings.Contains(answer, "wait for the output, and no more than 20480 may") {
		t.Error(answer)
	}
	r.kill()
	r = receive(t, args...) // it starts although the broker is gone, and knows what waits
	if answer := full(); !strings.Contains(answer, "wait for the output") {
		t.Error(answer)
	}
	_, err = script("kafka/start.sh", b.env)
	must(t, err)
	eventually(t, "room in the inbox", func(context.Context) error {
		if status, answer := post(); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, answer)
		}
		return nil
	})
	eventually(t, "the delivery", func(context.Context) error {
		text := r.text()
		got := b.dump(t, topic)
		for _, l := range kept {
			if got[l] == 0 {
				return fmt.Errorf("%s is not there; said %s", l, text)
			}
		}
		return nil
	})
	r.stop()
	t.Logf("%d events were kept; %s", len(kept), strings.TrimSpace(r.text()))
}

// TestReceiverPage runs the commands of docs/collect.md that receive and send events.
func TestReceiverPage(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("bash", "-c", ". "+services+"lib.sh; have curl || apt_install curl").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	needs(t, "curl", err)
	dir := t.TempDir()
	lake := filepath.Join(dir, "lake")
	must(t, os.WriteFile(filepath.Join(dir, "more.ndjson"), []byte(line(1)+"\n"+line(2)+"\nno\n"), 0o600))
	r := receive(t, "-o", lake)
	n := 0
	for text := range strings.Lines(readAll(t, "../../docs/collect.md")) {
		command, ok := strings.CutPrefix(text, "    ")
		if !ok || !strings.Contains(command, "curl ") {
			continue
		}
		n++
		c := exec.Command("sh", "-c", strings.ReplaceAll(strings.ReplaceAll(command, "http://127.0.0.1:8090/events", r.url), "curl ", "curl --noproxy '*' "))
		c.Dir = dir
		said, err := c.CombinedOutput()
		want := []string{`{"accepted":1,"dead":0}`, `{"accepted":2,"dead":1,"errors":[{"event":3,"cause":"malformed"`}[n-1]
		if err != nil || !strings.HasPrefix(string(said), want) {
			t.Errorf("%s%v %s", command, err, said)
		}
	}
	if n != 2 {
		t.Errorf("the page shows %d commands that send", n)
	}
	r.stop()
	if said := r.text(); !strings.Contains(said, "lines in 4 = 3 delivered + 1 dead letters (1 malformed)") {
		t.Error(said)
	}
}
