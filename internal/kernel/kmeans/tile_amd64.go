//go:build amd64 && !purego

package kmeans

import "golang.org/x/sys/cpu"

// vector tells that the processor runs the assembly; tests turn it off to compare.
var vector = cpu.X86.HasAVX2

//go:noescape
func nearestAVX2(tile *float64, d int, centers *float64, pairs int, to *neighbours)

//go:noescape
func squaresAVX2(tile *float64, d int, centers *float64, pairs int, to *float64)

// nearestTile finds the two nearest centres of each point of a tile; centers holds 2 ×
// pairs centres, a padding one at +Inf.
func nearestTile(tile []float64, d int, centers []float64, pairs int, to *neighbours) {
	if vector {
		_, _ = tile[8*d-1], centers[2*pairs*d-1]
		nearestAVX2(&tile[0], d, &centers[0], pairs, to)
		return
	}
	nearestGo(tile, d, centers, pairs, to)
}

// squaresTile writes the squared distance of point l of a tile to centre c to to[8·c+l].
func squaresTile(tile []float64, d int, centers []float64, pairs int, to []float64) {
	if vector {
		_, _, _ = tile[8*d-1], centers[2*pairs*d-1], to[16*pairs-1]
		squaresAVX2(&tile[0], d, &centers[0], pairs, &to[0])
		return
	}
	squaresGo(tile, d, centers, pairs, to)
}
