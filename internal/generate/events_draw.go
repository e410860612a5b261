package generate

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/kernel/radix"
)

// The shape of a group: every group of groupVisits sessions has groupEvents events.
const (
	groupVisits      = 1024
	groupEvents      = 5120
	eventBlockGroups = 6 // a block is a batch: 30,720 events
	eventBlockRows   = eventBlockGroups * groupEvents
	eventBlockVisits = eventBlockGroups * groupVisits
	eventSplitBlocks = 8
)

// visitSizes is how many sessions of a group have 1, 2, 3, … events.
var visitSizes = [61]int{1: 250, 2: 180, 3: 130, 4: 95, 5: 70, 6: 52, 7: 40, 8: 55, 9: 27, 10: 36, 12: 25, 15: 22, 20: 18, 25: 11, 30: 7, 40: 4, 60: 2}

// sortedVisits is the multiset itself.
var sortedVisits = func() (s [groupVisits]uint8) {
	k := 0
	for size, n := range visitSizes {
		for range n {
			s[k] = uint8(size)
			k++
		}
	}
	return s
}()

// pauses are the seconds between two events of a session, by eight bits of a hash:
// exponential with a mean of 45 s, and one in thirty minutes long.
var pauses = func() (p [256]int64) {
	for i := range p {
		p[i] = int64(math.Round(-45 * math.Log(1-(float64(i)+0.5)/256)))
		if i >= 248 {
			p[i] = 300 + int64(i-248)*170
		}
	}
	return p
}()

// Types of events, codes into eventTypes.
const (
	eventView = iota
	eventCart
	eventRemove
	eventPurchase
)

var eventTypes = []string{"view", "cart", "remove_from_cart", "purchase"}

var devices = []string{"mobile", "desktop", "app", "tablet"}

var sources = []string{"search", "direct", "ads", "social", "email"}

// cartShare is how many of 65,536 views end in the cart, by the visitor's kind.
var cartShare = [8]uint64{0, 300, 900, 2000, 4000, 7000, 12000, 20000}

// Purposes of draws, after those of orders.
const (
	drawVisitShuffle = iota + 40
	drawVisit
	drawVisitTime
	drawVisitor
	drawVisitorHome
	drawEvent
	drawEventDirt
)

// visit is one session of a block.
type visit struct {
	start  int64 // µs
	hash   uint64
	home   uint64 // hash of the visitor
	user   int64
	day    int32
	size   uint8
	source uint8
	bot    bool
}

// event is one event of a block.
type event struct {
	ts    int64
	visit int32
	rank  int32 // of the product
	kind  uint8
	dirt  EventDirt
}

// visitOrder fills the session sizes of group g in their shuffled order.
func (s *clickShop) visitOrder(g int64, out *[groupVisits]uint8) {
	*out = sortedVisits
	h := key(s.o.Seed, uint64(g), drawVisitShuffle)
	for i := groupVisits - 1; i > 0; i-- {
		h = mix(h)
		j := pick(h, i+1)
		out[i], out[j] = out[j], out[i]
	}
}

// countVisits returns how many sessions the first rows events belong to.
func (s *clickShop) countVisits(rows int64) int64 {
	g := rows / groupEvents
	left := int(rows % groupEvents)
	n := g * groupVisits
	if left > 0 {
		var sizes [groupVisits]uint8
		s.visitOrder(g, &sizes)
		for i := 0; left > 0; i++ {
			left -= int(sizes[i])
			n++
		}
	}
	return n
}

// fillVisits computes the sessions of a block.
func (s *clickShop) fillVisits(block int64, out []visit) []visit {
	first := block * eventBlockVisits
	n := int(min(eventBlockVisits, s.visits-first))
	out = frame.Grow(out, n)
	day := s.cal.day(first, s.visits)
	dayFirst, dayEnd := s.cal.first(day, s.visits), s.cal.first(day+1, s.visits)
	var sizes [groupVisits]uint8
	for k := range n {
		if k%groupVisits == 0 {
			s.visitOrder(first/groupVisits+int64(k/groupVisits), &sizes)
		}
		i := first + int64(k)
		for i >= dayEnd {
			day++
			dayFirst, dayEnd = dayEnd, s.cal.first(day+1, s.visits)
		}
		v := &out[k]
		*v = visit{size: sizes[k%groupVisits], day: int32(day), hash: key(s.o.Seed, uint64(i), drawVisit)}
		v.start = s.cal.moment(day, i-dayFirst, dayEnd-dayFirst, key(s.o.Seed, uint64(i), drawVisitTime))
		s.fillVisitor(v, i)
	}
	return out
}

