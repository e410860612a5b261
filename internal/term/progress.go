package term

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress draws one line that is rewritten in place. Its methods may be called
// from several goroutines. The zero value draws nothing.
type Progress struct {
	W   io.Writer        // a terminal; nil draws nothing
	Now func() time.Time // the clock

	mu     sync.Mutex
	phase  string
	total  int64
	done   int64
	begun  time.Time
	drawn  time.Time
	active bool
}

// redraw is the least time between two drawings.
const redraw = 100 * time.Millisecond

// Start begins a phase of total bytes; total ≤ 0 is unknown.
func (p *Progress) Start(phase string, total int64) {
	if p == nil || p.W == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.total, p.done, p.begun, p.active = phase, total, 0, p.Now(), true
}

// Add reports done bytes.
func (p *Progress) Add(n int64) {
	if p == nil || p.W == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	now := p.Now()
	if !p.active || now.Sub(p.begun) < 3*redraw || now.Sub(p.drawn) < redraw {
		return
	}
	p.drawn = now
	line := fmt.Sprintf("%s %s", p.phase, size(p.done))
	if p.total > 0 {
		part := min(float64(p.done)/float64(p.total), 1)
		line = fmt.Sprintf("%s %3.0f %% of %s", p.phase, part*100, size(p.total))
		if part > 0.02 {
			left := time.Duration(float64(now.Sub(p.begun)) * (1 - part) / part)
			line += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
	}
	fmt.Fprintf(p.W, "\r\x1b[K%s", line)
}

// Done ends the phase and clears the line.
func (p *Progress) Done() {
	if p == nil || p.W == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drawn.IsZero() {
		fmt.Fprint(p.W, "\r\x1b[K")
	}
	p.active, p.drawn = false, time.Time{}
}

// size shows bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
