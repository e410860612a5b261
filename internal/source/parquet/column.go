package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// batchBytes is how much text a batch holds before it is cut short.
const batchBytes = 32 << 20

// column reads one column chunk page by page into its own buffers.
type column struct {
	leaf  *leaf
	chunk *columnChunk
	group int
	mem   *budget

	stream stream
	dec    decompressor
	plain  []byte // the decompressed page
	inf    inflater
	pageNo int
	got    int64 // rows of the pages loaded so far

	// The current page.
	left      int // rows not yet read
	coded     bool
	data      []byte // PLAIN and split values not yet read, or the rest of text values
	levels    hybrid
	codes     hybrid
	ints      deltaReader // DELTA_BINARY_PACKED, or lengths
	prefixes  deltaReader
	encoding  int8
	prefixed  bool   // DELTA_BYTE_ARRAY
	last      []byte // its previous value
	bit       int    // PLAIN booleans
	stride    int    // BYTE_STREAM_SPLIT: values in the page
	read      func(c *column, at, n int) error
	oldLevels []byte

	// The dictionary; one of them, by the leaf's target.
	hasDict  bool
	dict     *frame.Dict
	dictI64  []int64
	dictF64  []float64
	dictD128 []decimal128.Num

	// The batch. valid is complete only when nulls > 0.
	mode  bool // text: the batch holds codes
	nulls int
	valid []byte
	i64   []int64
	f64   []float64
	d128  []decimal128.Num
	off   []int32
	text  []byte
	code  []int32
	tmp   []byte
	held  int // rows read into the buffers
	shown int // rows of them in the last batch
}

// open prepares the column for a chunk, keeping its buffers.
func (c *column) open(s *split, l *leaf, chunk *columnChunk, rows int) error {
	c.leaf, c.chunk, c.group = l, chunk, s.group
	c.stream.r, c.stream.mem, c.mem = s.ds.r, &s.ds.mem, &s.ds.mem
	start := chunk.start()
	end := start + chunk.totalCompressed
	if s.ds.shortDict {
		// parquet-mr before 1.2.9 left the dictionary's header out of the size.
		end = min(end+100, s.ds.dataEnd)
	}
	c.stream.reset(start, end)
	c.pageNo, c.got, c.left, c.held, c.shown, c.nulls = 0, 0, 0, 0, 0, 0
	c.hasDict, c.dict, c.coded, c.last, c.inf = false, nil, false, c.last[:0], inflater{}
	c.dictI64, c.dictF64, c.dictD128 = c.dictI64[:0], c.dictF64[:0], c.dictD128[:0]
	return c.room(rows)
}

// room makes the batch's buffers large enough for n rows.
func (c *column) room(n int) (err error) {
	if c.leaf.maxDef > 0 {
		if c.valid, err = grow(c.mem, c.valid, (n+7)/8+8); err != nil {
			return err
		}
	}
	switch c.leaf.to {
	case toI64, toU32, toTime96, toDec64:
		c.i64, err = grow(c.mem, c.i64, n)
	case toF64, toFloat16:
		c.f64, err = grow(c.mem, c.f64, n)
	case toDec128:
		c.d128, err = grow(c.mem, c.d128, n)
	case toText, toUUID:
		c.off, err = grow(c.mem, c.off, n+1)
	}
	if err == nil && c.leaf.to != toNothing {
		c.code, err = grow(c.mem, c.code, n)
	}
	return err
}

// fill reads rows until the batch holds n, or fewer where a text column changes
// between codes and plain values or has reached its bytes. It returns the
// number of rows in the batch.
func (c *column) fill(n int) (int, error) {
	at := c.shift()
	defer func() { c.held = at }()
	for at < n {
		if c.left == 0 {
			if err := c.nextPage(); err != nil {
				return at, c.where(err)
			}
			continue
		}
		k := min(n-at, c.left)
		if c.leaf.kind == frame.String {
			if at > 0 && (c.mode != c.coded || !c.coded && len(c.text) >= batchBytes) {
				return at, nil
			}
			k = c.textRows(at, k)
		}
		if err := c.rows(at, k); err != nil {
			return at, c.where(err)
		}
		at += k
		if c.left -= k; c.left == 0 {
			if err := c.endPage(); err != nil {
				return at, c.where(err)
			}
		}
	}
	return at, nil
}

// textRows sets the mode of a batch at its first row and cuts a run of long
// texts so that a batch does not hold many times batchBytes.
func (c *column) textRows(at, k int) int {
	if at == 0 {
		c.mode = c.coded
		if !c.coded {
			c.off[0] = 0
		}
	}
	if c.coded {
		return k
	}
	// An even share of the page's rest; but in DELTA_BYTE_ARRAY every value may
	// repeat all that came before it.
	each := (len(c.data)+c.inf.rest())/c.left + 1
	if c.prefixed {
		each = len(c.data) + len(c.last) + 1
	}
	return max(1, min(k, batchBytes/each))
}

