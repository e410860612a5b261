package parquet

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/metadata"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// A page ends at pageRows rows or pageBytes bytes, whichever comes first. Rows
// are added in steps, so a page may be larger by one step.
const (
	pageRows  = 64 << 10
	pageBytes = 1 << 20
	stepRows  = 4 << 10
)

// encoder writes one column of the current row group into memory.
type encoder struct {
	plan
	comp compressor

	// The page being filled.
	rows  int
	nulls int
	valid []byte // bit i: row i has a value; complete only when nulls > 0
	codes []uint32
	plain []byte // PLAIN values
	bools int    // values in plain, for booleans

	// The row group.
	dict      bool // still using the dictionary
	full      bool // it is full: the page being flushed is its last
	noDict    bool // the dictionary did not pay in the row group before
	nums      numDict
	texts     textDict
	dictPages int
	dataPages int // in PLAIN
	out       []byte
	raw       int64 // bytes before compression, with headers
	groupRows int64
	groupNull int64
	stats     stats
	page      []byte // scratch: a page before compression

	bits  []uint64    // scratch: values of a step without nulls
	trans []uint32    // codes of a frame.Dict in the text dictionary, + 1
	of    *frame.Dict // the dictionary trans belongs to
}

func newEncoder(p plan, codec compress.Compression) *encoder {
	e := &encoder{plan: p, comp: compressor{codec: codec}}
	e.begin()
	return e
}

// begin starts a row group.
func (e *encoder) begin() {
	e.dict = !e.noDict && e.form != asBool && e.form != asNull && e.form != asDec128
	e.dictPages, e.dataPages, e.out, e.raw = 0, 0, e.out[:0], 0
	e.groupRows, e.groupNull = 0, 0
	e.stats = stats{}
	e.of = nil
	if e.dict {
		if e.isText() {
			e.texts.reset()
		} else {
			e.nums.reset()
		}
	}
}

func (e *encoder) isText() bool { return e.form == asText || e.form == asFixed }

// add appends rows lo to hi of a column. Where a page ends and where the
// dictionary is left depends on the rows alone, not on how they come in batches.
func (e *encoder) add(c *frame.Column, lo, hi int) error {
	if c.Kind != e.kind {
		return fault.New(fault.Internal, "column %q holds %s values where the schema says %s", e.name, c.Kind, e.kind)
	}
	for lo < hi {
		n := min(stepRows, hi-lo, pageRows-e.rows)
		if e.isText() && !e.dict {
			n = e.textRows(c, lo, n)
		}
		done, err := e.values(c, lo, n)
		if err != nil {
			return err
		}
		e.levels(c, lo, done)
		lo += done
		if e.rows >= pageRows || len(e.plain) >= pageBytes || done < n {
			e.full = done < n
			if err := e.flush(); err != nil {
				return err
			}
			e.dict, e.full = e.dict && !e.full, false
		}
	}
	return nil
}

// textRows cuts n rows behind the one with which the page has its bytes.
func (e *encoder) textRows(c *frame.Column, lo, n int) int {
	room := pageBytes - len(e.plain)
	if c.Dict == nil && 4*n+int(c.Off[lo+n]-c.Off[lo]) < room {
		return n
	}
	for i := range n {
		if c.IsNull(lo + i) {
			continue
		}
		if room -= len(c.Str(lo + i)); e.form == asText {
			room -= 4
		}
		if room <= 0 {
			return i + 1
		}
	}
	return n
}

// levels takes over the validity of n rows.
func (e *encoder) levels(c *frame.Column, lo, n int) {
	nulls := nullsOf(c, lo, n)
	if nulls > 0 && e.nulls == 0 {
		if e.valid == nil {
			e.valid = make([]byte, pageRows/8+8)
		}
		setBits(e.valid, 0, e.rows, true)
	}
	switch e.nulls += nulls; {
	case e.nulls == 0:
	case nulls == 0:
		setBits(e.valid, e.rows, n, true)
	case nulls == n:
		setBits(e.valid, e.rows, n, false)
	default:
		for i := range n {
			putBit(e.valid, e.rows+i, frame.Bit(c.Valid, lo+i))
		}
	}
	e.rows += n
	e.groupRows += int64(n)
	e.groupNull += int64(nulls)
}

func nullsOf(c *frame.Column, lo, n int) int {
	switch {
	case c.Kind == frame.Null:
		return n
	case c.Valid != nil:
		return n - countBits(c.Valid, lo, n)
	}
	return 0
}

// values takes over the values of n rows and returns how many rows it took:
// fewer where the dictionary is full.
func (e *encoder) values(c *frame.Column, lo, n int) (int, error) {
	have := n - nullsOf(c, lo, n)
	switch {
	case have == 0:
		return n, nil
	case e.isText():
		return e.addTexts(c, lo, n)
	case e.form == asBool:
		e.addBools(c, lo, n)
		return n, nil
	case e.form == asDec128:
		e.addDecimals(c, lo, n)
		return n, nil
	}
	vals, err := e.numbers(c, lo, n, have)
	if err != nil {
		return 0, err
	}
	if !e.dict {
		e.stats.numbers(e.form, e.unsigned, vals)
		e.putNumbers(vals)
		return n, nil
	}
	took := 0
	if e.codes, took = e.nums.codes(e.codes, vals); took > 0 {
		e.stats.numbers(e.form, e.unsigned, vals[:took])
	}
	if took < have {
		n = rowOf(c, lo, took)
	}
	return n, nil
}

