package local

import (
	"context"
	"math"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// counted is a dataset with statistics that counts how many splits are opened.
type counted struct {
	source.Dataset
	opened *atomic.Int64
}

func (c counted) Splits() []source.Split {
	var out []source.Split
	for i, s := range c.Dataset.Splits() {
		out = append(out, countedSplit{s, c.opened, int64(i)})
	}
	return out
}

type countedSplit struct {
	source.Split
	opened *atomic.Int64
	day    int64
}

func (s countedSplit) Stats(col int) (source.Stats, bool) {
	return source.Stats{MinI64: s.day * dayUS, MaxI64: s.day*dayUS + 3}, col == 0
}

func (s countedSplit) Open(ctx context.Context, want []source.Want) (source.Reader, error) {
	s.opened.Add(1)
	return s.Split.Open(ctx, want)
}

const dayUS = int64(86_400_000_000)

// TestPruneReadsOnlyThePeriod: ten splits of a day each; a trusted relation reads the days asked
// about, gives the answer of a full scan, and accounts for the others. With rules, all are read.
func TestPruneReadsOnlyThePeriod(t *testing.T) {
	var ts, amount []int64
	var cuts []int
	for d := range int64(10) {
		for k := range int64(4) {
			ts, amount = append(ts, d*dayUS+k), append(amount, d+k)
		}
		if d > 0 {
			cuts = append(cuts, int(d)*4)
		}
	}
	n := len(ts)
	at := &arrow.TimestampType{Unit: arrow.Microsecond}
	d := memtest.New([]string{"order_ts", "amount"},
		frame.Column{Type: at, Kind: frame.Time, Len: n, I64: ts},
		frame.Column{Type: arrow.PrimitiveTypes.Int64, Kind: frame.Int, Len: n, I64: amount})
	d.Cuts = cuts
	var opened atomic.Int64
	rel := &relation.Relation{Name: "orders", Fact: counted{d, &opened}, Zone: "UTC", AsOf: math.MaxInt64, Canonical: 2,
		Columns: []relation.Column{{Name: "order_ts", Type: expr.Time, From: "order_ts"}, {Name: "amount", Type: expr.Float, From: "amount"}}}
	plan := query.Plan{Queries: []query.Query{{Name: "q", From: 3 * dayUS, To: 5 * dayUS,
		Measures: []query.Measure{{Name: "m", Op: query.Sum, Column: relation.MoneyColumn}, {Name: "n", Op: query.Count}}}}}
	some, err := New(Options{Threads: 2}).Run(context.Background(), rel, plan)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Load() != 2 || some.Account.Rows != 40 || some.Account.Skipped != 32 || some.Account.LastSold != 9*dayUS+3 || some.Account.FirstSold != 0 {
		t.Errorf("%d splits read, account %+v", opened.Load(), some.Account)
	}
	all := *rel
	all.Rules = []relation.Rule{{Name: "never", Kind: relation.Reject, When: expr.IsNull(expr.Col("order_ts")), Test: relation.TestNull, Column: "order_ts"}}
	opened.Store(0)
	full, err := New(Options{Threads: 2}).Run(context.Background(), &all, plan)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Load() != 10 || full.Account.Skipped != 0 {
		t.Errorf("with rules %d splits were read", opened.Load())
	}
	for i := range full.Tables[0].Cols {
		if !reflect.DeepEqual(full.Tables[0].Cols[i].I64, some.Tables[0].Cols[i].I64) {
			t.Errorf("column %s: %v, the full scan %v", full.Tables[0].Names[i], some.Tables[0].Cols[i].I64, full.Tables[0].Cols[i].I64)
		}
	}
	// A cohort looks for first orders before the period: nothing before it may be left out.
	opened.Store(0)
	plan.Queries[0].Dims = []query.Dim{{Name: "c", Column: "order_ts", Cut: query.Day, FirstPer: "amount"}}
	if _, err := New(Options{}).Run(context.Background(), rel, plan); err != nil {
		t.Fatal(err)
	}
	if opened.Load() != 5 {
		t.Errorf("a cohort read %d splits, want the 5 before the end of the period", opened.Load())
	}
}
