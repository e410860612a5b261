package serve_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecomctl/ecomctl/test/figures"
	"github.com/ecomctl/ecomctl/test/harness"
)

// client is the least that speaks HTTP/1.1: a heavier one would be what is measured.
type client struct {
	c       net.Conn
	r       *bufio.Reader
	request []byte
}

func dial(s *server, path, headers string) (*client, error) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	return &client{c, bufio.NewReaderSize(c, 64<<10), fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, s.addr, headers)}, nil
}

// ask sends the request and reads the answer to its end.
func (c *client) ask() (status, size int, err error) {
	if _, err := c.c.Write(c.request); err != nil {
		return 0, 0, err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0, 0, fmt.Errorf("status line %q: %w", line, err)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if len(line) <= 2 {
			break
		}
		if name := "content-length: "; len(line) > len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			if size, err = strconv.Atoi(strings.TrimSpace(string(line[len(name):]))); err != nil {
				return 0, 0, err
			}
		}
	}
	if status == 304 {
		size = 0
	}
	_, err = c.r.Discard(size)
	return status, size, err
}

// load is what a run of many requests came to.
type load struct {
	requests      int
	rate          float64
	p50, p99, max time.Duration
}

// run sends requests over connections for a while; each waits for its answer.
func run(t testing.TB, s *server, conns int, length time.Duration, path, headers string, status int) load {
	t.Helper()
	var wg sync.WaitGroup
	took := make([][]time.Duration, conns)
	begun := time.Now()
	for i := range conns {
		c, err := dial(s, path, headers)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer c.c.Close()
			for time.Since(begun) < length {
				at := time.Now()
				got, _, err := c.ask()
				if err != nil || got != status {
					if err == io.EOF {
						err = fmt.Errorf("the server hung up: %w", err)
					}
					t.Errorf("%s: status %d, want %d: %v", path, got, status, err)
					return
				}
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		t.Fatal("no answer")
	}
	at := func(q float64) time.Duration { return all[min(len(all)-1, int(q*float64(len(all))))] }
	return load{len(all), float64(len(all)) / time.Since(begun).Seconds(), at(0.5), at(0.99), all[len(all)-1]}
}

// TestLoad sends remembered questions from this process, a second one, as fast as it can. `make
// serve-bench` runs it longer, on a machine that does nothing else, holds it to the bar and writes the figures.
func TestLoad(t *testing.T) {
	measure := os.Getenv("ECOMCTL_SERVE_BENCH") != ""
	length := time.Second
	if measure {
		length = 10 * time.Second
	}
	s := start(t, "shop.csv", "--rate", "0")
	const day = "/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-01-31"
	res, body := s.get(day)
	tag := "If-None-Match: " + res.Header.Get("ETag") + "\r\n"
	cpu := s.cpu()
	var rows []string
	for _, c := range []struct {
		name, path, headers string
		status              int
	}{
		{fmt.Sprintf("a month of sales, JSON, %d bytes", len(body)), day, "", 200},
		{"the same, which the client has (304)", day, tag, 304},
		{"segments, CSV", "/api/v1/users/segments", "Accept: text/csv\r\n", 200},
	} {
		run(t, s, 4, length/5, c.path, c.headers, c.status) // warm
		l := run(t, s, 32, length, c.path, c.headers, c.status)
		t.Logf("%s: %.0f/s, p50 %s, p99 %s, max %s", c.name, l.rate, l.p50, l.p99, l.max)
		rows = append(rows, fmt.Sprintf("| %s | %.1f k/s | %.2f ms | %.2f ms |", c.name, l.rate/1000, ms(l.p50), ms(l.p99)))
		if measure && (l.rate < 10_000 || l.p99 > 10*time.Millisecond) {
			t.Errorf("%s: %.0f/s with p99 %s; the bar is 10,000/s and 10 ms", c.name, l.rate, l.p99)
		}
	}
	used := s.cpu() - cpu
	t.Logf("the server used %s of CPU", used)
	if measure && !t.Failed() {
		write(t, "load", fmt.Sprintf("%d processors for server and client together, 32 connections, 10 s each:\n\n"+
			"| question | answers | p50 | p99 |\n|---|---:|---:|---:|\n%s\n", runtime.NumCPU(), strings.Join(rows, "\n")))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cpu is the processor time that the server has used.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// write replaces a section of docs/serve.md.
func write(t *testing.T, section, text string) {
	t.Helper()
	if err := figures.Write(filepath.Join(harness.Root(t), "docs", "serve.md"), section, text); err != nil {
		t.Fatal(err)
	}
}
