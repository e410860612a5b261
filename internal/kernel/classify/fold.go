package classify

import (
	"cmp"
	"math"
	"slices"
)

// Hash mixes a number with a seed (the finaliser of SplitMix64, Steele, Lea & Flood, OOPSLA 2014).
func Hash(x, seed uint64) uint64 {
	x += seed*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Folds deals rows to k folds, the same share of each class to each fold, in an order drawn by
// the seed. Rows of one group (several rows of one customer) go to one fold; groups nil makes each
// row its own. It returns the fold of each row.
func Folds(y []bool, groups []int64, k int, seed uint64) []uint8 {
	return deal(y, groups, seed, func(turn int) uint8 { return uint8(turn % k) })
}

// HoldOut draws a share of the rows, the same of each class, as Folds does; 1 marks those drawn.
func HoldOut(y []bool, groups []int64, share float64, seed uint64) []uint8 {
	return deal(y, groups, seed, func(turn int) uint8 {
		return uint8(math.Floor(float64(turn+1)*share) - math.Floor(float64(turn)*share))
	})
}

// member is a row or a group in the order of dealing.
type member struct {
	hash uint64
	id   int64
}

// deal gives each row what its turn gives: the rows (or groups) of class no come first,
// each class in the order of its hashes. A group has class yes when one of its rows has.
func deal(y []bool, groups []int64, seed uint64, give func(turn int) uint8) []uint8 {
	var class [2][]member
	if groups == nil {
		for i, v := range y {
			class[index(v)] = append(class[index(v)], member{Hash(uint64(i), seed), int64(i)})
		}
	} else {
		yes := map[int64]bool{}
		for i, g := range groups {
			yes[g] = yes[g] || y[i]
		}
		for g, v := range yes {
			class[index(v)] = append(class[index(v)], member{Hash(uint64(g), seed), g})
		}
	}
	of := make(map[int64]uint8)
	out := make([]uint8, len(y))
	turn := 0
	for _, c := range class {
		slices.SortFunc(c, func(a, b member) int {
			return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id))
		})
		for _, m := range c {
			if v := give(turn); groups == nil {
				out[m.id] = v
			} else {
				of[m.id] = v
			}
			turn++
		}
	}
	for i := range groups {
		out[i] = of[groups[i]]
	}
	return out
}

func index(v bool) int {
	if v {
		return 1
	}
	return 0
}
