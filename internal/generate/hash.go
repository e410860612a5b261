package generate

import "math/bits"

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of
// 64-bit words whose outputs for consecutive inputs pass as independent.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// key derives the hash of one draw from the shop's seed, a counter and the
// purpose of the draw.
func key(seed, counter, purpose uint64) uint64 {
	return mix(seed ^ mix(counter*0x2545f4914f6cdd1d+purpose))
}

// pick maps the upper bits of u evenly onto [0, n).
func pick(u uint64, n int) int {
	hi, _ := bits.Mul64(u, uint64(n))
	return int(hi)
}

// square and cube skew u towards 0: as fractions of 2⁶⁴ they are u² and u³.
func square(u uint64) uint64 {
	hi, _ := bits.Mul64(u, u)
	return hi
}

func cube(u uint64) uint64 {
	hi, _ := bits.Mul64(square(u), u)
	return hi
}

// below reports whether the 16 bits of u at shift fall below share (of 65,536).
func below(u uint64, shift uint, share uint64) bool { return u>>shift&0xffff < share }
