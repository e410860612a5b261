package anomaly

import (
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Location is a robust centre and scatter of rows: the minimum covariance determinant.
type Location struct {
	Mean  []float64
	Cov   *mat.SymDense
	inv   *mat.Dense
	width []float64 // smallest scale of a column, so that constant ones do no harm
}

// Sizes of the search of MCD: rows looked at, starts, steps of concentration of each start and of
// the best.
const (
	mcdRows   = 4000
	mcdStarts = 30
	mcdFirst  = 2
	mcdBest   = 5
	mcdLast   = 30
	mcdShare  = 0.75
)

// MCD estimates centre and scatter of rows (columns of equal length, no NaN) by the 75 % of them
// whose covariance has the least determinant: FAST-MCD, Rousseeuw & Van Driessen, Technometrics 41(3),
// 1999, on a sample of at most 4,000 rows, scaled to be consistent for normal rows and
// reweighted once (rows within the 97.5 % point of χ²).
func MCD(columns [][]float64, seed uint64) *Location {
	d, n := len(columns), len(columns[0])
	rng := rand.New(rand.NewPCG(seed, 0x3cd))
	rows := rng.Perm(n)[:min(n, mcdRows)]
	sort.Ints(rows)
	x := mat.NewDense(len(rows), d, nil)
	for i, r := range rows {
		for j := range columns {
			x.Set(i, j, columns[j][r])
		}
	}
	m := mcd{x: x, d: d, width: make([]float64, d), rng: rng}
	for j := range columns {
		c := mat.Col(nil, j, x)
		centre := medianOf(append([]float64(nil), c...))
		for i := range c {
			c[i] -= centre
		}
		m.width[j] = math.Max(1e-6*spread(c), 1e-9*(1+math.Abs(centre)))
	}
	best := m.search(max(d+1, int(mcdShare*float64(len(rows)))))
	best.scale(mcdFactor(d, mcdShare))
	limit := distuv.ChiSquared{K: float64(d)}.Quantile(0.975)
	var in []int
	for i := range rows {
		if best.distance(x.RawRowView(i)) <= limit {
			in = append(in, i)
		}
	}
	if len(in) > d {
		best = m.estimate(in)
		best.scale(mcdFactor(d, 0.975))
	}
	return best
}

// mcdFactor makes the covariance of the share of normal rows nearest to the centre
// consistent: share / P(χ²(d+2) ≤ the share's point of χ²(d)) (Croux & Haesbroeck, Journal of
// Multivariate Analysis 71(2), 1999).
func mcdFactor(d int, share float64) float64 {
	q := distuv.ChiSquared{K: float64(d)}.Quantile(share)
	return share / distuv.ChiSquared{K: float64(d + 2)}.CDF(q)
}

// mcd is one search.
type mcd struct {
	x     *mat.Dense
	d     int
	width []float64
	rng   *rand.Rand
}

// search runs concentration steps from random starts and goes on with the best.
func (m *mcd) search(h int) *Location {
	n, _ := m.x.Dims()
	type start struct {
		in  []int
		det float64
	}
	var starts []start
	for range mcdStarts {
		in := m.rng.Perm(n)[:min(n, m.d+1)]
		var det float64
		for range mcdFirst {
			in, det = m.concentrate(in, h)
		}
		starts = append(starts, start{in, det})
	}
	sort.SliceStable(starts, func(a, b int) bool { return starts[a].det < starts[b].det })
	best, bestDet := starts[0].in, math.Inf(1)
	for _, s := range starts[:mcdBest] {
		in, det := s.in, s.det
		for range mcdLast {
			next, d := m.concentrate(in, h)
			if !(d < det-1e-12*math.Abs(det)) {
				break
			}
			in, det = next, d
		}
		if det < bestDet {
			best, bestDet = in, det
		}
	}
	return m.estimate(best)
}

// concentrate returns the h rows nearest to the estimate from the rows `in`, and the
// logarithm of the determinant of that estimate.
func (m *mcd) concentrate(in []int, h int) ([]int, float64) {
	l := m.estimate(in)
	n, _ := m.x.Dims()
	order, dist := make([]int, n), make([]float64, n)
	for i := range order {
		order[i], dist[i] = i, l.distance(m.x.RawRowView(i))
	}
	sort.SliceStable(order, func(a, b int) bool { return dist[order[a]] < dist[order[b]] })
	next := order[:h]
	sort.Ints(next)
	var chol mat.Cholesky
	if !chol.Factorize(m.estimate(next).Cov) {
		return next, math.Inf(1)
	}
	return next, chol.LogDet()
}

// estimate returns mean and covariance of rows.
func (m *mcd) estimate(in []int) *Location {
	part := mat.NewDense(len(in), m.d, nil)
	for i, r := range in {
		part.SetRow(i, m.x.RawRowView(r))
	}
	l := &Location{Mean: make([]float64, m.d), Cov: mat.NewSymDense(m.d, nil), width: m.width}
	for j := range m.d {
		l.Mean[j] = stat.Mean(mat.Col(nil, j, part), nil)
	}
	if len(in) > 1 {
		stat.CovarianceMatrix(l.Cov, part, nil)
	}
	l.invert()
	return l
}

// scale multiplies the scatter.
func (l *Location) scale(f float64) {
	l.Cov.ScaleSym(f, l.Cov)
	l.invert()
}

// invert prepares distances; a ridge of the columns' least widths keeps the scatter regular.
func (l *Location) invert() {
	d := len(l.Mean)
	for j := range d {
		if w := l.width[j] * l.width[j]; l.Cov.At(j, j) < w {
			l.Cov.SetSym(j, j, w)
		}
	}
	for ridge := 0.0; ; ridge = math.Max(1e-9, 10*ridge) {
		c := mat.NewSymDense(d, nil)
		c.CopySym(l.Cov)
		for j := range d {
			c.SetSym(j, j, c.At(j, j)*(1+ridge))
		}
		var chol mat.Cholesky
		if chol.Factorize(c) && chol.Cond() < 1e13 {
			var inv mat.SymDense
			if chol.InverseTo(&inv) == nil {
				l.inv = mat.DenseCopyOf(&inv)
				return
			}
		}
		if ridge > 1e6 { // cannot be: the diagonal dominates by then
			l.inv = mat.NewDense(d, d, nil)
			return
		}
	}
}

// distance returns the squared Mahalanobis distance of a row.
func (l *Location) distance(row []float64) float64 {
	sum := 0.0
	for _, v := range l.Parts(row) {
		sum += v
	}
	return math.Max(sum, 0)
}

// Distance is the squared robust distance of a row: of normal rows it has a χ² distribution with as
// many degrees of freedom as columns.
func (l *Location) Distance(row []float64) float64 { return l.distance(row) }

// Parts are the columns' parts of the squared distance: (x − m)ⱼ (S⁻¹ (x − m))ⱼ, which add up to it.
func (l *Location) Parts(row []float64) []float64 {
	d := len(row)
	out := make([]float64, d)
	for i := range d {
		s := 0.0
		for j := range d {
			s += l.inv.At(i, j) * (row[j] - l.Mean[j])
		}
		out[i] = s * (row[i] - l.Mean[i])
	}
	return out
}
