package parquet

import (
	"context"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// skip leaves out the first n rows of a chunk. Pages that end before are passed over
// unread, unless later ones build on them; the rest is decoded and forgotten, at most batch
// rows at a time.
func (c *column) skip(ctx context.Context, n int64, batch int) error {
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.left == 0 {
			passed, err := c.passPage(n)
			if err != nil {
				return c.where(err)
			}
			n -= passed
			continue
		}
		k := int(min(n, int64(c.left), int64(batch)))
		if c.leaf.kind == frame.String {
			k = c.textRows(0, k)
		}
		if err := c.rows(0, k); err != nil {
			return c.where(err)
		}
		c.nulls, c.text = 0, c.text[:0]
		n -= int64(k)
		if c.left -= k; c.left == 0 {
			if err := c.endPage(); err != nil {
				return c.where(err)
			}
		}
	}
	return nil
}

// passPage passes over the next page if it is a data page of at most n rows, and returns
// their number; else it loads the page and returns 0.
func (c *column) passPage(n int64) (int64, error) {
	if err := c.endStream(); err != nil {
		return 0, err
	}
	if c.stream.left() == 0 {
		return 0, c.short()
	}
	h, err := c.stream.header()
	if err != nil {
		return 0, err
	}
	defer func() { c.pageNo++ }()
	rows := int64(h.values)
	if (h.typ != pageData && h.typ != pageDataV2) || rows > n || h.encoding == encDeltaText || rows > c.chunk.numValues-c.got {
		return 0, c.page(&h)
	}
	if err := c.stream.pass(int64(h.size)); err != nil {
		return 0, err
	}
	c.got += rows
	return rows, nil
}
