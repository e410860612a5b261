package analysis

import (
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/query"
)

// lastTypeFeature is the one categorical feature of events.
const lastTypeFeature = "last_event"

// countDays are the spans before a cut-off that events are counted in, beside the whole lookback.
var countDays = []int64{1, 7, 28}

// windows returns the spans in µs, shortest first, the lookback last.
func (s *eventSpec) windows() (spans []int64, names []string) {
	for _, w := range countDays {
		if w*dayMicros < s.Lookback {
			spans, names = append(spans, w*dayMicros), append(names, itoa(w)+"d")
		}
	}
	return append(spans, s.Lookback), append(names, "all")
}

// names lists the features in order.
func (s *eventSpec) names() []string {
	var out []string
	_, windows := s.windows()
	for _, t := range s.Types {
		for _, w := range windows {
			out = append(out, t+"_"+w)
		}
		out = append(out, t+"_days_ago", t+"_since_target")
	}
	out = append(out, lastTypeFeature, "recency_days", "tenure_days", "events", "sessions", "events_a_session", "last_session_events", "last_session_minutes",
		"active_days", "gap_days_mean", "gap_days_sd", "recency_in_gaps", "night", "morning", "afternoon", "weekend")
	if s.Products {
		out = append(out, "products", "product_repeats", "last_session_products")
	}
	if s.Prices {
		out = append(out, "target_money", "price_mean", "price_last_session")
	}
	return out
}

// featureMaker makes the features of one user at a time.
type featureMaker struct {
	g      *eventGroups
	s      *eventSpec
	spans  []int64
	code   []int // of each event type of the groups its place in s.Types, −1 for others
	target []bool
	out    []float64
	seen   map[uint32]int
}

func newFeatureMaker(g *eventGroups, s *eventSpec) *featureMaker {
	f := &featureMaker{g: g, s: s, code: make([]int, g.ItemKeys.Len), target: make([]bool, g.ItemKeys.Len), out: make([]float64, 0, len(s.names())), seen: map[uint32]int{}}
	f.spans, _ = s.windows()
	for k := range f.code {
		name, _ := textAt(&g.ItemKeys, k)
		f.code[k], f.target[k] = slices.Index(s.Types, name), name == s.Target
	}
	return f
}

// window returns the user's events in [cut − lookback, cut).
func (f *featureMaker) window(u int, cut int64) (lo, hi int64) {
	off, times := f.g.Off, f.g.times
	find := func(t int64) int64 {
		i, _ := slices.BinarySearch(times[off[u]:off[u+1]], t)
		return off[u] + int64(i)
	}
	return find(cut - f.s.Lookback), find(cut)
}

// outcome tells whether the user has a target event in [cut, cut + horizon); hi is the
// first event at or after cut.
func (f *featureMaker) outcome(u int, hi, cut int64) bool {
	for i := hi; i < f.g.Off[u+1] && f.g.times[i] < cut+f.s.Horizon; i++ {
		if f.target[f.g.Items[i]] {
			return true
		}
	}
	return false
}

// daysOf turns µs into days.
func daysOf(micros int64) float64 { return float64(micros) / float64(dayMicros) }

// make sets f.out from the events lo … hi−1, of which there is at least one. Counts and money
// enter as ln(1 + x): their tails are long.
func (f *featureMaker) make(lo, hi, cut int64) {
	f.out = f.out[:0]
	f.types(lo, hi, cut)
	times := f.g.times[lo:hi]
	last, first := times[len(times)-1], times[0]
	f.out = append(f.out, f.lastType(hi-1), daysOf(cut-last), daysOf(cut-first), math.Log1p(float64(hi-lo)))
	start := f.sessions(lo, hi, cut)
	f.clock(times)
	if f.s.Products {
		f.products(lo, hi, start)
	}
	if f.s.Prices {
		f.prices(lo, hi, start)
	}
}

// lastType is the code of the last event's type.
func (f *featureMaker) lastType(i int64) float64 {
	if k := f.code[f.g.Items[i]]; k >= 0 {
		return float64(k)
	}
	return float64(len(f.s.Types))
}

