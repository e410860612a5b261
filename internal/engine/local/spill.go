package local

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"sync"
	"syscall"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// spillFile holds rows in partitions on disk: blocks of rows, appended in any
// order, and in memory the places of each partition's blocks.
//
//	block: rows uint32 · kinds, 1 byte a row · columns
//	column: kind byte · null flag byte · bitmap if flagged · 8 bytes a row,
//	        or for text 4 bytes of length a row and the bytes
//
// All numbers are little endian. The file is removed as soon as it is open
// where the system allows it, so that nothing is left behind even by a kill.
type spillFile struct {
	mu    sync.Mutex
	f     *os.File
	name  string // to be removed at close; "" when gone already
	end   int64
	parts [][]block
}

// block is the place of a block.
type block struct {
	at   int64
	size int
	rows int
}

// spillParts is the fan-out of one partitioning.
const spillParts = 16

func newSpillFile(dir string) (*spillFile, error) {
	f, err := os.CreateTemp(dir, "ecomctl-spill-*")
	if err != nil {
		return nil, spillFault(err, "making a temporary file")
	}
	s := &spillFile{f: f, name: f.Name(), parts: make([][]block, spillParts)}
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	return s, nil
}

// close releases the disk space.
func (s *spillFile) close() {
	s.f.Close()
	if s.name != "" {
		os.Remove(s.name)
	}
}

// spillFault classifies an error of the temporary disk.
func spillFault(err error, doing string) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fault.New(fault.Full, "%s: no space left for spilled rows: %w", doing, err).
			WithHint("free space in the folder for temporary files, name another with TMPDIR, or raise --memory")
	}
	return fault.New(fault.Input, "%s: %w", doing, err).
		WithHint("name a writable folder for temporary files with TMPDIR")
}

// write appends a block to a partition.
func (s *spillFile) write(part, rows int, data []byte) error {
	s.mu.Lock()
	at := s.end
	s.end += int64(len(data))
	s.parts[part] = append(s.parts[part], block{at: at, size: len(data), rows: rows})
	s.mu.Unlock()
	if _, err := s.f.WriteAt(data, at); err != nil {
		return spillFault(err, "spilling rows")
	}
	return nil
}

// rowBuffer collects rows of one partition until they make a block.
type rowBuffer struct {
	n    int
	kind []byte
	cols []columnBuffer
	size int
}

// columnBuffer is one column of a rowBuffer.
type columnBuffer struct {
	kind frame.Kind
	null []bool
	has  bool
	num  []uint64
	lens []uint32
	text []byte
}

// blockBytes is the size at which a buffer is written.
const blockBytes = 32 << 10

// add appends row i of a batch.
func (b *rowBuffer) add(rows *relation.Rows, i int) {
	if b.cols == nil {
		b.cols = make([]columnBuffer, len(rows.Cols))
	}
	b.n++
	b.kind = append(b.kind, byte(rows.Kind[i]))
	for j, c := range rows.Cols {
		cb := &b.cols[j]
		null := c.IsNull(i)
		cb.null = append(cb.null, null)
		cb.has = cb.has || null
		if c.Kind != frame.Null {
			cb.kind = c.Kind
		}
		switch {
		case c.Kind == frame.String:
			var x []byte
			if !null {
				x = c.Str(i)
			}
			cb.lens = append(cb.lens, uint32(len(x)))
			cb.text = append(cb.text, x...)
			b.size += 4 + len(x)
		case null:
			cb.num = append(cb.num, 0)
			cb.lens = append(cb.lens, 0)
			b.size += 8
		case c.Kind == frame.Float:
			cb.num = append(cb.num, math.Float64bits(c.F64[i]))
			b.size += 8
		default:
			cb.num = append(cb.num, uint64(c.I64[i]))
			b.size += 8
		}
	}
	b.size++
}

// flush encodes and empties the buffer.
func (b *rowBuffer) flush(s *spillFile, part int, out []byte) ([]byte, error) {
	if b.n == 0 {
		return out, nil
	}
	out = binary.LittleEndian.AppendUint32(out[:0], uint32(b.n))
	out = append(out, b.kind...)
	for j := range b.cols {
		c := &b.cols[j]
		out = append(out, byte(c.kind))
		if c.has {
			m, _ := validity(b.n, func(i int) bool { return !c.null[i] })
			out = append(append(out, 1), m...)
		} else {
			out = append(out, 0)
		}
		if c.kind == frame.String {
			for _, n := range c.lens {
				out = binary.LittleEndian.AppendUint32(out, n)
			}
			out = append(out, c.text...)
		} else {
			for i := range b.n {
				v := uint64(0)
				if i < len(c.num) {
					v = c.num[i]
				}
				out = binary.LittleEndian.AppendUint64(out, v)
			}
		}
		*c = columnBuffer{null: c.null[:0], num: c.num[:0], lens: c.lens[:0], text: c.text[:0]}
	}
	err := s.write(part, b.n, out)
	b.n, b.size, b.kind = 0, 0, b.kind[:0]
	return out, err
}

// blockReader decodes blocks into rows that it overwrites.
type blockReader struct {
	data []byte
	cols []frame.Column
	rows relation.Rows
}

// read decodes one block.
func (r *blockReader) read(s *spillFile, b block) (*relation.Rows, error) {
	r.data = frame.Grow(r.data, b.size)
	if _, err := s.f.ReadAt(r.data, b.at); err != nil {
		return nil, fault.New(fault.Input, "reading spilled rows: %w", err)
	}
	n := int(binary.LittleEndian.Uint32(r.data))
	p := r.data[4:]
	rows := &r.rows
	rows.N, rows.Count = n, [relation.NumKinds]int{}
	rows.Kind = rows.Kind[:0]
	for _, k := range p[:n] {
		rows.Kind = append(rows.Kind, relation.Kind(k))
		rows.Count[k]++
	}
	p = p[n:]
	k := 0
	for len(p) > 0 {
		if k == len(r.cols) {
			r.cols = append(r.cols, frame.Column{})
			rows.Cols = nil
		}
		p = r.column(&r.cols[k], p, n)
		k++
	}
	if rows.Cols == nil {
		for i := range r.cols {
			rows.Cols = append(rows.Cols, &r.cols[i])
		}
	}
	return rows, nil
}

// column decodes one column and returns what follows it.
func (r *blockReader) column(c *frame.Column, p []byte, n int) []byte {
	*c = frame.Column{Type: arrow.Null, Kind: frame.Kind(p[0]), Len: n, I64: c.I64, F64: c.F64, Off: c.Off}
	if c.Kind == frame.Any { // nothing but nulls
		c.Kind = frame.Null
	}
	flagged := p[1] == 1
	p = p[2:]
	if flagged {
		m := (n + 7) / 8
		c.Valid, p = p[:m], p[m:]
		for i := range n {
			if !frame.Bit(c.Valid, i) {
				c.Nulls++
			}
		}
	}
	switch c.Kind {
	case frame.String:
		c.Off = frame.Grow(c.Off, n+1)
		c.Off[0] = 0
		for i := range n {
			c.Off[i+1] = c.Off[i] + int32(binary.LittleEndian.Uint32(p[4*i:]))
		}
		p = p[4*n:]
		c.Data = p[:c.Off[n]]
		return p[c.Off[n]:]
	case frame.Float:
		c.F64 = frame.Grow(c.F64, n)
		for i := range n {
			c.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:]))
		}
	default:
		c.I64 = frame.Grow(c.I64, n)
		for i := range n {
			c.I64[i] = int64(binary.LittleEndian.Uint64(p[8*i:]))
		}
	}
	return p[8*n:]
}
