package generate

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// The shape of a group: every group of groupOrders orders has groupLines lines.
const (
	groupOrders = 1024
	groupLines  = 2560
	blockGroups = 12 // a block is a batch: 30,720 rows
	blockRows   = blockGroups * groupLines
	blockOrders = blockGroups * groupOrders
	splitBlocks = 8
)

// basketSizes is how many orders of a group have 1, 2, 3, … lines.
var basketSizes = [...]int{1: 382, 2: 274, 3: 144, 4: 92, 5: 56, 6: 34, 7: 20, 8: 11, 10: 7, 12: 4}

// sortedSizes is the multiset itself.
var sortedSizes = func() (s [groupOrders]uint8) {
	k := 0
	for size, n := range basketSizes {
		for range n {
			s[k] = uint8(size)
			k++
		}
	}
	return s
}()

// quantities are what people put in the basket, by the last bits of a hash.
var quantities = [16]int64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 6}

// Purposes of draws; 1–4 are used by calendar and catalog.
const (
	drawShuffle = iota + 10
	drawOrder
	drawTime
	drawCustomer
	drawHome
	drawLine
	drawDirt
)

// shop is everything that is computed once.
type shop struct {
	o      Options
	cal    *calendar
	cat    *catalog
	geo    *geography
	orders int64 // in the whole shop
	dirt   uint64
	// dictionaries of the low-cardinality columns
	categories, statuses, payments, channels, currency *frame.Dict
}

// sizes fills the basket sizes of group g in their shuffled order.
func (s *shop) sizes(g int64, out *[groupOrders]uint8) {
	*out = sortedSizes
	h := key(s.o.Seed, uint64(g), drawShuffle)
	for i := groupOrders - 1; i > 0; i-- {
		h = mix(h)
		j := pick(h, i+1)
		out[i], out[j] = out[j], out[i]
	}
}

// countOrders returns how many orders the first rows lines belong to.
func (s *shop) countOrders(rows int64) int64 {
	g := rows / groupLines
	left := int(rows % groupLines)
	n := g * groupOrders
	if left > 0 {
		var sizes [groupOrders]uint8
		s.sizes(g, &sizes)
		for i := 0; left > 0; i++ {
			left -= int(sizes[i])
			n++
		}
	}
	return n
}

// order is one order of a block.
type order struct {
	ts        int64
	hash      uint64
	customer  int64 // -1 is a guest
	city      int32
	day       int32
	of        int32 // for a return: the order of the block that it takes back; else -1
	size      uint8
	status    uint8
	payment   uint8
	channel   uint8
	wholesale bool
}

// fillOrders computes the orders of a block.
func (s *shop) fillOrders(block int64, out []order) []order {
	first := block * blockOrders
	n := int(min(blockOrders, s.orders-first))
	out = frame.Grow(out, n)
	day := s.cal.day(first, s.orders)
	dayFirst, dayEnd := s.cal.first(day, s.orders), s.cal.first(day+1, s.orders)
	var sizes [groupOrders]uint8
	for k := range n {
		if k%groupOrders == 0 {
			s.sizes(first/groupOrders+int64(k/groupOrders), &sizes)
		}
		i := first + int64(k)
		for i >= dayEnd {
			day++
			dayFirst, dayEnd = dayEnd, s.cal.first(day+1, s.orders)
		}
		od := &out[k]
		od.size, od.of, od.day = sizes[k%groupOrders], -1, int32(day)
		od.hash = key(s.o.Seed, uint64(i), drawOrder)
		od.ts = s.cal.moment(day, i-dayFirst, dayEnd-dayFirst, key(s.o.Seed, uint64(i), drawTime))
		s.fillBuyer(od, i)
		if back := k - 1 - pick(od.hash*0x9e3779b97f4a7c15, 400); od.size == 1 && below(od.hash, 0, 2500) && back >= 0 {
			s.makeReturn(od, out, back)
		}
	}
	return out
}

