package schema

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
)

// fewDiscounts is how many values must lie between 0 and 1 before they look like shares.
const fewDiscounts = 3

// doubtDiscount remarks on a recognised discount, which is money, whose first values all look like shares of the
// price: revenue would be wrong without a sign of it. Rows that cannot be looked at here (they are on Spark, or
// damaged) are no reason to stop: what reads them says so.
func (b *build) doubtDiscount(ctx context.Context) error {
	c := b.m.Of("discount")
	if c == nil || c.Const != nil || c.Why == stated || b.Preset != "" || b.from["discount"] != "" || b.m.Of("amount") != nil {
		return nil
	}
	at, splits := b.schema.FieldIndices(c.From), b.Fact.Splits()
	if len(at) != 1 || len(splits) == 0 {
		return nil
	}
	if shares, err := looksLikeShares(ctx, splits[0], at[0]); err != nil || !shares {
		return ctx.Err()
	}
	b.notices = append(b.notices, Notice(fmt.Sprintf("discount is read as money, and the first values of %q lie between 0 and 1: if they are shares of the price, "+
		"revenue is wrong; map a column with the money of the line (--map amount=COLUMN), or leave them out (--map discount=)", c.From)))
	return nil
}

// looksLikeShares reports whether the first values of a column that are not 0 all lie between 0 and 1.
func looksLikeShares(ctx context.Context, s source.Split, col int) (_ bool, err error) {
	r, err := s.Open(ctx, []source.Want{{Col: col, As: frame.Float}})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var b frame.Batch
	if err := r.Next(&b); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	c := &b.Cols[0]
	if c.Kind != frame.Float {
		return false, nil
	}
	shares := 0
	for i, v := range c.F64[:b.N] {
		switch {
		case c.IsNull(i) || v == 0:
		case v > 0 && v < 1:
			shares++
		default:
			return false, nil
		}
	}
	return shares >= fewDiscounts, nil
}
