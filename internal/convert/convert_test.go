package convert_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/convert"
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/generate"
	"github.com/ecomctl/ecomctl/internal/sink/csv"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/open"
)

// text copies a dataset to CSV.
func text(t *testing.T, d source.Dataset, o convert.Options) (string, convert.Summary, error) {
	t.Helper()
	var b bytes.Buffer
	w, err := csv.New(&b, d.Schema(), csv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := convert.Copy(context.Background(), d, w, o)
	if err == nil {
		err = w.Close()
	}
	return b.String(), sum, err
}

// TestOrderIsKept: any number of threads gives the rows of one, in their order.
func TestOrderIsKept(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 600_000})
	if err != nil {
		t.Fatal(err)
	}
	one, sum, err := text(t, shop, convert.Options{Threads: 1})
	if err != nil || sum.Rows != 600_000 {
		t.Fatalf("%d rows, %v", sum.Rows, err)
	}
	for _, threads := range []int{2, 5} {
		if many, _, err := text(t, shop, convert.Options{Threads: threads}); err != nil || many != one {
			t.Errorf("%d threads: other bytes, or %v", threads, err)
		}
	}
}

// dirty is a CSV file whose row 290,001 holds no number and whose row 290,003 has a field too many.
func dirty(t *testing.T) source.Dataset {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,n\n")
	for i := 1; i <= 290_010; i++ {
		switch i {
		case 290_001:
			b.WriteString("290001,many\n")
		case 290_003:
			b.WriteString("290003,3,extra\n")
		default:
			fmt.Fprintf(&b, "%d,%d\n", i, i%7)
		}
	}
	d, err := open.Open(context.Background(), []string{"-"}, open.Options{Stdin: strings.NewReader(b.String()), TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestRejectsHaveTheirRow(t *testing.T) {
	var got []convert.Rejected
	out, sum, err := text(t, dirty(t), convert.Options{Threads: 2, Reject: func(r convert.Rejected) error { got = append(got, r); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Row+got[1].Row != 290_001+290_003 || sum.Rejected != 2 || sum.Rows != 290_008 {
		t.Errorf("rejects %+v, summary %+v", got, sum)
	}
	if strings.Contains(out, "290001,") || strings.Contains(out, "290003,") || !strings.Contains(out, "\n290002,6\n290004,1\n") {
		t.Error("the copy holds a rejected row, or lacks a good one")
	}
}

func TestUnreadableRowEndsTheCopy(t *testing.T) {
	_, _, err := text(t, dirty(t), convert.Options{Threads: 2})
	if fault.KindOf(err) != fault.Input || !strings.Contains(err.Error(), "row 29000") || fault.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
}

// full fails after some batches, as a disk does.
type full struct{ left int }

var errFull = errors.New("no room")

func TestWriterErrorEndsTheReaders(t *testing.T) {
	shop, err := generate.Orders(generate.Options{Rows: 900_000})
	if err != nil {
		t.Fatal(err)
	}
	w, err := csv.New(&full{left: 3}, shop.Schema(), csv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := convert.Copy(context.Background(), shop, w, convert.Options{Threads: 3}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := convert.Copy(ctx, shop, w, convert.Options{Threads: 3}); fault.KindOf(err) != fault.Interrupted {
		t.Errorf("cancelled: %v", err)
	}
}

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}
