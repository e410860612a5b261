//go:build !amd64 || purego

package kmeans

// nearestTile finds the two nearest centres of each point of a tile; centers holds 2 ×
// pairs centres, a padding one at +Inf.
func nearestTile(tile []float64, d int, centers []float64, pairs int, to *neighbours) {
	nearestGo(tile, d, centers, pairs, to)
}

// squaresTile writes the squared distance of point l of a tile to centre c to to[8·c+l].
func squaresTile(tile []float64, d int, centers []float64, pairs int, to []float64) {
	squaresGo(tile, d, centers, pairs, to)
}
