// Package pca finds the directions in which rows of numbers differ most.
package pca

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Components are principal components: orthogonal directions, most variance first (Pearson,
// On lines and planes of closest fit, Phil. Mag. 2, 1901).
type Components struct {
	Mean      []float64   // of the columns
	Direction [][]float64 // unit vectors; the entry largest in size is positive
	Share     []float64   // of the total variance, by direction; 0 where all rows are equal
}

// Fit returns the first k principal components of n rows of d finite numbers, row after row, by
// singular value decomposition of their covariances; fewer when d < k.
func Fit(x []float64, n, d, k int) (*Components, error) {
	if n < 1 || d < 1 || len(x) != n*d {
		return nil, fault.New(fault.Internal, "principal components of %d × %d numbers in %d", n, d, len(x))
	}
	c := &Components{Mean: make([]float64, d)}
	for i, v := range x {
		c.Mean[i%d] += v
	}
	for j := range c.Mean {
		c.Mean[j] /= float64(n)
	}
	cov := mat.NewDense(d, d, nil)
	row := make([]float64, d)
	for i := range n {
		for j := range row {
			row[j] = x[i*d+j] - c.Mean[j]
		}
		for a, u := range row {
			to := cov.RawRowView(a)
			for b, v := range row {
				to[b] += u * v
			}
		}
	}
	cov.Scale(1/float64(n), cov)
	var svd mat.SVD
	if !svd.Factorize(cov, mat.SVDThin) {
		return nil, fault.New(fault.Internal, "principal components: the decomposition did not converge")
	}
	var u mat.Dense
	svd.UTo(&u)
	values := svd.Values(nil)
	total := 0.0
	for _, v := range values {
		total += v
	}
	for a := range min(k, d) {
		dir := mat.Col(nil, a, &u)
		big := 0
		for j, v := range dir {
			if math.Abs(v) > math.Abs(dir[big])*(1+1e-9) {
				big = j
			}
		}
		if dir[big] < 0 {
			for j := range dir {
				dir[j] = -dir[j]
			}
		}
		c.Direction = append(c.Direction, dir)
		share := 0.0
		if total > 0 {
			share = values[a] / total
		}
		c.Share = append(c.Share, share)
	}
	return c, nil
}

// Score returns where a row lies along direction a.
func (c *Components) Score(row []float64, a int) (s float64) {
	for j, v := range row {
		s += (v - c.Mean[j]) * c.Direction[a][j]
	}
	return s
}
