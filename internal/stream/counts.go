package stream

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Counts tell where the records went. Every record is one of counted, late,
// duplicate, dead letter and aborted.
type Counts struct {
	Sold      int64            `json:"sold"`
	Reversals int64            `json:"reversals"`
	Voids     int64            `json:"voids"`
	Outside   int64            `json:"outside"` // left out by --where or --currency
	Late      int64            `json:"late"`
	Duplicate int64            `json:"duplicate"`
	Dead      map[string]int64 `json:"dead"` // by cause
	Aborted   int64            `json:"aborted"`
	Records   int64            `json:"records"` // as they were read
}

// Counted is the number of records that reached their place: sold, reversed, void or outside.
func (c *Counts) Counted() int64 { return c.Sold + c.Reversals + c.Voids + c.Outside }

// DeadLetters is the number of dead letters.
func (c *Counts) DeadLetters() (n int64) {
	for _, k := range c.Dead {
		n += k
	}
	return n
}

// Balanced reports whether the identity holds.
func (c *Counts) Balanced() bool {
	return c.Records == c.Counted()+c.Late+c.Duplicate+c.DeadLetters()+c.Aborted
}

// String writes the identity as people read it.
func (c *Counts) String() string {
	s := fmt.Sprintf("records in %d = %d counted + %d late + %d duplicates + %d dead letters + %d aborted", c.Records, c.Counted(), c.Late, c.Duplicate, c.DeadLetters(), c.Aborted)
	s += fmt.Sprintf("; counted = %d sold + %d reversals + %d voids + %d outside", c.Sold, c.Reversals, c.Voids, c.Outside)
	if len(c.Dead) > 0 {
		var by []string
		for _, k := range slices.Sorted(maps.Keys(c.Dead)) {
			by = append(by, fmt.Sprintf("%d %s", c.Dead[k], k))
		}
		s += "; dead letters: " + strings.Join(by, ", ")
	}
	return s
}

// writeMetrics writes the counts in Prometheus' text format.
func (c *Counts) writeMetrics(w io.Writer, watermark int64, windows int, state int64) error {
	line := func(name, labels string, v int64) { fmt.Fprintf(w, "%s%s %d\n", name, labels, v) }
	fmt.Fprint(w, "# HELP ecomctl_stream_records_total Records by what became of them; their sum is records in.\n# TYPE ecomctl_stream_records_total counter\n")
	for _, k := range []struct {
		name string
		n    int64
	}{{"counted", c.Counted()}, {"late", c.Late}, {"duplicate", c.Duplicate}, {"dead_letter", c.DeadLetters()}, {"aborted", c.Aborted}} {
		line("ecomctl_stream_records_total", fmt.Sprintf("{outcome=%q}", k.name), k.n)
	}
	fmt.Fprint(w, "# HELP ecomctl_stream_dead_letters_total Dead letters by cause.\n# TYPE ecomctl_stream_dead_letters_total counter\n")
	for _, k := range slices.Sorted(maps.Keys(c.Dead)) {
		line("ecomctl_stream_dead_letters_total", fmt.Sprintf("{cause=%q}", k), c.Dead[k])
	}
	fmt.Fprint(w, "# HELP ecomctl_stream_records_in_total Records read.\n# TYPE ecomctl_stream_records_in_total counter\n")
	line("ecomctl_stream_records_in_total", "", c.Records)
	if watermark != never {
		fmt.Fprint(w, "# HELP ecomctl_stream_watermark_seconds Wall time in --tz that no earlier event is expected before.\n# TYPE ecomctl_stream_watermark_seconds gauge\n")
		line("ecomctl_stream_watermark_seconds", "", watermark/micros)
	}
	fmt.Fprint(w, "# HELP ecomctl_stream_windows Windows held.\n# TYPE ecomctl_stream_windows gauge\n")
	line("ecomctl_stream_windows", "", int64(windows))
	fmt.Fprint(w, "# HELP ecomctl_stream_state_bytes Window state in memory.\n# TYPE ecomctl_stream_state_bytes gauge\n")
	_, err := fmt.Fprintf(w, "ecomctl_stream_state_bytes %d\n", state)
	return err
}
