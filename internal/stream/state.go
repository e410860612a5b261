package stream

import (
	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/kernel/fold"
)

// part is state that writes down what changed.
type part interface {
	Changed() bool
	Append(b []byte, all bool) []byte
	Apply(chunk []byte) error
	Bytes() int64
}

// cell holds a part: in memory, or as chunks in the store, or both.
type cell struct {
	part  part // nil when it is not in memory
	chain []ref
	base  int64 // length of the first chunk
	tail  int64 // of the others
	bytes int64 // as accounted
	used  uint64
	at    int      // in state.held
	ops   []uint32 // rows of the present batch that go here
}

// state is all cells and how much memory they take. What passes the budget goes to the store.
type state struct {
	store  *store
	budget int64
	held   []*cell // cells with a part in memory
	bytes  int64
	tick   uint64
	buf    []byte

	spilled int64 // cells that went to the store for want of memory
}

// mostChunks bounds the chunks of a cell.
const mostChunks = 256

// get brings a cell's part into memory.
func (s *state) get(c *cell, fresh func() part) (part, error) {
	s.tick++
	c.used = s.tick
	if c.part != nil {
		return c.part, nil
	}
	p := fresh()
	for _, r := range c.chain {
		b, err := s.store.get(r)
		if err != nil {
			return nil, err
		}
		if err := p.Apply(b); err != nil {
			return nil, fault.Wrap(err, "reading window state")
		}
	}
	c.part, c.at = p, len(s.held)
	s.held = append(s.held, c)
	s.account(c)
	return p, nil
}

// account notes what a cell takes.
func (s *state) account(c *cell) {
	n := int64(0)
	if c.part != nil {
		n = c.part.Bytes()
	}
	s.bytes += n - c.bytes
	c.bytes = n
}

// drop takes a cell's part out of memory.
func (s *state) drop(c *cell) {
	if c.part == nil {
		return
	}
	last := s.held[len(s.held)-1]
	s.held[c.at], last.at = last, c.at
	s.held = s.held[:len(s.held)-1]
	c.part = nil
	s.account(c)
}

// save writes what changed in a cell to the store. Chunks that are longer than what they add
// to, or too many, are written anew as one, so that chains stay about as long as the state.
func (s *state) save(c *cell) error {
	if c.part == nil || !c.part.Changed() {
		return nil
	}
	all := len(c.chain) == 0 || c.tail > max(c.base, 4096) || len(c.chain) >= mostChunks
	s.buf = c.part.Append(s.buf[:0], all)
	r, err := s.store.put(s.buf)
	if err != nil {
		return err
	}
	if all {
		c.chain, c.base, c.tail = []ref{r}, r.Len, 0
	} else {
		c.chain = append(c.chain[:len(c.chain):len(c.chain)], r) // a manifest may hold the old one
		c.tail += r.Len
	}
	return nil
}

// fit keeps memory within the budget: the cells that were not used for longest go to the store.
func (s *state) fit() error {
	if s.bytes <= s.budget {
		return nil
	}
	for s.bytes > s.budget*3/4 && len(s.held) > 1 {
		// a tenth of the cells, the oldest, in one pass over all
		cut := s.oldest()
		before := len(s.held)
		for i := 0; i < len(s.held) && s.bytes > s.budget*3/4 && len(s.held) > 1; {
			c := s.held[i]
			if c.used > cut {
				i++
				continue
			}
			if err := s.save(c); err != nil {
				return err
			}
			s.drop(c)
			s.spilled++
		}
		if len(s.held) == before {
			break
		}
	}
	return nil
}

// oldest returns a time of use that about a tenth of the cells in memory were not used after.
func (s *state) oldest() uint64 {
	low, high := s.held[0].used, s.held[0].used
	for _, c := range s.held {
		low, high = min(low, c.used), max(high, c.used)
	}
	return low + (high-low)/10
}

// forget releases a cell for good.
func (s *state) forget(c *cell) {
	s.drop(c)
	c.chain = nil
}

func newShard() part { return fold.NewShard(shape) }

func newKeys() part { return new(fold.Keys) }
