package parquet

import (
	"errors"
	"fmt"
)

// endPage checks, after the last row of a page, that its values end there too. A
// damaged definition level shifts every value behind it; the surplus value is
// then the only trace of it. Levels themselves are padded freely by DuckDB.
func (c *column) endPage() error {
	left := len(c.data) + c.inf.rest()
	switch c.encoding {
	case encPlain:
		if c.leaf.phys == physBool {
			left -= (c.bit + 7) / 8
		}
	case encPlainDict, encRLEDict, encRLE:
		if left = 0; !c.codes.ended() {
			return errors.New("the page holds more values than rows that are not null")
		}
	case encDeltaInt:
		left = c.ints.count
	case encDeltaLen:
		left += c.ints.count
	case encDeltaText:
		left += c.ints.count + c.prefixes.count
	case encSplit:
		left = c.stride - c.bit
	}
	if left > 0 && c.leaf.to != toNothing {
		return fmt.Errorf("the page holds %d bytes or values more than its rows that are not null need", left)
	}
	return nil
}

// maxPadding is more than any writer pads bit-packed numbers by: DuckDB fills a
// block of 256.
const maxPadding = 512

// ended tells whether all numbers were read, but for padding.
func (h *hybrid) ended() bool {
	if h.packed != nil || h.width == 0 {
		return h.n < maxPadding && len(h.b) == 0
	}
	return h.n == 0 && len(h.b) == 0
}
