package collect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Counts tell where the lines went: every line is delivered or a dead letter.
type Counts struct {
	Lines     int64            `json:"lines"` // as they were read; blank ones are none
	Bytes     int64            `json:"bytes"` // of them
	Delivered int64            `json:"delivered"`
	Dead      map[string]int64 `json:"dead,omitempty"` // by cause
	// Repeated lines were sent again although the topic may have had them: the broker forgot
	// what this producer had sent. They are delivered once in this count.
	Repeated int64 `json:"repeated"`
	// Killed is the number of runs that did not end by themselves: the lines that each had sent
	// behind its last state were read, and delivered, again.
	Killed int64 `json:"killed"`
}

// DeadLetters is the number of dead letters.
func (c *Counts) DeadLetters() (n int64) {
	for _, k := range c.Dead {
		n += k
	}
	return n
}

// Balanced reports whether the identity holds.
func (c *Counts) Balanced() bool { return c.Lines == c.Delivered+c.DeadLetters() }

// dead counts a dead letter.
func (c *Counts) dead(cause string) {
	if c.Dead == nil {
		c.Dead = map[string]int64{}
	}
	c.Dead[cause]++
}

// minus is what came since before.
func (c *Counts) minus(before *Counts) Counts {
	d := *c
	d.Lines, d.Bytes, d.Delivered, d.Repeated, d.Killed = c.Lines-before.Lines, c.Bytes-before.Bytes, c.Delivered-before.Delivered, c.Repeated-before.Repeated, c.Killed-before.Killed
	d.Dead = map[string]int64{}
	for k, n := range c.Dead {
		if n -= before.Dead[k]; n > 0 {
			d.Dead[k] = n
		}
	}
	return d
}

// clone is a copy that does not change.
func (c *Counts) clone() Counts {
	d := *c
	d.Dead = maps.Clone(c.Dead)
	return d
}

// String writes the identity as people read it.
func (c *Counts) String() string {
	s := fmt.Sprintf("lines in %d = %d delivered + %d dead letters", c.Lines, c.Delivered, c.DeadLetters())
	if len(c.Dead) > 0 {
		var by []string
		for _, k := range slices.Sorted(maps.Keys(c.Dead)) {
			by = append(by, fmt.Sprintf("%d %s", c.Dead[k], k))
		}
		s += " (" + strings.Join(by, ", ") + ")"
	}
	if c.Repeated > 0 {
		s += fmt.Sprintf("; %d of those delivered may be there twice", c.Repeated)
	}
	return s
}

// gauges are what is so at a moment.
type gauges struct {
	behind  int64 // bytes that are known and not read
	open    int
	waiting bool
}

// writeMetrics writes the counts in Prometheus' text format.
func (c *Counts) writeMetrics(w io.Writer, g gauges) error {
	var b strings.Builder
	metric := func(name, kind, help string, samples ...string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		for _, s := range samples {
			fmt.Fprintf(&b, "%s%s\n", name, s)
		}
	}
	metric("ecomctl_collect_lines_in_total", "counter", "Lines read.", fmt.Sprintf(" %d", c.Lines))
	metric("ecomctl_collect_bytes_in_total", "counter", "Bytes of the lines read.", fmt.Sprintf(" %d", c.Bytes))
	metric("ecomctl_collect_lines_total", "counter", "Lines by what became of them; their sum is lines in.",
		fmt.Sprintf("{outcome=\"delivered\"} %d", c.Delivered), fmt.Sprintf("{outcome=\"dead_letter\"} %d", c.DeadLetters()))
	var dead []string
	for _, k := range slices.Sorted(maps.Keys(c.Dead)) {
		dead = append(dead, fmt.Sprintf("{cause=%q} %d", k, c.Dead[k]))
	}
	metric("ecomctl_collect_dead_letters_total", "counter", "Dead letters by cause.", dead...)
	metric("ecomctl_collect_repeated_total", "counter", "Delivered lines that may be in the topic twice.", fmt.Sprintf(" %d", c.Repeated))
	metric("ecomctl_collect_killed_runs_total", "counter", "Runs that did not end by themselves.", fmt.Sprintf(" %d", c.Killed))
	metric("ecomctl_collect_behind_bytes", "gauge", "Bytes of files that were not read yet.", fmt.Sprintf(" %d", g.behind))
	metric("ecomctl_collect_open_files", "gauge", "Files that are open.", fmt.Sprintf(" %d", g.open))
	waiting := 0
	if g.waiting {
		waiting = 1
	}
	metric("ecomctl_collect_waiting", "gauge", "1 while the output does not take lines.", fmt.Sprintf(" %d", waiting))
	_, err := io.WriteString(w, b.String())
	return err
}
