package generate

import (
	"math"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// catalog holds the products by popularity rank: rank 0 sells most.
type catalog struct {
	id       []int32 // product_id
	category []int32 // code into categories
	cents    []int64 // list price
	names    *frame.Dict
}

// newCatalog draws the products. Ids do not follow popularity: they are a
// bijective shuffle of 1 … n.
func newCatalog(o Options, c *country) *catalog {
	n := o.Products
	cat := &catalog{id: make([]int32, n), category: make([]int32, n), cents: make([]int64, n)}
	used := make(map[string]bool, n)
	names := make([]string, n)
	for r := range n {
		cat.id[r] = int32(permute(uint64(r), uint64(n), o.Seed) + 1)
		h := key(o.Seed, uint64(r), 2)
		// the first categories have more products than the last
		k := (pick(h, len(categories)) + pick(square(h*0x9e3779b97f4a7c15), len(categories))) / 2
		cat.category[r] = int32(k)
		g := &categories[k]
		u := float64(key(o.Seed, uint64(r), 3)>>11) / (1 << 53)
		dollars := math.Exp(math.Log(g.low) + u*math.Log(g.top/g.low))
		cents := int64(math.Round(dollars*float64(c.rate))) / 10 * 10 // quantised: no last-bit differences
		cat.cents[r] = max(cents, 50) - 1                             // …9 endings
		w := key(o.Seed, uint64(r), 4)
		noun, adj := g.nouns[pick(w, len(g.nouns))], adjectives[w&0xffff%uint64(len(adjectives))]
		name := adj.in(o.Lang)
		if o.Lang == "en" {
			name += " "
		}
		name += noun.in(o.Lang)
		if used[name] {
			name += " " + strconv.Itoa(int(cat.id[r]))
		}
		used[name] = true
		names[r] = name
	}
	cat.names = dict(names)
	return cat
}

// permute is a bijection of [0, n): multiply and shift within the next power of
// two, again and again until the value falls below n.
func permute(x, n, seed uint64) uint64 {
	mask := uint64(1)
	for mask < n {
		mask <<= 1
	}
	mask--
	shift := uint(1)
	for m := mask; m > 15; m >>= 1 {
		if shift++; shift > 12 {
			break
		}
	}
	for {
		for round := range uint64(3) {
			x = (x*0x2545f4914f6cdd1d + mix(seed+round)) & mask
			x ^= x >> shift
		}
		if x < n {
			return x
		}
	}
}

// dict makes a frame dictionary of the given entries.
func dict(entries []string) *frame.Dict {
	d := &frame.Dict{Off: make([]int32, 1, len(entries)+1)}
	for _, e := range entries {
		d.Data = append(d.Data, e...)
		d.Off = append(d.Off, int32(len(d.Data)))
	}
	return d
}

// geography turns a customer's hash into a city and its region.
type geography struct {
	cities, regions *frame.Dict
	region          []int32     // of each city
	table           [4096]int32 // city by hash: as many slots as its weight
}

func newGeography(c *country, lang string) *geography {
	g := &geography{}
	var cities, regions []string
	var weights []int
	total := 0
	for ri, r := range c.regions {
		name, names := r.en, r.cities
		if lang == "zh" {
			name = r.zh
			if r.zhCity != nil {
				names = r.zhCity
			}
		}
		regions = append(regions, name)
		for i, city := range names {
			w := r.weight * 100 / len(names)
			if len(names) > 1 { // the first city is twice as large as the others
				w = r.weight * 100 / (len(names) + 1)
				if i == 0 {
					w *= 2
				}
			}
			cities, weights = append(cities, city), append(weights, w)
			g.region = append(g.region, int32(ri))
			total += w
		}
	}
	slot, cum := 0, 0
	for i, w := range weights {
		cum += w
		for end := cum * len(g.table) / total; slot < end; slot++ {
			g.table[slot] = int32(i)
		}
	}
	g.cities, g.regions = dict(cities), dict(regions)
	return g
}
