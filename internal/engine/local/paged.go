package local

import (
	"errors"
	"sync/atomic"
	"unsafe"

	"github.com/ecomctl/ecomctl/internal/kernel/zeros"
)

// Accumulators are arrays by group or key id. Ids are dense but their number
// is not known when a scan begins, and one worker often meets only a part of
// them, so the arrays come in pages that appear when touched.
const (
	pageBits = 14
	pageLen  = 1 << pageBits
	pageMask = pageLen - 1
)

// budget counts the bytes of an attempt's state. Allocations do not fail; the
// workers look after every batch whether the limit was passed and give up.
type budget struct {
	limit int64 // ≤ 0: none
	used  atomic.Int64
}

func (b *budget) add(n int64) { b.used.Add(n) }

// Reasons to give an attempt up and run the plan again in another form.
var (
	errBudget  = errors.New("memory budget passed")
	errWide    = errors.New("integer sums may pass 64 bits")
	errSuper   = errors.New("number sums need more than fixed point")
	errProduct = errors.New("group ids pass the product space")
)

// paged is a growable array of zeros by id.
type paged[T any] struct {
	p   []*[pageLen]T
	mem *budget
}

// reach makes ids up to hi addressable.
func (a *paged[T]) reach(hi uint32) {
	need := int(hi>>pageBits) + 1
	if need <= len(a.p) {
		return
	}
	if need > cap(a.p) {
		p := make([]*[pageLen]T, need, need+need/2)
		copy(p, a.p)
		a.p = p
	}
	a.p = a.p[:need]
}

// page returns page k, which reach made addressable.
func (a *paged[T]) page(k uint32) *[pageLen]T {
	if pg := a.p[k]; pg != nil {
		return pg
	}
	return a.alloc(k)
}

func (a *paged[T]) alloc(k uint32) *[pageLen]T {
	pg := new([pageLen]T)
	zeros.Touch(pg[:])
	a.p[k] = pg
	if a.mem != nil {
		a.mem.add(int64(unsafe.Sizeof(*pg)))
	}
	return pg
}

// at returns the place of id, making its page.
func (a *paged[T]) at(id uint32) *T {
	a.reach(id)
	return &a.page(id >> pageBits)[id&pageMask]
}

// get returns the value at id, zero where nothing was stored.
func (a *paged[T]) get(id uint32) (v T) {
	if k := id >> pageBits; int(k) < len(a.p) && a.p[k] != nil {
		return a.p[k][id&pageMask]
	}
	return v
}

// steal takes over the pages of o that a does not have, and calls both for the
// pages that both have.
func (a *paged[T]) steal(o *paged[T], both func(a, o *[pageLen]T, base uint32)) {
	if len(o.p) == 0 {
		return
	}
	a.reach(uint32(len(o.p)-1) << pageBits)
	for k, pg := range o.p {
		switch {
		case pg == nil:
		case a.p[k] == nil:
			a.p[k] = pg
		default:
			both(a.p[k], pg, uint32(k)<<pageBits)
			if a.mem != nil {
				a.mem.add(-int64(unsafe.Sizeof(*pg)))
			}
		}
		o.p[k] = nil
	}
}

// each calls f for every page that exists.
func (a *paged[T]) each(f func(pg *[pageLen]T, base uint32)) {
	for k, pg := range a.p {
		if pg != nil {
			f(pg, uint32(k)<<pageBits)
		}
	}
}
