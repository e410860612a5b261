package recommend

import (
	"context"
	"math"
	"slices"
)

// pack lays the item factors out in panels of tileCols items for tile.
func (a *ALS) pack() {
	panels := (a.items + tileCols - 1) / tileCols
	a.panel = make([]float32, panels*tileCols*a.k)
	for it := range a.items {
		p := a.panel[it/tileCols*tileCols*a.k:]
		for f, v := range a.Y[it*a.k : (it+1)*a.k] {
			p[f*tileCols+it%tileCols] = v
		}
	}
}

// Users are scored in blocks against chunks of items that stay in the second-level cache.
const (
	alsUsers = 8 * tileRows
	alsItems = 32 * tileCols
)

// Top proposes the items with the largest dot products. Rows of m are the users that the model was
// fitted on, in their order.
func (a *ALS) Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	return a.topOf(ctx, m, users, o, func(_ *alsSolver, u uint32, x []float32) {
		copy(x, a.X[int(u)*a.k:])
	})
}

// TopNew is Top for rows that the model was not fitted on: their factors are solved for first.
func (a *ALS) TopNew(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	return a.topOf(ctx, m, users, o, func(s *alsSolver, u uint32, x []float32) {
		items, values := m.Row(int(u))
		clear(x)
		for range 10 { // 30 steps of conjugate gradient end the rounding errors of k ≤ 30 and nearly those of more
			s.improve(x, items, values)
		}
	})
}

// alsWorker scores blocks of users.
type alsWorker struct {
	x, score []float32
	tops     []top
	next     []int // first own item of each user at or after the chunk
	solver   *alsSolver
}

func (a *ALS) topOf(ctx context.Context, m *Matrix, users []uint32, o TopOptions, factors func(s *alsSolver, u uint32, x []float32)) (*Lists, error) {
	l := newLists(len(users), o.K)
	newWorker := func() *alsWorker {
		w := &alsWorker{x: make([]float32, alsUsers*a.k), score: make([]float32, alsUsers*alsItems), tops: make([]top, alsUsers), next: make([]int, alsUsers)}
		w.solver = newALSSolver(a, a.gram, a.Y)
		for i := range w.tops {
			w.tops[i].k = o.K
		}
		return w
	}
	err := inChunks(ctx, len(users), alsUsers, o.Threads, newWorker, func(w *alsWorker, from, to int) {
		for n := from; n < to; n++ {
			factors(w.solver, users[n], w.x[(n-from)*a.k:(n-from+1)*a.k])
			w.next[n-from] = 0
		}
		for chunk := 0; chunk < a.items; chunk += alsItems {
			end := min(a.items, chunk+alsItems)
			for row := 0; row < to-from; row += tileRows {
				for p := chunk; p < end; p += tileCols {
					tile(w.score[row*alsItems+p-chunk:], alsItems, w.x[row*a.k:], a.k, a.panel[p*a.k:])
				}
			}
			for n := from; n < to; n++ {
				items, _ := m.Row(int(users[n]))
				w.keep(n-from, items, chunk, end, &o)
			}
		}
		for n := from; n < to; n++ {
			w.tops[n-from].into(l, n)
		}
	})
	return l, err
}

// keep offers the scores of a chunk to the list of one user.
func (w *alsWorker) keep(row int, items []uint32, chunk, end int, o *TopOptions) {
	score := w.score[row*alsItems:][:end-chunk]
	if !o.Rebuy {
		n := w.next[row]
		for ; n < len(items) && int(items[n]) < end; n++ {
			score[int(items[n])-chunk] = float32(math.Inf(-1))
		}
		w.next[row] = n
	}
	t := &w.tops[row]
	bound := float32(math.Inf(-1))
	if len(t.heap) == t.k && t.k > 0 {
		bound = keyScore(t.heap[0])
	}
	// items come in ascending order, so of equal scores the first stays
	for at := above(score, bound, 0); at < len(score); at = above(score, bound, at+1) {
		if it := uint32(chunk + at); o.allows(it) {
			t.push(keyOf(score[at], it))
			if len(t.heap) == t.k {
				bound = keyScore(t.heap[0])
			}
		}
	}
}

// Similar lists the items whose factors point most in the direction of item i's (cosine), best first.
func (a *ALS) Similar(i uint32, k int) ([]uint32, []float32) {
	norm := func(it int) float64 { y := a.Y[it*a.k : (it+1)*a.k]; return math.Sqrt(float64(dot(y, y))) }
	own := norm(int(i))
	t := top{k: k}
	for it := range a.items {
		if n := norm(it); it != int(i) && n > 0 && own > 0 {
			d := dot(a.Y[int(i)*a.k:(int(i)+1)*a.k], a.Y[it*a.k:(it+1)*a.k])
			t.push(keyOf(float32(float64(d)/(n*own)), uint32(it)))
		}
	}
	l := newLists(1, k)
	t.into(l, 0)
	return l.Of(0)
}

// Reason returns the item of a user that adds most to the score of item j. With W = (YᵀCᵘY + λI)⁻¹ the
// score is Σ c_i · y_jᵀ W y_i over the user's items (Hu et al., 2008, eq. 7).
func (a *ALS) Reason(items []uint32, values []float32, j uint32) (uint32, bool) {
	k := a.k
	w := make([]float64, k*k)
	for i, v := range a.gram {
		w[i] = float64(v)
	}
	s := newALSSolver(a, a.gram, a.Y)
	s.load(items, values)
	for n, it := range s.again {
		y := a.Y[int(it)*k : (int(it)+1)*k]
		for r, v := range y {
			for c, x := range y[:r+1] {
				w[r*k+c] += float64(s.extra[n]) * float64(v) * float64(x)
			}
		}
	}
	v := make([]float64, k)
	for i, x := range a.Y[int(j)*k : (int(j)+1)*k] {
		v[i] = float64(x)
	}
	if !solveSPD(w, v) {
		return 0, false
	}
	best, most := uint32(0), 0.0
	for n, it := range items {
		sum := 0.0
		for i, x := range a.Y[int(it)*k : (int(it)+1)*k] {
			sum += float64(x) * v[i]
		}
		if sum *= float64(s.add[n]); sum > most {
			best, most = it, sum
		}
	}
	return best, most > 0
}

// solveSPD replaces b by A⁻¹b for a symmetric positive definite A, of which the lower
// triangle is read and overwritten by its Cholesky factor; false when A is none.
func solveSPD(a, b []float64) bool {
	n := len(b)
	for i := range n {
		for j := range i + 1 {
			sum := a[i*n+j]
			for x := range j {
				sum -= a[i*n+x] * a[j*n+x]
			}
			if i != j {
				a[i*n+j] = sum / a[j*n+j]
				continue
			}
			if !(sum > 0) {
				return false
			}
			a[i*n+i] = math.Sqrt(sum)
		}
	}
	for i := range n {
		for x := range i {
			b[i] -= a[i*n+x] * b[x]
		}
		b[i] /= a[i*n+i]
	}
	for i := range slices.Backward(b) {
		for x := i + 1; x < n; x++ {
			b[i] -= a[x*n+i] * b[x]
		}
		b[i] /= a[i*n+i]
	}
	return true
}
