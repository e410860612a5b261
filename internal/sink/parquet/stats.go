package parquet

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/parquet/metadata"
)

// maxStatBytes is the longest text kept as a bound; longer ones give no bound
// at all, for a cut one cannot be marked as such through Arrow v17.
const maxStatBytes = 256

// stats are the least and greatest values of a chunk, in the order of the
// logical type. NaN takes no part.
type stats struct {
	set      bool
	lo, hi   uint64 // bit patterns
	loT, hiT []byte
	loD, hiD decimal128.Num
}

func (s *stats) numbers(f form, unsigned bool, vals []uint64) {
	switch {
	case f == asFloat:
		for _, v := range vals {
			s.float(v, float64(math.Float32frombits(uint32(v))), func(b uint64) float64 { return float64(math.Float32frombits(uint32(b))) })
		}
	case f == asDouble:
		s.doubles(vals)
	case unsigned:
		s.ordered(vals, 0)
	case f == asInt32:
		// Low halves: move the sign bit so that unsigned order is signed order.
		s.ordered(vals, 1<<31)
	default:
		s.ordered(vals, 1<<63)
	}
}

// ordered keeps bounds of bit patterns whose order is unsigned after flipping
// the bits of sign.
func (s *stats) ordered(vals []uint64, sign uint64) {
	if !s.set {
		s.lo, s.hi, s.set = vals[0], vals[0], true
	}
	lo, hi := s.lo^sign, s.hi^sign
	for _, v := range vals {
		v ^= sign
		lo, hi = min(lo, v), max(hi, v)
	}
	s.lo, s.hi = lo^sign, hi^sign
}

func (s *stats) doubles(vals []uint64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	if s.set {
		lo, hi = math.Float64frombits(s.lo), math.Float64frombits(s.hi)
	}
	for _, v := range vals {
		x := math.Float64frombits(v)
		if x < lo {
			lo = x
		}
		if x > hi {
			hi = x
		}
		if x == x {
			s.set = true
		}
	}
	if s.set {
		s.lo, s.hi = math.Float64bits(lo), math.Float64bits(hi)
	}
}

func (s *stats) float(v uint64, x float64, of func(uint64) float64) {
	switch {
	case x != x:
	case !s.set:
		s.lo, s.hi, s.set = v, v, true
	case x < of(s.lo):
		s.lo = v
	case x > of(s.hi):
		s.hi = v
	}
}

func (s *stats) bool(v uint64) {
	if !s.set {
		s.lo, s.hi, s.set = v, v, true
	}
	s.lo, s.hi = min(s.lo, v), max(s.hi, v)
}

func (s *stats) text(t []byte) {
	if !s.set {
		s.loT, s.hiT, s.set = append([]byte(nil), t...), append([]byte(nil), t...), true
		return
	}
	if bytes.Compare(t, s.loT) < 0 {
		s.loT = append(s.loT[:0], t...)
	} else if bytes.Compare(t, s.hiT) > 0 {
		s.hiT = append(s.hiT[:0], t...)
	}
}

func (s *stats) decimal(v decimal128.Num) {
	if !s.set {
		s.loD, s.hiD, s.set = v, v, true
	}
	if v.Less(s.loD) {
		s.loD = v
	}
	if s.hiD.Less(v) {
		s.hiD = v
	}
}

// encoded gives the bounds in PLAIN form. A zero bound of floats covers both
// zeros, as the format asks.
func (s *stats) encoded(f form, unsigned bool, nulls int64) metadata.EncodedStatistics {
	var e metadata.EncodedStatistics
	e.SetNullCount(nulls)
	if !s.set {
		return e
	}
	lo, hi := s.lo, s.hi
	switch f {
	case asBool:
		e.SetMin([]byte{byte(lo)}).SetMax([]byte{byte(hi)})
	case asText, asFixed:
		if len(s.loT) <= maxStatBytes && len(s.hiT) <= maxStatBytes {
			e.SetMin(s.loT).SetMax(s.hiT)
		}
		return e
	case asDec128:
		e.SetMin(appendDecimal(nil, s.loD)).SetMax(appendDecimal(nil, s.hiD))
		return e
	case asInt32, asFloat:
		if f == asFloat && uint32(lo)<<1 == 0 {
			lo = 1 << 31
		}
		if f == asFloat && uint32(hi)<<1 == 0 {
			hi = 0
		}
		e.SetMin(binary.LittleEndian.AppendUint32(nil, uint32(lo))).SetMax(binary.LittleEndian.AppendUint32(nil, uint32(hi)))
	default:
		if f == asDouble && lo<<1 == 0 {
			lo = 1 << 63
		}
		if f == asDouble && hi<<1 == 0 {
			hi = 0
		}
		e.SetMin(binary.LittleEndian.AppendUint64(nil, lo)).SetMax(binary.LittleEndian.AppendUint64(nil, hi))
	}
	e.Signed = !unsigned
	return e
}
