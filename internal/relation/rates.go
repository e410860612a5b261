package relation

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// Rates convert the money of lines into one currency: money × rate, rounded half away from
// zero to 10⁻⁴, line by line, so that sums do not depend on their order. A line in a currency
// without a rate has no computable money.
type Rates struct {
	To string            // currency of the results
	By map[string][]Rate // by code, ascending From
}

// Rate is what one unit of a currency is worth from a wall time (µs) on: Num × 10^-Scale.
type Rate struct {
	From  int64
	Num   int64
	Scale int
}

// maxRateScale is the number of decimals that a rate may have.
const maxRateScale = 12

// ParseRates reads a CSV file with the columns currency and rate and, where rates change, from
// (a date): what one unit of the currency is worth in the currency to. Errors are
// fault.Input and name the line.
func ParseRates(r io.Reader, name, to string) (*Rates, error) {
	in := csv.NewReader(r)
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if err != nil {
		return nil, ratesError(name, 1, "no header line")
	}
	at := map[string]int{"currency": -1, "rate": -1, "from": -1}
	for i, h := range head {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		if old, ok := at[h]; !ok || old >= 0 {
			return nil, ratesError(name, 1, "the column %q is not one of currency, rate, from, or is there twice", h)
		}
		at[h] = i
	}
	if at["currency"] < 0 || at["rate"] < 0 {
		return nil, ratesError(name, 1, "there is no column currency or no column rate")
	}
	out := &Rates{To: to, By: map[string][]Rate{}}
	for {
		rec, err := in.Read()
		if err == io.EOF {
			return out, out.settle(name)
		}
		line, _ := in.FieldPos(0)
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				return nil, ratesError(name, p.Line, "%v", p.Err)
			}
			return nil, fault.Wrap(fault.As(fault.Input, err), "reading %s", name)
		}
		code := strings.TrimSpace(rec[at["currency"]])
		rate := Rate{From: math.MinInt64}
		if rate.Num, rate.Scale, err = parseRate(rec[at["rate"]]); err != nil || code == "" {
			return nil, ratesError(name, line, "%q is worth %q: a currency code and a number above 0 with at most %d decimals are wanted", code, rec[at["rate"]], maxRateScale)
		}
		if i := at["from"]; i >= 0 && strings.TrimSpace(rec[i]) != "" {
			day, err := time.Parse(time.DateOnly, strings.TrimSpace(rec[i]))
			if err != nil {
				return nil, ratesError(name, line, "%q is not a date like 2024-12-31", rec[i])
			}
			rate.From = day.UnixMicro()
		}
		out.By[code] = append(out.By[code], rate)
	}
}

func ratesError(name string, line int, format string, args ...any) error {
	return fault.New(fault.Input, "reading %s, line %d: %s", name, line, fmt.Sprintf(format, args...)).
		WithHint("a rates file looks like: currency,rate,from⏎ EUR,1.0825,2024-01-01")
}

// parseRate reads a decimal number above 0 exactly.
func parseRate(s string) (num int64, scale int, err error) {
	s = strings.TrimSpace(s)
	whole, decimals, _ := strings.Cut(s, ".")
	decimals = strings.TrimRight(decimals, "0")
	for _, c := range whole + decimals {
		if c < '0' || c > '9' || num > (math.MaxInt64-9)/10 {
			return 0, 0, fault.New(fault.Input, "not a rate")
		}
		num = num*10 + int64(c-'0')
	}
	if num == 0 || len(decimals) > maxRateScale {
		return 0, 0, fault.New(fault.Input, "not a rate")
	}
	return num, len(decimals), nil
}

// settle sorts the rates and adds that of the currency itself.
func (r *Rates) settle(name string) error {
	for code, list := range r.By {
		slices.SortStableFunc(list, func(a, b Rate) int { return cmp.Compare(a.From, b.From) })
		for i, rate := range list {
			if i > 0 && rate.From == list[i-1].From {
				return fault.New(fault.Input, "reading %s: %s has two rates from the same day", name, code)
			}
			if code == r.To && (rate.Num != 1 || rate.Scale != 0) {
				return fault.New(fault.Input, "reading %s: %s is the currency of the results and cannot be worth anything but 1 of itself", name, code).
					WithHint("say with --currency which currency the rates lead to")
			}
		}
	}
	r.By[r.To] = []Rate{{From: math.MinInt64, Num: 1}}
	return nil
}

// on returns the rate that holds at a wall time.
func on(list []Rate, ts int64) (Rate, bool) {
	i, found := slices.BinarySearchFunc(list, ts, func(r Rate, ts int64) int { return cmp.Compare(r.From, ts) })
	if found {
		return list[i], true
	}
	if i == 0 {
		return Rate{}, false
	}
	return list[i-1], true
}

// converter applies rates to the money of batches.
type converter struct {
	rates *Rates
	dict  *frame.Dict
	codes [][]Rate // of the dictionary's entries
}

// list returns the rates of a row's currency.
func (c *converter) list(cur *frame.Column, i int) []Rate {
	if cur.Kind == frame.Null || cur.IsNull(i) {
		return nil
	}
	if cur.Dict == nil {
		return c.rates.By[string(cur.Str(i))]
	}
	if c.dict != cur.Dict {
		c.dict = cur.Dict
		c.codes = frame.Grow(c.codes, cur.Dict.Len())
		for k := range c.codes {
			c.codes[k] = c.rates.By[string(cur.Dict.At(int32(k)))]
		}
	}
	return c.codes[cur.Codes[i]]
}

// convert turns the money of n rows, computed in m, into the currency of the rates. ts may be
// nil where the relation has no time: the first rate of each currency holds then.
func (c *converter) convert(m *moneyCalc, n int, cur, ts *frame.Column) {
	for i := range n {
		if m.nulls && !frame.Bit(m.valid, i) {
			continue
		}
		at := int64(math.MaxInt64)
		if ts != nil {
			if ts.Kind == frame.Null || ts.IsNull(i) {
				m.no(i)
				continue
			}
			at = ts.I64[i]
		}
		rate, ok := on(c.list(cur, i), at)
		if !ok {
			m.no(i)
			continue
		}
		if v, ok := mul64(m.out[i], rate.Num); ok {
			if v, ok = rescale(v, moneyScale+rate.Scale); ok {
				m.out[i] = v
				continue
			}
		}
		m.a.SetInt64(m.out[i])
		m.a.Mul(&m.a, m.b.SetInt64(rate.Num))
		m.settle(i, moneyScale+rate.Scale)
	}
}