// rows reads k rows of the current page to position at of the batch.
func (c *column) rows(at, k int) error {
	m := k
	if c.leaf.maxDef > 0 {
		var err error
		if m, err = c.readLevels(at, k); err != nil {
			return err
		}
	}
	if m > 0 {
		if err := c.read(c, at, m); err != nil {
			return err
		}
	}
	if m < k {
		c.spread(at, k, m)
	}
	return nil
}

// nextPage loads the next page with rows in it.
func (c *column) nextPage() error {
	if err := c.endStream(); err != nil {
		return err
	}
	for {
		if c.stream.left() == 0 {
			return c.short()
		}
		h, err := c.stream.header()
		if err != nil {
			return err
		}
		if err := c.page(&h); err != nil {
			return err
		}
		c.pageNo++
		if c.left > 0 {
			return nil
		}
	}
}

// short is the error of a chunk that ends before its rows do.
func (c *column) short() error {
	return fmt.Errorf("the column ends after %d of %d rows", c.got, c.chunk.numValues)
}

// page reads the page behind a header.
func (c *column) page(h *pageHeader) error {
	if c.canStream(h) {
		return c.dataPage(h, nil, true)
	}
	body, err := c.stream.take(int(h.size))
	if err != nil {
		return err
	}
	if err := h.verify(body); err != nil {
		return err
	}
	switch h.typ {
	case pageDict:
		return c.dictPage(h, body)
	case pageData, pageDataV2:
		return c.dataPage(h, body, false)
	}
	return nil
}

// finish checks that no page with rows follows the last row. What cannot be
// read as a page header is padding.
func (c *column) finish() error {
	if c.left > 0 {
		return c.where(fmt.Errorf("%d rows are left over", c.left))
	}
	if err := c.endStream(); err != nil {
		return c.where(err)
	}
	for c.stream.left() > 0 {
		h, err := c.stream.header()
		if err != nil || int64(h.size) > c.stream.left() {
			return nil
		}
		if (h.typ == pageData || h.typ == pageDataV2) && h.values > 0 {
			return c.where(fmt.Errorf("another page with %d rows follows the last of %d rows", h.values, c.chunk.numValues))
		}
		if _, err := c.stream.take(int(h.size)); err != nil {
			return c.where(err)
		}
	}
	return nil
}

// expand decompresses a page's body, or its value part in version 2.
func (c *column) expand(body []byte, n int) ([]byte, error) {
	if c.chunk.codec == codecNone {
		if len(body) != n {
			return nil, fmt.Errorf("an uncompressed page has %d bytes where %d are declared", len(body), n)
		}
		return body, nil
	}
	if err := plausible(c.chunk.codec, int64(len(body)), int64(n), c.chunk.totalUncompressed); err != nil {
		return nil, err
	}
	var err error
	c.plain, err = c.dec.decode(c.mem, c.chunk.codec, c.plain, body, n)
	return c.plain, err
}

func (c *column) dictPage(h *pageHeader, body []byte) error {
	switch {
	case c.hasDict:
		return errors.New("a second dictionary")
	case c.got > 0:
		return errors.New("a dictionary behind data pages")
	case h.encoding != encPlain && h.encoding != encPlainDict:
		return fmt.Errorf("a dictionary in the encoding %s", encodingName(h.encoding))
	case c.leaf.phys == physBool:
		return errors.New("a dictionary of booleans")
	}
	data, err := c.expand(body, int(h.uncompressed))
	if err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	c.hasDict = true
	if err := c.loadDict(data, int(h.values)); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	return nil
}

// dataPage starts a page of values, given whole or to be expanded in pieces.
func (c *column) dataPage(h *pageHeader, body []byte, pieces bool) error {
	if left := c.chunk.numValues - c.got; int64(h.values) > left {
		return fmt.Errorf("a page of %d rows where %d rows are left", h.values, left)
	}
	var data []byte
	var err error
	if pieces {
		err = c.startStream(h)
		data = c.data
	} else if h.typ == pageData {
		if data, err = c.expand(body, int(h.uncompressed)); err != nil {
			return err
		}
		data, err = c.setLevels(h, data)
	} else {
		data, err = c.splitV2(h, body)
	}
	if err != nil {
		return err
	}
	c.got += int64(h.values)
	c.left = int(h.values)
	if err := c.setValues(h.encoding, data); err != nil {
		c.left = 0
		return err
	}
	return nil
}

// splitV2 takes a version 2 page apart: its levels are never compressed.
func (c *column) splitV2(h *pageHeader, body []byte) ([]byte, error) {
	lev := int64(h.repBytes) + int64(h.defBytes)
	if lev > int64(len(body)) || lev > int64(h.uncompressed) {
		return nil, fmt.Errorf("levels of %d bytes in a page of %d", lev, len(body))
	}
	if c.leaf.maxDef > 0 {
		c.levels.reset(body[h.repBytes:lev], 1)
	}
	body = body[lev:]
	if !h.compressed {
		return body, nil
	}
	return c.expand(body, int(int64(h.uncompressed)-lev))
}

// where names the column and page in an error.
func (c *column) where(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.As(fault.Input, err), "row group %d, column %q, page %d", c.group, c.leaf.name, c.pageNo)
}
