package kmeans

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Assign gives every point its nearest centroid (the first of equals) and the distance to
// it. Centroids are K × D, row after row; points must be finite.
func Assign(ctx context.Context, p Points, centroids []float64, threads int) (labels []int32, distance []float64, err error) {
	if p.D < 1 || len(centroids) < p.D || len(centroids)%p.D != 0 || len(p.X) != p.N*p.D {
		return nil, nil, fault.New(fault.Internal, "assigning %d × %d points to %d centroid values", p.N, p.D, len(centroids))
	}
	labels, distance = make([]int32, p.N), make([]float64, p.N)
	centers, pairs := padded(centroids[:len(centroids):len(centroids)], p.D)
	err = newCut(p.N).each(ctx, threads, func(_, from, to int) {
		t := newTile(p.D)
		var near neighbours
		flush := func() {
			nearestTile(t.x, p.D, centers, pairs, &near)
			for l, i := range t.at[:t.n] {
				labels[from+int(i)], distance[from+int(i)] = int32(near.best[l]), near.first[l]
			}
			t.n = 0
		}
		for i := from; i < to; i++ {
			if t.put(p.row(i), i-from) {
				flush()
			}
		}
		flush()
	})
	return labels, distance, err
}
