package schema_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ecomctl/ecomctl/internal/schema"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/memtest"
)

// far is a dataset whose rows cannot be looked at, as those on Spark.
type far struct{ source.Dataset }

type farSplit struct{ source.Split }

func (f far) Splits() []source.Split { return []source.Split{farSplit{f.Dataset.Splits()[0]}} }

func (farSplit) Open(context.Context, []source.Want) (source.Reader, error) {
	return nil, errors.New("the rows are elsewhere")
}

func TestDiscountsThatLookLikeSharesAreDoubted(t *testing.T) {
	table := func(values ...any) source.Dataset {
		n := make([]any, len(values))
		for i := range n {
			n[i] = 1
		}
		return memtest.New([]string{"order_id", "quantity", "unit_price", "discount"},
			memtest.Column(i64, n...), memtest.Column(i64, n...), memtest.Column(f64, make([]any, len(n))...), memtest.Column(f64, values...))
	}
	for name, c := range map[string]struct {
		o    schema.BuildOptions
		want bool
	}{
		"shares":                 {schema.BuildOptions{Fact: table(0.1, nil, 0.0, 0.25, 0.05)}, true},
		"money":                  {schema.BuildOptions{Fact: table(0.1, 0.25, 0.05, 3.0)}, false},
		"too few to tell":        {schema.BuildOptions{Fact: table(0.1, 0.25, 0.0)}, false},
		"none":                   {schema.BuildOptions{Fact: table(0.0, 0.0, nil)}, false},
		"the user said it":       {schema.BuildOptions{Fact: table(0.1, 0.25, 0.05), Maps: map[string]string{"discount": "discount"}}, false},
		"rows that are not here": {schema.BuildOptions{Fact: far{table(0.1, 0.25, 0.05)}}, false},
	} {
		_, notices, err := schema.Build(context.Background(), c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := false
		for _, n := range notices {
			got = got || strings.Contains(string(n), "discount is read as money")
		}
		if got != c.want {
			t.Errorf("%s: doubted %v, want %v (%v)", name, got, c.want, notices)
		}
	}
}
