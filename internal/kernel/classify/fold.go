package classify

import "sort"

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
	type member struct {
		hash uint64
		id   int64
	}
	first := map[int64]bool{} // group → whether it has a yes
	var class [2][]member
	if groups == nil {
		for i, v := range y {
			class[index(v)] = append(class[index(v)], member{Hash(uint64(i), seed), int64(i)})
		}
	} else {
		for i, g := range groups {
			first[g] = first[g] || y[i]
		}
		for g, v := range first {
			class[index(v)] = append(class[index(v)], member{Hash(uint64(g), seed), g})
		}
	}
	of := make(map[int64]uint8, len(first))
	out := make([]uint8, len(y))
	next := 0
	for _, c := range class {
		sort.Slice(c, func(a, b int) bool {
			if c[a].hash != c[b].hash {
				return c[a].hash < c[b].hash
			}
			return c[a].id < c[b].id
		})
		for _, m := range c {
			if groups == nil {
				out[m.id] = uint8(next % k)
			} else {
				of[m.id] = uint8(next % k)
			}
			next++
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
