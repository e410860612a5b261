package stl

// bisquare sets the robustness weights from absolute remainders r: (1 − (r/6m)²)² with m the
// median of r; all 1 when the median is nothing but rounding of values as large as scale.
func (w *Workspace) bisquare(r, weights []float64, scale float64) {
	copy(w.sorted, r)
	n := len(r)
	upper := selectKth(w.sorted, n/2)
	lower := upper
	if n%2 == 0 {
		lower = w.sorted[0]
		for _, v := range w.sorted[1 : n/2] {
			lower = max(lower, v)
		}
	}
	six := 3 * (upper + lower)
	if six <= 1e-14*scale {
		for i := range weights {
			weights[i] = 1
		}
		return
	}
	most, least, inv := 0.999*six, 0.001*six, 1/six
	for i, v := range r {
		u := v * inv
		u = 1 - u*u
		u *= u
		if v > most {
			u = 0
		}
		if v <= least {
			u = 1
		}
		weights[i] = u
	}
}

// selectKth reorders v so that v[k] is the one of rank k, nothing greater stands before it and nothing less after,
// and returns it (Hoare's find with the median of three as pivot).
func selectKth(v []float64, k int) float64 {
	lo, hi := 0, len(v)-1
	for lo < hi {
		mid := lo + (hi-lo)/2
		if v[mid] < v[lo] {
			v[mid], v[lo] = v[lo], v[mid]
		}
		if v[hi] < v[lo] {
			v[hi], v[lo] = v[lo], v[hi]
		}
		if v[hi] < v[mid] {
			v[hi], v[mid] = v[mid], v[hi]
		}
		pivot := v[mid]
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	return v[k]
}
