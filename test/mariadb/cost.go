package mariadb

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Cost is what something took, in seconds: of the server's processors, of those of this process and its ended children, and of the wall.
type Cost struct{ Server, Client, Wall float64 }

// CPU is the processor time of both sides.
func (c Cost) CPU() float64 { return c.Server + c.Client }

// Cost tells what fn takes. Where the system does not tell it of processes, the test is skipped.
func (s *Server) Cost(fn func()) Cost {
	s.t.Helper()
	server, client, since := s.seconds(), ownSeconds(), time.Now()
	fn()
	return Cost{Server: s.seconds() - server, Client: ownSeconds() - client, Wall: time.Since(since).Seconds()}
}

// seconds are the processor seconds of the server so far.
func (s *Server) seconds() float64 {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", s.PID(), "stat"))
	if err != nil {
		s.t.Skipf("the system does not tell what a process took: %v", err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}

// ownSeconds are the processor seconds of this process and of its children that ended.
func ownSeconds() float64 {
	total := time.Duration(0)
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		_ = syscall.Getrusage(who, &r)
		total += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return total.Seconds()
}
