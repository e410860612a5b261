package analysis

import (
	"fmt"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/query"
)

// lateEnough is the share of a day after which its last sale may come for it to count as whole.
const lateEnough = 0.9

// lastDayOpen tells whether the last day looks cut off: its sales end early, and they are less than
// half of what is usual on its weekday. Without --as-of nothing else tells, and a cut day as the
// latest value would pull down every forecast. Inputs with dates only are taken at their word.
func lastDayOpen(y []float64, last int64, acc query.Account) bool {
	clock := acc.LastSold - civil.FloorDiv(acc.LastSold, dayMicros)*dayMicros
	if civil.FloorDiv(acc.LastSold, dayMicros) != last || clock == 0 || float64(clock) >= lateEnough*float64(dayMicros) {
		return false
	}
	var same []float64
	for i := len(y) - 8; i >= 0 && len(same) < 8; i -= 7 {
		same = append(same, y[i])
	}
	slices.Sort(same)
	return len(same) >= 4 && y[len(y)-1] < same[len(same)/2]/2
}

// leaveOpenDay takes the last day out of a span of days when it looks cut off; total is the sum of
// all series by day of the span.
func leaveOpenDay(r *Request, a *query.Answer, w *panelSpan, total []float64) {
	last := civil.FloorDiv(w.origin, dayMicros) + w.n - 1
	if r.AsOf != query.MaxTime || w.n < 2 || !lastDayOpen(total, last, a.Account) {
		return
	}
	w.n--
	w.notes = append(w.notes, fmt.Sprintf("%s, whose sales end at %s, is not a whole day and left out; --as-of says otherwise", dateText(last), microTime(a.Account.LastSold).Format("15:04")))
}
