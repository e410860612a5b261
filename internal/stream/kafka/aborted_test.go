package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/stream"
)

// batchOf encodes a batch of a producer; its records are named after their offsets.
func batchOf(producer, base int64, n int, attributes protocol.Attributes) []byte {
	var values [][]byte
	for i := range n {
		values = append(values, fmt.Append(nil, base+int64(i)))
	}
	return encode(producer, base, attributes, values)
}

// encode encodes a batch of version 2; a nil value is none.
func encode(producer, base int64, attributes protocol.Attributes, values [][]byte) []byte {
	var text []byte
	for i, v := range values {
		r := binary.AppendVarint([]byte{0}, int64(i)) // attributes, time
		r = binary.AppendVarint(r, int64(i))
		r = append(binary.AppendVarint(r, 3), "key"...)
		if v == nil {
			r = binary.AppendVarint(r, -1)
		} else {
			r = append(binary.AppendVarint(r, int64(len(v))), v...)
		}
		r = append(binary.AppendVarint(r, 1), "\x02h\x02v"...) // a header
		text = append(binary.AppendVarint(text, int64(len(r))), r...)
	}
	if c := attributes.Compression(); c != 0 {
		var packed bytes.Buffer
		w := c.Codec().NewWriter(&packed)
		if _, err := w.Write(text); err != nil {
			panic(err)
		}
		w.Close()
		text = packed.Bytes()
	}
	be := binary.BigEndian
	b := be.AppendUint64(nil, uint64(base))
	b = be.AppendUint32(b, uint32(headBytes-lengthEnds+len(text)))
	b = append(be.AppendUint32(b, 0), 2)
	b = be.AppendUint32(b, 0) // checksum
	b = be.AppendUint16(b, uint16(attributes))
	b = be.AppendUint32(b, uint32(len(values)-1))
	b = append(b, make([]byte, 16)...) // times
	b = be.AppendUint64(b, uint64(producer))
	b = append(b, make([]byte, 6)...) // epoch, sequence
	b = append(be.AppendUint32(b, uint32(len(values))), text...)
	be.PutUint32(b[atCRC:], crc32.Checksum(b[atFlags:], castagnoli))
	return b
}

// marker ends a transaction of a producer.
func marker(producer, at int64, abort bool) []byte {
	b := encode(producer, at, protocol.Transactional|protocol.Control, [][]byte{{0, 0, 0, 0, 0, 0}})
	if k := bytes.Index(b, []byte("key")); abort {
		b[k] = 0
		binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atFlags:], castagnoli))
	}
	return b
}

// answer makes a fetched set whose memory ends as that of a real one.
func answer(batches ...[]byte) []byte { return seal(bytes.Join(batches, nil)) }

// TestAborted: of interleaved transactions what was aborted is left out, wherever reading begins.
func TestAborted(t *testing.T) {
	set := answer(
		batchOf(1, 0, 2, protocol.Transactional),               // aborted at 6
		batchOf(2, 2, 2, protocol.Transactional|protocol.Lz4),  // committed at 7
		batchOf(-1, 4, 1, protocol.Zstd),                       // in no transaction
		batchOf(1, 5, 1, protocol.Transactional|protocol.Gzip), // aborted at 6
		marker(1, 6, true),
		marker(2, 7, false),
		batchOf(1, 8, 2, protocol.Transactional|protocol.Snappy), // committed at 10
		marker(1, 10, false),
		batchOf(2, 11, 1, protocol.Transactional), // aborted later
	)
	list := []fetch.ResponseTransaction{{ProducerID: 2, FirstOffset: 11}, {ProducerID: 1, FirstOffset: 0}} // in any order
	mem := &arena{}
	for from, want := range []string{"2 3 4 8 9", "2 3 4 8 9", "2 3 4 8 9", "3 4 8 9", "4 8 9", "8 9", "8 9", "8 9", "8 9", "9", "", "", ""} {
		got, err := readSet(mem, &fetched{set: set, aborted: list}, int64(from))
		if err != nil {
			t.Fatal(err)
		}
		var values []string
		for _, r := range got.records {
			values = append(values, string(r.Data))
			if fmt.Sprint(r.At) != string(r.Data) {
				t.Fatalf("record %s is said to be at %d", r.Data, r.At)
			}
		}
		if s := strings.Join(values, " "); s != want || got.next != 12 {
			t.Errorf("from %d: %q, next %d, instead of %q", from, s, got.next, want)
		}
		if aborted := map[int]int64{0: 4, 1: 3, 2: 2, 5: 2, 6: 1, 11: 1, 12: 0}; got.aborted != aborted[from] {
			if _, known := aborted[from]; known {
				t.Errorf("from %d: %d aborted instead of %d", from, got.aborted, aborted[from])
			}
		}
	}
}

