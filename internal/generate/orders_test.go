package generate

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"math"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

func allWants(p *Shop) []source.Want {
	w := make([]source.Want, p.Schema().NumFields())
	for i := range w {
		w[i].Col = i
	}
	return w
}

// each reads a split and calls f for every batch.
func each(t interface{ Fatal(...any) }, p *Shop, i int, f func(b *frame.Batch)) {
	r, err := p.Splits()[i].Open(context.Background(), allWants(p))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b frame.Batch
	for {
		err := r.Next(&b)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		f(&b)
	}
}

// digest hashes every value of a split.
func digest(t interface{ Fatal(...any) }, p *Shop, i int) uint64 {
	h := fnv.New64a()
	var w [8]byte
	each(t, p, i, func(b *frame.Batch) {
		for c := range b.Cols {
			col := &b.Cols[c]
			for r := range b.N {
				switch {
				case col.IsNull(r):
					h.Write([]byte{0xff, 0})
					continue
				case col.Kind == frame.String:
					h.Write(col.Str(r))
					h.Write([]byte{0})
					continue
				case col.Kind == frame.Float:
					binary.LittleEndian.PutUint64(w[:], math.Float64bits(col.F64[r]))
				default:
					binary.LittleEndian.PutUint64(w[:], uint64(col.I64[r]))
				}
				h.Write(w[:])
			}
		}
	})
	return h.Sum64()
}

func orders(t testing.TB, o Options) *Shop {
	t.Helper()
	p, err := Orders(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSameBytesInAnyOrderOfSplits(t *testing.T) {
	o := Options{Rows: 3*splitBlocks*blockRows + 777, Seed: 9, Dirty: 0.02, Days: 400}
	p := orders(t, o)
	n := len(p.Splits())
	if n != 4 {
		t.Fatalf("%d splits, want 4", n)
	}
	forward := make([]uint64, n)
	for i := range n {
		forward[i] = digest(t, p, i)
	}
	again := orders(t, o)
	backward := make([]uint64, n)
	var wg sync.WaitGroup
	for i := n - 1; i >= 0; i-- {
		wg.Add(1)
		go func() {
			defer wg.Done()
			backward[i] = digest(t, again, i)
		}()
	}
	wg.Wait()
	for i := range n {
		if forward[i] != backward[i] {
			t.Errorf("split %d: %x read alone and in order, %x at the same time as others", i, forward[i], backward[i])
		}
	}
	o.Seed++
	if digest(t, orders(t, o), 0) == forward[0] {
		t.Error("another seed gives the same rows")
	}
}

// TestPinned holds the bytes that a seed stands for: files made with an older
// version must be reproducible. A change here needs a line in the changelog.
func TestPinned(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want uint64
	}{
		{Options{Rows: 50_000}, pinnedDefault},
		{Options{Rows: 50_000, Seed: 7, Dirty: 0.03, Regions: "gb", From: time.Date(2019, 5, 1, 0, 0, 0, 0, time.UTC), Days: 200}, pinnedDirty},
		{Options{Rows: 20_000, Lang: "zh"}, pinnedChinese},
	} {
		if got := digest(t, orders(t, c.o), 0); got != c.want {
			t.Errorf("%+v: digest %#x, want %#x", c.o, got, c.want)
		}
	}
}

// TestShape checks the laws of the table on random options: exact row counts,
// times in order and in the history, dense order ids, lines of an order alike,
// no product twice in an order, returns that undo an earlier line.
func TestShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			Rows:      rapid.Int64Range(1, 90_000).Draw(t, "rows"),
			Seed:      rapid.Uint64Range(1, 1<<40).Draw(t, "seed"),
			Customers: rapid.IntRange(1, 5000).Draw(t, "customers"),
			Products:  rapid.IntRange(1, 3000).Draw(t, "products"),
			Days:      rapid.IntRange(1, 900).Draw(t, "days"),
			Regions:   rapid.SampledFrom(Countries()).Draw(t, "regions"),
		}
		p, err := Orders(o)
		if err != nil {
			t.Fatal(err)
		}
		from := p.Options().From.UnixMicro()
		end := p.Options().From.AddDate(0, 0, o.Days).UnixMicro()
		var rows, lastOrder, lastTS, lastCustomer int64
		seen := map[int64]bool{}
		for i := range p.Splits() {
			each(t, p, i, func(b *frame.Batch) {
				rows += int64(b.N)
				id, ts, cust, prod, qty, price, disc := b.Cols[0].I64, b.Cols[1].I64, b.Cols[2].I64, b.Cols[3].I64, b.Cols[6].I64, b.Cols[7].F64, b.Cols[8].F64
				for r := range b.N {
					if id[r] != lastOrder {
						if id[r] != lastOrder+1 {
							t.Fatalf("row %d: order %d follows %d", r, id[r], lastOrder)
						}
						clear(seen)
					} else if ts[r] != lastTS || cust[r] != lastCustomer {
						t.Fatalf("row %d: lines of order %d differ in time or customer", r, id[r])
					}
					if ts[r] < lastTS || ts[r] < from || ts[r] >= end {
						t.Fatalf("row %d: time %d after %d, history [%d, %d)", r, ts[r], lastTS, from, end)
					}
					if seen[prod[r]] && o.Products > len(basketSizes) {
						t.Fatalf("row %d: product %d twice in order %d", r, prod[r], id[r])
					}
					seen[prod[r]] = true
					if cust[r] < 0 || cust[r] > int64(o.Customers) || prod[r] < 1 || prod[r] > int64(o.Products) || qty[r] == 0 || price[r] <= 0 {
						t.Fatalf("row %d: customer %d product %d quantity %d price %v", r, cust[r], prod[r], qty[r], price[r])
					}
					if gross := float64(qty[r]) * price[r]; math.Abs(disc[r]) > math.Abs(gross)*0.26 || disc[r]*gross < 0 {
						t.Fatalf("row %d: discount %v of %v", r, disc[r], gross)
					}
					if (qty[r] < 0) != (string(b.Cols[11].Str(r)) == "returned") {
						t.Fatalf("row %d: quantity %d with status %s", r, qty[r], b.Cols[11].Str(r))
					}
					lastOrder, lastTS, lastCustomer = id[r], ts[r], cust[r]
				}
			})
		}
		if rows != o.Rows {
			t.Fatalf("%d rows, want %d", rows, o.Rows)
		}
	})
}

