package generate

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// eventColumns are the columns of the events table in file order.
var eventColumns = []struct {
	name string
	typ  arrow.DataType
	fill func(s *clickShop, b *eventBlock, c *frame.Column)
}{
	{"user_id", arrow.PrimitiveTypes.Int64, fillUser},
	{"session_id", arrow.PrimitiveTypes.Int64, fillSession},
	{"event_ts", &arrow.TimestampType{Unit: arrow.Microsecond}, fillEventTime},
	{"event_type", arrow.BinaryTypes.String, fillEventType},
	{"product_id", arrow.PrimitiveTypes.Int32, fillEventProduct},
	{"category", arrow.BinaryTypes.String, fillEventCategory},
	{"price", arrow.PrimitiveTypes.Float64, fillEventPrice},
	{"device", arrow.BinaryTypes.String, fillDevice},
	{"source", arrow.BinaryTypes.String, fillSource},
	{"region", arrow.BinaryTypes.String, fillEventRegion},
}

// nullEvents makes the rows null that are spoiled in the given way.
func nullEvents(s *clickShop, b *eventBlock, c *frame.Column, d EventDirt) {
	if s.dirt > 0 {
		nullIf(c, func(r int) bool { return b.events[r].dirt == d })
	}
}

func fillUser(s *clickShop, b *eventBlock, c *frame.Column) {
	for r := range b.events {
		c.I64[r] = b.visits[b.events[r].visit].user + 1
	}
	nullEvents(s, b, c, NoUser)
}

func fillSession(s *clickShop, b *eventBlock, c *frame.Column) {
	for r := range b.events {
		c.I64[r] = b.first + int64(b.events[r].visit) + 1
	}
	nullEvents(s, b, c, NoSession)
}

func fillEventTime(s *clickShop, b *eventBlock, c *frame.Column) {
	for r := range b.events {
		c.I64[r] = b.events[r].ts
	}
	nullEvents(s, b, c, NoEventTime)
}

func fillEventType(s *clickShop, b *eventBlock, c *frame.Column) {
	c.Dict = s.kinds
	for r := range b.events {
		c.Codes[r] = int32(b.events[r].kind)
	}
	nullEvents(s, b, c, NoType)
}

func fillEventProduct(s *clickShop, b *eventBlock, c *frame.Column) {
	for r := range b.events {
		c.I64[r] = int64(s.cat.id[b.events[r].rank])
	}
	nullEvents(s, b, c, NoEventProduct)
}

func fillEventCategory(s *clickShop, b *eventBlock, c *frame.Column) {
	c.Dict = s.categories
	for r := range b.events {
		c.Codes[r] = s.cat.category[b.events[r].rank]
	}
}

func fillEventPrice(s *clickShop, b *eventBlock, c *frame.Column) {
	for r := range b.events {
		e := &b.events[r]
		c.F64[r] = money(s.price(e.rank, b.visits[e.visit].day))
	}
}

func fillDevice(s *clickShop, b *eventBlock, c *frame.Column) {
	c.Dict = s.devices
	for r := range b.events {
		v := &b.visits[b.events[r].visit]
		c.Codes[r] = int32(pick(square(mix(v.home)), len(devices)))
		if below(v.hash, 16, 9000) { // now and then from another device
			c.Codes[r] = int32(pick(mix(v.hash+1), len(devices)))
		}
	}
}

func fillSource(s *clickShop, b *eventBlock, c *frame.Column) {
	c.Dict = s.sources
	for r := range b.events {
		c.Codes[r] = int32(b.visits[b.events[r].visit].source)
	}
}

func fillEventRegion(s *clickShop, b *eventBlock, c *frame.Column) {
	c.Dict = s.region
	for r := range b.events {
		c.Codes[r] = s.geo.region[s.geo.table[b.visits[b.events[r].visit].home>>52]]
	}
}
