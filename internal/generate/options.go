package generate

import (
	"math"
	"sort"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Options describe a synthetic shop. The zero value of a field is its default.
type Options struct {
	Rows      int64     // order lines; required, ≥ 1
	Customers int       // default Rows/20, at least 100
	Products  int       // default 2,000, at most Rows for tiny shops
	Seed      uint64    // default 1
	From      time.Time // first day (its date counts); default 2024-01-01
	Days      int       // length of the history; default 730
	Dirty     float64   // share of spoiled lines, 0 … 0.5; see Dirt
	Regions   string    // country whose regions, holidays, payments and currency are used: see Countries; default "cn"
	Currency  string    // code; default that of the country
	Lang      string    // "en" or "zh": product names, categories, regions, statuses; default "en"
	Channels  []string  // override the sales channels, most frequent first
}

// Limits of Options.
const (
	MaxRows     = int64(1) << 40
	MaxProducts = 1_000_000
	MaxDays     = 36_525
)

// Countries lists the values of Options.Regions.
func Countries() []string {
	names := make([]string, 0, len(countries))
	for n := range countries {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// normal fills defaults and refuses what cannot be made. Errors are fault.Usage.
func (o Options) normal() (Options, *country, error) {
	if o.Rows < 1 || o.Rows > MaxRows {
		return o, nil, fault.New(fault.Usage, "generating orders: %d rows asked, from 1 to %d are possible", o.Rows, MaxRows)
	}
	if o.Regions == "" {
		o.Regions = "cn"
	}
	c := countries[strings.ToLower(o.Regions)]
	if c == nil {
		return o, nil, fault.New(fault.Usage, "generating orders: no regions are known for %q", o.Regions).
			WithHint("choose one of %s", strings.Join(Countries(), ", "))
	}
	if o.Lang == "" {
		o.Lang = "en"
	}
	if o.Lang != "en" && o.Lang != "zh" {
		return o, nil, fault.New(fault.Usage, "generating orders: language %q", o.Lang).WithHint("choose en or zh")
	}
	if math.IsNaN(o.Dirty) || o.Dirty < 0 || o.Dirty > 0.5 {
		return o, nil, fault.New(fault.Usage, "generating orders: a dirty share of %v", o.Dirty).WithHint("give a share from 0 to 0.5, for example 0.01")
	}
	if o.Customers == 0 {
		o.Customers = int(min(max(100, o.Rows/20), math.MaxInt32))
	}
	if o.Products == 0 {
		o.Products = int(min(2000, max(20, o.Rows/10)))
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Days == 0 {
		o.Days = 730
	}
	if o.From.IsZero() {
		o.From = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	y, m, d := o.From.Date()
	o.From = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if o.Currency == "" {
		o.Currency = c.currency
	}
	for _, bound := range []struct {
		what        string
		v, min, max int
	}{
		{"customers", o.Customers, 1, math.MaxInt32}, {"products", o.Products, 1, MaxProducts},
		{"days", o.Days, 1, MaxDays}, {"the first year", o.From.Year(), 1700, 2200},
	} {
		if bound.v < bound.min || bound.v > bound.max {
			return o, nil, fault.New(fault.Usage, "generating orders: %s = %d, from %d to %d are possible", bound.what, bound.v, bound.min, bound.max)
		}
	}
	return o, c, nil
}
