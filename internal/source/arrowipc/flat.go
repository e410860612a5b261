package arrowipc

import (
	"encoding/binary"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// table is a place in a flatbuffer. The readers generated for Go trust what they
// read; a damaged message makes them panic or reserve memory for vectors that do
// not exist. So the few tables of Arrow's messages are read here, each step
// checked against the real length.
type table struct {
	b   []byte
	pos int
	vt  int // place of the vtable
	vtn int // its length
}

var errFlat error = fault.New(fault.Input, "damaged metadata")

func u16(b []byte, p int) int { return int(binary.LittleEndian.Uint16(b[p:])) }
func u32(b []byte, p int) int { return int(binary.LittleEndian.Uint32(b[p:])) }
func i64(b []byte, p int) int64 {
	return int64(binary.LittleEndian.Uint64(b[p:]))
}

// inside reports whether n bytes at p are within b.
func inside(b []byte, p, n int) bool { return p >= 0 && n >= 0 && p <= len(b)-n }

// root returns the root table.
func root(b []byte) (table, error) {
	if !inside(b, 0, 4) {
		return table{}, errFlat
	}
	return tableAt(b, u32(b, 0))
}

func tableAt(b []byte, pos int) (table, error) {
	if !inside(b, pos, 4) {
		return table{}, errFlat
	}
	vt := pos - int(int32(binary.LittleEndian.Uint32(b[pos:])))
	if !inside(b, vt, 4) {
		return table{}, errFlat
	}
	n := u16(b, vt)
	if n < 4 || !inside(b, vt, n) {
		return table{}, errFlat
	}
	return table{b: b, pos: pos, vt: vt, vtn: n}, nil
}

// field returns the place of field k with at least size bytes, or 0 when it is absent.
func (t table) field(k, size int) (int, error) {
	o := 4 + 2*k
	if o+2 > t.vtn {
		return 0, nil
	}
	off := u16(t.b, t.vt+o)
	if off == 0 {
		return 0, nil
	}
	if !inside(t.b, t.pos+off, size) {
		return 0, errFlat
	}
	return t.pos + off, nil
}

// num reads an integer field of size bytes; absent ones are def.
func (t table) num(k, size int, def int64) (int64, error) {
	p, err := t.field(k, size)
	if err != nil || p == 0 {
		return def, err
	}
	switch size {
	case 1:
		return int64(t.b[p]), nil
	case 2:
		return int64(int16(u16(t.b, p))), nil
	}
	return i64(t.b, p), nil
}

// sub returns a table field; ok is false when it is absent.
func (t table) sub(k int) (_ table, ok bool, err error) {
	p, err := t.field(k, 4)
	if err != nil || p == 0 {
		return table{}, false, err
	}
	s, err := tableAt(t.b, p+u32(t.b, p))
	return s, err == nil, err
}

// vector returns the place of the first element and the number of a vector of elements
// of size bytes, all of them inside.
func (t table) vector(k, size int) (pos, n int, err error) {
	p, err := t.field(k, 4)
	if err != nil || p == 0 {
		return 0, 0, err
	}
	p += u32(t.b, p)
	if !inside(t.b, p, 4) {
		return 0, 0, errFlat
	}
	n = u32(t.b, p)
	if n > len(t.b)/size || !inside(t.b, p+4, n*size) {
		return 0, 0, errFlat
	}
	return p + 4, n, nil
}

// element returns table i of a vector of tables.
func (t table) element(pos, i int) (table, error) {
	p := pos + 4*i
	return tableAt(t.b, p+u32(t.b, p))
}

// text checks a string field.
func (t table) text(k int) error {
	_, _, err := t.vector(k, 1)
	return err
}

// The kinds of message headers.
const (
	headSchema     = 1
	headDictionary = 2
	headBatch      = 3
)

// message is the envelope of every message.
type message struct {
	kind    int64
	version int64
	body    int64
	head    table
}

func parseMessage(meta []byte) (message, error) {
	t, err := root(meta)
	if err != nil {
		return message{}, err
	}
	var m message
	if m.version, err = t.num(0, 2, 0); err != nil {
		return m, err
	}
	if m.kind, err = t.num(1, 1, 0); err != nil {
		return m, err
	}
	if m.body, err = t.num(3, 8, 0); err != nil {
		return m, err
	}
	var ok bool
	if m.head, ok, err = t.sub(2); err == nil && !ok {
		err = errFlat
	}
	return m, err
}

// Bounds on schemas: beyond them a description is an attack or damage.
const (
	maxFields = 1 << 18
	maxDepth  = 64
)

// checkSchema verifies all that the Arrow library will read of a schema, and returns the
// dictionary that each top-level column uses (-1: none).
func checkSchema(t table) (dicts []int64, err error) {
	pos, n, err := t.vector(1, 4)
	if err != nil {
		return nil, err
	}
	if err := checkPairs(t, 2); err != nil {
		return nil, err
	}
	budget := maxFields
	for i := range n {
		f, err := t.element(pos, i)
		if err != nil {
			return nil, err
		}
		id, err := checkField(f, 0, &budget)
		if err != nil {
			return nil, err
		}
		dicts = append(dicts, id)
	}
	return dicts, nil
}

func checkField(f table, depth int, budget *int) (dict int64, err error) {
	if *budget--; *budget < 0 || depth > maxDepth {
		return 0, fault.New(fault.Input, "the schema has more than %d columns or is nested more than %d deep", maxFields, maxDepth)
	}
	if err := f.text(0); err != nil {
		return 0, err
	}
	if kind, err := f.num(2, 1, 0); err != nil {
		return 0, err
	} else if t, ok, err := f.sub(3); err != nil || !ok {
		return 0, errFlat
	} else if err := checkType(t, kind); err != nil {
		return 0, err
	}
	dict = -1
	d, ok, err := f.sub(4)
	if err != nil {
		return 0, err
	}
	if ok {
		if dict, err = d.num(0, 8, 0); err != nil {
			return 0, err
		}
		if _, _, err := d.sub(1); err != nil {
			return 0, err
		}
		if dict < 0 {
			return 0, errFlat
		}
	}
	if err := checkPairs(f, 6); err != nil {
		return 0, err
	}
	pos, n, err := f.vector(5, 4)
	for i := 0; err == nil && i < n; i++ {
		var c table
		if c, err = f.element(pos, i); err == nil {
			_, err = checkField(c, depth+1, budget)
		}
	}
	return dict, err
}

// checkType verifies the parts of a type that are vectors; the library reads the scalars safely.
func checkType(t table, kind int64) error {
	const union, timestamp = 14, 10
	var err error
	switch kind {
	case union:
		_, _, err = t.vector(1, 4)
	case timestamp:
		err = t.text(1)
	}
	return err
}

// checkPairs verifies a vector of key-value pairs.
func checkPairs(t table, k int) error {
	pos, n, err := t.vector(k, 4)
	for i := 0; err == nil && i < n; i++ {
		var p table
		if p, err = t.element(pos, i); err == nil {
			if err = p.text(0); err == nil {
				err = p.text(1)
			}
		}
	}
	return err
}

// batchMeta describes the values of a record batch or dictionary.
type batchMeta struct {
	rows     int64
	nodes    []node
	bufs     []span
	codec    int8 // -1 none, 0 LZ4 frame, 1 zstd
	variadic []int64
	version  int64
}

type node struct{ rows, nulls int64 }
type span struct{ off, n int64 }

// parseBatch reads the header of a record batch whose body has bodyLen bytes.
func parseBatch(t table, version, bodyLen int64) (*batchMeta, error) {
	m := &batchMeta{codec: -1, version: version}
	var err error
	if m.rows, err = t.num(0, 8, 0); err != nil {
		return nil, err
	}
	pos, n, err := t.vector(1, 16)
	if err != nil {
		return nil, err
	}
	for i := range n {
		m.nodes = append(m.nodes, node{i64(t.b, pos+16*i), i64(t.b, pos+16*i+8)})
	}
	if pos, n, err = t.vector(2, 16); err != nil {
		return nil, err
	}
	for i := range n {
		s := span{i64(t.b, pos+16*i), i64(t.b, pos+16*i+8)}
		if s.off < 0 || s.n < 0 || s.n > bodyLen || s.off > bodyLen-s.n {
			return nil, fault.New(fault.Input, "damaged metadata: a buffer lies outside the body")
		}
		m.bufs = append(m.bufs, s)
	}
	if c, ok, err := t.sub(3); err != nil {
		return nil, err
	} else if ok {
		k, err := c.num(0, 1, 0)
		if err != nil {
			return nil, err
		}
		if m.codec = int8(k); k > 1 {
			return nil, fault.New(fault.Input, "the codec %d is unknown", k)
		}
	}
	if pos, n, err = t.vector(4, 8); err != nil {
		return nil, err
	}
	for i := range n {
		m.variadic = append(m.variadic, i64(t.b, pos+8*i))
	}
	if m.rows < 0 || m.rows > maxRows {
		return nil, fault.New(fault.Input, "damaged metadata: a batch of %d rows", m.rows)
	}
	return m, nil
}

// maxRows bounds the rows of a batch: codes and offsets have 32 bits.
const maxRows = 1<<31 - 2
