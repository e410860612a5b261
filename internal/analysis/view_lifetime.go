package analysis

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/btyd"
	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

var lifetimeTitle = Text{"What customers will do", "客户的未来"}

// lifetimeSection answers: what will known customers still bring, and who is being lost?
//
// BG/NBD and Gamma–Gamma are fitted on the whole history for the next 90 days, and once more on all but the
// last quarter of it (at most 90 days) to test the forecast. A customer is going quiet when P(alive) fell by
// at least quietFall since then.
var lifetimeSection = &Section{
	Order: 45,
	Title: lifetimeTitle,
	Plan: func(r *Request) (query.Plan, error) {
		if Require(Get("lifetime"), r.Rel) != nil {
			return query.Plan{}, nil
		}
		if r.large() {
			return query.Plan{}, errLarge
		}
		return lifetimePlan(r)
	},
	View: lifetimeView,
}

// The section's spans in days, and what it calls a fall.
const (
	aheadDays   = 90
	leastTested = 14
	quietFall   = 0.2
	quietShown  = 100
)

// outlook is what the section knows of every customer.
type outlook struct {
	o        lifetimeOptions
	b        *buyers
	f        *fitted
	forecast []btyd.Forecast
	money    []float64 // expected money of an order day; NaN = cannot be told
	before   []float64 // P(alive) at the end of the calibration; NaN = not a customer yet
	test     *lifetimeTest
	quiet    []quietOne
}

// lifetimeTest is the forecast of the days held back.
type lifetimeTest struct {
	b        *buyers
	days     int64
	forecast []btyd.Forecast
}

// quietOne is a customer whose P(alive) fell.
type quietOne struct {
	at    int     // index of the customer
	stake float64 // money of the next days times 1 − P(alive)
}

