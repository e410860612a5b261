package stream

import (
	"context"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
)

// Options say what is counted and how.
type Options struct {
	Window   time.Duration // a divisor of a day, or a day
	By       []string      // dimensions: columns of the relation
	Net      bool          // add the negative money of reversals
	Delay    time.Duration // how far the watermark stays behind the newest event of a partition
	Lateness time.Duration // how long a window still takes rows after the watermark has passed it
	Idle     time.Duration // after so long without records a partition holds nothing back; 0 = never
	ExitIdle time.Duration // end when nothing came for so long; 0 = never

	DedupeKey []string // columns whose values tell a repeated row; none = no deduplication
	Horizon   time.Duration

	Checkpoint string        // folder; "" = none
	Interval   time.Duration // between checkpoints
	Memory     int64         // bytes of window state held in memory
	TempDir    string        // for state past Memory when there is no checkpoint folder
	Metrics    string        // file that takes the counts in Prometheus' text format; "" = none

	// Mapping says in words how records are mapped and cleaned: a checkpoint is for one mapping.
	Mapping string
	// Filtered says that --currency leaves one currency only.
	Filtered bool
	// Relate maps a sample of the records: the relation and a condition on rows (nil = all).
	Relate func(ctx context.Context, sample source.Dataset) (*relation.Relation, expr.Node, error)
	// Now is the wall clock, for idle partitions and checkpoints. Event clocks use Clock.
	Now func() time.Time
	// Clock is the `now` of rules, which a user may fix.
	Clock func() (time.Time, error)
	Say   func(format string, args ...any)

	create func(path string) (segmentFile, error) // tests: a disk that fills up
	noSync bool                                   // tests: no power fails
}

const (
	daySeconds = 86400
	micros     = 1_000_000
)

// Check refuses options that cannot be meant.
func (o *Options) Check() error { return o.check() }

// check refuses options that cannot be meant.
func (o *Options) check() error {
	w := o.Window
	switch {
	case w < time.Second || w%time.Second != 0 || w > 24*time.Hour || daySeconds%int64(w/time.Second) != 0:
		return fault.New(fault.Usage, "--window %s: a window must divide a day evenly", w).WithHint("for example 1m, 5m, 15m, 1h, 6h, 1d")
	case o.Delay < 0 || o.Lateness < 0 || o.Idle < 0 || o.Horizon < 0 || o.ExitIdle < 0:
		return fault.New(fault.Usage, "--delay, --allowed-lateness, --idle-timeout, --dedupe-horizon and --exit-idle cannot be negative")
	case o.Interval <= 0:
		return fault.New(fault.Usage, "--checkpoint-interval %s: a positive time is wanted", o.Interval)
	case len(o.DedupeKey) > 0 && o.Horizon < o.Window+o.Delay+o.Lateness:
		return fault.New(fault.Usage, "--dedupe-horizon %s is shorter than window, delay and lateness together (%s)", o.Horizon, o.Window+o.Delay+o.Lateness).
			WithHint("a repeat could come when its key is forgotten and its window still open; give a longer horizon")
	}
	for i, d := range o.By {
		for _, e := range o.By[:i] {
			if d == e {
				return fault.New(fault.Usage, "--by: %s is named twice", d)
			}
		}
	}
	return nil
}

// setup is what must not change between the runs of a checkpoint.
func (o *Options) setup() map[string]string {
	return map[string]string{
		"window": o.Window.String(), "by": strings.Join(o.By, ","), "net": map[bool]string{true: "yes", false: "no"}[o.Net],
		"dedupe-key": strings.Join(o.DedupeKey, ","), "mapping": o.Mapping,
	}
}

// ParseWindow reads a duration that may also say days: "1d".
func ParseWindow(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok && n != "" {
		d, err := time.ParseDuration(n + "h")
		if err == nil {
			return 24 * d, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fault.New(fault.Usage, "%q is no length of time", s).WithHint("for example 30s, 5m, 1h, 1d")
	}
	return d, nil
}
