package analysis

import (
	"slices"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/kernel/funnel"
	"github.com/ecomctl/ecomctl/internal/result"
)

var timeSpecs = []result.Spec{
	{Name: "within", Type: expr.Text, Desc: "time from the entry to the last step"},
	{Name: "seconds", Type: expr.Float, Unit: result.Seconds, Desc: "the same in seconds"},
	{Name: "users", Type: expr.Int, Unit: result.Customers, Desc: "users who finished within it, inclusive"},
	{Name: "share", Type: expr.Float, Unit: result.Ratio, Desc: "users / users who finished", Null: "nobody finished"},
	{Name: "conversion", Type: expr.Float, Unit: result.Ratio, Desc: "users / users who entered and are not censored", Null: "nobody entered"},
}

// timeMark is a span at which finished users are counted.
type timeMark struct {
	name   string
	micros int64
}

// timeMarks are the marks below the window, and the window itself.
func timeMarks(window int64, name string) []timeMark {
	const second, minute, hour = 1_000_000, 60_000_000, 3_600_000_000
	var marks []timeMark
	for _, m := range []timeMark{{"1s", second}, {"10s", 10 * second}, {"1min", minute}, {"5min", 5 * minute}, {"15min", 15 * minute}, {"30min", 30 * minute}, {"1h", hour}, {"3h", 3 * hour},
		{"6h", 6 * hour}, {"12h", 12 * hour}, {"1d", 24 * hour}, {"2d", 48 * hour}, {"3d", 72 * hour}, {"5d", 120 * hour}, {"7d", 168 * hour}, {"14d", 336 * hour}, {"30d", 720 * hour},
		{"60d", 1440 * hour}, {"90d", 2160 * hour}, {"180d", 4320 * hour}, {"365d", 8760 * hour}} {
		if m.micros < window && (m.micros >= minute || window <= 5*minute) {
			marks = append(marks, m)
		}
	}
	return append(marks, timeMark{name, window})
}

// within counts the sorted times up to a mark, inclusive.
func within(sorted []int64, mark int64) int64 {
	n, _ := slices.BinarySearch(sorted, mark+1)
	return int64(n)
}

// times lays out how soon users finish.
func (f *funnelCounts) times(r *Request) *result.Table {
	return f.lay(r, "times", timeSpecs, func(c *funnel.Count, add func(values ...any)) {
		slices.Sort(c.Total)
		for _, m := range timeMarks(f.o.window, f.o.windowName) {
			n := within(c.Total, m.micros)
			var share, conv any
			if len(c.Total) > 0 {
				share = float64(n) / float64(len(c.Total))
			}
			if c.Users[0] > 0 {
				conv = float64(n) / float64(c.Users[0])
			}
			add(m.name, float64(m.micros)/1e6, n, share, conv)
		}
	})
}