// TestDistributions checks that the shop behaves like a shop. The bounds are
// several standard errors wide: they fail only when the generator changes.
func TestDistributions(t *testing.T) {
	p := orders(t, Options{Rows: 600_000, Seed: 3})
	byProduct, byCustomer, byDay := map[int64]float64{}, map[int64]float64{}, map[int64]int{}
	status, regions := map[string]int{}, map[string]int{}
	var revenue float64
	var guests, n int
	for i := range p.Splits() {
		each(t, p, i, func(b *frame.Batch) {
			for r := range b.N {
				n++
				v := float64(b.Cols[6].I64[r])*b.Cols[7].F64[r] - b.Cols[8].F64[r]
				revenue += v
				byProduct[b.Cols[3].I64[r]] += v
				if b.Cols[2].IsNull(r) {
					guests++
				} else {
					byCustomer[b.Cols[2].I64[r]] += v
				}
				byDay[b.Cols[1].I64[r]/86_400_000_000]++
				status[string(b.Cols[11].Str(r))]++
				regions[string(b.Cols[9].Str(r))]++
			}
		})
	}
	share := func(what string, got, low, high float64) {
		t.Helper()
		if got < low || got > high {
			t.Errorf("%s: %.4f, want %.4f to %.4f", what, got, low, high)
		}
	}
	share("revenue of the best 20 % of products", topShare(byProduct, 400), 0.5, 0.8)
	share("revenue of the best 20 % of customers", topShare(byCustomer, len(byCustomer)/5), 0.4, 0.8)
	share("lines of guests", float64(guests)/float64(n), 0.035, 0.045)
	share("cancelled", float64(status["cancelled"])/float64(n), 0.035, 0.045)
	share("returned", float64(status["returned"])/float64(n), 0.003, 0.009)
	share("Guangdong", float64(regions["Guangdong"])/float64(n), 0.09, 0.15)
	day := func(y, m, d int) float64 {
		return float64(byDay[time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix()/86400])
	}
	share("11.11 against the week after next", day(2024, 11, 11)/day(2024, 11, 25), 3, 7)
	share("6.18 against the week before last", day(2024, 6, 18)/day(2024, 6, 4), 2, 4)
	share("new year's week against a month later", day(2025, 1, 30)/day(2025, 3, 6), 0.25, 0.6)
	share("a year's growth", day(2025, 9, 3)/day(2024, 9, 4), 1.05, 1.6)
	share("Saturday against Tuesday", day(2024, 8, 24)/day(2024, 8, 27), 1.05, 1.6)
	if len(byDay) != 730 {
		t.Errorf("orders on %d days, want 730", len(byDay))
	}
}

