package recommend

import "context"

// Top proposes items by the neighbours of what each user has.
func (k *KNN) Top(ctx context.Context, m *Matrix, users []uint32, o TopOptions) (*Lists, error) {
	l := newLists(len(users), o.K)
	newScorer := func() *knnScorer {
		return &knnScorer{k: k, o: o, sum: make([]float32, m.Items), top: top{k: o.K}}
	}
	err := inChunks(ctx, len(users), 256, o.Threads, newScorer, func(s *knnScorer, from, to int) {
		for n := from; n < to; n++ {
			items, values := m.Row(int(users[n]))
			s.user(items, values)
			s.top.into(l, n)
		}
	})
	return l, err
}

// knnScorer sums similarities for one user after the other.
type knnScorer struct {
	k       *KNN
	o       TopOptions
	sum     []float32 // by item; 0 between users
	touched []uint32
	top     top
}

// user fills the heap with a user's best items. Sums run in the order of item codes.
func (s *knnScorer) user(items []uint32, values []float32) {
	touched := s.touched[:0]
	for n, i := range items {
		w := float32(1)
		if values != nil {
			w = values[n]
		}
		if s.o.Rebuy { // an item is as alike to itself as can be
			if s.sum[i] == 0 {
				touched = append(touched, i)
			}
			s.sum[i] += w
		}
		a, b := s.k.Off[i], s.k.Off[i+1]
		score := s.k.Score[a:b]
		for x, j := range s.k.Item[a:b] {
			if s.sum[j] == 0 {
				touched = append(touched, j)
			}
			s.sum[j] += w * score[x]
		}
	}
	if !s.o.Rebuy {
		for _, i := range items {
			s.sum[i] = 0
		}
	}
	worst := uint64(0)
	for _, j := range touched {
		if v := s.sum[j]; v > 0 {
			s.sum[j] = 0
			if key := keyOf(v, j); key > worst && s.o.allows(j) {
				s.top.push(key)
				worst = s.top.worst()
			}
		}
	}
	s.touched = touched
}

// Reason returns the item of a user that spoke most for item j, and whether there is one.
func (k *KNN) Reason(items []uint32, values []float32, j uint32) (uint32, bool) {
	best, found, most := uint32(0), false, float32(0)
	for n, i := range items {
		w := float32(1)
		if values != nil {
			w = values[n]
		}
		near, score := k.BestNeighbours(i)
		for x, it := range near {
			if it == j && w*score[x] > most {
				best, found, most = i, true, w*score[x]
			}
		}
		if i == j && w > most {
			best, found, most = i, true, w
		}
	}
	return best, found
}
