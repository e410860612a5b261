package recommend

// The inner loops of the dense models. On amd64 with AVX2 and FMA they are assembly
// (vec_amd64.s); what follows is their meaning and what runs elsewhere. Both agree
// within rounding. Row lengths k are multiples of lanes; short rows are padded with zeros.
const lanes = 16

// padded returns k rounded up to whole lanes.
func padded(k int) int { return (k + lanes - 1) / lanes * lanes }

// combineGo sets out to Σ p[j·stride]·rows[j·k : j·k+k] over j < n, with k = len(out).
func combineGo(out, p []float32, stride int, rows []float32, n int) {
	clear(out)
	k := len(out)
	for j := range n {
		v := p[j*stride]
		for i, y := range rows[j*k : j*k+k] {
			out[i] += v * y
		}
	}
}

// gatherGo adds Σ (a[e] + w[e]·⟨y_e, p⟩)·y_e to out, where y_e is row idx[e] of rows of length k = len(out).
func gatherGo(out, p, rows []float32, idx []uint32, a, w []float32) {
	k := len(out)
	p = p[:k]
	for e, r := range idx {
		y := rows[int(r)*k:][:k]
		var sum [4]float32
		for i := 0; i < k; i += 4 {
			sum[0] += y[i] * p[i]
			sum[1] += y[i+1] * p[i+1]
			sum[2] += y[i+2] * p[i+2]
			sum[3] += y[i+3] * p[i+3]
		}
		c := a[e] + w[e]*((sum[0]+sum[1])+(sum[2]+sum[3]))
		for i, v := range y {
			out[i] += c * v
		}
	}
}

// tileRows × tileCols is what one call of tile scores.
const (
	tileRows = 6
	tileCols = 16
)

// tileGo sets c[r·ld + i] to ⟨x_r, y_i⟩ for tileRows rows x of length k and tileCols items, which lie
// in the panel as panel[j·tileCols + i].
func tileGo(c []float32, ld int, x []float32, k int, panel []float32) {
	for r := range tileRows {
		row := c[r*ld:][:tileCols]
		clear(row)
		for j, v := range x[r*k : r*k+k] {
			for i, y := range panel[j*tileCols:][:tileCols] {
				row[i] += v * y
			}
		}
	}
}

// tileRows64 × tileCols64 is what one call of tile64 changes.
const (
	tileRows64 = 6
	tileCols64 = 8
)

// tile64Go subtracts ⟨x_r, y_i⟩ from c[r·ld + i] for tileRows64 rows x of length k and tileCols64 columns y, which
// lie in the panel as panel[j·tileCols64 + i].
func tile64Go(c []float64, ld int, x []float64, k int, panel []float64) {
	for r := range tileRows64 {
		var sum [tileCols64]float64
		for j, v := range x[r*k : r*k+k] {
			for i, y := range panel[j*tileCols64:][:tileCols64] {
				sum[i] += v * y
			}
		}
		for i, v := range sum {
			c[r*ld+i] -= v
		}
	}
}

// aboveGo returns the first position from at with v > bound, or len(v).
func aboveGo(v []float32, bound float32, at int) int {
	for ; at < len(v); at++ {
		if v[at] > bound {
			return at
		}
	}
	return at
}

// axpyGo adds v·y to out; both have the same length.
func axpyGo(out []float32, v float32, y []float32) {
	y = y[:len(out)]
	for i := range out {
		out[i] += v * y[i]
	}
}
