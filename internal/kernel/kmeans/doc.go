// Package kmeans groups points around k centres: Lloyd's iteration from k-means++
// seeds, several starts, the best kept.
//
// The objective is the inertia Σᵢ ‖xᵢ − c(aᵢ)‖². Lloyd (Least squares quantization in
// PCM, IEEE Trans. Inf. Theory 28, 1982) assigns every point to its nearest centre and
// moves every centre to the mean of its points, in turn, until nothing changes.
//
// Seeds are drawn by k-means++ (Arthur & Vassilvitskii, SODA 2007) in its greedy form:
// each further seed is the best of 2 + ⌊ln k⌋ points drawn with probability proportional
// to the squared distance to the seeds so far.
//
// On large inputs the seeds are first refined on a sample (refine.go).
//
// Most distances are never computed. Each point keeps an upper bound u of the distance
// to its centre and a lower bound l of that to any other (Hamerly, Making k-means even
// faster, SDM 2010). When centre a moves by δₐ, u grows by δₐ and l shrinks by the longest
// move among the other centres; with s(a) half the distance from a to the next centre, a
// point with u < max(l, s(a)) cannot change. The moves are summed up by centre, so such a
// point is only read, never written. Seeding uses the same inequality: a seed farther than
// twice a point's distance from the point's own seed is not nearer. The answer is that of
// the plain iteration (kmeans_test.go compares them).
//
// Points are cut into a number of pieces that does not depend on the number of threads, and
// partial sums are added in the order of the pieces: the same seed gives the same bits for any
// number of threads. Products and sums are rounded one by one (no fused operations), so the
// processor does not matter either.
//
// Silhouettes are in silhouette.go.
package kmeans
