package recommend

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// EASEItems bounds the dense model: its work grows with the cube of the items.
const EASEItems = 5000

// EASEOptions are those of FitEASE.
type EASEOptions struct {
	Lambda  float64 // λ
	Threads int     // 0 = 1
}

// EASE is a fitted linear model: a user with values x likes item j by Σ x_i·B_ij. It knows the
// EASEItems items with the most users, in the order of their codes.
type EASE struct {
	Items []uint32 // the known items' codes, ascending
	place []int32  // item → place in Items, −1 = unknown
	n     int
	row   int       // length of a row of B: n in whole lanes
	b     []float32 // B by rows
}

// Memory returns the bytes that FitEASE needs besides the matrix.
func (o EASEOptions) Memory(m *Matrix) int64 {
	n := int64(min(EASEItems, m.Items))
	return n*n*(8+4) + n*2*8*spdBlock + int64(len(m.Item))*8
}

// FitEASE solves Steck's equation (8): with P = (XᵀX + λI)⁻¹, B_ij = −P_ij/P_jj off the diagonal and 0 on it.
func FitEASE(ctx context.Context, m *Matrix, o EASEOptions) (*EASE, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	e := &EASE{}
	e.choose(m)
	g, err := e.gram(ctx, m, o)
	if err != nil {
		return nil, err
	}
	if err := g.negatedInverse(ctx, o.Threads); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, fault.New(fault.Input, "recommending by ease: inverting with λ = %g: %v", o.Lambda, err).WithHint("give a greater --lambda")
	}
	return e, e.weights(ctx, g, o.Threads)
}

// weights fills B from −P. The sign cancels.
func (e *EASE) weights(ctx context.Context, p *spd, threads int) error {
	e.row = padded(e.n)
	e.b = make([]float32, e.n*e.row)
	diag := make([]float64, e.n)
	for i := range diag {
		diag[i] = p.row(i)[i]
	}
	const square = 64 // a square of p and the two of B that come from it stay in the first cache
	return inChunks(ctx, e.n, square, threads, func() any { return nil }, func(_ any, from, to int) {
		for left := 0; left < to; left += square {
			for i := from; i < to; i++ {
				row := p.row(i)
				for j := left; j < min(left+square, i); j++ {
					e.b[i*e.row+j] = float32(-row[j] / diag[j])
					e.b[j*e.row+i] = float32(-row[j] / diag[i])
				}
			}
		}
	})
}

// choose keeps the items with the most users.
func (e *EASE) choose(m *Matrix) {
	count := m.counts()
	for it, n := range count {
		if n > 0 {
			e.Items = append(e.Items, uint32(it))
		}
	}
	if len(e.Items) > EASEItems {
		slices.SortFunc(e.Items, func(a, b uint32) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
		e.Items = e.Items[:EASEItems]
		slices.Sort(e.Items)
	}
	e.n = len(e.Items)
	e.place = make([]int32, m.Items)
	for i := range e.place {
		e.place[i] = -1
	}
	for p, it := range e.Items {
		e.place[it] = int32(p)
	}
}

// gram returns XᵀX + λI of the known items, summed row by row in the order of users.
func (e *EASE) gram(ctx context.Context, m *Matrix, o EASEOptions) (*spd, error) {
	g := newSPD(e.n)
	t := m.Transpose()
	err := inChunks(ctx, e.n, 4, o.Threads, func() any { return nil }, func(_ any, from, to int) {
		for i := from; i < to && ctx.Err() == nil; i++ {
			row := g.row(i)
			users, own := t.Row(int(e.Items[i]))
			for n, u := range users {
				v := 1.0
				if own != nil {
					v = float64(own[n])
				}
				items, values := m.Row(int(u))
				for x, it := range items {
					if it > e.Items[i] { // places ascend with items
						break
					}
					j := e.place[it]
					if j < 0 {
						continue
					}
					w := v
					if values != nil {
						w *= float64(values[x])
					}
					row[j] += w
				}
			}
			row[i] += o.Lambda
		}
	})
	return g, err
}

// Top proposes the items with the highest sums.
func (e *EASE) Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	l := newLists(len(users), o.K)
	type worker struct {
		score []float32
		top   top
	}
	newWorker := func() *worker { return &worker{make([]float32, e.row), top{k: o.K}} }
	err := inChunks(ctx, len(users), 64, o.Threads, newWorker, func(w *worker, from, to int) {
		for n := from; n < to && ctx.Err() == nil; n++ {
			items, values := m.Row(int(users[n]))
			if e.sum(w.score, items, values) {
				e.keep(w.score[:e.n], &w.top, items, &o)
			}
			w.top.into(l, n)
		}
	})
	return l, err
}

// sum fills score with x·B; false when the user has no known item.
func (e *EASE) sum(score []float32, items []uint32, values []float32) bool {
	clear(score)
	known := false
	for n, it := range items {
		p := e.place[it]
		if p < 0 {
			continue
		}
		known = true
		v := float32(1)
		if values != nil {
			v = values[n]
		}
		axpy(score, v, e.b[int(p)*e.row:(int(p)+1)*e.row])
	}
	return known
}

// keep offers all scores of a user to the list.
func (e *EASE) keep(score []float32, t *top, items []uint32, o *TopOptions) {
	if !o.Rebuy {
		for _, it := range items {
			if p := e.place[it]; p >= 0 {
				score[p] = float32(math.Inf(-1))
			}
		}
	}
	bound := float32(math.Inf(-1))
	for at := above(score, bound, 0); at < len(score); at = above(score, bound, at+1) {
		if o.allows(e.Items[at]) {
			t.push(keyOf(score[at], e.Items[at]))
			if len(t.heap) == t.k && t.k > 0 {
				bound = keyScore(t.heap[0])
			}
		}
	}
}

// Similar lists the items that an item speaks for most, best first.
func (e *EASE) Similar(i uint32, k int) ([]uint32, []float32) {
	t := top{k: k}
	if p := e.place[i]; p >= 0 {
		for j, v := range e.b[int(p)*e.row:][:e.n] {
			if j != int(p) {
				t.push(keyOf(v, e.Items[j]))
			}
		}
	}
	l := newLists(1, k)
	t.into(l, 0)
	return l.Of(0)
}

// Reason returns the item of a user that adds most to the score of item j.
func (e *EASE) Reason(items []uint32, values []float32, j uint32) (uint32, bool) {
	best, most := uint32(0), float32(0)
	to := e.place[j]
	for n, it := range items {
		p := e.place[it]
		if p < 0 || to < 0 {
			continue
		}
		v := e.b[int(p)*e.row+int(to)]
		if values != nil {
			v *= values[n]
		}
		if v > most {
			best, most = it, v
		}
	}
	return best, most > 0
}
