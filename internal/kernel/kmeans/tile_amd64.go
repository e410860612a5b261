//go:build amd64 && !purego

package kmeans

// vector tells that processor and system run the assembly.
var vector = hasAVX2()

func hasAVX2() bool

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
