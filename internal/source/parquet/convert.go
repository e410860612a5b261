package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// julianEpoch is the Julian day number of 1970-01-01.
const julianEpoch = 2440588

const (
	usPerDay = 86400 * 1_000_000
	maxDays  = math.MaxInt64/usPerDay - 1
)

// time96 turns nanoseconds of a day and a Julian day number (Hive's and
// Impala's legacy timestamps) into microseconds since 1970, rounding down.
func time96(b []byte) (int64, error) {
	ns := int64(binary.LittleEndian.Uint64(b))
	days := int64(int32(binary.LittleEndian.Uint32(b[8:]))) - julianEpoch
	us := ns / 1000
	if ns%1000 < 0 {
		us--
	}
	// Spark computes the day of years beyond 292,000 with an overflow, which
	// shows as a negative time of day; the same overflow here takes it back.
	far := days > maxDays || days < -maxDays
	if far && ns >= 0 || us > usPerDay || us < -usPerDay {
		return 0, fmt.Errorf("a legacy timestamp of Julian day %d and %d ns is out of range", days+julianEpoch, ns)
	}
	return days*usPerDay + us, nil
}

// decimal64 reads a big-endian two's complement number that must fit 64 bits.
func decimal64(b []byte) (int64, error) {
	n, err := decimalWide(b)
	if err != nil {
		return 0, err
	}
	v := int64(n.LowBits())
	if n.HighBits() != v>>63 {
		return 0, errors.New("a decimal has more digits than its type says")
	}
	return v, nil
}

// decimalWide reads a big-endian two's complement number that must fit 128
// bits; longer ones are accepted when the surplus only repeats the sign.
func decimalWide(b []byte) (decimal128.Num, error) {
	if len(b) == 0 {
		return decimal128.Num{}, nil
	}
	sign := byte(int8(b[0]) >> 7)
	for len(b) > 16 {
		if b[0] != sign || (b[1]^sign)&0x80 != 0 {
			return decimal128.Num{}, errors.New("a decimal has more digits than its type says")
		}
		b = b[1:]
	}
	var full [16]byte
	for i := range full {
		full[i] = sign
	}
	copy(full[16-len(b):], b)
	return decimal128.New(int64(binary.BigEndian.Uint64(full[:8])), binary.BigEndian.Uint64(full[8:])), nil
}

// formatUUID writes sixteen bytes in the usual form 8-4-4-4-12.
func formatUUID(t *[36]byte, b []byte) {
	hex.Encode(t[0:], b[0:4])
	hex.Encode(t[9:], b[4:6])
	hex.Encode(t[14:], b[6:8])
	hex.Encode(t[19:], b[8:10])
	hex.Encode(t[24:], b[10:16])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
}

// halfFloat widens an IEEE 754 binary16 number; every one is exact in 64 bits.
func halfFloat(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	exp, frac := int(h>>10&31), float64(h&1023)
	switch exp {
	case 0:
		return math.Copysign(frac*0x1p-24, sign)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1+frac/1024, exp-15)
}