func lifetimeView(ctx context.Context, r *Request, a *query.Answer) (*View, error) {
	if err := wide(a.Tables...); err != nil {
		return nil, err
	}
	p := r.printer(a)
	v := &View{ID: "lifetime", Title: lifetimeTitle.In(r.Lang)}
	if v.Missing = nothingSold(p, a); v.Missing != "" {
		return v, nil
	}
	if len(a.Tables) == 0 {
		v.Missing = p.Pick("What customers will do needs known customers: map a column with --map customer_id=Column.", "预测客户的未来需要已知客户：请用 --map customer_id=列名 指定。")
		return v, nil
	}
	look, err := lookAhead(ctx, r, a)
	if k := fault.KindOf(err); err != nil && k == fault.Input {
		v.Lead = []string{p.Pick("What customers will do cannot be told: "+err.Error()+".", "无法预测客户的未来："+err.Error()+"。")}
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	if look == nil {
		v.Lead = []string{p.Pick("Fewer than "+p.Count(phrase.ThinCustomers)+" known customers ordered on a second day: too few to tell what they will do.",
			"在第二天再次下单的已知客户不足 "+p.Count(phrase.ThinCustomers)+" 位：太少，无法预测。")}
		return v, nil
	}
	facts := look.facts(r, p, a.Tables[0])
	v.Lead = p.Lifetime(facts)
	v.Tiles = lifetimeTiles(p, facts)
	return v, look.figures(r, p, a.Tables[0], v)
}

// lookAhead fits and forecasts; nil when too few customers came back.
func lookAhead(ctx context.Context, r *Request, a *query.Answer) (*outlook, error) {
	t, threads := a.Tables[0], max(1, r.Threads)
	look := &outlook{o: lifetimeOptions{unitDays: 7, horizon: aheadDays / 7.0, end: asOfDay(r, a) - 1}}
	look.b = readBuyers(t, look.o)
	if repeaters(look.b) < phrase.ThinCustomers {
		return nil, nil
	}
	var err error
	if look.f, err = fitLifetime(ctx, look.b, look.o, threads); err != nil {
		return nil, err
	}
	if look.forecast, err = btyd.Predict(ctx, look.f.orders, look.b.history, btyd.Horizon{Span: look.o.horizon}, threads); err != nil {
		return nil, err
	}
	look.money = make([]float64, len(look.b.idx))
	for i, h := range look.b.history {
		look.money[i] = look.f.orderMoney(h.X, look.b.monetary[i])
	}
	if err := look.holdBack(ctx, t, threads); err != nil {
		return nil, err
	}
	look.findQuiet()
	return look, nil
}

func repeaters(b *buyers) (n int) {
	for _, h := range b.history {
		if h.X > 0 {
			n++
		}
	}
	return n
}

// holdBack fits all but the last days and forecasts those. A history too short for that, or a
// part of it that no model fits, leaves the test out.
func (l *outlook) holdBack(ctx context.Context, t *query.Table, threads int) error {
	l.before = make([]float64, len(l.b.idx))
	for i := range l.before {
		l.before[i] = math.NaN()
	}
	oldest := 0.0
	for _, h := range l.b.history {
		oldest = max(oldest, h.T)
	}
	days := min(aheadDays, int64(oldest*l.o.unitDays)/4)
	cal := l.o
	cal.end -= days
	b := readBuyers(t, cal)
	if days < leastTested || repeaters(b) < phrase.ThinCustomers {
		return nil
	}
	at := 0 // both lists follow the table
	for i, row := range b.idx {
		for l.b.idx[at] != row {
			at++
		}
		l.before[at] = l.f.orders.Alive(b.history[i])
	}
	f, err := fitLifetime(ctx, b, cal, threads)
	if err != nil {
		if fault.KindOf(err) == fault.Input {
			return nil
		}
		return err
	}
	forecast, err := btyd.Predict(ctx, f.orders, b.history, btyd.Horizon{Span: float64(days) / cal.unitDays}, threads)
	if err != nil {
		return err
	}
	l.test = &lifetimeTest{b: b, days: days, forecast: forecast}
	return nil
}

// findQuiet lists the customers whose P(alive) fell, most money at stake first.
func (l *outlook) findQuiet() {
	for i, h := range l.b.history {
		now := l.forecast[i].Alive
		if !(l.before[i]-now >= quietFall) {
			continue
		}
		stake := (1 - now) * l.f.orders.Future(h.X, h.T, l.o.horizon) * l.money[i]
		if stake > 0 {
			l.quiet = append(l.quiet, quietOne{i, stake})
		}
	}
	slices.SortFunc(l.quiet, func(a, b quietOne) int { return cmp.Or(cmp.Compare(b.stake, a.stake), cmp.Compare(a.at, b.at)) })
}

// silence returns the days since a customer's last order and the usual days between two.
func (l *outlook) silence(i int) (since, usual float64) {
	h := l.b.history[i]
	return (h.T - h.TX) * l.o.unitDays, h.TX / h.X * l.o.unitDays
}

// customer names a customer as pages may show it.
func (l *outlook) customer(r *Request, t *query.Table, i int) string {
	id, _ := textAt(t.Col("customer_id"), l.b.idx[i])
	if r.Pseudonym != nil {
		id = r.Pseudonym(id)
	}
	return item{id: id}.label(24)
}

func (l *outlook) facts(r *Request, p phrase.Printer, t *query.Table) phrase.LifetimeFacts {
	f := phrase.LifetimeFacts{Customers: int64(len(l.b.idx)), Days: aheadDays, Stake: math.NaN(), Quiet: len(l.quiet)}
	for i, h := range l.b.history {
		f.Orders += l.forecast[i].Orders
		if h.X > 0 { // BG/NBD lets nobody leave before a second order: it knows nothing of the others
			f.Returned++
			f.Alive += l.forecast[i].Alive
		}
		f.Money += l.forecast[i].Orders * l.money[i]
	}
	if len(l.quiet) > 0 {
		f.Stake = 0
		for _, q := range l.quiet {
			f.Stake += q.stake
		}
		first := l.quiet[0].at
		f.First = p.Pick("customer "+l.customer(r, t, first), "客户 "+l.customer(r, t, first))
		f.FirstGap, f.FirstRate = l.silence(first)
	}
	if l.test == nil {
		return f
	}
	f.Tested = int(l.test.days)
	span := float64(l.test.days) / l.o.unitDays
	for i, h := range l.test.b.history {
		came, rate := l.test.b.later[i], 0.0
		if h.T > 0 {
			rate = h.X / h.T * span
		}
		f.Told += l.test.forecast[i].Orders
		f.Came += came
		f.Error += math.Abs(l.test.forecast[i].Orders-came) / float64(len(l.test.b.idx))
		f.Naive += math.Abs(rate-came) / float64(len(l.test.b.idx))
	}
	return f
}
