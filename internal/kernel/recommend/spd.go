package recommend

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Sizes of the blocked inversion, in rows: a block is swept at a time, a chunk is one worker's piece.
// Both are multiples of the kernel's 6 rows and 8 columns, and blocks of chunks.
const (
	spdChunk = 96
	spdBlock = 2 * spdChunk
	spdPad   = 24
)

// spd is a symmetric positive definite matrix: the lower triangle of n rows, each of size values.
// Rows and columns from n to size are those of the identity.
type spd struct {
	n, size int
	a       []float64
}

func newSPD(n int) *spd {
	s := &spd{n: n, size: (n + spdPad - 1) / spdPad * spdPad}
	s.a = make([]float64, s.size*s.size)
	for i := n; i < s.size; i++ {
		s.a[i*s.size+i] = 1
	}
	return s
}

// row returns row i up to its diagonal.
func (s *spd) row(i int) []float64 { return s.a[i*s.size:][: i+1 : i+1] }

// sweep holds what one step of negatedInverse works with, by rows of the matrix.
type sweep struct {
	*spd
	from, k int       // the block: its first row, its rows
	block   []float64 // −P⁻¹, k × k
	side    []float64 // panel of block, for tile64
	w       []float64 // A·P⁻¹ by rows of k; 0 in the block's own rows
	panel   []float64 // A's columns of the block in panels of 8 rows; 0 in the block's own rows
}

// negatedInverse replaces s by −s⁻¹ by sweeping one block of rows K after the other (the block form of the sweep
// operator; Beaton 1964, Goodnight 1979): with P = A_KK,
//
//	A_ij − A_iK P⁻¹ A_Kj   outside of the block
//	A_iK P⁻¹               beside it
//	−P⁻¹                   in it
//
// so nearly all work, n³/2 products, is in one kernel. Every element is computed in the same order for
// any number of threads. It stops soon after ctx ends, and fails where a pivot is not positive.
func (s *spd) negatedInverse(ctx context.Context, threads int) error {
	w := &sweep{spd: s, block: make([]float64, spdBlock*spdBlock), side: make([]float64, spdBlock*spdBlock),
		w: make([]float64, s.size*spdBlock), panel: make([]float64, s.size*spdBlock)}
	chunks := (s.size + spdChunk - 1) / spdChunk
	for w.from = 0; w.from < s.size; w.from += spdBlock {
		w.k = min(spdBlock, s.size-w.from)
		if !w.pivot() {
			return fault.New(fault.Input, "the matrix is singular")
		}
		none := func() any { return nil }
		for _, part := range []func(from, to int){w.gather, w.update} {
			err := inChunks(ctx, chunks, 1, threads, none, func(_ any, c, _ int) {
				c = chunks - 1 - c // the long rows first
				part(c*spdChunk, min(s.size, (c+1)*spdChunk))
			})
			if err != nil {
				return err
			}
		}
		w.store()
	}
	return nil
}

// pivot sets block to −P⁻¹, swept row by row, and packs it; false when P is not positive definite.
func (w *sweep) pivot() bool {
	k, p := w.k, w.block[:w.k*w.k]
	for i := range k {
		for j, v := range w.row(w.from + i)[w.from:] {
			p[i*k+j], p[j*k+i] = v, v
		}
	}
	for m := range k {
		d := p[m*k+m]
		if !(d > 0) {
			return false
		}
		own := p[m*k : m*k+k]
		for i := range k {
			if i == m {
				continue
			}
			f := p[i*k+m] / d
			row := p[i*k : i*k+k]
			for j, v := range own {
				row[j] -= f * v
			}
			row[m] = f
		}
		for j := range own {
			own[j] /= d
		}
		own[m] = -1 / d
	}
	for i := range k {
		for j := range k {
			w.side[j/8*8*k+i*8+j%8] = p[i*k+j]
		}
	}
	return true
}

// in reports whether rows from on, a chunk, are the block's own.
func (w *sweep) in(from int) bool { return from >= w.from && from < w.from+w.k }

// gather fills the panels and w for a chunk of rows.
func (w *sweep) gather(from, to int) {
	k := w.k
	rows, panel := w.w[from*k:to*k], w.panel[from*k:to*k]
	clear(rows)
	clear(panel)
	if w.in(from) {
		return
	}
	if from > w.from {
		for i := from; i < to; i++ {
			p := panel[(i-from)/8*8*k+(i-from)%8:]
			for j, v := range w.a[i*w.size+w.from:][:k] {
				p[j*8] = v
			}
		}
	} else {
		for j := range k {
			for x, v := range w.a[(w.from+j)*w.size+from:][:to-from] {
				panel[x/8*8*k+x%8+j*8] = v
			}
		}
	}
	own := make([]float64, tileRows64*k)
	for i := from; i < to; i += tileRows64 {
		for r := range tileRows64 {
			p := panel[(i+r-from)/8*8*k+(i+r-from)%8:]
			for j := range k {
				own[r*k+j] = p[j*8]
			}
		}
		for j := 0; j < k; j += tileCols64 {
			tile64(rows[(i-from)*k+j:], k, own, k, w.side[j*k:])
		}
	}
}

// update takes a chunk of rows through the step.
func (w *sweep) update(from, to int) {
	if w.in(from) {
		return
	}
	k := w.k
	for j := 0; j < to; j += tileCols64 {
		panel := w.panel[j*k : (j+tileCols64)*k]
		first := from
		if j > from { // row groups that lie above the panel's diagonal are not kept
			first = from + (j-from)/tileRows64*tileRows64
		}
		for i := first; i < to; i += tileRows64 {
			tile64(w.a[i*w.size+j:], w.size, w.w[i*k:], k, panel)
		}
	}
	for i := from; i < to; i++ {
		row := w.w[i*k : i*k+k]
		if from > w.from {
			copy(w.a[i*w.size+w.from:], row)
			continue
		}
		for j, v := range row {
			w.a[(w.from+j)*w.size+i] = v
		}
	}
}

// store puts −P⁻¹ in its place.
func (w *sweep) store() {
	for i := range w.k {
		copy(w.row(w.from + i)[w.from:], w.block[i*w.k:])
	}
}
