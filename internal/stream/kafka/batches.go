package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/stream"
)

// Record batches, version 2 (Kafka's documentation, "Record Batch"): places within the header.
const (
	atLength   = 8  // what follows
	atMagic    = 16 // version
	atCRC      = 17 // Castagnoli, of all behind it
	atFlags    = 21
	atLast     = 23 // offset of the last record, less the base
	atProducer = 43
	atCount    = 57
	headBytes  = 61
	lengthEnds = 12 // where the bytes that atLength counts begin
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errBatch = errors.New("a batch is damaged")

// readSet takes the records of a fetched set from an offset on, without those of aborted transactions and
// without markers. Records alias the arena. What a broker cut off at the end is left for the next fetch.
func readSet(a *arena, f *fetched, from int64) (reading, error) {
	out := reading{next: from}
	ab := newAborted(f.aborted)
	a.text = a.text[:0]
	var list []piece
	for set := f.set; len(set) >= lengthEnds+1; {
		n := lengthEnds + int(int32(binary.BigEndian.Uint32(set[atLength:])))
		if n < atMagic+1 {
			return out, errBatch
		}
		if n > len(set) {
			break
		}
		var err error
		if set[atMagic] < 2 {
			err = out.old(set[:n], from)
		} else {
			list, err = out.batch(a, set[:n], from, ab, list)
		}
		if err != nil {
			return out, err
		}
		set = set[n:]
	}
	a.text = seal(a.text)
	if n := len(out.oldRecords) + count(list); cap(a.list) < n {
		a.list = make([]stream.Record, 0, n+n/4)
	}
	out.records = append(a.list[:0], out.oldRecords...)
	for _, p := range list {
		if err := out.cut(a, p, from); err != nil {
			return out, err
		}
	}
	return out, nil
}

// piece is where the records of a batch stand: in the answer, or among the decompressed texts.
type piece struct {
	base     int64
	records  int
	plain    []byte // of the answer; nil = in the arena's text
	from, to int
}

func count(list []piece) (n int) {
	for _, p := range list {
		n += p.records
	}
	return n
}

// batch checks a batch and finds its records.
func (out *reading) batch(a *arena, b []byte, from int64, ab *aborted, list []piece) ([]piece, error) {
	if len(b) < headBytes {
		return list, errBatch
	}
	if b[atMagic] != 2 {
		return list, fmt.Errorf("a batch of version %d, which is not known", b[atMagic])
	}
	if crc32.Checksum(b[atFlags:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return list, errors.New("a batch's checksum does not match")
	}
	flags := protocol.Attributes(binary.BigEndian.Uint16(b[atFlags:]))
	base, last := int64(binary.BigEndian.Uint64(b)), int64(int32(binary.BigEndian.Uint32(b[atLast:])))
	producer, n := int64(binary.BigEndian.Uint64(b[atProducer:])), int(int32(binary.BigEndian.Uint32(b[atCount:])))
	if last < 0 || n < 0 {
		return list, errBatch
	}
	ab.upTo(base)
	out.next = max(out.next, base+last+1)
	if base+last < from || n == 0 {
		if flags.Control() {
			delete(ab.active, producer)
		}
		return list, nil
	}
	p := piece{base: base, records: n, plain: b[headBytes:]}
	if c := flags.Compression(); c != 0 {
		codec := c.Codec()
		if codec == nil {
			return list, fmt.Errorf("compression %d is not known", c)
		}
		r := codec.NewReader(bytes.NewReader(p.plain))
		p.plain, p.from = nil, len(a.text)
		err := a.fill(r)
		r.Close()
		if err != nil {
			return list, err
		}
		p.to = len(a.text)
	}
	const least = 7 // bytes of a record
	if text := p.text(a); n > len(text)/least {
		return list, errBatch
	}
	switch {
	case flags.Control():
		// A marker ends the producer's transaction, however it ended: an aborted one's next is in the list of its own.
		delete(ab.active, producer)
		return list, nil
	case flags.Transactional() && ab.active[producer]:
		n, err := p.skipped(a, from)
		out.aborted += n
		return list, err
	}
	return append(list, p), nil
}

// mostText bounds what an answer decompresses to.
const mostText = 1 << 30

// mostGuess bounds the memory that is made before it is known how long a text is.
const mostGuess = 16 << 20

// fill appends what r gives to the text.
func (a *arena) fill(r io.Reader) error {
	for {
		if cap(a.text)-len(a.text) < 64<<10 {
			grown := make([]byte, len(a.text), max(2*cap(a.text), min(6*len(a.raw), mostGuess), 256<<10))
			copy(grown, a.text)
			a.text = grown
		}
		n, err := r.Read(a.text[len(a.text) : cap(a.text)-ndjson.Padding])
		a.text = a.text[:len(a.text)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(a.text) > mostText {
			return fmt.Errorf("an answer that decompresses to more than %d MiB", mostText>>20)
		}
	}
}

// text is the text of a piece with all the room behind it.
func (p *piece) text(a *arena) []byte {
	if p.plain != nil {
		return p.plain
	}
	return a.text[p.from:p.to]
}

// varint reads a number of a record at a place and returns the place behind it, -1 when the text is damaged.
func varint(b []byte, at int) (v int64, next int) {
	if at >= 0 && at < len(b) && b[at] < 0x80 { // most are short
		return int64(b[at]>>1) ^ -int64(b[at]&1), at + 1
	}
	if at < 0 || at > len(b) {
		return 0, -1
	}
	v, n := binary.Varint(b[at:])
	if n <= 0 {
		return 0, -1
	}
	return v, at + n
}

// entry is a record of a batch: its offset less the batch's, and where its value stands; from < 0 without one.
type entry struct {
	delta    int64
	from, to int
}

// entryAt reads the record at a place of a batch's text and returns the place behind it, -1 when the text is damaged.
func entryAt(b []byte, at int) (e entry, next int) {
	size, at := varint(b, at)
	if at < 0 || size < 1 || size > int64(len(b)-at) {
		return e, -1
	}
	next = at + int(size)
	b = b[:next]
	_, at = varint(b, at+1) // behind the attributes: its time
	e.delta, at = varint(b, at)
	key, at := varint(b, at)
	if at < 0 || key > int64(len(b)-at) {
		return e, -1
	}
	n, at := varint(b, at+int(max(key, 0)))
	if at < 0 || n > int64(len(b)-at) {
		return e, -1
	}
	if e.from, e.to = at, at+int(n); n < 0 {
		e.from = -1
	}
	return e, next
}

// cut makes the records of a piece.
func (out *reading) cut(a *arena, p piece, from int64) error {
	text, at := p.text(a), 0
	for range p.records {
		var e entry
		if e, at = entryAt(text, at); at < 0 {
			return errBatch
		}
		if p.base+e.delta < from { // a batch is fetched whole
			continue
		}
		var value []byte
		if e.from >= 0 {
			value = text[e.from:e.to] // with all the room behind it: it is parsed in place
		}
		out.records = append(out.records, recordOf(value, p.base+e.delta))
	}
	return nil
}

func recordOf(value []byte, at int64) stream.Record {
	if len(value) > stream.MaxRecord {
		return stream.Record{At: at, Cut: int64(len(value)), Data: value[:stream.KeptOfLong]}
	}
	return stream.Record{At: at, Data: value}
}

// skipped counts the records of a batch of an aborted transaction from an offset on.
func (p *piece) skipped(a *arena, from int64) (n int64, err error) {
	if p.base >= from {
		return int64(p.records), nil
	}
	text, at := p.text(a), 0
	for range p.records {
		var e entry
		if e, at = entryAt(text, at); at < 0 {
			return n, errBatch
		}
		if p.base+e.delta >= from {
			n++
		}
	}
	return n, nil
}

// old reads a message of the formats before Kafka 0.11, which know no transactions, by the client's
// decoder.
func (out *reading) old(b []byte, from int64) error {
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))); err != nil {
		return err
	}
	if set.Records == nil {
		return nil
	}
	for {
		r, err := set.Records.ReadRecord()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		out.next = max(out.next, r.Offset+1)
		if r.Offset < from {
			continue
		}
		var value []byte
		if r.Value != nil {
			if value, err = protocol.ReadAll(r.Value); err != nil {
				return err
			}
		}
		out.oldRecords = append(out.oldRecords, recordOf(value, r.Offset))
	}
}
