package live

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Row is what a window says of one group.
type Row struct {
	Start, End time.Time // wall time, told as UTC
	Groups     []string  // the dimensions; "" where there is no value
	Money      int64     // 10⁻⁴ units
	Orders     int64
	Customers  int64
	HasOrders  bool
	HasPeople  bool
	Revision   int64
}

// Window is one window with its last rows, the group of most money first.
type Window struct {
	Start, End time.Time
	Rows       []Row
	Money      int64
}

// Board is what a stream has written lately.
type Board struct {
	By      []string // names of the dimensions
	Windows []Window // the oldest first, at most windowsShown
	Written time.Time
}

// windowsShown bounds the windows of the page.
const windowsShown = 96

// newBoard takes the last revision of each group of each window.
func newBoard(by []string, rows []Row) *Board {
	last := map[string]Row{}
	for _, r := range rows {
		key := r.Start.Format(time.RFC3339Nano) + "\x00" + strings.Join(r.Groups, "\x00")
		if old, ok := last[key]; !ok || r.Revision >= old.Revision {
			last[key] = r
		}
	}
	by2 := map[int64]*Window{}
	for _, r := range last {
		w := by2[r.Start.UnixMicro()]
		if w == nil {
			w = &Window{Start: r.Start, End: r.End}
			by2[r.Start.UnixMicro()] = w
		}
		w.Rows = append(w.Rows, r)
		w.Money += r.Money
	}
	b := &Board{By: by}
	for _, w := range by2 {
		slices.SortFunc(w.Rows, func(x, y Row) int {
			return cmp.Or(cmp.Compare(y.Money, x.Money), slices.Compare(x.Groups, y.Groups))
		})
		b.Windows = append(b.Windows, *w)
	}
	slices.SortFunc(b.Windows, func(x, y Window) int { return x.Start.Compare(y.Start) })
	b.Windows = b.Windows[max(0, len(b.Windows)-windowsShown):]
	return b
}
