package gbt

import "context"

// lanes is the number of features whose bins share one word.
const lanes = 8

// Matrix is the binned form of a table: the bins of eight features of one row in one
// 64-bit word, so that a row costs one load for eight features and eight histograms
// stay in the first-level cache.
type Matrix struct {
	Rows, Features int
	groups         [][]uint64 // [feature/8][row], feature%8 is the byte
}

// Bytes returns the memory of the binned form of a table.
func Bytes(rows, features int) int64 {
	return int64(rows) * int64((features+lanes-1)/lanes) * 8
}

// NewMatrix bins the columns; bins[i] belongs to cols[i].
func NewMatrix(ctx context.Context, cols []Column, bins []*Bins, rows, threads int) (*Matrix, error) {
	m := &Matrix{Rows: rows, Features: len(cols), groups: make([][]uint64, (len(cols)+lanes-1)/lanes)}
	for g := range m.groups {
		m.groups[g] = make([]uint64, rows)
	}
	err := each(ctx, len(m.groups), threads, func(g int) {
		for f := g * lanes; f < min((g+1)*lanes, len(cols)); f++ {
			m.fill(f, &cols[f], bins[f])
		}
	})
	return m, err
}

// fill writes the bins of one column.
func (m *Matrix) fill(f int, c *Column, b *Bins) {
	words, shift := m.groups[f/lanes], uint(f%lanes)*8
	for i := range words {
		var bin uint8
		if c.Values != nil {
			bin = b.number(c.Values[i])
		} else {
			bin = b.level(c.Codes[i])
		}
		words[i] = words[i]&^(0xff<<shift) | uint64(bin)<<shift
	}
}

// bin returns the bin of a feature in a row.
func (m *Matrix) bin(row int32, f int) uint8 {
	return uint8(m.groups[f/lanes][row] >> (uint(f%lanes) * 8))
}

// Permuted returns a matrix that shares all but one feature with m: row i has that
// feature of row perm[i].
func (m *Matrix) Permuted(f int, perm []int32) *Matrix {
	out := *m
	out.groups = append([][]uint64(nil), m.groups...)
	from, shift := m.groups[f/lanes], uint(f%lanes)*8
	to := make([]uint64, len(from))
	for i, w := range from {
		to[i] = w&^(0xff<<shift) | from[perm[i]]&(0xff<<shift)
	}
	out.groups[f/lanes] = to
	return &out
}
