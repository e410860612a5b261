package serve_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestManyConnections opens 2,000 connections that do what clients should not: say nothing, stop
// in the middle of a header or a body, never read, hang up. The others are served all the while.
func TestManyConnections(t *testing.T) {
	const n = 2000
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < n+200 {
		t.Skipf("%d open files are allowed here", files.Cur)
	}
	s := start(t, "shop.csv")
	before := s.status("VmRSS")
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for i := range n {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns = append(conns, c)
		switch i % 6 {
		case 0: // says nothing
		case 1:
			fmt.Fprintf(c, "GET /api/v1/sales HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
		case 2:
			fmt.Fprintf(c, "POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		case 3: // never reads
			for range 5 {
				fmt.Fprintf(c, "GET /api/v1/features HTTP/1.1\r\nHost: localhost\r\n\r\n")
			}
		case 4:
			fmt.Fprintf(c, "\x16\x03\x01\x02\x00\x01 nonsense\r\n\r\n")
		case 5: // hangs up in the middle
			fmt.Fprintf(c, "GET /api/v1/rfm HTTP/1.1\r\nHost: localhost\r\n\r\n")
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	}
	worst := time.Duration(0)
	for range 50 {
		begun := time.Now()
		s.ok("/api/v1/sales/daily?start_date=2024-01-01&end_date=2024-01-31")
		worst = max(worst, time.Since(begun))
	}
	after := s.status("VmRSS")
	t.Logf("with %d bad connections a good request takes at most %s; %d MiB, %d before", n, worst, after>>20, before>>20)
	if worst > 10*time.Second {
		t.Errorf("a good request took %s", worst)
	}
	if after-before > 300<<20 {
		t.Errorf("memory grew from %d to %d MiB", before>>20, after>>20)
	}
	// slow ones are sent away: a header has five seconds
	slow := conns[1]
	if err := slow.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(slow); err != nil {
		t.Errorf("a slow header is waited for: %v", err)
	}
	if took := s.stop(); took > 15*time.Second {
		t.Errorf("it stopped after %s", took)
	}
}

// TestMaxConnections shows that connections beyond the limit wait until one ends.
func TestMaxConnections(t *testing.T) {
	s := start(t, "shop.csv", "--max-connections", "5")
	http.DefaultClient.CloseIdleConnections()
	var held []net.Conn
	for range 5 {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	sixth, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer sixth.Close()
	fmt.Fprintf(sixth, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	answered := make(chan error, 1)
	go func() { _, err := http.ReadResponse(bufio.NewReader(sixth), nil); answered <- err }()
	select {
	case <-answered:
		t.Fatal("a sixth connection is answered")
	case <-time.After(300 * time.Millisecond):
	}
	_ = held[0].Close()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it is not answered when there is room")
	}
}
