package recommend

// wide says that the processor and the system have AVX2 and FMA.
var wide = hasWide()

// hasWide asks CPUID (leaf 1: FMA, OSXSAVE, AVX; leaf 7: AVX2) and XGETBV, whether the system saves
// the wide registers (Intel SDM vol. 1, 14.3).
func hasWide() bool {
	highest, _, _, _ := cpuid(0, 0)
	if highest < 7 {
		return false
	}
	_, _, c, _ := cpuid(1, 0)
	const fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28
	if c&(fma|osxsave|avx) != fma|osxsave|avx || xgetbv()&6 != 6 {
		return false
	}
	_, b, _, _ := cpuid(7, 0)
	return b&(1<<5) != 0
}

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() uint32

// combineWide is combineGo for k a multiple of lanes; n may be 0.
//
//go:noescape
func combineWide(out, p *float32, stride int, rows *float32, n, k int)

// gatherWide is gatherGo for n > 0 rows and k a multiple of lanes.
//
//go:noescape
func gatherWide(out, p, rows *float32, idx *uint32, a, w *float32, n, k int)

// tileWide is tileGo for k > 0.
//
//go:noescape
func tileWide(c *float32, ld int, x *float32, k int, panel *float32)

// tile64Wide is tile64Go for k > 0.
//
//go:noescape
func tile64Wide(c *float64, ld int, x *float64, k int, panel *float64)

// aboveWide returns the first of n values, a multiple of lanes, that lie in a block of lanes
// with one greater than bound, or n.
//
//go:noescape
func aboveWide(v *float32, n int, bound float32) int

func combine(out, p []float32, stride int, rows []float32, n int) {
	k := len(out)
	if !wide || k%lanes != 0 || n == 0 {
		combineGo(out, p, stride, rows, n)
		return
	}
	_, _ = p[(n-1)*stride], rows[n*k-1]
	combineWide(&out[0], &p[0], stride, &rows[0], n, k)
}

func gather(out, p, rows []float32, idx []uint32, a, w []float32) {
	n, k := len(idx), len(out)
	if n == 0 {
		return
	}
	if !wide || k%lanes != 0 {
		gatherGo(out, p, rows, idx, a, w)
		return
	}
	_, _, _ = p[k-1], a[n-1], w[n-1]
	gatherWide(&out[0], &p[0], &rows[0], &idx[0], &a[0], &w[0], n, k)
}

func tile(c []float32, ld int, x []float32, k int, panel []float32) {
	if !wide {
		tileGo(c, ld, x, k, panel)
		return
	}
	_, _, _ = c[(tileRows-1)*ld+tileCols-1], x[tileRows*k-1], panel[k*tileCols-1]
	tileWide(&c[0], ld, &x[0], k, &panel[0])
}

func tile64(c []float64, ld int, x []float64, k int, panel []float64) {
	if !wide {
		tile64Go(c, ld, x, k, panel)
		return
	}
	_, _, _ = c[(tileRows64-1)*ld+tileCols64-1], x[tileRows64*k-1], panel[k*tileCols64-1]
	tile64Wide(&c[0], ld, &x[0], k, &panel[0])
}

func above(v []float32, bound float32, at int) int {
	if wide {
		if n := (len(v) - at) / lanes * lanes; n > 0 {
			skip := aboveWide(&v[at], n, bound)
			at += skip
		}
	}
	return aboveGo(v, bound, at)
}

// axpyWide is axpyGo for n a multiple of lanes, n > 0.
//
//go:noescape
func axpyWide(out *float32, v float32, y *float32, n int)

func axpy(out []float32, v float32, y []float32) {
	n := len(out)
	if !wide || n%lanes != 0 || n == 0 {
		axpyGo(out, v, y)
		return
	}
	_ = y[n-1]
	axpyWide(&out[0], v, &y[0], n)
}
