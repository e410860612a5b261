package itemset

// arena gives bitmaps out of large blocks and takes them back in the order of a
// stack: the depth-first search frees a level at once.
type arena struct {
	blocks [][]uint64
	at     int // block in use
	used   int // words used of it
	before int // words of the blocks before it
}

const arenaBlock = 1 << 16 // words

// mark is a position to reset to.
func (a *arena) mark() int { return a.before + a.used }

// raw returns n words of unspecified contents.
func (a *arena) raw(n int) []uint64 {
	for {
		if a.at < len(a.blocks) {
			if b := a.blocks[a.at]; a.used+n <= len(b) {
				a.used += n
				return b[a.used-n : a.used : a.used]
			}
			if a.used > 0 || len(a.blocks[a.at]) >= n {
				a.before += len(a.blocks[a.at])
				a.at, a.used = a.at+1, 0
				continue
			}
			a.blocks = a.blocks[:a.at] // an unused block that is too small
		}
		a.blocks = append(a.blocks, make([]uint64, max(n, arenaBlock)))
	}
}

// zeroed returns n words of zero.
func (a *arena) zeroed(n int) []uint64 {
	s := a.raw(n)
	clear(s)
	return s
}

// undo gives the last n words back.
func (a *arena) undo(n int) { a.used -= n }

// reset gives back everything since mark.
func (a *arena) reset(mark int) {
	for a.before > mark {
		a.at--
		a.before -= len(a.blocks[a.at])
	}
	a.used = mark - a.before
}