// fillVisitor draws who comes: a third of the sessions are of new visitors, the
// others lean to old ones; the share of bots is as asked.
func (s *clickShop) fillVisitor(v *visit, i int64) {
	u := key(s.o.Seed, uint64(i), drawVisitor)
	known := max(1, int64(s.o.Users)*s.cal.known[v.day]>>30)
	v.bot = v.hash&0xffffffff < s.bot
	switch {
	case v.bot:
		v.user = int64(s.o.Users) + int64(pick(u, s.bots))
	case below(v.hash, 32, 22000):
		recent := max(1, known/10)
		v.user = known - 1 - int64(pick(u, int(recent)))
	default:
		v.user = int64(pick(square(u), int(known)))
	}
	v.home = key(s.o.Seed, uint64(v.user), drawVisitorHome)
	v.source = uint8(pick(square(mix(v.hash)), len(sources)))
}

// fillEvents computes the events of a block's sessions, in order of time.
func (s *clickShop) fillEvents(b *eventBlock, rows int) {
	b.raw = frame.Grow(b.raw, rows)
	r := 0
	for k := range b.visits {
		n := min(int(b.visits[k].size), rows-r)
		s.makeVisit(&b.visits[k], int32(k), b.raw[r:r+n])
		r += n
	}
	least := b.raw[0].ts
	for i := range b.raw {
		least = min(least, b.raw[i].ts)
	}
	b.sort, b.swap = frame.Grow(b.sort, rows), frame.Grow(b.swap, rows)
	for i := range b.raw {
		b.sort[i] = radix.Pair{Key: uint64(b.raw[i].ts-least) / 1_000_000, At: uint32(i)}
	}
	radix.Pairs(b.sort, b.swap)
	b.events = frame.Grow(b.events, rows)
	for i := range b.sort {
		b.events[i] = b.raw[b.sort[i].At]
	}
}

// makeVisit walks through the shop: views lead to the cart, the cart to a purchase or back.
func (s *clickShop) makeVisit(v *visit, k int32, out []event) {
	ts := v.start
	carts := cartShare[v.home>>8&7]
	kind, rank := uint8(eventView), int32(0)
	for j := range out {
		h := key(v.hash, uint64(j), drawEvent)
		g := mix(h)
		next, fresh := uint8(eventView), true
		switch {
		case v.bot || carts == 0:
		case j == 0: // what was chosen at an earlier visit
			if below(g, 0, carts/4) {
				next = eventCart
			} else if below(g, 0, carts/3) {
				next = eventPurchase
			}
		case kind == eventView && below(g, 0, carts):
			next, fresh = eventCart, false
		case kind == eventCart && below(g, 0, 19000):
			next, fresh = eventPurchase, false
		case kind == eventCart && below(g, 0, 25000):
			next, fresh = eventRemove, false
		case kind == eventPurchase && below(g, 0, 9000):
			next = eventPurchase
		}
		pause := pauses[g>>16&0xff] * 1_000_000
		switch {
		case v.bot:
			pause = int64(g>>16&1) * 1_000_000
		case next == eventPurchase && kind == eventPurchase:
			pause = 0 // one basket is paid at once
		}
		if j > 0 {
			ts += pause
		}
		if fresh {
			rank = s.nextProduct(v, j, rank, h, g)
		}
		kind = next
		out[j] = event{ts: ts, visit: k, rank: rank, kind: kind}
	}
}

// nextProduct draws what is looked at: popular products, half of the time beside the
// last one; bots go through the whole shop.
func (s *clickShop) nextProduct(v *visit, j int, last int32, h, g uint64) int32 {
	n := s.o.Products
	switch {
	case v.bot:
		return int32(pick(h, n))
	case j > 0 && below(g, 24, 26000):
		return int32(min(n-1, int(last)/8*8+pick(h, 8)))
	case j > 0 && below(g, 24, 32000):
		return last
	}
	return int32(pick(cube(h), n))
}

// price is what a product costs on a day, in cents.
func (s *clickShop) price(rank, day int32) int64 {
	return (s.cat.cents[rank]*s.cal.factor[day]/1000+5)/10*10 - 1
}

// spoilEvents makes a share of a block's events dirty. row0 is the number of the
// block's first row.
func (s *clickShop) spoilEvents(row0 int64, events []event) {
	for r := range events {
		h := key(s.o.Seed, uint64(row0)+uint64(r), drawEventDirt)
		if h&0xffffffff >= s.dirt {
			continue
		}
		e := &events[r]
		e.dirt = EventDirt(1 + pick(h, int(numEventDirt)-1))
		switch {
		case e.dirt == LateEvent:
			e.ts -= int64(1+pick(mix(h), 20_000)) * 1_000_000
		case e.dirt == FutureEvent:
			e.ts += fiftyYears
		case e.dirt == EqualTime && r > 0:
			e.ts = events[r-1].ts
		case e.dirt == DuplicateEvent && r > 0:
			*e = events[r-1]
		}
	}
}
