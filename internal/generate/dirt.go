package generate

// Dirt is one way in which a line can be spoiled. Options.Dirty is the share of
// spoiled lines; each kind is equally likely.
type Dirt uint8

// The kinds of dirt.
const (
	Clean            Dirt = iota
	NoCustomer            // null customer_id
	NoPrice               // null unit_price
	NegativeQuantity      // the sign of quantity is turned
	ZeroPrice             // unit_price 0
	FarFuture             // order_ts fifty years ahead
	Duplicate             // an exact copy of the line before
	ZeroQuantity          // quantity 0
	NegativePrice         // the sign of unit_price is turned
	NoTime                // null order_ts
	NoOrder               // null order_id
	NoProduct             // null product_id
	OddStatus             // " CANCELLED ": spaces and capitals
	numDirt
)

// String returns the name of the kind as documentation lists it.
func (d Dirt) String() string {
	return [numDirt]string{"clean", "no customer", "no price", "negative quantity", "price 0", "far future", "exact duplicate",
		"quantity 0", "negative price", "no time", "no order id", "no product", "odd status"}[d]
}

// spoil decides which rows of a block are dirty and applies what changes a whole
// line; the other kinds are applied column by column. row0 is the number of the
// block's first row.
func (s *shop) spoil(row0 int64, lines []line, owner []int32, kinds []Dirt) []Dirt {
	if cap(kinds) < len(lines) {
		kinds = make([]Dirt, len(lines))
	}
	kinds = kinds[:len(lines)]
	for r := range lines {
		h := key(s.o.Seed, uint64(row0)+uint64(r), drawDirt)
		kinds[r] = Clean
		if h&0xffffffff >= s.dirt {
			continue
		}
		kinds[r] = Dirt(1 + pick(h, int(numDirt)-1))
		l := &lines[r]
		switch kinds[r] {
		case Duplicate:
			if kinds[r] = Clean; r > 0 {
				lines[r], owner[r], kinds[r] = lines[r-1], owner[r-1], kinds[r-1]
			}
		case NegativeQuantity:
			l.quantity = -l.quantity
		case ZeroPrice:
			l.cents, l.discount = 0, 0
		case NegativePrice:
			l.cents = -l.cents
		case ZeroQuantity:
			l.quantity = 0
		}
	}
	return kinds
}