// rowOf returns the row, counted from lo, of value number k that is not null.
func rowOf(c *frame.Column, lo, k int) int {
	if c.Valid == nil {
		return k
	}
	i := 0
	for ; k > 0 || !frame.Bit(c.Valid, lo+i); i++ {
		if frame.Bit(c.Valid, lo+i) {
			k--
		}
	}
	return i
}

func (e *encoder) putNumbers(vals []uint64) {
	if e.form == asInt32 || e.form == asFloat {
		for _, v := range vals {
			e.plain = binary.LittleEndian.AppendUint32(e.plain, uint32(v))
		}
		return
	}
	for _, v := range vals {
		e.plain = binary.LittleEndian.AppendUint64(e.plain, v)
	}
}

// decode turns the codes of the page into PLAIN values. It is only done where
// the dictionary does not pay, so the values take little more than the codes.
func (e *encoder) decode() {
	e.dict = false
	for _, k := range e.codes {
		if e.isText() {
			e.putText(e.texts.at(int(k)))
		} else {
			e.putNumbers(e.nums.vals[k : k+1])
		}
	}
	e.codes = e.codes[:0]
}

// pays tells whether codes and dictionary take clearly less than the values.
func (e *encoder) pays() bool {
	n, entries, bytes := len(e.codes), 0, 0
	if e.isText() {
		entries = e.texts.len()
		for _, k := range e.codes {
			bytes += 4 + len(e.texts.at(int(k)))
		}
		return len(e.texts.data)+4*entries+n*codeBits(entries)/8 < bytes*3/4
	}
	entries = len(e.nums.vals)
	each := 8
	if e.form == asInt32 || e.form == asFloat {
		each = 4
	}
	return entries*each+n*codeBits(entries)/8 < n*each*3/4
}

func codeBits(entries int) int { return bits.Len(uint(max(entries-1, 0))) }

// flush ends the page.
func (e *encoder) flush() error {
	if e.rows == 0 {
		return nil
	}
	// The first page decides whether there will be a dictionary.
	if e.dict && e.dictPages == 0 && (e.full || len(e.codes) >= stepRows) && !e.pays() {
		e.decode()
	}
	var valid []byte
	if e.nulls > 0 {
		valid = e.valid
	}
	e.page = appendLevels(e.page[:0], valid, e.rows)
	encoding := encPlain
	if e.dict {
		encoding = encRLEDict
		e.page = appendCodes(e.page, e.codes, e.entries())
		e.dictPages++
	} else {
		e.page = append(e.page, e.plain...)
		e.dataPages++
	}
	if err := e.append(dataPage, e.rows, encoding, e.page, &e.out); err != nil {
		return err
	}
	e.rows, e.nulls, e.bools = 0, 0, 0
	e.codes, e.plain = e.codes[:0], e.plain[:0]
	return nil
}

// append compresses a page and appends it to out.
func (e *encoder) append(typ, values, encoding int, page []byte, out *[]byte) error {
	body, err := e.comp.compress(page)
	if err != nil {
		return fault.New(fault.Internal, "compressing column %q: %w", e.name, err)
	}
	if int64(len(page)) > 1<<31-1 || int64(len(body)) > 1<<31-1 {
		return fault.New(fault.Input, "column %q: a value of more than 2 GiB cannot be written", e.name)
	}
	had := len(*out)
	*out = appendPage(*out, typ, values, encoding, len(page), body)
	e.raw += int64(len(*out) - had - len(body) + len(page))
	return nil
}

func (e *encoder) entries() int {
	if e.isText() {
		return e.texts.len()
	}
	return len(e.nums.vals)
}

// dictionary returns the dictionary page, or nothing when no page uses one.
func (e *encoder) dictionary(out []byte) ([]byte, error) {
	if e.dictPages == 0 {
		return out, nil
	}
	e.page = e.page[:0]
	switch {
	case e.form == asText:
		for i := range e.texts.len() {
			t := e.texts.at(i)
			e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(t)))
			e.page = append(e.page, t...)
		}
	case e.form == asFixed:
		e.page = append(e.page, e.texts.data...)
	default:
		e.plain = e.plain[:0]
		e.putNumbers(e.nums.vals)
		e.page = append(e.page, e.plain...)
		e.plain = e.plain[:0]
	}
	err := e.append(dictPage, e.entries(), encPlain, e.page, &out)
	return out, err
}

// finish fills in the metadata of the chunk, which starts at offset and is
// preceded by a dictionary page of dictSize bytes.
func (e *encoder) finish(m *metadata.ColumnChunkMetaDataBuilder, offset, dictSize int64) error {
	info := metadata.ChunkMetaInfo{NumValues: e.groupRows, IndexPageOffset: -1, DataPageOffset: offset + dictSize,
		CompressedSize: dictSize + int64(len(e.out)), UncompressedSize: e.raw}
	var enc metadata.EncodingStats
	if e.dictPages > 0 {
		info.DictPageOffset = offset
		enc.DictEncodingStats = map[parquet.Encoding]int32{parquet.Encodings.Plain: 1}
	}
	// Arrow prints this from a map; with two encodings the order would vary.
	if e.dictPages == 0 || e.dataPages == 0 {
		kind, n := parquet.Encodings.Plain, e.dataPages
		if e.dictPages > 0 {
			kind, n = parquet.Encodings.RLEDict, e.dictPages
		}
		enc.DataEncodingStats = map[parquet.Encoding]int32{kind: int32(n)}
	} else {
		enc.DictEncodingStats = nil
	}
	m.SetStats(e.stats.encoded(e.form, e.unsigned, e.groupNull))
	e.noDict = e.dictPages == 0 && e.groupRows > 0 && e.groupNull < e.groupRows
	return m.Finish(info, e.dictPages > 0, e.dictPages > 0 && e.dataPages > 0, enc, nil)
}
