package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"go.uber.org/goleak"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// bigShop has n rows of many orders and customers.
func bigShop(n int) *memory {
	m := &memory{names: []string{"order_id", "order_ts", "customer_id", "quantity", "unit_price", "status"},
		types: []arrow.DataType{textType, timeType, int64Type, int64Type, floatType, textType}, batch: 1000, dict: true}
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		order := i / 3
		r := rand.New(rand.NewPCG(uint64(order), 9))
		m.rows = append(m.rows, []cell{fmt.Sprintf("order-%08d", order), int64(1700000000)*1e6 + int64(order)*int64(60e6), r.Int64N(int64(n/5 + 1)),
			int64(rng.IntN(5)), float64(rng.IntN(10000)) / 100, "paid"})
	}
	for at := 0; at < n; {
		at = min(n, at+7000)
		m.splits = append(m.splits, at)
	}
	return m
}

func spillPlan() query.Plan {
	revenue := query.Measure{Name: "revenue", Op: query.Sum, Column: relation.MoneyColumn}
	orders := query.Measure{Name: "orders", Op: query.CountDistinct, Column: "order_id"}
	customers := query.Measure{Name: "customers", Op: query.CountDistinct, Column: "customer_id"}
	return query.Plan{Queries: []query.Query{
		{Name: "customers", Dims: []query.Dim{{Name: "c", Column: "customer_id"}}, Measures: []query.Measure{revenue, orders, {Name: "p", Op: query.Quantile, Column: "unit_price", P: 0.3}}},
		{Name: "days", Dims: []query.Dim{{Name: "d", Column: "order_ts", Cut: query.Day}}, Measures: []query.Measure{customers, orders, revenue}},
		{Name: "all", Measures: []query.Measure{orders, customers, revenue}},
		{Name: "orders", Dims: []query.Dim{{Name: "o", Column: "order_id"}, {Name: "d", Column: "order_ts", Cut: query.Week}}, Measures: []query.Measure{customers, revenue}},
		{Name: "cohorts", Dims: []query.Dim{{Name: "f", Column: "order_ts", Cut: query.Month, FirstPer: "customer_id"}, {Name: "m", Column: "order_ts", Cut: query.Month}}, Measures: []query.Measure{customers, revenue}},
	}}
}

// TestSpilledAnswersAreTheSame runs a plan far past its budget; the smaller
// budget divides partitions again and again.
func TestSpilledAnswersAreTheSame(t *testing.T) {
	plan := spillPlan()
	for _, c := range []struct{ rows, megabytes int }{{120000, 6}, {4000, 1}} {
		rel := shop(bigShop(c.rows), "UTC")
		want, err := New(Options{Threads: 2}).Run(context.Background(), rel, plan)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		got, err := New(Options{Threads: 2, Memory: int64(c.megabytes) << 20, TempDir: dir}).Run(context.Background(), rel, plan)
		if err != nil {
			t.Fatalf("%d MB: %v", c.megabytes, err)
		}
		for i := range plan.Queries {
			if g, w := lines(got.Tables[i]), lines(want.Tables[i]); !slices.Equal(g, w) {
				t.Errorf("%d MB, query %s: %d rows differ from %d", c.megabytes, plan.Queries[i].Name, len(g), len(w))
			}
		}
		if fmt.Sprint(got.Account) != fmt.Sprint(want.Account) {
			t.Errorf("%d MB: account %+v, want %+v", c.megabytes, got.Account, want.Account)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%d temporary files are left", len(left))
		}
	}
}

func TestSpillNeedsAWritableFolder(t *testing.T) {
	rel := shop(bigShop(60000), "UTC")
	_, err := New(Options{Threads: 2, Memory: 3 << 20, TempDir: "/nonexistent/folder"}).Run(context.Background(), rel, spillPlan())
	if fault.KindOf(err) != fault.Input || fault.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
}

// TestCancelled stops runs at many moments, in memory and spilling.
func TestCancelled(t *testing.T) {
	defer goleak.VerifyNone(t)
	rel := shop(bigShop(60000), "UTC")
	for _, memory := range []int64{0, 3 << 20} {
		for wait := time.Duration(0); wait < 40*time.Millisecond; wait += 4 * time.Millisecond {
			dir := t.TempDir()
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			begin := time.Now()
			_, err := New(Options{Threads: 2, Memory: memory, TempDir: dir}).Run(ctx, rel, spillPlan())
			cancel()
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			if d := time.Since(begin); err != nil && d > wait+time.Second {
				t.Fatalf("stopped %v late", d-wait)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Fatalf("%d temporary files are left", len(left))
			}
		}
	}
}

// TestSharedCellsCarry adds numbers around 32 bits from several goroutines.
func TestSharedCellsCarry(t *testing.T) {
	p := &physical{}
	a := p.sharedSum(sumUnit{}, &budget{}).(*sharedAcc)
	var wg sync.WaitGroup
	want := [4]int64{}
	steps := []int64{1, -1, 1<<31 - 1, -1 << 31, 1 << 31, 1<<40 + 7, -1 << 45, 1 << 30}
	for w := range 4 {
		for i := range 4 {
			for j := range 1000 {
				want[i] += steps[(i+j+w)%len(steps)] + int64(i)
			}
		}
		wg.Go(func() {
			for j := range 1000 {
				for i := range uint32(4) {
					if err := a.all.add(i, steps[(int(i)+j+w)%len(steps)]+int64(i)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for i, x := range want {
		if got := a.all.get(uint32(i)); got != x {
			t.Errorf("cell %d: %d, want %d", i, got, x)
		}
	}
}
