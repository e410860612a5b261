package anomaly

import "math"

// Spot is a step near a known event: a holiday, a sale, a promotion. Steps of equal spots are
// supposed to be moved alike.
type Spot struct {
	Name   string // of the event
	Offset int    // steps from where it begins
}

// Known is the event near a point.
type Known struct {
	Spot
	Seen int // times that its effect on this series was seen before (Retrospective: at other times)
}

// occurrence is what came at a spot once, and what would have come without its event.
type occurrence struct{ y, usual float64 }

// effects are the occurrences of each spot, the latest last.
type effects map[Spot][]occurrence

// What is supposed of events before they are seen.
const (
	effectPrior   = 0.5  // standard deviation of the logarithm of an unseen effect: two thirds more or less is ordinary
	effectVaries  = 0.25 // an effect differs from one time to the next by so much of its size,
	effectTimes   = 2    // a supposition that is worth so many times seen
	effectMost    = 50   // greatest factor
	effectKeepMax = 8    // occurrences that count
)

// learn adds an occurrence.
func (e *effects) learn(s Spot, o occurrence) {
	if *e == nil {
		*e = effects{}
	}
	seen := (*e)[s]
	if len(seen) == effectKeepMax {
		seen = append(seen[:0], seen[1:]...)
	}
	(*e)[s] = append(seen, o)
}

// effectOf returns by how much occurrences let a transformed expectation move, and the standard deviation that this
// adds to that of a usual error (sd). Effects are factors where values are not negative, else differences. The
// mean of those seen is drawn towards 0 as by an effect of normal prior; without any it is 0, and the scale is widened by the prior.
func effectOf(pow power, seen []occurrence, usual, sd float64) (move, extra float64) {
	prior := math.Max(sd, effectPrior*math.Abs(usual)*math.Exp(pow.logSlope(usual)))
	n := float64(len(seen))
	if n == 0 {
		return 0, prior
	}
	at := pow.apply(usual)
	var mean, square float64
	for _, o := range seen {
		v := pow.apply(usual+o.y-o.usual) - at
		if o.usual > 0 && usual > 0 && o.y >= 0 {
			v = pow.apply(usual*math.Min(effectMost, o.y/o.usual)) - at
		}
		mean += v / n
		square += v * v
	}
	keep := prior * prior / (prior*prior + sd*sd/n)
	move = keep * mean
	differs := math.Max(0, square-n*mean*mean)
	differs = (effectTimes*effectVaries*effectVaries*move*move + differs) / (effectTimes + n - 1)
	return move, math.Sqrt(differs + keep*sd*sd/n)
}

// judgeEvent judges a value near an event: by what the event did before, or, where that was never seen, with a wide scale.
// Neither baseline nor tails learn from it.
func (d *Detector) judgeEvent(s Spot, step int64, y float64, p *Point) {
	b := d.base
	mu, sd := b.expect(step), b.sd(step)
	usual := b.pow.invert(mu)
	if !d.negative {
		usual = math.Max(0, usual)
	}
	seen := d.effects[s]
	move, extra := effectOf(b.pow, seen, usual, sd)
	p.Event = &Known{s, len(seen)}
	p.Expected = b.pow.invert(mu + move)
	if !d.negative {
		p.Expected = math.Max(0, p.Expected)
	}
	p.Z = (b.pow.apply(y) - mu - move) / math.Hypot(sd, extra)
	p.P = bodyOr(d.scaled.peek(p.Z, d.opt.Pool, true), p.Z)
	d.effects.learn(s, occurrence{y, usual})
	d.decide(step, y, p)
}

// bodyOr is the probability with logarithm l of a standardised error, or, where it is not in the tails, the normal one.
func bodyOr(l, z float64) float64 {
	if l > math.Log(bodyP) {
		return math.Max(bodyP, math.Erfc(math.Abs(z)/math.Sqrt2))
	}
	return math.Exp(l)
}

// withoutEvents returns a copy with gaps at the spots, and whether it still tells enough.
func withoutEvents(s Series, spots map[int64]Spot) (y []float64, ok bool) {
	y = append([]float64(nil), s.Y...)
	had, left := 0, 0
	for i, v := range s.Y {
		if v != v {
			continue
		}
		had++
		if _, near := spots[s.First+int64(i)]; near {
			y[i] = math.NaN()
		} else {
			left++
		}
	}
	return y, left < had && left >= Least && 2*left >= had
}

// judgeEvents fills the points at spots of a series that was decomposed without them: each by what came at
// the same spot at other times.
func judgeEvents(points []Point, s Series, spots map[int64]Spot, scale float64) {
	all := effects{}
	place := map[Spot][]int{}
	for i, v := range s.Y {
		if spot, near := spots[s.First+int64(i)]; near && v == v {
			all[spot] = append(all[spot], occurrence{v, points[i].Expected})
			place[spot] = append(place[spot], i)
		}
	}
	for spot, at := range place {
		for k, i := range at {
			others := make([]occurrence, 0, len(at)-1)
			others = append(append(others, all[spot][:k]...), all[spot][k+1:]...)
			move, extra := effectOf(power{exponent: 1}, others, all[spot][k].usual, scale)
			p := &points[i]
			p.Event = &Known{spot, len(others)}
			p.Expected = all[spot][k].usual + move
			p.Z = (s.Y[i] - p.Expected) / math.Hypot(scale, extra)
		}
	}
}
