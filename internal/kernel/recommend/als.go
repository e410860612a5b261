package recommend

import (
	"context"
	"math/rand/v2"
)

// ALSOptions are those of FitALS.
type ALSOptions struct {
	Factors        int
	Iterations     int
	Regularization float64 // λ
	Alpha          float64 // α: a value r counts with confidence 1 + α·(r − 1), what is missing with 1
	Steps          int     // of conjugate gradient a row and iteration; 0 = 3
	Seed           uint64
	Threads        int // 0 = 1
}

// ALS is a fitted factorisation: user u likes item i by the dot product of their factors,
// which are rows of length k (Factors padded with zeros to whole lanes).
type ALS struct {
	o     ALSOptions
	k     int
	X, Y  []float32 // users, items
	items int
	gram  []float32 // YᵀY + λI
	panel []float32 // Y in panels for tile
}

// Memory returns the bytes that FitALS needs besides the matrix.
func (o ALSOptions) Memory(m *Matrix) int64 {
	k := int64(padded(o.Factors))
	return 4*k*(int64(m.Users())+2*int64(m.Items)+32) + int64(len(m.Item))*8 + int64(m.Users()/gramRows+1)*8*k*k
}

// FitALS minimises Σ c_ui (p_ui − x_u·y_i)² + λ(Σ|x_u|² + Σ|y_i|²), where p is 1 for what a user has and
// 0 elsewhere (Hu, Koren & Volinsky, 2008, eq. 3). Their confidence 1 + α·r is taken as c = 1 + α·(r − 1), and 1 for r < 1:
// of a shop's lines a single purchase tells little more than none, and what comes back tells more. Users and items are
// solved in turn: the equations (YᵀY + Yᵀ(Cᵘ − I)Y + λI) x_u = YᵀCᵘp_u (eq. 4) by Steps of conjugate
// gradient from the last solution (Takács et al., 2011).
func FitALS(ctx context.Context, m *Matrix, o ALSOptions) (*ALS, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a := &ALS{o: o, k: padded(o.Factors), items: m.Items}
	a.X, a.Y = make([]float32, m.Users()*a.k), make([]float32, m.Items*a.k)
	rng := rand.New(rand.NewPCG(o.Seed, 0x616c73))
	for i := range m.Items {
		for f := range o.Factors {
			a.Y[i*a.k+f] = float32(rng.NormFloat64() * 0.1)
		}
	}
	t := m.Transpose()
	for range o.Iterations {
		if err := a.solve(ctx, m, a.X, a.Y); err != nil {
			return nil, err
		}
		if err := a.solve(ctx, t, a.Y, a.X); err != nil {
			return nil, err
		}
	}
	var err error
	if a.gram, err = a.gramOf(ctx, a.Y); err != nil {
		return nil, err
	}
	a.pack()
	return a, nil
}

// gramRows is how many rows one part of a Gram matrix sums: fixed, so that the sum is the same for any
// number of threads.
const gramRows = 4096

// gramOf returns RᵀR + λI of rows R: parts in float32, their sum in float64.
func (a *ALS) gramOf(ctx context.Context, rows []float32) ([]float32, error) {
	n, k := len(rows)/a.k, a.k
	parts := make([][]float64, (n+gramRows-1)/gramRows)
	newRow := func() []float32 { return make([]float32, k) }
	err := inChunks(ctx, len(parts), 1, a.o.Threads, newRow, func(row []float32, p, _ int) {
		sum := make([]float64, k*k)
		for from := p * gramRows; from < min(n, (p+1)*gramRows); from += 128 {
			part := rows[from*k : min(n, from+128, (p+1)*gramRows)*k]
			for i := range k {
				combine(row, part[i:], k, part, len(part)/k)
				for j, v := range row {
					sum[i*k+j] += float64(v)
				}
			}
		}
		parts[p] = sum
	})
	if err != nil {
		return nil, err
	}
	total := make([]float64, k*k)
	for _, p := range parts {
		for i, v := range p {
			total[i] += v
		}
	}
	out := make([]float32, k*k)
	for i, v := range total {
		if i%(k+1) == 0 {
			v += a.o.Regularization
		}
		out[i] = float32(v)
	}
	return out, nil
}

