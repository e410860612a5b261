package quality

import (
	"math/big"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/frame"
)

func wideColumn(t arrow.DataType, vals ...*big.Int) frame.Column {
	c := frame.Column{Type: t, Kind: frame.Decimal, Len: len(vals)}
	for _, v := range vals {
		c.D128 = append(c.D128, decimal128.FromBigInt(v))
	}
	return c
}
