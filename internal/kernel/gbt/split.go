package gbt

import (
	"math"
	"sort"
)

// Constants of categorical splits; the values of LightGBM's cat_smooth, cat_l2 and max_cat_to_onehot.
const (
	levelSmooth  = 10.0
	levelL2      = 10.0
	fewLevels    = 4
	levelMinRows = 10 // rarer levels of a leaf stay together on the right

	// noiseGain is what ordering k levels by pure noise gains, by level beyond the first: g/√h of a
	// level is about N(0, 1), so with half of the levels on either side each side gains (k/2)·E|z|²,
	// E|z| = √(2/π). A split must beat that; it would otherwise always win over numbers.
	noiseGain = 2 / math.Pi
)

// split is the best division of a leaf found so far.
type split struct {
	gain     float64 // ≤ 0: none
	feature  int
	bin      uint8      // numbers: left holds bins 1 … bin
	missLeft bool       // numbers: missing values go left
	levels   *[4]uint64 // levels: bit set of the bins that go left; nil for numbers
}

// sums are G, H and the number of rows of one side.
type sums struct {
	g, h float64
	n    int64
}

// sums reads a cell.
func (s *scale) sums(c cell) sums {
	return sums{float64(c.g) * s.gInv, float64(c.hc>>countBits) * s.hInv, int64(c.hc & countMask)}
}

// score is twice the loss that a leaf's own value saves.
func score(s sums, l2 float64) float64 { return s.g * s.g / (s.h + l2) }

// finder looks for the best split of a leaf.
type finder struct {
	p     *Params
	bins  []*Bins
	scale *scale
}

// feature returns the best split of a leaf on one feature. total is the leaf's sum.
func (f *finder) feature(i int, h *[MaxBins + 1]cell, total cell) split {
	if f.bins[i].categorical() {
		return f.levels(i, h, total)
	}
	return f.numbers(i, h, total)
}

// allowed reports whether both sides are large enough.
func (f *finder) allowed(l, r sums) bool {
	least := int64(f.p.MinRows)
	return l.n >= least && r.n >= least && l.h >= f.p.MinHess && r.h >= f.p.MinHess
}

// numbers scans the bins from the left, once with the missing values on the right and,
// where there are any, once with them on the left.
func (f *finder) numbers(i int, h *[MaxBins + 1]cell, total cell) split {
	best := split{feature: i}
	n, l2 := f.bins[i].N, f.p.L2
	all := f.scale.sums(total)
	base := score(all, l2)
	for _, missLeft := range [2]bool{false, true} {
		var left cell
		if missLeft {
			if left = h[0]; left.hc == 0 {
				break
			}
		}
		for b := 1; b < n; b++ {
			c := h[b]
			if c.hc == 0 {
				continue
			}
			left.g, left.hc = left.g+c.g, left.hc+c.hc
			if left.hc == total.hc {
				break
			}
			l := f.scale.sums(left)
			if l.n < int64(f.p.MinRows) {
				continue
			}
			r := f.scale.sums(cell{total.g - left.g, total.hc - left.hc})
			if r.n < int64(f.p.MinRows) {
				break
			}
			if !f.allowed(l, r) {
				continue
			}
			if gain := score(l, l2) + score(r, l2) - base; gain > best.gain {
				best.gain, best.bin, best.missLeft = gain, uint8(b), missLeft
			}
		}
	}
	if best.gain > 0 && h[0].hc == 0 {
		best.missLeft = f.largerLeft(h, best.bin, all.n)
	}
	return best
}

// largerLeft tells where values go that are missing later but were never missing here:
// with the larger side.
func (f *finder) largerLeft(h *[MaxBins + 1]cell, bin uint8, all int64) bool {
	var n int64
	for b := 1; b <= int(bin); b++ {
		n += int64(h[b].hc & countMask)
	}
	return 2*n > all
}

// levels orders the bins by G/(H+10) and scans them as a sorted column.
func (f *finder) levels(i int, h *[MaxBins + 1]cell, total cell) split {
	best := split{feature: i}
	type level struct {
		bin  uint8
		sort float64
	}
	var used []level
	for b := range f.bins[i].N {
		if s := f.scale.sums(h[b]); s.n >= levelMinRows {
			used = append(used, level{uint8(b), s.g / (s.h + levelSmooth)})
		}
	}
	sort.Slice(used, func(a, b int) bool {
		if used[a].sort != used[b].sort { // exact equality keeps the order total
			return used[a].sort < used[b].sort
		}
		return used[a].bin < used[b].bin
	})
	l2 := f.p.L2
	if len(used) > fewLevels {
		l2 += levelL2
	}
	all := f.scale.sums(total)
	base := score(all, l2)
	var left cell
	at := -1
	for k, u := range used {
		left.g, left.hc = left.g+h[u.bin].g, left.hc+h[u.bin].hc
		if left.hc == total.hc {
			break
		}
		l, r := f.scale.sums(left), f.scale.sums(cell{total.g - left.g, total.hc - left.hc})
		if !f.allowed(l, r) {
			continue
		}
		if gain := score(l, l2) + score(r, l2) - base; gain > best.gain {
			best.gain, at = gain, k
		}
	}
	best.gain -= noiseGain * float64(len(used)-1) * all.h / (all.h + 2*l2)
	if at < 0 || best.gain <= 0 {
		return split{feature: i}
	}
	best.levels = new([4]uint64)
	for _, u := range used[:at+1] {
		best.levels[u.bin>>6] |= 1 << (u.bin & 63)
	}
	return best
}
