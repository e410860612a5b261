//go:build !amd64

package recommend

func combine(out, p []float32, stride int, rows []float32, n int) { combineGo(out, p, stride, rows, n) }

func gather(out, p, rows []float32, idx []uint32, a, w []float32) { gatherGo(out, p, rows, idx, a, w) }

func tile(c []float32, ld int, x []float32, k int, panel []float32) { tileGo(c, ld, x, k, panel) }

func tile64(c []float64, ld int, x []float64, k int, panel []float64) { tile64Go(c, ld, x, k, panel) }

func above(v []float32, bound float32, at int) int { return aboveGo(v, bound, at) }

func axpy(out []float32, v float32, y []float32) { axpyGo(out, v, y) }
