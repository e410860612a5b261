package parquet

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// Page types and encodings of parquet.thrift.
const (
	dataPage = 0
	dictPage = 2

	encPlain   = 0
	encRLE     = 3
	encRLEDict = 8
)

// appendPage appends a page: its header in Thrift's compact protocol (Arrow's
// serializer writes no checksum), then the compressed body.
func appendPage(out []byte, typ int, values, encoding, uncompressed int, body []byte) []byte {
	out = i32Field(out, 1, typ)
	out = i32Field(out, 1, uncompressed)
	out = i32Field(out, 1, len(body))
	out = i32Field(out, 1, int(int32(crc32.ChecksumIEEE(body))))
	if typ == dictPage {
		out = append(out, 3<<4|12) // field 7, DictionaryPageHeader
		out = i32Field(out, 1, values)
		out = i32Field(out, 1, encoding)
	} else {
		out = append(out, 1<<4|12) // field 5, DataPageHeader
		out = i32Field(out, 1, values)
		out = i32Field(out, 1, encoding)
		out = i32Field(out, 1, encRLE) // definition levels
		out = i32Field(out, 1, encRLE) // repetition levels
	}
	out = append(out, 0, 0) // end of both structures
	return append(out, body...)
}

// i32Field appends a field whose id is delta more than the one before.
func i32Field(out []byte, delta byte, v int) []byte {
	out = append(out, delta<<4|5)
	return binary.AppendUvarint(out, uint64(uint32(v<<1)^uint32(v>>31)))
}

// appendLevels appends the definition levels of n rows with their length in
// front. A nil bitmap means that no row is null.
func appendLevels(out []byte, valid []byte, n int) []byte {
	at := len(out)
	out = append(out, 0, 0, 0, 0)
	if valid == nil {
		out = binary.AppendUvarint(out, uint64(n)<<1)
		out = append(out, 1)
	} else {
		groups := (n + 7) / 8
		out = binary.AppendUvarint(out, uint64(groups)<<1|1)
		out = append(out, valid[:groups]...)
	}
	binary.LittleEndian.PutUint32(out[at:], uint32(len(out)-at-4))
	return out
}

// appendCodes appends dictionary codes, all below n: their bit width, then a mix
// of run-length and bit-packed runs.
func appendCodes(out []byte, codes []uint32, n int) []byte {
	w := bits.Len(uint(max(n-1, 0)))
	out = append(out, byte(w))
	// Codes not yet written start at from. A repeated run must begin at a
	// multiple of eight codes behind it, for bit-packed runs are in groups of eight.
	from := 0
	for i := 0; i < len(codes); {
		end := i + 1
		for end < len(codes) && codes[end] == codes[i] {
			end++
		}
		start := from + (i-from+7)&^7
		if end-start < minRun {
			i = end
			continue
		}
		out = appendPacked(out, codes[from:start], w)
		out = binary.AppendUvarint(out, uint64(end-start)<<1)
		for k := 0; k < w; k += 8 {
			out = append(out, byte(codes[i]>>k))
		}
		from, i = end, end
	}
	return appendPacked(out, codes[from:], w)
}

// minRun is the shortest run that is worth leaving bit-packing for.
const minRun = 24

// appendPacked appends one bit-packed run, padded with zeros to a group of eight.
func appendPacked(out []byte, codes []uint32, w int) []byte {
	if len(codes) == 0 {
		return out
	}
	groups := (len(codes) + 7) / 8
	out = binary.AppendUvarint(out, uint64(groups)<<1|1)
	var acc uint64
	var have int
	for _, v := range codes {
		acc |= uint64(v) << have
		if have += w; have >= 32 {
			out = binary.LittleEndian.AppendUint32(out, uint32(acc))
			acc >>= 32
			have -= 32
		}
	}
	have += (groups*8 - len(codes)) * w
	for ; have > 0; have -= 8 {
		out = append(out, byte(acc))
		acc >>= 8
	}
	return out
}
