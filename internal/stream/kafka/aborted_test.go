package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// batchOf makes a batch of a producer; its records are named after their offsets.
func batchOf(producer, base int64, n int, attributes protocol.Attributes) *protocol.RecordBatch {
	var list []protocol.Record
	for i := range n {
		at := base + int64(i)
		list = append(list, protocol.Record{Offset: at, Value: protocol.NewBytes(fmt.Append(nil, at))})
	}
	return &protocol.RecordBatch{Attributes: attributes, BaseOffset: base, ProducerID: producer, Records: protocol.NewRecordReader(list...)}
}

// marker ends a transaction of a producer.
func marker(producer, at int64, abort bool) *protocol.ControlBatch {
	kind := int16(1)
	if abort {
		kind = markerAbort
	}
	c := protocol.ControlRecord{Offset: at, Type: kind}
	r := c.Record()
	return &protocol.ControlBatch{Attributes: protocol.Transactional | protocol.Control, BaseOffset: at, ProducerID: producer, Records: protocol.NewRecordReader(r)}
}

// TestAborted: of interleaved transactions what was aborted is left out, wherever reading begins.
func TestAborted(t *testing.T) {
	set := func() *protocol.RecordSet {
		return &protocol.RecordSet{Records: &protocol.RecordStream{Records: []protocol.RecordReader{
			batchOf(1, 0, 2, protocol.Transactional), // aborted at 6
			batchOf(2, 2, 2, protocol.Transactional), // committed at 7
			batchOf(-1, 4, 1, 0),                     // in no transaction
			batchOf(1, 5, 1, protocol.Transactional), // aborted at 6
			marker(1, 6, true),
			marker(2, 7, false),
			batchOf(1, 8, 2, protocol.Transactional), // committed at 10
			marker(1, 10, false),
			batchOf(2, 11, 1, protocol.Transactional), // aborted later
		}}}
	}
	list := []fetch.ResponseTransaction{{ProducerID: 2, FirstOffset: 11}, {ProducerID: 1, FirstOffset: 0}} // in any order
	for from, want := range []string{"2 3 4 8 9", "2 3 4 8 9", "2 3 4 8 9", "3 4 8 9", "4 8 9", "8 9", "8 9", "8 9", "8 9", "9", "", "", ""} {
		got, err := read(set(), int64(from), list)
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

func TestParseURI(t *testing.T) {
	brokers, topic, err := ParseURI("kafka://a,b:9093/orders")
	if err != nil || topic != "orders" || fmt.Sprint(brokers) != "[a:9092 b:9093]" {
		t.Fatalf("%v %q %v", brokers, topic, err)
	}
	for _, bad := range []string{"kafka://a", "kafka:///t", "kafka://a/", "kafka://a/b/c", "kafka://u:secret@a/t", "kafka://a:0/t", "kafka://a:x/t", "http://a/t"} {
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
