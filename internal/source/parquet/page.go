package parquet

import (
	"errors"
	"fmt"
	"hash/crc32"
)

// Page types.
const (
	pageData   = 0
	pageIndex  = 1
	pageDict   = 2
	pageDataV2 = 3
)

// Encodings of values and levels.
const (
	encPlain     = 0
	encPlainDict = 2
	encRLE       = 3
	encBitPacked = 4 // of levels, deprecated
	encDeltaInt  = 5
	encDeltaLen  = 6
	encDeltaText = 7
	encRLEDict   = 8
	encSplit     = 9
)

var encodingNames = [...]string{"PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
	"DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT"}

func encodingName(e int8) string {
	if e < 0 || int(e) >= len(encodingNames) {
		return fmt.Sprintf("unknown encoding %d", e)
	}
	return encodingNames[e]
}

// pageHeader is the header in front of every page, all versions in one form.
type pageHeader struct {
	typ          int8
	encoding     int8
	levels       int8 // encoding of definition levels, version 1
	compressed   bool // version 2 may store a page as it is
	hasCRC       bool
	crc          uint32
	size         int32 // in the file
	uncompressed int32
	values       int32 // rows for a flat column; entries of a dictionary
	defBytes     int32 // version 2
	repBytes     int32
}

// parsePageHeader reads a header from the start of b and returns its length.
func parsePageHeader(b []byte) (pageHeader, int, error) {
	c := &cursor{b: b}
	h := pageHeader{compressed: true, levels: encRLE, typ: 127}
	var seen uint
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			break
		}
		id = next
		if id > 0 && id < 16 {
			seen |= 1 << id
		}
		switch id {
		case 1:
			h.typ = c.small(typ)
		case 2:
			h.uncompressed = c.i32(typ)
		case 3:
			h.size = c.i32(typ)
		case 4:
			h.crc, h.hasCRC = uint32(c.i32(typ)), true
		case 5, 7:
			if c.begin(typ) {
				c.pageV1(&h)
			}
		case 8:
			if c.begin(typ) {
				c.pageV2(&h)
			}
		default:
			c.skip(typ)
		}
	}
	if c.err != nil {
		return h, 0, c.err
	}
	return h, c.pos, h.check(seen)
}

func (h *pageHeader) check(seen uint) error {
	const sizes = 1<<1 | 1<<2 | 1<<3
	body := map[int8]uint{pageData: 1 << 5, pageDict: 1 << 7, pageDataV2: 1 << 8}[h.typ]
	switch {
	case seen&sizes != sizes || seen&body != body:
		return errors.New("the page header lacks required fields")
	case h.size < 0 || h.uncompressed < 0:
		return fmt.Errorf("the page header declares %d bytes, %d uncompressed", h.size, h.uncompressed)
	case h.values < 0 || h.defBytes < 0 || h.repBytes < 0:
		return fmt.Errorf("the page header declares %d values, %d and %d bytes of levels", h.values, h.defBytes, h.repBytes)
	}
	return nil
}

// pageV1 reads a DataPageHeader or a DictionaryPageHeader, which begin alike.
func (c *cursor) pageV1(h *pageHeader) {
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			return
		}
		switch id = next; {
		case id == 1:
			h.values = c.i32(typ)
		case id == 2:
			h.encoding = c.small(typ)
		case id == 3 && typ != wireTrue && typ != wireFalse: // is_sorted in dictionaries
			h.levels = c.small(typ)
		default:
			c.skip(typ)
		}
	}
}

func (c *cursor) pageV2(h *pageHeader) {
	for id := int16(0); ; {
		typ, next := c.field(id)
		if typ == wireStop {
			return
		}
		switch id = next; id {
		case 1:
			h.values = c.i32(typ)
		case 4:
			h.encoding = c.small(typ)
		case 5:
			h.defBytes = c.i32(typ)
		case 6:
			h.repBytes = c.i32(typ)
		case 7:
			h.compressed = c.bool(typ)
		default:
			c.skip(typ)
		}
	}
}

// verify compares the page's bytes with the checksum of its header, if it has one.
func (h *pageHeader) verify(body []byte) error {
	if !h.hasCRC {
		return nil
	}
	if got := crc32.ChecksumIEEE(body); got != h.crc {
		return fmt.Errorf("checksum %08x does not match the stored %08x", got, h.crc)
	}
	return nil
}
