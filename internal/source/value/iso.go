package value

import (
	"encoding/binary"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// digits8 reads eight ASCII digits at once; ok is false when one is no digit.
func digits8(v uint64) (uint32, bool) {
	// Adding 0x46 to each byte lifts what is above '9', subtracting 0x30 borrows for what is below '0'.
	if ((v+0x4646464646464646)|(v-0x3030303030303030))&0x8080808080808080 != 0 {
		return 0, false
	}
	v -= 0x3030303030303030
	v = v*10 + v>>8
	return uint32(((v&0x000000ff000000ff)*0x000f424000000064 + ((v>>16)&0x000000ff000000ff)*0x0000271000000001) >> 32), true
}

// ISO puts a date or time written as 2006-01-02[ T]15:04[:05[.999999]] into row i and
// reports whether it was one; nothing is written when it was not. It
// serves only columns of that layout without offsets.
func (b *Builder) ISO(i int, s []byte) bool {
	if !b.iso || b.zoneKnown && b.zone || len(s) < 10 || len(s) > 26 {
		return false
	}
	if string(s[:10]) != string(b.lastDay[:]) {
		// 2006-01-02 → the digits 20060102 in one word
		w := binary.LittleEndian.Uint64(s)
		if s[4] != '-' || s[7] != '-' {
			return false
		}
		v, ok := digits8(w&0x00000000ffffffff | (w>>8)&0x0000ffff00000000 | uint64(s[8])<<48 | uint64(s[9])<<56)
		y, m, d := int(v/10000), int(v/100%100), int(v%100)
		if !ok || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
			return false
		}
		copy(b.lastDay[:], s)
		b.lastDays = civil.Days(int64(y), int64(m), int64(d))
	}
	us, ok := isoClock(s[10:])
	if !ok {
		return false
	}
	if b.Kind == frame.Date {
		b.I64[i] = b.lastDays
	} else {
		b.I64[i] = b.lastDays*dayMicros + us
	}
	return true
}

// isoClock reads the rest after the date: nothing, or a clock of fixed width.
func isoClock(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if len(s) < 9 {
		if len(s) != 6 || s[3] != ':' || s[0] != ' ' && s[0] != 'T' {
			return 0, false
		}
		h, m := two(s[1], s[2]), two(s[4], s[5])
		return (h*3600 + m*60) * 1e6, h < 24 && m < 60
	}
	if s[3] != ':' || s[6] != ':' || s[0] != ' ' && s[0] != 'T' {
		return 0, false
	}
	h, m, sec := two(s[1], s[2]), two(s[4], s[5]), two(s[7], s[8])
	if h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	us := (h*3600 + m*60 + sec) * 1e6
	if len(s) == 9 {
		return us, true
	}
	if s[9] != '.' || len(s) == 10 {
		return 0, false
	}
	f := int64(0)
	for _, c := range s[10:] {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		f = f*10 + int64(d)
	}
	return us + f*fracScale[len(s)-10], true
}

var fracScale = [...]int64{1000000, 100000, 10000, 1000, 100, 10, 1}

// two reads two digits; what is no digit gives a number above 59.
func two(a, b byte) int64 {
	x, y := a-'0', b-'0'
	if x > 9 || y > 9 {
		return 1000
	}
	return int64(x)*10 + int64(y)
}