// types counts each event type by window, since when it did not occur, and how often since the
// last target event.
func (f *featureMaker) types(lo, hi, cut int64) {
	w := len(f.spans)
	width := w + 2
	at := len(f.out)
	f.out = f.out[:at+len(f.s.Types)*width]
	out := f.out[at:]
	clear(out)
	for k := range f.s.Types {
		out[k*width+w] = math.NaN()
	}
	bought := false
	for i := hi - 1; i >= lo; i-- { // latest first
		item := f.g.Items[i]
		bought = bought || f.target[item]
		k := f.code[item]
		if k < 0 {
			continue
		}
		o := out[k*width : (k+1)*width]
		for j := w - 1; j >= 0 && f.g.times[i] >= cut-f.spans[j]; j-- {
			o[j]++
		}
		if math.IsNaN(o[w]) {
			o[w] = daysOf(cut - f.g.times[i])
		}
		if !bought {
			o[w+1]++
		}
	}
	for k := range f.s.Types {
		for j := range w {
			out[k*width+j] = math.Log1p(out[k*width+j])
		}
		out[k*width+w+1] = math.Log1p(out[k*width+w+1])
	}
}

// cuts reports whether event i begins a session: another session_id where both have one, else a
// pause of half an hour.
func (f *featureMaker) cuts(i int64) bool {
	if s := f.g.sessions; s != nil && s[i] != query.NullCode && s[i-1] != query.NullCode {
		return s[i] != s[i-1]
	}
	return f.g.times[i]-f.g.times[i-1] >= defaultGap
}

// sessions appends the features of sessions and returns where the last one begins.
func (f *featureMaker) sessions(lo, hi, cut int64) (start int64) {
	sessions, active := 1.0, 1.0
	var gaps, sum, square float64
	start = lo
	t := f.g.times
	for i := lo + 1; i < hi; i++ {
		if civil.FloorDiv(t[i], dayMicros) != civil.FloorDiv(t[i-1], dayMicros) {
			active++
		}
		if !f.cuts(i) {
			continue
		}
		d := daysOf(t[i] - t[start])
		gaps, sum, square = gaps+1, sum+d, square+d*d
		sessions++
		start = i
	}
	mean, sd, inGaps := math.NaN(), math.NaN(), math.NaN()
	if gaps > 0 {
		mean = sum / gaps
		inGaps = daysOf(cut-t[start]) / max(mean, 1e-6)
	}
	if gaps > 1 {
		sd = math.Sqrt(max(0, square-gaps*mean*mean) / (gaps - 1))
	}
	f.out = append(f.out, math.Log1p(sessions), float64(hi-lo)/sessions, math.Log1p(float64(hi-start)), float64(t[hi-1]-t[start])/60e6,
		math.Log1p(active), mean, sd, math.Log1p(inGaps))
	return start
}

// clock appends the shares of events by time of day (evenings are the rest) and on weekends.
func (f *featureMaker) clock(times []int64) {
	var part [4]float64
	var weekend float64
	for _, t := range times {
		day := civil.FloorDiv(t, dayMicros)
		part[(t-day*dayMicros)/(dayMicros/4)]++
		if wd := ((day+3)%7 + 7) % 7; wd >= 5 { // 1970-01-01 was a Thursday; 0 is Monday
			weekend++
		}
	}
	n := float64(len(times))
	f.out = append(f.out, part[0]/n, part[1]/n, part[2]/n, weekend/n)
}

// products appends distinct products, the most often seen one, and those of the last session.
func (f *featureMaker) products(lo, hi, start int64) {
	clear(f.seen)
	most, recent := 0, 0
	for i := hi - 1; i >= lo; i-- {
		if p := f.g.products[i]; p != query.NullCode {
			f.seen[p]++
			most = max(most, f.seen[p])
		}
		if i == start {
			recent = len(f.seen)
		}
	}
	f.out = append(f.out, math.Log1p(float64(len(f.seen))), math.Log1p(float64(most)), math.Log1p(float64(recent)))
}

// prices appends the money of target events, the mean price and that of the last session.
func (f *featureMaker) prices(lo, hi, start int64) {
	var money, sum, n, recent, m float64
	for i := lo; i < hi; i++ {
		v := f.g.prices[i]
		if v == query.NullValue {
			continue
		}
		price := math.Float64frombits(uint64(v))
		if f.g.money {
			price = float64(v)
		}
		if price-price != 0 {
			continue
		}
		sum, n = sum+price, n+1
		if f.target[f.g.Items[i]] {
			money += max(0, price)
		}
		if i >= start {
			recent, m = recent+price, m+1
		}
	}
	f.out = append(f.out, math.Log1p(money), sum/n, recent/m) // 0/0: no price, missing
}
