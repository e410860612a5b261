package gbt

// A cell sums the rows of a leaf that are in one bin: their gradients, and their
// Hessians above their number in one word.
type cell struct {
	g  int64
	hc uint64
}

// countBits is the width of the row count in cell.hc. A fit has fewer than 2^countBits rows.
const countBits = 24

// MaxRows is the largest number of rows of a fit.
const MaxRows = 1<<countBits - 1

const countMask = 1<<countBits - 1

// histogram holds a leaf's cells: [feature][bin].
type histogram [][MaxBins + 1]cell

// derivs are g and h of one row in units of 1/gScale and 1/hScale.
type derivs struct {
	g int32
	h uint32
}

// clear zeroes the used bins.
func (h histogram) clear(bins []*Bins) {
	for f := range h {
		clear(h[f][:bins[f].N])
	}
}

// subtract makes h the difference of a parent's histogram and b.
func (h histogram) subtract(parent, b histogram, bins []*Bins) {
	for f := range h {
		n := bins[f].N
		dst, p, q := h[f][:n], parent[f][:n], b[f][:n]
		for i := range dst {
			dst[i] = cell{p[i].g - q[i].g, p[i].hc - q[i].hc}
		}
	}
}

// add adds the cells of b.
func (h histogram) add(b histogram, bins []*Bins) {
	for f := range h {
		n := bins[f].N
		dst, q := h[f][:n], b[f][:n]
		for i := range dst {
			dst[i].g += q[i].g
			dst[i].hc += q[i].hc
		}
	}
}

// gatherRows are fetched before they are added: loads that wait for memory do so together.
const gatherRows = 512

// accumulate adds rows of the matrix.
func (h histogram) accumulate(m *Matrix, rows []int32, d []derivs) {
	var values [gatherRows]cell
	var bins [gatherRows]uint64
	for len(rows) > 0 {
		block := rows[:min(gatherRows, len(rows))]
		rows = rows[len(block):]
		for i, r := range block {
			e := d[r]
			values[i] = cell{int64(e.g), uint64(e.h)<<countBits | 1}
		}
		for g, words := range m.groups {
			for i, r := range block {
				bins[i] = words[r]
			}
			part := h[g*lanes : min((g+1)*lanes, m.Features)]
			switch {
			case len(part) == lanes:
				addEight((*[lanes][MaxBins + 1]cell)(part), &bins, &values, len(block))
				continue
			case len(part) >= lanes/2:
				addFour((*[lanes / 2][MaxBins + 1]cell)(part), &bins, &values, len(block))
				part = part[lanes/2:]
				for i := range bins {
					bins[i] >>= 8 * lanes / 2
				}
			}
			for f := range part {
				addOne(&part[f], uint(8*f), &bins, &values, len(block))
			}
		}
	}
}

// addOne adds the bins of one lane.
func addOne(h *[MaxBins + 1]cell, shift uint, bins *[gatherRows]uint64, values *[gatherRows]cell, n int) {
	for i := range values[:n] {
		v, c := values[i], &h[uint8(bins[i]>>shift)]
		c.g, c.hc = c.g+v.g, c.hc+v.hc
	}
}

// addFour adds four lanes, without a loop over them.
func addFour(h *[lanes / 2][MaxBins + 1]cell, bins *[gatherRows]uint64, values *[gatherRows]cell, n int) {
	for i := range values[:n] {
		w, g, hc := bins[i], values[i].g, values[i].hc
		c := &h[0][uint8(w)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[1][uint8(w>>8)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[2][uint8(w>>16)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[3][uint8(w>>24)]
		c.g, c.hc = c.g+g, c.hc+hc
	}
}

// addEight adds eight lanes, without a loop over them.
func addEight(h *[lanes][MaxBins + 1]cell, bins *[gatherRows]uint64, values *[gatherRows]cell, n int) {
	for i := range values[:n] {
		w, g, hc := bins[i], values[i].g, values[i].hc
		c := &h[0][uint8(w)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[1][uint8(w>>8)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[2][uint8(w>>16)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[3][uint8(w>>24)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[4][uint8(w>>32)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[5][uint8(w>>40)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[6][uint8(w>>48)]
		c.g, c.hc = c.g+g, c.hc+hc
		c = &h[7][uint8(w>>56)]
		c.g, c.hc = c.g+g, c.hc+hc
	}
}
