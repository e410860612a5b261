package kmeans

import "math"

// lanes is the number of points that are looked at together.
const lanes = 8

// neighbours are the two nearest centres of the points of a tile: distances (not
// squared) and the index of the nearest, the first of equals.
type neighbours struct {
	first, second [lanes]float64
	best          [lanes]int64
}

// tile collects points whose distances are wanted, value by value: value j of the point
// in lane l at 8·j + l.
type tile struct {
	x  []float64
	at [lanes]int32
	n  int
}

func newTile(d int) tile { return tile{x: make([]float64, lanes*d)} }

// put adds a point; it reports whether the tile is full.
func (t *tile) put(x []float64, at int) bool {
	to := t.x[t.n:]
	for j, v := range x {
		to[lanes*j] = v
	}
	t.at[t.n] = int32(at)
	t.n++
	return t.n == lanes
}

// padded appends a centre at +Inf where their number is odd: nothing is nearest to it.
func padded(centers []float64, d int) (with []float64, pairs int) {
	k := len(centers) / d
	if k%2 == 1 {
		for range d {
			centers = append(centers, math.Inf(1))
		}
	}
	return centers, (k + 1) / 2
}

// nearestGo is the portable twin of nearestAVX2, with the same bits.
func nearestGo(tile []float64, d int, centers []float64, pairs int, to *neighbours) {
	for l := range lanes {
		first, second, best := math.Inf(1), math.Inf(1), 0
		for p := range pairs {
			s, t := pairGo(tile[l:], centers[2*p*d:], d)
			if s < first {
				first, second, best = s, first, 2*p
			} else if s < second {
				second = s
			}
			if t < first {
				first, second, best = t, first, 2*p+1
			} else if t < second {
				second = t
			}
		}
		to.first[l], to.second[l], to.best[l] = math.Sqrt(first), math.Sqrt(second), int64(best)
	}
}

// squaresGo is the portable twin of squaresAVX2, with the same bits.
func squaresGo(tile []float64, d int, centers []float64, pairs int, to []float64) {
	for l := range lanes {
		for p := range pairs {
			to[16*p+l], to[16*p+8+l] = pairGo(tile[l:], centers[2*p*d:], d)
		}
	}
}

// pairGo returns the squared distances of one lane to two centres. The conversions keep
// compilers from fusing the product into the sum, so that every processor gives the same bits.
func pairGo(x, centers []float64, d int) (s, t float64) {
	a, b := centers[:d], centers[d:2*d]
	for j := range a {
		v := x[lanes*j]
		e, f := v-a[j], v-b[j]
		s += float64(e * e)
		t += float64(f * f)
	}
	return s, t
}
