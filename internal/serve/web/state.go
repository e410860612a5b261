package web

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// filterColumns are the columns that pages filter by, in the order of the form.
var filterColumns = []string{"region", "country", "category", "channel", "payment"}

// state is all that a page's address says.
type state struct {
	lang     string // the language shown
	langSaid bool   // the address names it
	dataset  string
	period   string // one of periods
	start    string // dates of period "custom", both inclusive; "" = open
	end      string
	compare  string            // "prev", "year", "none"
	filters  map[string]string // column → value
	unknown  map[string]bool   // columns asked to have no value
	currency string
	measure  string
	cut      string
	by       string
	bySaid   bool
}

// unknownValue is what a filter's menu sends for rows without a value.
const unknownValue = "~unknown"

// maxValue bounds one value of the address.
const maxValue = 400

// readState reads an address; what cannot be meant is a fault.Usage error.
func readState(r *http.Request, fallback string) (state, error) {
	q := r.URL.Query()
	for k, vs := range q {
		for _, v := range vs {
			if len(v) > maxValue {
				return state{lang: langOf(r, "", fallback)}, fault.New(fault.Usage, "the value of %.40q in the address is longer than %d bytes", k, maxValue)
			}
		}
	}
	s := state{lang: langOf(r, q.Get("lang"), fallback), langSaid: isLang(q.Get("lang")), dataset: q.Get("dataset"), period: q.Get("period"), start: q.Get("start_date"),
		end: q.Get("end_date"), compare: q.Get("compare"), currency: q.Get("currency"), measure: q.Get("measure"), cut: q.Get("cut"), by: q.Get("by"), bySaid: q.Has("by"),
		filters: map[string]string{}, unknown: map[string]bool{}}
	for _, c := range filterColumns {
		switch v := q.Get(c); v {
		case "":
		case unknownValue:
			s.unknown[c] = true
		default:
			s.filters[c] = v
		}
	}
	for _, c := range strings.Split(q.Get("unknown"), ",") {
		if slices.Contains(filterColumns, c) {
			s.unknown[c] = true
			delete(s.filters, c)
		}
	}
	if s.start != "" || s.end != "" {
		s.period = "custom"
	}
	if s.period == "" || s.period == "custom" && s.start == "" && s.end == "" {
		s.period = "all"
	}
	if s.compare == "" {
		s.compare = "prev"
	}
	if s.measure == "" {
		s.measure = "revenue"
	}
	return s, s.check()
}

func (s *state) check() error {
	if s.period != "custom" && !slices.Contains(periods, s.period) {
		return fault.New(fault.Usage, "period %.40q: not one of %s", s.period, strings.Join(periods, ", "))
	}
	if !slices.Contains([]string{"prev", "year", "none"}, s.compare) {
		return fault.New(fault.Usage, "compare %.40q: not one of prev, year, none", s.compare)
	}
	for name, v := range map[string]string{"start_date": s.start, "end_date": s.end} {
		if _, err := time.Parse(time.DateOnly, v); v != "" && err != nil {
			return fault.New(fault.Usage, "%s %.40q: not a date", name, v).WithHint("dates look like 2024-12-31")
		}
	}
	if s.start != "" && s.end != "" && s.start > s.end {
		return fault.New(fault.Usage, "the first day %s is after the last day %s", s.start, s.end)
	}
	return nil
}

// query writes the state as an address's query, defaults left out, in a fixed order.
func (s *state) query() string {
	q := url.Values{}
	set := func(k, v, fallback string) {
		if v != "" && v != fallback {
			q.Set(k, v)
		}
	}
	if s.langSaid {
		q.Set("lang", s.lang)
	}
	set("dataset", s.dataset, "")
	if s.period == "custom" {
		set("start_date", s.start, "")
		set("end_date", s.end, "")
	} else {
		set("period", s.period, "all")
	}
	set("compare", s.compare, "prev")
	for c, v := range s.filters {
		set(c, v, "")
	}
	set("unknown", strings.Join(slices.Sorted(maps.Keys(s.unknown)), ","), "")
	set("currency", s.currency, "")
	set("measure", s.measure, "revenue")
	set("cut", s.cut, "")
	if s.bySaid {
		q.Set("by", s.by)
	}
	return q.Encode()
}

// at is the address of a page under this state.
func (s *state) at(path string) string {
	if q := s.query(); q != "" {
		return path + "?" + q
	}
	return path
}

// with returns a changed copy.
func (s *state) with(change func(*state)) *state {
	own := *s
	own.filters, own.unknown = maps.Clone(s.filters), maps.Clone(s.unknown)
	change(&own)
	return &own
}

// pageOnly drops what only the sales page knows.
func (s *state) pageOnly() *state {
	return s.with(func(s *state) { s.measure, s.cut, s.by, s.bySaid = "revenue", "", "", false })
}

func isLang(s string) bool { return s == "en" || s == "zh" }

// langOf chooses the language: the address, then the browser, then the server's own.
func langOf(r *http.Request, said, fallback string) string {
	if isLang(said) {
		return said
	}
	best, weight := "", 0.0
	for _, part := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		if isLang(base) && q > weight {
			best, weight = base, q
		}
	}
	switch {
	case best != "":
		return best
	case isLang(fallback):
		return fallback
	}
	return "en"
}
