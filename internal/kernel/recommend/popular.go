package recommend

import (
	"cmp"
	"context"
	"slices"
)

// Popular proposes to everybody what most users have. The score is the item's weight, by
// default the number of its users.
type Popular struct {
	order []uint32 // items with a positive weight, best first
	score []float32
}

// NewPopular ranks items by weight; items of weight 0 are never proposed.
func NewPopular(weight []float64) *Popular {
	p := &Popular{score: make([]float32, len(weight))}
	for it, w := range weight {
		if w > 0 {
			p.order = append(p.order, uint32(it))
		}
		p.score[it] = float32(w)
	}
	slices.SortFunc(p.order, func(a, b uint32) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a, b)) })
	return p
}

// FitPopular ranks items by the number of their users.
func FitPopular(m *Matrix) *Popular {
	weight := make([]float64, m.Items)
	for it, n := range m.counts() {
		weight[it] = float64(n)
	}
	return NewPopular(weight)
}

// Top proposes the most popular items.
func (p *Popular) Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	l := newLists(len(users), o.K)
	newSeen := func() []int32 { return make([]int32, m.Items) }
	err := inChunks(ctx, len(users), 1024, o.Threads, newSeen, func(seen []int32, from, to int) {
		for n := from; n < to; n++ {
			items, _ := m.Row(int(users[n]))
			mark(seen, items, int32(n)+1)
			p.fill(l, n, seen, &o)
		}
	})
	return l, err
}

func mark(seen []int32, items []uint32, as int32) {
	for _, it := range items {
		seen[it] = as
	}
}

// fill appends popular items to the n-th list until it is full. Items marked n+1 are left
// out unless rebuying is wanted.
func (p *Popular) fill(l *Lists, n int, seen []int32, o *TopOptions) {
	at := n*l.K + int(l.Len[n])
	for _, it := range p.order {
		if int(l.Len[n]) == l.K {
			return
		}
		if (o.Rebuy || seen[it] != int32(n)+1) && o.allows(it) {
			l.Item[at], l.Score[at] = it, p.score[it]
			l.Len[n]++
			at++
		}
	}
}

// Own proposes to users what they had most often themselves: the highest values of their row, ties by
// the lower item. It only makes sense with TopOptions.Rebuy.
type Own struct{}

// Top proposes the user's own items.
func (Own) Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	l := newLists(len(users), o.K)
	err := inChunks(ctx, len(users), 1024, o.Threads, func() *top { return &top{k: o.K} }, func(t *top, from, to int) {
		for n := from; n < to; n++ {
			items, values := m.Row(int(users[n]))
			for i, it := range items {
				v := float32(1)
				if values != nil {
					v = values[i]
				}
				if o.Rebuy && o.allows(it) {
					t.push(keyOf(v, it))
				}
			}
			t.into(l, n)
		}
	})
	return l, err
}

// Complete fills lists that are not full with popular items of score 0 that they do not hold.
func (p *Popular) Complete(ctx context.Context, l *Lists, m *Matrix, users []uint32, o TopOptions) error {
	newSeen := func() []int32 { return make([]int32, m.Items) }
	return inChunks(ctx, len(users), 1024, o.Threads, newSeen, func(seen []int32, from, to int) {
		for n := from; n < to; n++ {
			if int(l.Len[n]) == l.K {
				continue
			}
			from := int(l.Len[n])
			had, _ := l.Of(n)
			mark(seen, had, int32(n)+1)
			if !o.Rebuy {
				items, _ := m.Row(int(users[n]))
				mark(seen, items, int32(n)+1)
			}
			marked := TopOptions{Allowed: o.Allowed} // what is marked is left out in either case
			p.fill(l, n, seen, &marked)
			clear(l.Score[n*l.K+from : n*l.K+int(l.Len[n])])
		}
	})
}