// fillBuyer draws who orders and how: 35 % of the orders come from recent
// customers, the rest leans to old ones (the lowest numbers); 4 % are guests.
func (s *shop) fillBuyer(od *order, i int64) {
	u := key(s.o.Seed, uint64(i), drawCustomer)
	known := max(1, int64(s.o.Customers)*s.cal.known[od.day]>>30)
	switch {
	case below(od.hash, 16, 2600):
		od.customer = -1
	case below(od.hash, 32, 23000):
		recent := max(1, known/12)
		od.customer = known - 1 - int64(pick(square(u), int(recent)))
	default:
		od.customer = int64(pick(square(u), int(known)))
	}
	home := u
	if od.customer >= 0 {
		home = key(s.o.Seed, uint64(od.customer), drawHome)
	}
	od.city = s.geo.table[home>>52]
	od.wholesale = od.customer >= 0 && home&0xff == 7
	od.payment = uint8(pick(square(mix(od.hash)), s.payments.Len()))
	od.channel = uint8(pick(square(mix(od.hash+1)), s.channels.Len()-1))
	if od.wholesale {
		od.channel = uint8(s.channels.Len() - 1)
	}
	switch v := mix(od.hash+2) >> 48; {
	case v < 2600:
		od.status = statusCancelled
	case v < 4400:
		od.status = statusRefunded
	case v < 5200:
		od.status = statusUnpaid
	case v < 12000:
		od.status = statusPaid
	default:
		od.status = statusCompleted
	}
}

// makeReturn turns a one-line order into the return of the first line of an
// earlier order, if that one was a sale.
func (s *shop) makeReturn(od *order, orders []order, back int) {
	sale := &orders[back]
	if sale.status > statusPaid || sale.of >= 0 {
		return
	}
	od.of = int32(back)
	od.customer, od.city, od.payment, od.channel = sale.customer, sale.city, sale.payment, sale.channel
	od.wholesale, od.status = sale.wholesale, statusReturned
}

// line is one order line.
type line struct {
	rank     int32 // of the product
	quantity int64
	cents    int64 // unit price
	discount int64 // cents of the whole line
}

// price is what a product costs on a day: the list price rises every quarter and
// keeps its …9 ending.
func (s *shop) price(rank int, day int32) int64 {
	return (s.cat.cents[rank]*s.cal.factor[day]/1000+5)/10*10 - 1
}

// makeLine computes line j of an order; base is the order's main product, and
// a third of the further lines come from the same bundle of five.
func (s *shop) makeLine(od *order, j int, base int32) line {
	h := key(od.hash, uint64(j), drawLine)
	v := mix(h)
	n := s.o.Products
	rank := pick(cube(h), n)
	if j > 0 && below(v, 0, 22000) {
		rank = min(n-1, int(base)/5*5+pick(h, 5))
	}
	l := line{rank: int32(rank), quantity: quantities[v>>16&15], cents: s.price(rank, od.day)}
	switch {
	case od.wholesale:
		l.quantity = 6 * (1 + int64(v>>20&7))
		l.discount = l.quantity * l.cents * 15 / 100
	case s.cal.campaign[od.day] && below(v, 24, 24000):
		l.discount = l.quantity * l.cents * (10 + 5*int64(v>>40&3)) / 100
	case below(v, 24, 4500):
		l.discount = l.quantity * l.cents * 5 / 100
	}
	return l
}

// fillLines computes the lines of a block's orders; owner gets the order of each row.
func (s *shop) fillLines(orders []order, rows int, out []line, owner []int32) ([]line, []int32) {
	out, owner = frame.Grow(out, rows), frame.Grow(owner, rows)
	r := 0
	for k := range orders {
		od := &orders[k]
		if od.of >= 0 {
			l := s.makeLine(&orders[od.of], 0, 0)
			l.quantity, l.discount = -l.quantity, -l.discount
			out[r], owner[r] = l, int32(k)
			r++
			continue
		}
		first := r
		for j := 0; j < int(od.size) && r < rows; j++ {
			l := s.makeLine(od, j, out[first].rank)
			for again := first; again < r; again++ { // a product is in an order once
				if out[again].rank == l.rank && s.o.Products > len(basketSizes) {
					l.rank = (l.rank + 1) % int32(s.o.Products)
					l.cents = s.price(int(l.rank), od.day)
					l.discount = min(l.discount, l.quantity*l.cents/4)
					again = first - 1
				}
			}
			out[r], owner[r] = l, int32(k)
			r++
		}
	}
	return out, owner
}

// money turns cents into the double nearest to the decimal.
func money(cents int64) float64 { return float64(cents) / 100 }

// dirtShare is the threshold of 2³² below which a line is spoiled.
func dirtShare(share float64) uint64 { return uint64(math.Round(share * (1 << 32))) }
