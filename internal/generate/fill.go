package generate

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// fiftyYears moves a date out of any history, in µs.
const fiftyYears = 18262 * 86400 * 1_000_000

// block is the working memory of one reader: orders and lines of one block.
type block struct {
	row0   int64
	first  int64 // number of the first order
	orders []order
	lines  []line
	owner  []int32
	kinds  []Dirt // nil in a clean shop
}

func (b *block) dirt(r int) Dirt {
	if b.kinds == nil {
		return Clean
	}
	return b.kinds[r]
}

// orderColumns are the columns of the orders table in file order.
var orderColumns = []struct {
	name string
	typ  arrow.DataType
	fill func(s *shop, b *block, c *frame.Column)
}{
	{"order_id", arrow.PrimitiveTypes.Int64, fillOrderID},
	{"order_ts", &arrow.TimestampType{Unit: arrow.Microsecond}, fillTime},
	{"customer_id", arrow.PrimitiveTypes.Int64, fillCustomer},
	{"product_id", arrow.PrimitiveTypes.Int32, fillProduct},
	{"product_name", arrow.BinaryTypes.String, fillName},
	{"category", arrow.BinaryTypes.String, fillCategory},
	{"quantity", arrow.PrimitiveTypes.Int32, fillQuantity},
	{"unit_price", arrow.PrimitiveTypes.Float64, fillPrice},
	{"discount", arrow.PrimitiveTypes.Float64, fillDiscount},
	{"region", arrow.BinaryTypes.String, fillRegion},
	{"city", arrow.BinaryTypes.String, fillCity},
	{"status", arrow.BinaryTypes.String, fillStatus},
	{"payment", arrow.BinaryTypes.String, fillPayment},
	{"channel", arrow.BinaryTypes.String, fillChannel},
	{"currency", arrow.BinaryTypes.String, fillCurrency},
}

// reset prepares a column for n rows without nulls, keeping its memory.
func reset(c *frame.Column, t arrow.DataType, n int) {
	keep := *c
	*c = frame.Column{Type: t, Kind: frame.KindOf(t), Len: n}
	switch c.Kind {
	case frame.Float:
		c.F64 = frame.Grow(keep.F64, n)
	case frame.String:
		c.Codes = frame.Grow(keep.Codes, n)
	default:
		c.I64 = frame.Grow(keep.I64, n)
	}
}

// nullIf makes the rows null for which is says so.
func nullIf(c *frame.Column, is func(r int) bool) {
	for r := range c.Len {
		if !is(r) {
			continue
		}
		if c.Valid == nil {
			c.Valid = make([]byte, (c.Len+7)/8)
			for i := range c.Valid {
				c.Valid[i] = 0xff
			}
		}
		frame.ClearBit(c.Valid, r)
		c.Nulls++
	}
}

// nullDirt makes the rows null that are spoiled in the given way.
func nullDirt(b *block, c *frame.Column, d Dirt) {
	if b.kinds != nil {
		nullIf(c, func(r int) bool { return b.kinds[r] == d })
	}
}

func fillOrderID(_ *shop, b *block, c *frame.Column) {
	for r, k := range b.owner {
		c.I64[r] = b.first + int64(k) + 1
	}
	nullDirt(b, c, NoOrder)
}

func fillTime(_ *shop, b *block, c *frame.Column) {
	for r, k := range b.owner {
		c.I64[r] = b.orders[k].ts
		if b.dirt(r) == FarFuture {
			c.I64[r] += fiftyYears
		}
	}
	nullDirt(b, c, NoTime)
}

func fillCustomer(_ *shop, b *block, c *frame.Column) {
	for r, k := range b.owner {
		c.I64[r] = b.orders[k].customer + 1
	}
	nullIf(c, func(r int) bool { return c.I64[r] == 0 || b.dirt(r) == NoCustomer })
}

func fillProduct(s *shop, b *block, c *frame.Column) {
	for r := range b.lines {
		c.I64[r] = int64(s.cat.id[b.lines[r].rank])
	}
	nullDirt(b, c, NoProduct)
}

func fillName(s *shop, b *block, c *frame.Column) {
	c.Dict = s.cat.names
	for r := range b.lines {
		c.Codes[r] = b.lines[r].rank
	}
}

func fillCategory(s *shop, b *block, c *frame.Column) {
	c.Dict = s.categories
	for r := range b.lines {
		c.Codes[r] = s.cat.category[b.lines[r].rank]
	}
}

func fillQuantity(_ *shop, b *block, c *frame.Column) {
	for r := range b.lines {
		c.I64[r] = b.lines[r].quantity
	}
}

func fillPrice(_ *shop, b *block, c *frame.Column) {
	for r := range b.lines {
		c.F64[r] = money(b.lines[r].cents)
	}
	nullDirt(b, c, NoPrice)
}

func fillDiscount(_ *shop, b *block, c *frame.Column) {
	for r := range b.lines {
		c.F64[r] = money(b.lines[r].discount)
	}
}

func fillRegion(s *shop, b *block, c *frame.Column) {
	c.Dict = s.geo.regions
	for r, k := range b.owner {
		c.Codes[r] = s.geo.region[b.orders[k].city]
	}
}

func fillCity(s *shop, b *block, c *frame.Column) {
	c.Dict = s.geo.cities
	for r, k := range b.owner {
		c.Codes[r] = b.orders[k].city
	}
}

func fillStatus(s *shop, b *block, c *frame.Column) {
	c.Dict = s.statuses
	for r, k := range b.owner {
		c.Codes[r] = int32(b.orders[k].status)
		if b.dirt(r) == OddStatus {
			c.Codes[r] = int32(len(statuses))
		}
	}
}

func fillPayment(s *shop, b *block, c *frame.Column) {
	c.Dict = s.payments
	for r, k := range b.owner {
		c.Codes[r] = int32(b.orders[k].payment)
	}
}

func fillChannel(s *shop, b *block, c *frame.Column) {
	c.Dict = s.channels
	for r, k := range b.owner {
		c.Codes[r] = int32(b.orders[k].channel)
	}
}

func fillCurrency(s *shop, _ *block, c *frame.Column) {
	c.Dict = s.currency
	clear(c.Codes)
}
