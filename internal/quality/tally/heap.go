package tally

import "math"

// cursor is a sorted source in the merge heap.
type cursor interface {
	next() (ok bool, err error)
}

// start moves every cursor to its first entry and orders the heap.
func start[C cursor](cs []C, less func(a, b C) bool) ([]C, error) {
	heap := cs[:0]
	for _, c := range cs {
		ok, err := c.next()
		if err != nil {
			return nil, err
		}
		if ok {
			heap = append(heap, c)
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		down(heap, i, less)
	}
	return heap, nil
}

// advance moves the first cursor on and restores the heap.
func advance[C cursor](heap []C, less func(a, b C) bool) ([]C, error) {
	ok, err := heap[0].next()
	if err != nil {
		return nil, err
	}
	if !ok {
		last := len(heap) - 1
		heap[0] = heap[last]
		heap = heap[:last]
	}
	if len(heap) > 1 {
		down(heap, 0, less)
	}
	return heap, nil
}

func down[C cursor](heap []C, i int, less func(a, b C) bool) {
	for {
		l := 2*i + 1
		if l >= len(heap) {
			return
		}
		if r := l + 1; r < len(heap) && less(heap[r], heap[l]) {
			l = r
		}
		if !less(heap[l], heap[i]) {
			return
		}
		heap[i], heap[l] = heap[l], heap[i]
		i = l
	}
}

// FromInt maps a signed integer to a key of the same order.
func FromInt(v int64) uint64 { return uint64(v) ^ 1<<63 }

// ToInt is the inverse of FromInt.
func ToInt(k uint64) int64 { return int64(k ^ 1<<63) }

// FromFloat maps a double to a key of the same order; −0 and 0 are one key. NaN
// has none: the caller counts it as null.
func FromFloat(v float64) uint64 {
	b := math.Float64bits(v + 0) // −0 + 0 = 0
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// ToFloat is the inverse of FromFloat.
func ToFloat(k uint64) float64 {
	if k>>63 != 0 {
		return math.Float64frombits(k &^ (1 << 63))
	}
	return math.Float64frombits(^k)
}