// TestBatches: every compression, records without a value, long ones, sets that are cut off, and the
// formats before transactions.
func TestBatches(t *testing.T) {
	long := bytes.Repeat([]byte("x"), stream.MaxRecord+1)
	for _, c := range []protocol.Attributes{0, protocol.Gzip, protocol.Snappy, protocol.Lz4, protocol.Zstd} {
		one := encode(-1, 5, c, [][]byte{[]byte(`{"a":1}`), nil, {}, long, []byte("end")})
		two := batchOf(-1, 10, 3, c)
		got, err := readSet(&arena{}, &fetched{set: answer(one, two, one[:len(one)-1])}, 6)
		if err != nil || got.next != 13 || len(got.records) != 7 {
			t.Fatalf("compression %d: next %d, %d records, %v", c, got.next, len(got.records), err)
		}
		r := got.records
		if r[0].Data != nil || len(r[1].Data) != 0 || r[2].Cut != int64(len(long)) || len(r[2].Data) != stream.KeptOfLong || string(r[3].Data) != "end" || r[3].At != 9 || string(r[6].Data) != "12" {
			t.Fatalf("compression %d: %v", c, r)
		}
		for _, rec := range r {
			if room := rec.Data[len(rec.Data):cap(rec.Data)]; rec.Data != nil && (len(room) < ndjson.Padding || !bytes.Equal(room[len(room)-ndjson.Padding:], make([]byte, ndjson.Padding))) {
				t.Fatalf("compression %d: record at %d cannot be parsed in place", c, rec.At)
			}
		}
	}
	var old bytes.Buffer
	if _, err := (&protocol.RecordSet{Version: 1, Attributes: protocol.Gzip, Records: protocol.NewRecordReader(protocol.Record{Offset: 0, Value: protocol.NewBytes([]byte("a"))}, protocol.Record{Offset: 1, Value: protocol.NewBytes([]byte("b"))})}).WriteTo(&old); err != nil {
		t.Fatal(err)
	}
	got, err := readSet(&arena{}, &fetched{set: answer(old.Bytes()[4:], batchOf(-1, 2, 1, 0))}, 1)
	if err != nil || len(got.records) != 2 || string(got.records[0].Data) != "b" || string(got.records[1].Data) != "2" || got.next != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
}

// TestDamagedBatches: whatever byte is changed or cut, reading ends with an error or with the records
// as they are, and never with a panic.
func TestDamagedBatches(t *testing.T) {
	whole := bytes.Join([][]byte{batchOf(1, 0, 3, protocol.Transactional|protocol.Lz4), batchOf(-1, 3, 2, 0), marker(1, 5, true)}, nil)
	for at := range whole {
		for _, fix := range []bool{false, true} {
			b := bytes.Clone(whole)
			b[at] ^= 0xff
			if fix && at >= atFlags { // a checksum that fits: damage of the writer's own
				binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atFlags:lengthEnds+int(binary.BigEndian.Uint32(b[atLength:]))], castagnoli))
			}
			for _, n := range []int{len(b), at} {
				got, err := readSet(&arena{}, &fetched{set: answer(b[:n]), aborted: []fetch.ResponseTransaction{{ProducerID: 1}}}, 0)
				if err == nil && len(got.records) > 5 {
					t.Fatalf("byte %d changed: %d records", at, len(got.records))
				}
			}
		}
	}
}

// TestAnswers: an answer is read as each version writes it, and one that is cut off is an error.
func TestAnswers(t *testing.T) {
	for version := int16(oldest); version <= 11; version++ {
		var b bytes.Buffer
		res := &fetch.Response{Topics: []fetch.ResponseTopic{{Topic: "orders", Partitions: []fetch.ResponsePartition{{Partition: 3, LastStableOffset: 77, HighWatermark: 78,
			AbortedTransactions: []fetch.ResponseTransaction{{ProducerID: 9, FirstOffset: 2}}, RecordSet: protocol.RecordSet{Version: 2, Records: protocol.NewRecordReader(protocol.Record{Value: protocol.NewBytes([]byte("v"))})}}}}}}
		if err := protocol.WriteResponse(&b, version, correlation, res); err != nil {
			t.Fatal(err)
		}
		a := &arena{}
		if err := a.answer(bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
		got, err := parseAnswer(a.raw, version)
		if err != nil || got.stable != 77 || len(got.aborted) != 1 || got.aborted[0].ProducerID != 9 {
			t.Fatalf("version %d: %+v, %v", version, got, err)
		}
		if r, err := readSet(a, got, 0); err != nil || len(r.records) != 1 || string(r.records[0].Data) != "v" {
			t.Fatalf("version %d: %+v, %v", version, r, err)
		}
		for n := range len(a.raw) {
			if _, err := parseAnswer(a.raw[:n], version); err == nil {
				t.Fatalf("version %d: cut at %d of %d: no error", version, n, len(a.raw))
			}
		}
		if err := (&arena{}).answer(bytes.NewReader(b.Bytes()[:b.Len()-1])); err == nil {
			t.Fatal("an answer that is cut off was taken")
		}
	}
	for _, size := range []uint32{0, 3, mostAnswer + 1, 0xffffffff} {
		if err := (&arena{}).answer(bytes.NewReader(binary.BigEndian.AppendUint32(nil, size))); err == nil {
			t.Fatalf("an answer of %d bytes was taken", size)
		}
	}
}

func TestParseURI(t *testing.T) {
	brokers, topic, err := ParseURI("kafka://a,b:9093/orders")
	if err != nil || topic != "orders" || fmt.Sprint(brokers) != "[a:9092 b:9093]" {
		t.Fatalf("%v %q %v", brokers, topic, err)
	}
	for _, bad := range []string{"kafka://a/b;c", "kafka://a/..", "kafka://a/b\n", "kafka://a/${x}", "kafka://a/ä", "kafka://u:secret@a/", "kafka://u:x/secret@a/t", "kafka://a", "kafka:///t", "kafka://a/", "kafka://a/b/c", "kafka://u:secret@a/t", "kafka://a:0/t", "kafka://a:x/t", "http://a/t"} {
		_, _, err := ParseURI(bad)
		if fault.KindOf(err) != fault.Usage || fault.HintOf(err) == "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if list, err := ParsePartitions("0,2, 5-7"); err != nil || fmt.Sprint(list) != "[0 2 5 6 7]" {
		t.Errorf("%v %v", list, err)
	}
	for _, bad := range []string{"x", "3-1", "-1", "0,,1", "0-9999999999"} {
		if _, err := ParsePartitions(bad); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
