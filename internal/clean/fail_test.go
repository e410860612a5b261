package clean_test

import (
	"context"
	"errors"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"go.uber.org/goleak"

	"github.com/ecomctl/ecomctl/internal/clean"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/sink"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

var errFull = errors.New("no space left")

// small has room for some batches.
type small struct {
	left   int
	closed bool
	onFull func()
}

func (s *small) open(*arrow.Schema) (sink.Writer, error) { return s, nil }
func (s *small) Close() error                            { s.closed = true; return nil }
func (s *small) Write(*frame.Batch) error {
	if s.left--; s.left < 0 {
		if s.onFull != nil {
			s.onFull()
			return nil
		}
		return errFull
	}
	return nil
}

// manySplits is a table of many splits of several batches.
func manySplits(t *testing.T) *relation.Relation {
	t.Helper()
	var ids, ts, qty, price []any
	d := &memtest.Dataset{Batch: 3}
	for i := range 900 {
		ids, ts, qty, price = append(ids, i), append(ts, day+i), append(qty, 1), append(price, 1.5)
		if i%9 == 8 {
			d.Cuts = append(d.Cuts, i)
		}
	}
	d.Names = []string{"order_id", "order_ts", "quantity", "unit_price"}
	d.Cols = []frame.Column{memtest.Column(intType, ids...), memtest.Column(timeType, ts...), memtest.Column(intType, qty...), memtest.Column(floatType, price...)}
	rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Now: 20 * day})
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

func TestAFullDiskEndsTheRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	w := &small{left: 7}
	_, err := clean.Run(context.Background(), manySplits(t), clean.Options{Out: w.open, Threads: 3})
	if !errors.Is(err, errFull) || !w.closed {
		t.Errorf("error %v, closed %v", err, w.closed)
	}
}

func TestAnInterruptEndsTheRun(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	w := &small{left: 7, onFull: cancel}
	_, err := clean.Run(ctx, manySplits(t), clean.Options{Out: w.open, Threads: 3})
	if !errors.Is(err, context.Canceled) || !w.closed {
		t.Errorf("error %v, closed %v", err, w.closed)
	}
	if _, _, err := relation.FindDuplicates(ctx, manySplits(t), 0, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("finding duplicates: %v", err)
	}
}

// Reversals after the last sold day are outside, also when that shows late.
func TestReversalsAfterTheLastSale(t *testing.T) {
	at := []any{day, 3 * day, 5*day + 1, 5 * day, 9 * day}
	quantity := []any{1, -1, -1, 1, -2}
	d := memtest.New([]string{"order_id", "order_ts", "quantity", "unit_price"}, memtest.Column(intType, 1, 2, 3, 4, 5),
		memtest.Column(timeType, at...), memtest.Column(intType, quantity...), memtest.Column(floatType, 1., 1., 1., 1., 1.))
	d.Cuts, d.Batch = []int{1, 3, 4}, 1
	rel, _, err := schema.Build(context.Background(), schema.BuildOptions{Fact: d, Now: 20 * day})
	if err != nil {
		t.Fatal(err)
	}
	for threads := 1; threads <= 4; threads++ {
		out := new(store)
		sum, err := clean.Run(context.Background(), rel, clean.Options{Out: out.open, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		outside, money := sum.Account.Of(relation.Outside)
		if len(out.rows) != 4 || outside != 1 || money != -20000 || sum.AsOf != 6*day {
			t.Errorf("%d threads: %d rows written, %d outside with %d, as-of %d", threads, len(out.rows), outside, money, sum.AsOf)
		}
	}
}