// solve improves every row of x given y, where m holds which rows of y belong to a row of x.
func (a *ALS) solve(ctx context.Context, m *Matrix, x, y []float32) error {
	gram, err := a.gramOf(ctx, y)
	if err != nil {
		return err
	}
	newSolver := func() *alsSolver { return newALSSolver(a, gram, y) }
	return inChunks(ctx, m.Users(), 32, a.o.Threads, newSolver, func(s *alsSolver, from, to int) {
		for u := from; u < to; u++ {
			items, values := m.Row(u)
			s.improve(x[u*a.k:(u+1)*a.k], items, values)
		}
	})
}

// alsSolver solves rows one after the other.
type alsSolver struct {
	a            *ALS
	gram, y      []float32
	r, p, ap     []float32
	add, weight  []float32 // of each item: its confidence c, and 1 − c
	again        []uint32  // items with c > 1
	extra, zeros []float32 // beside them: c − 1, and 0
}

func newALSSolver(a *ALS, gram, y []float32) *alsSolver {
	return &alsSolver{a: a, gram: gram, y: y, r: make([]float32, a.k), p: make([]float32, a.k), ap: make([]float32, a.k)}
}

// load makes room for the items and fills in their confidences; again lists those with more than 1.
func (s *alsSolver) load(items []uint32, values []float32) {
	n := len(items)
	if cap(s.add) < n {
		s.add, s.weight = make([]float32, n+n/2), make([]float32, n+n/2)
	}
	s.add, s.weight = s.add[:n], s.weight[:n]
	s.again, s.extra = s.again[:0], s.extra[:0]
	alpha := float32(s.a.o.Alpha)
	for i := range n {
		v := float32(0)
		if values != nil && values[i] > 1 {
			v = alpha * (values[i] - 1)
		}
		s.add[i], s.weight[i] = 1+v, -v
		if v > 0 {
			s.again, s.extra = append(s.again, items[i]), append(s.extra, v)
		}
	}
	for len(s.zeros) < len(s.again) {
		s.zeros = append(s.zeros, 0)
	}
}

// improve takes some steps of conjugate gradient from x towards the solution of a row.
func (s *alsSolver) improve(x []float32, items []uint32, values []float32) {
	if len(items) == 0 {
		clear(x)
		return
	}
	k := len(x)
	s.load(items, values)
	// r = b − Ax = Σ (c − (c−1)⟨y, x⟩) y − (YᵀY + λI)x
	combine(s.ap, x, 1, s.gram, k)
	for i, v := range s.ap {
		s.r[i] = -v
	}
	gather(s.r, x, s.y, items, s.add, s.weight)
	copy(s.p, s.r)
	old := dot(s.r, s.r)
	steps := s.a.o.Steps
	if steps == 0 {
		steps = 3
	}
	for range steps {
		if old < 1e-20 {
			return
		}
		combine(s.ap, s.p, 1, s.gram, k)
		gather(s.ap, s.p, s.y, s.again, s.zeros, s.extra)
		step := old / dot(s.p, s.ap)
		for i := range x {
			x[i] += step * s.p[i]
			s.r[i] -= step * s.ap[i]
		}
		now := dot(s.r, s.r)
		b := now / old
		for i := range s.p {
			s.p[i] = s.r[i] + b*s.p[i]
		}
		old = now
	}
}

func dot(a, b []float32) float32 {
	var s [4]float32
	b = b[:len(a)]
	for i := 0; i+4 <= len(a); i += 4 {
		s[0] += a[i] * b[i]
		s[1] += a[i+1] * b[i+1]
		s[2] += a[i+2] * b[i+2]
		s[3] += a[i+3] * b[i+3]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}
