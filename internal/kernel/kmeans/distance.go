package kmeans

// square returns ‖a − b‖². The four partial sums hide the latency of addition; the
// conversions keep compilers from fusing, so that every processor gives the same bits.
func square(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	j := 0
	for ; j+4 <= len(a) && j+4 <= len(b); j += 4 {
		x, y := (*[4]float64)(a[j:]), (*[4]float64)(b[j:])
		d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
		s0 += float64(d0 * d0)
		s1 += float64(d1 * d1)
		s2 += float64(d2 * d2)
		s3 += float64(d3 * d3)
	}
	for ; j < len(a) && j < len(b); j++ {
		d := a[j] - b[j]
		s0 += float64(d * d)
	}
	return (s0 + s1) + (s2 + s3)
}
