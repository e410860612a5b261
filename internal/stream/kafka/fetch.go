package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/ecomctl/ecomctl/internal/source/ndjson"
	"github.com/ecomctl/ecomctl/internal/stream"
)

// rawFetch is a request to fetch one partition whose answer is taken as it comes: the client's own
// decoding makes objects of every record.
type rawFetch struct {
	*fetch.Request
	version int16
	into    *arena
}

// oldest is the first version of the protocol that tells aborted transactions.
const oldest = 4

// Required implements protocol.RawExchanger: it learns what the broker speaks.
func (f *rawFetch) Required(versions map[protocol.ApiKey]int16) bool {
	f.version = versions[protocol.Fetch]
	return true
}

// correlation numbers requests; a connection has one at a time.
const correlation = 7

// RawExchange implements protocol.RawExchanger.
func (f *rawFetch) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if f.version < oldest {
		return nil, errors.New("the broker is too old to tell aborted transactions (Kafka 0.11 or later is wanted)")
	}
	if err := protocol.WriteRequest(rw, f.version, correlation, "ecomctl", f.Request); err != nil {
		return nil, err
	}
	if err := f.into.answer(rw); err != nil {
		return nil, err
	}
	return parseAnswer(f.into.raw, f.version)
}

// fetched is the answer of one partition. It aliases the arena.
type fetched struct {
	code    int16
	stable  int64 // the end of what can be read
	aborted []fetch.ResponseTransaction
	set     []byte // batches
}

// ApiKey implements protocol.Message.
func (*fetched) ApiKey() protocol.ApiKey { return protocol.Fetch }

// arena is the memory of an answer and of the texts of its records. It is used again when its batch
// is no longer needed.
type arena struct {
	raw  []byte // the answer
	text []byte // decompressed batches; its capacity ends with padding
	list []stream.Record
}

// mostAnswer bounds an answer: a broker sends at least one batch, however long.
const mostAnswer = 1 << 30

// answer reads an answer with its size before it. Memory grows as the bytes come.
func (a *arena) answer(r io.Reader) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size < 4 || size > mostAnswer {
		return fmt.Errorf("an answer of %d bytes", size)
	}
	a.raw = a.raw[:0]
	for len(a.raw) < size {
		n := min(size, max(2*len(a.raw), fetchBytes+4096))
		if cap(a.raw) < n+ndjson.Padding {
			grown := make([]byte, len(a.raw), n+ndjson.Padding)
			copy(grown, a.raw)
			a.raw = grown
		}
		from := len(a.raw)
		a.raw = a.raw[:n]
		if _, err := io.ReadFull(r, a.raw[from:]); err != nil {
			return err
		}
	}
	a.raw = seal(a.raw)
	return nil
}

// seal makes a text one whose records can be parsed in place: zeros end its capacity.
func seal(b []byte) []byte {
	if cap(b)-len(b) < ndjson.Padding {
		b = append(b, make([]byte, ndjson.Padding)...)[:len(b)]
	}
	clear(b[cap(b)-ndjson.Padding : cap(b)])
	return b[:len(b):cap(b)]
}

// words reads the fields of an answer; failed is set instead of reading past the end.
type words struct {
	b      []byte
	failed bool
}

func (w *words) take(n int) []byte {
	if n < 0 || n > len(w.b) {
		w.failed, w.b = true, nil
		return nil
	}
	out := w.b[:n]
	w.b = w.b[n:]
	return out
}

func (w *words) int16() int16 {
	if b := w.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (w *words) int32() int32 {
	if b := w.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (w *words) int64() int64 {
	if b := w.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

var errAnswer = errors.New("an answer that is cut off or without the partition")

// parseAnswer reads an answer of one topic and partition (Kafka's protocol, Fetch versions 4 to 11).
func parseAnswer(b []byte, version int16) (*fetched, error) {
	w := words{b: b}
	if w.int32() != correlation {
		return nil, errors.New("an answer to another request")
	}
	w.int32() // throttled
	if version >= 7 {
		if code := w.int16(); code != 0 {
			return &fetched{code: code}, nil
		}
		w.int32() // session
	}
	if w.int32() != 1 {
		return nil, errAnswer
	}
	w.take(int(w.int16())) // topic
	if w.int32() != 1 {
		return nil, errAnswer
	}
	w.int32() // partition
	out := &fetched{code: w.int16()}
	w.int64() // the end of the log
	out.stable = w.int64()
	if version >= 5 {
		w.int64() // the log's beginning
	}
	for n := w.int32(); n > 0 && !w.failed; n-- {
		out.aborted = append(out.aborted, fetch.ResponseTransaction{ProducerID: w.int64(), FirstOffset: w.int64()})
	}
	if version >= 11 {
		w.int32() // the replica to read from
	}
	n := int(w.int32())
	out.set = w.take(max(n, 0))
	if w.failed {
		return nil, errAnswer
	}
	return out, nil
}
