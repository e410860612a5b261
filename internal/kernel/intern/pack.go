package intern

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// Forms of a text in a table. Short texts and UUIDs stand there themselves.
const (
	short = iota // up to 15 bytes, zero padded; the last byte is the length
	uuid         // 36 characters in the canonical lower case form, as 16 bytes
	long         // hash and place
)

// Packed is a text prepared for lookup.
type Packed struct {
	a, b, hash uint64
	form       uint64
}

// shard is the shard that keeps the text.
func (p *Packed) shard() uint32 { return uint32(p.hash >> (64 - shardBits)) }

// tag is what a slot remembers of the text: its form and the lower bits of its hash.
func (p *Packed) tag() uint64 { return p.form<<tagBits | p.hash&(1<<tagBits-1) }

// mix hashes the two words of a text that stands in its slot.
func (t *Bytes) mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^t.s0, b^t.s1)
	hi, lo = bits.Mul64(hi^lo^t.s0, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// Pack prepares key for ID. The result does not refer to key.
func (t *Bytes) Pack(key []byte) (p Packed) {
	switch {
	case len(key) <= 15:
		if len(key) >= 8 {
			p.a = binary.LittleEndian.Uint64(key)
			p.b = binary.LittleEndian.Uint64(key[len(key)-8:]) >> (8 * (16 - len(key)))
		} else {
			for i, c := range key {
				p.a |= uint64(c) << (8 * i)
			}
		}
		p.b |= uint64(len(key)) << 56
		p.hash = t.mix(p.a, p.b)
		return p
	case len(key) == 36:
		var ok bool
		if p.a, p.b, ok = packUUID(key); ok {
			p.form, p.hash = uuid, t.mix(p.a, p.b)
			return p
		}
	}
	p.form, p.hash = long, maphash.Bytes(t.seed, key)
	p.a = p.hash
	return p
}

// packUUID packs a UUID in its canonical lower case form; ok is false for any
// other text, so the form is unpacked to the same text.
func packUUID(k []byte) (a, b uint64, ok bool) {
	_ = k[35]
	if k[8] != '-' || k[13] != '-' || k[18] != '-' || k[23] != '-' {
		return 0, 0, false
	}
	le := binary.LittleEndian
	w0, e0 := nibbles(le.Uint64(k))
	w1, e1 := nibbles(uint64(le.Uint32(k[9:])) | uint64(le.Uint32(k[14:]))<<32)
	w2, e2 := nibbles(uint64(le.Uint32(k[19:])) | uint64(le.Uint32(k[24:]))<<32)
	w3, e3 := nibbles(le.Uint64(k[28:]))
	return w0 | w1<<32, w2 | w3<<32, e0|e1|e2|e3 == 0
}

const ones = 0x0101010101010101

// nibbles turns eight hexadecimal digits into 32 bits; wrong is 0 only when
// all are of 0–9 and a–f, found by turning them back.
func nibbles(x uint64) (v, wrong uint64) {
	n := x&(0x0f*ones) + 9*(x>>6&ones)
	n &= 0x0f * ones
	letter := (n + 6*ones) >> 4 & ones
	wrong = x ^ (n + 0x30*ones + 0x27*letter)
	v = (n<<4 | n>>8) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff, wrong
}

// digits is the inverse of nibbles, appending to out.
func digits(out []byte, v uint64) []byte {
	const hex = "0123456789abcdef"
	for range 4 {
		out = append(out, hex[v>>4&15], hex[v&15])
		v >>= 8
	}
	return out
}

// unpackUUID appends the text of a packed UUID.
func unpackUUID(out []byte, a, b uint64) []byte {
	var buf [32]byte
	h := digits(buf[:0], a&0xffffffff)
	h = digits(h, a>>32)
	h = digits(h, b&0xffffffff)
	h = digits(h, b>>32)
	out = append(out, h[:8]...)
	for at := 8; at < 20; at += 4 {
		out = append(append(out, '-'), h[at:at+4]...)
	}
	return append(append(out, '-'), h[20:]...)
}
