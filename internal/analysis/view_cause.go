package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/phrase"
	"github.com/ecomctl/ecomctl/internal/query"
)

// part is what one customer, place or category brought in two periods.
type part struct {
	name        string // id
	title       string // name in the data; may be empty
	now, before int64
}

// partsOf sums a table (day, dimension → revenue) over two periods, largest
// revenue first. Null keys are left out when known is set.
func (d *salesData) partsOf(t *query.Table, now, before phrase.Period, known bool) []part {
	p := d.p
	if t == nil {
		return nil
	}
	at := map[string]int{}
	var parts []part
	day, key, money, title := &t.Cols[0], &t.Cols[1], t.Col(mRevenue), t.Col("product_name")
	for i := range t.N {
		if day.IsNull(i) {
			continue
		}
		on := day.I64[i]
		in := on >= now.Start && on < now.End
		if !in && (on < before.Start || on >= before.End) {
			continue
		}
		name, ok := textAt(key, i)
		if !ok {
			if known {
				continue
			}
			name = unknown(p)
		}
		k, seen := at[name]
		if !seen {
			k = len(parts)
			at[name] = k
			q := part{name: name}
			if d.r.Pseudonym != nil && t.Names[1] == "customer_id" {
				q.name = d.r.Pseudonym(name)
			}
			parts = append(parts, q)
		}
		if n, ok := textAt(title, i); ok && (parts[k].title == "" || n < parts[k].title) {
			parts[k].title = n // one name of several, whatever the order
		}
		if in {
			parts[k].now += valueAt(money, i)
		} else {
			parts[k].before += valueAt(money, i)
		}
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(b.now+b.before, a.now+a.before), cmp.Compare(a.name, b.name))
	})
	return parts
}

// Rules for naming a cause: at most three of at least minParts parts, which explain
// at least half of the net change and clearly more than their share of the revenue, and
// whose own change is no noise: it moves the total by minMaterial, and for places and
// categories it is minGross of all movement, up and down. (Customers come and go every
// week; their movement says nothing.)
const (
	maxNamed  = 3
	minParts  = 4
	minShare  = 0.5
	maxShare  = 2 // beyond, others undo it: many things moved, none is the cause
	minExcess = 0.25

	minMaterial = 0.03
	minGross    = 0.3
)

// concentrated finds the parts that explain the change from before to now furthest
// beyond their share of revenue; each further name must add a tenth. score is that excess, 0 for none.
func concentrated(kind phrase.CauseKind, parts []part, now, before int64, limit int) (best phrase.Cause, score float64) {
	net := now - before
	if len(parts) < minParts || net == 0 || before <= 0 {
		return best, 0
	}
	sorted := slices.Clone(parts)
	sign := int64(1)
	if net < 0 {
		sign = -1
	}
	slices.SortStableFunc(sorted, func(a, b part) int {
		return cmp.Compare(sign*(b.now-b.before), sign*(a.now-a.before))
	})
	var gross, gain, base, baseNow int64
	for _, q := range parts {
		gross += magnitude(q)
	}
	var names []string
	for i, q := range sorted[:min(limit, len(sorted)-1)] {
		if sign*(q.now-q.before) <= 0 {
			break
		}
		gain, base, baseNow = gain+q.now-q.before, base+q.before, baseNow+q.now
		names = append(names, q.label(28))
		share := float64(gain) / float64(net)
		own := math.Abs(float64(gain))
		noise := own < minMaterial*float64(before) || kind != phrase.ByCustomer && own < minGross*float64(gross)
		if noise || share < minShare || share > maxShare {
			continue
		}
		excess := math.Min(share, 1) - float64(base+baseNow)/float64(before+now)
		if excess >= minExcess && excess-0.1*float64(i) > score {
			score = excess - 0.1*float64(i)
			best = phrase.Cause{Kind: kind, Names: slices.Clone(names), Share: share, Rest: restOf(now-baseNow, before-base)}
		}
	}
	return best, score
}

func restOf(now, before int64) float64 {
	if before <= 0 {
		return math.NaN()
	}
	return float64(now-before) / float64(before)
}

// volume explains a change by orders and their average size.
func volume(now, before totals) phrase.Cause {
	if now.orders == 0 || before.orders == 0 || before.revenue <= 0 || now.revenue <= 0 {
		return phrase.Cause{}
	}
	return phrase.Cause{
		Kind:   phrase.ByVolume,
		Orders: float64(now.orders)/float64(before.orders) - 1,
		AOV:    now.aov()/before.aov() - 1,
	}
}
