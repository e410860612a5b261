// Package sqldbtest holds what tests of databases share: the contract that SQLite and a real
// server both keep, and a way to the server that cuts and delays.
package sqldbtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy is a faulty way to a server: it forwards bytes until it is told to cut or to delay.
type Proxy struct {
	l      net.Listener
	target string
	// budget is how many bytes still pass from clients to the server; negative is without end.
	budget atomic.Int64
	delay  atomic.Int64
	cuts   atomic.Int64
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// NewProxy listens on a free port and forwards to target. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{l: l, target: target, conns: map[net.Conn]bool{}}
	p.budget.Store(-1)
	var wg sync.WaitGroup
	wg.Go(p.accept)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = l.Close()
		p.Cut()
		wg.Wait()
	})
	return p
}

// Addr is where clients connect.
func (p *Proxy) Addr() *net.TCPAddr { return p.l.Addr().(*net.TCPAddr) }

// CutAfter cuts all connections when n more bytes went to the server; then everything passes again.
func (p *Proxy) CutAfter(n int64) { p.budget.Store(n) }

// Delay holds every piece of data for d.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Cuts counts how often connections were cut by CutAfter.
func (p *Proxy) Cuts() int64 { return p.cuts.Load() }

// Cut ends all connections at once.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // a reset, as from a crash
		_ = c.Close()
		delete(p.conns, c)
	}
}

func (p *Proxy) accept() {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = c.Close()
			continue
		}
		if !p.keep(c, s) {
			_, _ = c.Close(), s.Close()
			return
		}
		wg.Go(func() { p.copy(s, c, true) })
		wg.Go(func() { p.copy(c, s, false) })
	}
}

func (p *Proxy) keep(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		p.conns[c] = true
	}
	return !p.closed
}

// copy forwards one direction; up is the one to the server.
func (p *Proxy) copy(to, from net.Conn, up bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if d := time.Duration(p.delay.Load()); d > 0 {
			time.Sleep(d)
		}
		if up && p.spend(int64(n)) {
			p.Cut()
			return
		}
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_, _ = to.Close(), from.Close()
			p.mu.Lock()
			delete(p.conns, to)
			delete(p.conns, from)
			p.mu.Unlock()
			return
		}
	}
}

// spend takes n bytes of the budget; cut says that it is used up, once.
func (p *Proxy) spend(n int64) (cut bool) {
	for {
		have := p.budget.Load()
		if have < 0 {
			return false
		}
		left := have - n
		if cut = left < 0; cut {
			left = -1
		}
		if p.budget.CompareAndSwap(have, left) {
			if cut {
				p.cuts.Add(1)
			}
			return cut
		}
	}
}
