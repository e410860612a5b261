package arrowipc

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// layout walks the nodes and buffers of a batch, which are listed flat in the
// order of a depth-first walk through the schema.
type layout struct {
	m                    *batchMeta
	node, buf, variadics int
}

// piece is where a column's own node and buffers are.
type piece struct {
	node node
	bufs []span
}

// take moves past a column of type t, children included, and returns its own part.
func (l *layout) take(t arrow.DataType, depth int) (piece, error) {
	var p piece
	if depth > maxDepth {
		return p, errFlat
	}
	if e, ok := t.(arrow.ExtensionType); ok {
		return l.take(e.StorageType(), depth+1)
	}
	if l.node >= len(l.m.nodes) {
		return p, fault.New(fault.Input, "damaged metadata: too few columns in a batch")
	}
	p.node = l.m.nodes[l.node]
	l.node++
	n, children, err := l.shape(t)
	if err != nil {
		return p, err
	}
	if n > len(l.m.bufs)-l.buf {
		return p, fault.New(fault.Input, "damaged metadata: too few buffers in a batch")
	}
	p.bufs = l.m.bufs[l.buf : l.buf+n]
	l.buf += n
	for _, c := range children {
		if _, err := l.take(c, depth+1); err != nil {
			return p, err
		}
	}
	return p, nil
}

// shape returns how many buffers a type has and the types of its children.
func (l *layout) shape(t arrow.DataType) (int, []arrow.DataType, error) {
	const v4 = 3 // metadata version of Arrow before 1.0, whose unions had a validity bitmap
	switch t := t.(type) {
	case *arrow.NullType:
		return 0, nil, nil
	case *arrow.StructType:
		var c []arrow.DataType
		for _, f := range t.Fields() {
			c = append(c, f.Type)
		}
		return 1, c, nil
	case *arrow.FixedSizeListType:
		return 1, []arrow.DataType{t.Elem()}, nil
	case *arrow.MapType:
		return 2, []arrow.DataType{t.Elem()}, nil
	case *arrow.ListViewType:
		return 3, []arrow.DataType{t.Elem()}, nil
	case *arrow.LargeListViewType:
		return 3, []arrow.DataType{t.Elem()}, nil
	case *arrow.RunEndEncodedType:
		return 0, []arrow.DataType{t.RunEnds(), t.Encoded()}, nil
	case arrow.ListLikeType:
		return 2, []arrow.DataType{t.Elem()}, nil
	case arrow.UnionType:
		n := 1
		if t.Mode() == arrow.DenseMode {
			n = 2
		}
		if l.m.version <= v4 {
			n++
		}
		var c []arrow.DataType
		for _, f := range t.Fields() {
			c = append(c, f.Type)
		}
		return n, c, nil
	case arrow.BinaryViewDataType:
		if l.variadics >= len(l.m.variadic) {
			return 0, nil, errFlat
		}
		n := l.m.variadic[l.variadics]
		l.variadics++
		if n < 0 || n > int64(len(l.m.bufs)) {
			return 0, nil, errFlat
		}
		return 2 + int(n), nil, nil
	case *arrow.StringType, *arrow.BinaryType, *arrow.LargeStringType, *arrow.LargeBinaryType:
		return 3, nil, nil
	}
	return 2, nil, nil
}

// unpacker reads buffers of a body and unpacks them.
type unpacker struct {
	r    io.ReaderAt
	off  int64 // of the body
	m    *batchMeta
	left int64 // bytes of memory that may still be taken
	raw  []byte
}

// The most that a byte may unpack to: an LZ4 match extends by 255 a byte; a zstd block
// of a few bytes repeats up to 128 KiB.
const (
	lz4Ratio  = 255
	zstdRatio = 1 << 15
)

// load returns the contents of a buffer, in dst's memory when that is large enough.
func (u *unpacker) load(dst []byte, s span) ([]byte, error) {
	if s.n == 0 {
		return dst[:0], nil
	}
	if u.m.codec < 0 {
		return u.read(dst, s)
	}
	if s.n < 8 {
		return nil, fault.New(fault.Input, "damaged compressed buffer of %d bytes", s.n)
	}
	raw, err := u.read(u.raw, s)
	if err != nil {
		return nil, err
	}
	u.raw = raw
	want := int64(binary.LittleEndian.Uint64(raw))
	raw = raw[8:]
	if want == -1 {
		return append(dst[:0], raw...), nil
	}
	ratio := int64(lz4Ratio)
	if u.m.codec == 1 {
		ratio = zstdRatio
	}
	if want < 0 || want > (int64(len(raw))+64)*ratio {
		return nil, fault.New(fault.Input, "damaged compressed buffer: %d bytes cannot hold %d", len(raw), want)
	}
	if want > u.left {
		return nil, fault.New(fault.Full, "a batch needs more memory than allowed (%d bytes)", want).WithHint("raise --memory, or write the file again with smaller batches")
	}
	u.left -= want
	return u.unpack(slices.Grow(dst[:0], int(want))[:want], raw)
}

// read reads stored bytes.
func (u *unpacker) read(dst []byte, s span) ([]byte, error) {
	if s.n > u.left {
		return nil, fault.New(fault.Full, "a batch needs more memory than allowed (%d bytes)", s.n).WithHint("raise --memory, or write the file again with smaller batches")
	}
	u.left -= s.n
	dst = slices.Grow(dst[:0], int(s.n))[:s.n]
	n, err := u.r.ReadAt(dst, u.off+s.off)
	if n == len(dst) {
		return dst, nil
	}
	if err == nil || err == io.EOF {
		err = fault.New(fault.Input, "the file became shorter while it was read")
	}
	return nil, err
}

func (u *unpacker) unpack(dst, raw []byte) ([]byte, error) {
	var r io.Reader
	if u.m.codec == 0 {
		r = lz4.NewReader(bytes.NewReader(raw))
	} else {
		z, err := zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fault.New(fault.Input, "damaged compressed buffer: %w", err)
		}
		defer z.Close()
		r = z
	}
	if _, err := io.ReadFull(r, dst); err != nil {
		return nil, fault.New(fault.Input, "damaged compressed buffer: %w", err)
	}
	return dst, nil
}
