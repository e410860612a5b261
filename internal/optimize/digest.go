package optimize

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"sync"

	"github.com/ecomctl/ecomctl/internal/frame"
)

// digest identifies a multiset of rows whatever their order: their number and the sum, modulo
// 2^256, of the SHA-256 of each row. Equal rows count as often as they are there.
type digest struct {
	rows int64
	sum  [4]uint64
}

func (d *digest) merge(o digest) {
	d.rows += o.rows
	var carry uint64
	for i := range d.sum {
		d.sum[i], carry = bits.Add64(d.sum[i], o.sum[i], carry)
	}
}

// add adds the rows of a batch, on several threads.
func (d *digest) add(b *frame.Batch, threads int) {
	parts := make([]digest, max(1, min(threads, b.N/1024)))
	var wg sync.WaitGroup
	for p := range parts {
		from, to := b.N*p/len(parts), b.N*(p+1)/len(parts)
		work := func() { parts[p].addRows(b, from, to) }
		if p == len(parts)-1 {
			work()
		} else {
			wg.Go(work)
		}
	}
	wg.Wait()
	for _, p := range parts {
		d.merge(p)
	}
}

func (d *digest) addRows(b *frame.Batch, from, to int) {
	var buf []byte
	for i := from; i < to; i++ {
		buf = buf[:0]
		for c := range b.Cols {
			buf = appendValue(buf, &b.Cols[c], i)
		}
		h := sha256.Sum256(buf)
		one := digest{rows: 1}
		for k := range one.sum {
			one.sum[k] = binary.LittleEndian.Uint64(h[8*k:])
		}
		d.merge(one)
	}
}

// appendValue writes a value so that no two different rows have the same bytes: a mark whether
// it is there, then a fixed number of bytes or a length and the bytes.
func appendValue(buf []byte, c *frame.Column, i int) []byte {
	if c.IsNull(i) {
		return append(buf, 0)
	}
	buf = append(buf, 1)
	switch c.Kind {
	case frame.String:
		s := c.Str(i)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(len(s)))
		return append(buf, s...)
	case frame.Float:
		return binary.LittleEndian.AppendUint64(buf, math.Float64bits(c.F64[i]))
	case frame.Decimal:
		hi, lo := wide(c, i)
		buf = binary.LittleEndian.AppendUint64(buf, uint64(hi))
		return binary.LittleEndian.AppendUint64(buf, lo)
	}
	return binary.LittleEndian.AppendUint64(buf, uint64(c.I64[i]))
}

// wide is a decimal's unscaled value, in whichever form the batch holds it.
func wide(c *frame.Column, i int) (hi int64, lo uint64) {
	if c.D128 != nil {
		return c.D128[i].HighBits(), c.D128[i].LowBits()
	}
	return c.I64[i] >> 63, uint64(c.I64[i])
}
