package analysis

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
	"github.com/ecomctl/ecomctl/internal/result"
)

// TestQuietCustomers: ten good customers have been silent for 97 of 365 days; those who are named
// have been silent, and the forecast of the days held back is near what came.
func TestQuietCustomers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	id, day, money := result.NewData(expr.Int, 0), frame.Column{Kind: frame.Date}, frame.Column{Kind: frame.Decimal}
	add := func(c, d, m int64) {
		result.AppendInt(&id, c)
		day.I64, day.Len = append(day.I64, d), day.Len+1
		money.I64, money.Len = append(money.I64, m), money.Len+1
	}
	for c := range int64(400) {
		until, each, gap := int64(364), (15+40*r.Float64())*1e4, 3+25*r.ExpFloat64()
		if c < 10 { // good customers who stop
			until, each, gap = 268, float64(200-c)*1e4, 6
		}
		leave := 0.15 * r.Float64()
		for d := float64(c % 60); d <= float64(until); d += 1 + gap*r.ExpFloat64() {
			add(c, int64(d), int64(each*(0.5+r.Float64())))
			if c >= 10 && r.Float64() < leave {
				break
			}
		}
	}
	tb := &query.Table{Names: []string{"customer_id", "day", "money"}, Cols: []frame.Column{id, day, money}, Types: []expr.Type{expr.Int, expr.Date, expr.Money}, N: id.Len}
	req := &Request{Threads: 2, AsOf: 365 * dayMicros}
	look, err := lookAhead(context.Background(), req, &query.Answer{Tables: []*query.Table{tb}})
	if err != nil {
		t.Fatal(err)
	}
	if look == nil || look.test == nil || look.test.days != 90 {
		t.Fatalf("%+v", look)
	}
	found := 0
	for _, q := range look.quiet {
		if id.I64[look.b.idx[q.at]] < 10 {
			found++
		}
		if since, _ := look.silence(q.at); since < 15 || look.forecast[q.at].Alive > 0.8 {
			t.Errorf("customer %d has been silent for %g days, alive %g", look.b.idx[q.at], since, look.forecast[q.at].Alive)
		}
	}
	if found < 9 {
		t.Errorf("%d of ten are found, %d in all", found, len(look.quiet))
	}
	// the ten who stop are what a forecast cannot know
	f := look.facts(req, phrase.Printer{}, tb)
	if f.Tested != 90 || f.Quiet == 0 || f.Alive > 300 || !(f.Told > 0.8*f.Came && f.Told < 1.4*f.Came) || f.Error >= f.Naive {
		t.Errorf("%+v", f)
	}
}
