package kmeans

// AdjustedRand returns the adjusted Rand index of two partitions of the same points: 1 when
// they are the same up to names, 0 on average for partitions drawn at random (Hubert & Arabie,
// Comparing partitions, J. Classification 2, 1985, eq. 5). Two trivial partitions agree: 1.
func AdjustedRand(a, b []int32) float64 {
	type pair struct{ a, b int32 }
	both, rows, cols := map[pair]float64{}, map[int32]float64{}, map[int32]float64{}
	for i := range a {
		both[pair{a[i], b[i]}]++
		rows[a[i]]++
		cols[b[i]]++
	}
	index := pairs(both)
	inA, inB := pairs(rows), pairs(cols)
	n := float64(len(a))
	all := n * (n - 1) / 2
	if all == 0 {
		return 1
	}
	expected, most := inA*inB/all, (inA+inB)/2
	if most == expected {
		return 1
	}
	return (index - expected) / (most - expected)
}

// pairs counts the pairs of points within the groups: whole numbers, so their order does not matter.
func pairs[K comparable](sizes map[K]float64) (s float64) {
	for _, n := range sizes {
		s += n * (n - 1) / 2
	}
	return s
}
