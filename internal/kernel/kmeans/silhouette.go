package kmeans

import (
	"context"
	"math"
	"slices"
)

// Silhouette returns the mean silhouette of each partition of the points, exactly, from
// all pairs of points: (b − a) / max(a, b) with a the mean distance to the other points of the own
// cluster and b the least mean distance to the points of another; 0 for a point alone in its
// cluster (Rousseeuw, J. Comput. Appl. Math. 20, 1987). A partition of one cluster has none: NaN.
// The cost is N² distances for all partitions together.
func Silhouette(ctx context.Context, p Points, partitions [][]int32, threads int) ([]float64, error) {
	sizes := make([][]float64, len(partitions))
	for q, labels := range partitions {
		sizes[q] = make([]float64, slices.Max(labels)+1)
		for _, a := range labels {
			sizes[q][a]++
		}
	}
	c := cut{p.N, pairPiece, (p.N + pairPiece - 1) / pairPiece}
	parts := make([][]float64, c.pieces)
	err := c.each(ctx, threads, func(piece, from, to int) {
		parts[piece] = silhouettePiece(p, partitions, sizes, from, to)
	})
	if err != nil {
		return nil, err
	}
	mean := make([]float64, len(partitions))
	for q := range mean {
		for _, s := range parts {
			mean[q] += s[q]
		}
		mean[q] /= float64(p.N)
		if clusters(sizes[q]) < 2 {
			mean[q] = math.NaN()
		}
	}
	return mean, nil
}

const (
	pairPiece = 64  // points of a piece of the N² work; a multiple of lanes
	pairBlock = 512 // other points whose distances are kept at once; even
)

func clusters(sizes []float64) (n int) {
	for _, s := range sizes {
		if s > 0 {
			n++
		}
	}
	return n
}

// silhouettePiece returns the sum of the silhouettes of points from … to, by partition.
func silhouettePiece(p Points, partitions [][]int32, sizes [][]float64, from, to int) []float64 {
	total := make([]float64, len(partitions))
	near := make([][]float64, len(partitions)) // sums of distances: cluster by cluster, lane by lane
	for q := range near {
		near[q] = make([]float64, lanes*len(sizes[q]))
	}
	buf := make([]float64, lanes*(pairBlock+1))
	for i := from; i < to; i += lanes {
		t := newTile(p.D)
		for l := i; l < min(i+lanes, to); l++ {
			t.put(p.row(l), l)
		}
		for q := range near {
			clear(near[q])
		}
		for j := 0; j < p.N; j += pairBlock {
			end := min(p.N, j+pairBlock)
			rows, pairs := padded(p.X[j*p.D:end*p.D:end*p.D], p.D)
			squaresTile(t.x, p.D, rows, pairs, buf)
			for b, s := range buf[:lanes*(end-j)] {
				buf[b] = math.Sqrt(s)
			}
			for q, labels := range partitions {
				for b, a := range labels[j:end] {
					sum, d := near[q][lanes*int(a):][:lanes], buf[lanes*b:][:lanes]
					for l, v := range d {
						sum[l] += v
					}
				}
			}
		}
		for q, labels := range partitions {
			for l := range t.n {
				total[q] += silhouetteOf(near[q], sizes[q], int(labels[i+l]), l)
			}
		}
	}
	return total
}

// silhouetteOf returns the silhouette of the point in lane l, of cluster a.
func silhouetteOf(sums, sizes []float64, a, l int) float64 {
	if sizes[a] < 2 {
		return 0
	}
	own, other := sums[lanes*a+l]/(sizes[a]-1), math.Inf(1)
	for c, n := range sizes {
		if c != a && n > 0 {
			other = min(other, sums[lanes*c+l]/n)
		}
	}
	if top := max(own, other); top > 0 && !math.IsInf(other, 1) {
		return (other - own) / top
	}
	return 0
}
