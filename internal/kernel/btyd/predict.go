package btyd

import (
	"context"
	"math"
	"sync"
)

// Model is a fitted model of order days.
type Model interface {
	Alive(h History) float64
	// Future is the order days in the next t of a living customer of x repeat days in T.
	Future(x, T, t float64) float64
	// Scale is the time in which Future(…, T, t) bends: α + T and the like.
	Scale(T float64) float64
}

// Forecast is what a model says of one customer.
type Forecast struct {
	Alive      float64 // probability of still being a customer
	Orders     float64 // order days expected within the horizon
	Discounted float64 // the same, each worth its discount at its time
}

// Horizon says how far a forecast looks, in the model's unit of time.
type Horizon struct {
	Span float64
	Rate float64 // continuous discount rate: an order after t counts e^(−Rate·t)
	Year float64 // length of a year
}

// Predict forecasts every customer. Equal (x, T) share the hypergeometric function, and only
// P(alive) depends on t_x. The result does not depend on the threads.
func Predict(ctx context.Context, m Model, h []History, o Horizon, threads int) ([]Forecast, error) {
	out := make([]Forecast, len(h))
	var wg sync.WaitGroup
	threads = max(1, threads)
	for w := range threads {
		wg.Go(func() {
			type age struct{ x, T float64 }
			type future struct{ orders, discounted float64 }
			known := map[age]future{}
			for i := w * len(h) / threads; i < (w+1)*len(h)/threads; i++ {
				if i&0xfff == 0 && ctx.Err() != nil {
					return
				}
				at := age{h[i].X, h[i].T}
				f, ok := known[at]
				if !ok {
					f.orders, f.discounted = o.of(m, at.x, at.T)
					if len(known) < knownAges {
						known[at] = f
					}
				}
				alive := m.Alive(h[i])
				out[i] = Forecast{alive, f.orders * alive, f.discounted * alive}
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// knownAges bounds what Predict remembers: days give fewer, continuous times gain nothing.
const knownAges = 1 << 16

// Nodes and weights of Gauss–Legendre quadrature with three points on [0, 1].
var (
	gaussAt     = [...]float64{0.5 - math.Sqrt(15)/10, 0.5, 0.5 + math.Sqrt(15)/10}
	gaussWeight = [...]float64{5.0 / 18, 8.0 / 18, 5.0 / 18}
)

// of returns the order days of a living customer within the horizon, plain and discounted. With
// E(t) order days in the next t, the latter is ∫ e^(−ρt) dE = e^(−ρH)·E(H) + ρ ∫ E(t)·e^(−ρt) dt
// over [0, H], by parts. With c the model's scale, t = c·(e^(s·u) − 1) for u from 0 to 1 makes E
// smooth for the youngest customers too; the integral is taken in equal pieces of u, one for each half year of the
// horizon and at least one for each 1.5 of s.
func (o Horizon) of(m Model, x, T float64) (orders, discounted float64) {
	orders = m.Future(x, T, o.Span)
	if o.Rate == 0 {
		return orders, orders
	}
	c := m.Scale(T)
	s := math.Log1p(o.Span / c)
	pieces := max(1, math.Ceil(2*o.Span/o.Year-0.02), math.Ceil(s/1.5))
	sum := 0.0
	for p := range int(pieces) {
		for k, at := range gaussAt {
			t := c * math.Expm1(s*(float64(p)+at)/pieces)
			sum += gaussWeight[k] * m.Future(x, T, t) * math.Exp(-o.Rate*t) * (c + t)
		}
	}
	return orders, math.Exp(-o.Rate*o.Span)*orders + o.Rate*s*sum/pieces
}
