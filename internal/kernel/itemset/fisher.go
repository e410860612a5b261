package itemset

import "math"

// Fisher computes one-sided p-values of Fisher's exact test for 2×2 tables with a
// fixed number of baskets.
type Fisher struct {
	n   int64
	lgf []float64 // ln k! for k ≤ n; nil above tableLimit
}

// tableLimit bounds the table of logarithms of factorials: above it there are more of them than
// most questions ask for, and Lgamma is as exact.
const tableLimit = 1 << 20

// NewFisher prepares the logarithms of factorials up to n baskets.
func NewFisher(n int64) *Fisher {
	if n > tableLimit {
		return &Fisher{n: n}
	}
	f := &Fisher{n: n, lgf: make([]float64, n+1)}
	// Kahan's compensated sum keeps the error of ln n! near one unit in the last
	// place, where adding up plainly would lose log n of them.
	sum, c := 0.0, 0.0
	for k := int64(2); k <= n; k++ {
		y := math.Log(float64(k)) - c
		t := sum + y
		c = (t - sum) - y
		sum = t
		f.lgf[k] = sum
	}
	return f
}

// choose returns ln C(n, k).
func (f *Fisher) choose(n, k int64) float64 {
	return f.factorial(n) - f.factorial(k) - f.factorial(n-k)
}

// factorial returns ln k!.
func (f *Fisher) factorial(k int64) float64 {
	if f.lgf != nil {
		return f.lgf[k]
	}
	v, _ := math.Lgamma(float64(k) + 1)
	return v
}

// Greater returns P(K ≥ k) where K counts the baskets with Y among nx baskets with X
// when ny of all baskets have Y (hypergeometric).
func (f *Fisher) Greater(k, nx, ny int64) float64 {
	nx, ny = min(nx, ny), max(nx, ny) // the test is symmetric, and so are its digits
	lo, hi := max(0, nx+ny-f.n), min(nx, ny)
	if k <= lo {
		return 1
	}
	if k > hi {
		return 0
	}
	mode := int64(float64(nx+1) * float64(ny+1) / float64(f.n+2))
	if k > mode {
		return math.Min(1, f.tail(k, hi, nx, ny, 1))
	}
	return math.Max(0, 1-f.tail(k-1, lo, nx, ny, -1))
}

// tail sums the probabilities from k towards end, away from the mode, where the
// terms fall; it stops when they no longer count.
func (f *Fisher) tail(k, end, nx, ny, step int64) float64 {
	p := math.Exp(f.choose(ny, k) + f.choose(f.n-ny, nx-k) - f.choose(f.n, nx))
	sum := p
	for ; k != end && p > sum*1e-17; k += step {
		if step > 0 { // p(k+1) / p(k)
			p *= float64(ny-k) * float64(nx-k) / (float64(k+1) * float64(f.n-ny-nx+k+1))
		} else { // p(k−1) / p(k)
			p *= float64(k) * float64(f.n-ny-nx+k) / (float64(ny-k+1) * float64(nx-k+1))
		}
		sum += p
	}
	return sum
}