func topShare(m map[int64]float64, n int) float64 {
	var all []float64
	var sum float64
	for _, v := range m {
		all, sum = append(all, v), sum+v
	}
	// selection by repeated maximum is too slow for thousands: sort
	for i := range all {
		all[i] = -all[i]
	}
	sortFloats(all)
	var top float64
	for _, v := range all[:n] {
		top -= v
	}
	return top / sum
}

func TestDirt(t *testing.T) {
	p := orders(t, Options{Rows: 240_000, Seed: 5, Dirty: 0.06})
	got := map[string]int{}
	var last string
	for i := range p.Splits() {
		each(t, p, i, func(b *frame.Batch) {
			for r := range b.N {
				for k, name := range map[int]string{0: "order", 1: "time", 3: "product", 7: "price"} {
					if b.Cols[k].IsNull(r) {
						got["null "+name]++
					}
				}
				if !b.Cols[7].IsNull(r) && b.Cols[7].F64[r] == 0 {
					got["free"]++
				}
				if !b.Cols[7].IsNull(r) && b.Cols[7].F64[r] < 0 {
					got["negative price"]++
				}
				if b.Cols[6].I64[r] == 0 {
					got["zero quantity"]++
				}
				if !b.Cols[1].IsNull(r) && b.Cols[1].I64[r] > time.Date(2070, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
					got["future"]++
				}
				if string(b.Cols[11].Str(r)) == " CANCELLED " {
					got["odd status"]++
				}
				var row []byte
				for c := range b.Cols {
					row = append(row, 0)
					if col := &b.Cols[c]; !col.IsNull(r) {
						switch col.Kind {
						case frame.String:
							row = append(row, col.Str(r)...)
						case frame.Float:
							row = binary.LittleEndian.AppendUint64(row, math.Float64bits(col.F64[r]))
						default:
							row = binary.LittleEndian.AppendUint64(row, uint64(col.I64[r]))
						}
					}
				}
				if string(row) == last {
					got["duplicate"]++
				}
				last = string(row)
			}
		})
	}
	// 240,000 × 0.06 / 12 = 1,200 of each kind; ± 6 standard deviations
	for _, k := range []string{"null order", "null time", "null product", "null price", "free", "negative price", "zero quantity", "future", "odd status", "duplicate"} {
		if got[k] < 990 || got[k] > 1410 {
			t.Errorf("%s: %d lines, want about 1,200", k, got[k])
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, o := range []Options{{}, {Rows: -1}, {Rows: 10, Dirty: 2}, {Rows: 10, Dirty: math.NaN()}, {Rows: 10, Regions: "xx"}, {Rows: 10, Lang: "fr"},
		{Rows: 10, Products: MaxProducts + 1}, {Rows: 10, Days: -4}, {Rows: 10, Customers: -4}, {Rows: 10, From: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		if _, err := Orders(o); fault.KindOf(err) != fault.Usage || err == nil {
			t.Errorf("%+v: %v, want a usage error", o, err)
		}
	}
}

func TestInterrupt(t *testing.T) {
	p := orders(t, Options{Rows: 1000})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := p.Splits()[0].Open(ctx, allWants(p))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Next(&frame.Batch{}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("after a cancel: %v", err)
	}
}

func BenchmarkOrders(b *testing.B) {
	p := orders(b, Options{Rows: 20_000_000, Dirty: 0.01})
	r, err := p.Splits()[0].Open(context.Background(), allWants(p))
	if err != nil {
		b.Fatal(err)
	}
	var batch frame.Batch
	rows := 0
	for b.Loop() {
		if err := r.Next(&batch); err != nil {
			if r, err = p.Splits()[1].Open(context.Background(), allWants(p)); err != nil {
				b.Fatal(err)
			}
			continue
		}
		rows += batch.N
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
