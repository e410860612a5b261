package analysis

import (
	"math"
	"slices"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

func itoa(n int64) string   { return strconv.FormatInt(n, 10) }
func ftoa(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// totals are the figures of one period.
type totals struct {
	revenue   int64
	orders    int64
	customers int64
	units     float64
	returned  int64 // money of reversals, positive
	lines     int64
}

// aov returns revenue / orders in units of currency; NaN without orders.
func (t totals) aov() float64 {
	if t.orders == 0 {
		return math.NaN()
	}
	return plain(t.revenue) / float64(t.orders)
}

// returnRate returns money returned / revenue; NaN without revenue.
func (t totals) returnRate() float64 {
	if t.revenue <= 0 {
		return math.NaN()
	}
	return float64(t.returned) / float64(t.revenue)
}

// series holds the periods of one cut between the first and the last sale, gaps
// filled with zeros, and which of them are whole.
type series struct {
	cut     phrase.Cut
	periods []phrase.Period
	of      []totals
	// first and last bound the whole periods: [first, last]; last < first when none is whole.
	first, last int
}

var cutOf = map[phrase.Cut]query.Cut{phrase.Day: query.Day, phrase.Week: query.Week, phrase.Month: query.Month}

// window is the run of days [from, end) that the data covers.
type window struct{ from, end int64 }

// windowOf returns the covered days: from the first sold line (or --from, if
// later data begin there) to as-of or --to.
func windowOf(r *Request, a *query.Answer) window {
	w := window{civil.FloorDiv(a.Account.FirstSold, dayMicros), asOfDay(r, a)}
	if r.From != query.MinTime && r.From != 0 {
		w.from = max(w.from, civil.FloorDiv(r.From, dayMicros))
		if f := civil.FloorDiv(r.From, dayMicros); a.Account.FirstSold < r.From {
			w.from = f
		}
	}
	if r.To != query.MaxTime && r.To != 0 {
		w.end = min(w.end, civil.FloorDiv(r.To+dayMicros-1, dayMicros))
	}
	return w
}

// newSeries spreads a table with one date dimension over the window's periods.
func newSeries(cut phrase.Cut, t, returns *query.Table, w window) *series {
	s := &series{cut: cut}
	if w.end <= w.from {
		s.last = -1
		return s
	}
	at := map[int64]int{}
	for p := phrase.PeriodOf(cut, w.from); p.Start < w.end; p = p.Next() {
		at[p.Start] = len(s.periods)
		s.periods = append(s.periods, p)
	}
	s.of = make([]totals, len(s.periods))
	if t != nil {
		for i := range t.N {
			k, ok := at[valueAt(&t.Cols[0], i)]
			if !ok || t.Cols[0].IsNull(i) {
				continue
			}
			s.of[k].revenue = valueAt(t.Col(mRevenue), i)
			s.of[k].orders = valueAt(t.Col(mOrders), i)
			s.of[k].customers = valueAt(t.Col(mCustomers), i)
			s.of[k].units = floatAt(t.Col(mUnits), i)
			s.of[k].lines = valueAt(t.Col("lines"), i)
		}
	}
	if returns != nil {
		for i := range returns.N {
			if returns.Cols[0].IsNull(i) {
				continue
			}
			if k, ok := at[phrase.PeriodOf(cut, returns.Cols[0].I64[i]).Start]; ok {
				s.of[k].returned -= valueAt(returns.Col("returned"), i)
			}
		}
	}
	s.first, s.last = 0, len(s.periods)-1
	if s.periods[0].Start < w.from {
		s.first = 1
	}
	if s.periods[s.last].End > w.end {
		s.last--
	}
	return s
}

// whole returns the number of whole periods.
func (s *series) whole() int { return max(0, s.last-s.first+1) }

// open reports whether period i is not whole.
func (s *series) open(i int) bool { return i < s.first || i > s.last }

// medianOrders returns the median number of orders (lines where there are no
// orders) of the whole periods.
func (s *series) medianOrders(hasOrders bool) float64 {
	var n []float64
	for i := s.first; i <= s.last; i++ {
		if hasOrders {
			n = append(n, float64(s.of[i].orders))
		} else {
			n = append(n, float64(s.of[i].lines))
		}
	}
	return median(n)
}

// headline chooses the period of the headline: the week when two are whole and a
// usual one has enough orders to say something, else the month, else what there is.
func headline(day, week, month *series, hasOrders bool) *series {
	enough := func(s *series) bool { return s.whole() >= 2 && s.medianOrders(hasOrders) >= phrase.Thin }
	switch {
	case enough(week):
		return week
	case enough(month):
		return month
	case month.whole() >= 3:
		return month
	case week.whole() >= 2:
		return week
	}
	return day
}

// median returns the middle value (type 7), NaN for none. It sorts a copy.
func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile returns the type 7 quantile, NaN for none. It sorts a copy.
func quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Clone(v)
	slices.Sort(s)
	h := p * float64(len(s)-1)
	i := int(h)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (h-float64(i))*(s[i+1]-s[i])
}

// The usual range of a change is median ± 2 × 1.4826 MAD of the earlier changes, at
// least minPast and at most maxPast of them (Iglewicz & Hoaglin, How to Detect and
// Handle Outliers, 1993: the robust form of two standard deviations).
const (
	minPast  = 8
	maxPast  = 52
	usualMAD = 2 * 1.4826
)

// usualRange returns the range of earlier changes and how many there are.
func usualRange(changes []float64) (lo, hi float64, n int) {
	var past []float64
	for _, c := range changes {
		if !math.IsNaN(c) && !math.IsInf(c, 0) {
			past = append(past, c)
		}
	}
	past = past[max(0, len(past)-maxPast):]
	m := median(past)
	dev := make([]float64, len(past))
	for i, c := range past {
		dev[i] = math.Abs(c - m)
	}
	mad := median(dev) * usualMAD
	return m - mad, m + mad, len(past)
}

// trendOf judges the last change of a figure against its earlier ones. relative
// figures change by ln ratio, so that +100 % and −50 % weigh the same.
func trendOf(values []float64, relative bool) (t Trend, lo, hi float64, past int) {
	changes := make([]float64, 0, len(values))
	for i := 1; i < len(values); i++ {
		changes = append(changes, change(values[i-1], values[i], relative))
	}
	if len(changes) == 0 {
		return TooFewData, math.NaN(), math.NaN(), 0
	}
	last := changes[len(changes)-1]
	lo, hi, past = usualRange(changes[:len(changes)-1])
	switch {
	case past < minPast || math.IsNaN(last) || math.IsInf(last, 0):
		t = TooFewData
	case last < lo || last > hi:
		t = Unusual
	default:
		t = Usual
	}
	if relative {
		lo, hi = math.Expm1(lo), math.Expm1(hi)
	}
	return t, lo, hi, past
}

func change(before, now float64, relative bool) float64 {
	if !relative {
		return now - before
	}
	if before <= 0 || now <= 0 {
		return math.NaN()
	}
	return math.Log(now / before)
}
