package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Arrays of numbers make up a large heap here, and the collector passes over them unread.
// So a large heap is collected more often than Go's default, which lets garbage grow as
// large as what is in use; a small one is left alone.

const (
	heapSlack    = 128 << 20 // garbage that a heap of any size may hold
	leastPercent = 20
)

// steadyHeap sets the collector's pace after every collection to the size of what is in use.
// Whoever set GOGC keeps it.
func steadyHeap(getenv func(string) string) {
	if getenv("GOGC") != "" {
		return
	}
	type sentinel struct{ _ *byte }
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var again func(*sentinel)
	again = func(s *sentinel) {
		metrics.Read(sample)
		percent := 100
		if live := sample[0].Value.Uint64(); live > heapSlack {
			percent = max(leastPercent, int(100*heapSlack/live))
		}
		debug.SetGCPercent(percent)
		runtime.SetFinalizer(s, again)
	}
	runtime.SetFinalizer(&sentinel{}, again)
}
