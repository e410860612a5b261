package parquet

import (
	"sync/atomic"
	"unsafe"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// defaultMemory bounds a dataset's buffers when the caller names no bound.
const defaultMemory = 2 << 30

// budget counts the bytes that a dataset's buffers hold.
type budget struct {
	limit int64
	used  atomic.Int64
}

// reserve asks for n more bytes.
func (b *budget) reserve(n int64) error {
	if now := b.used.Add(n); now > b.limit {
		b.used.Add(-n)
		return fault.New(fault.Full, "needs %d bytes more than the memory limit of %d bytes", now-b.limit, b.limit).
			WithHint("give more with --memory, use fewer --threads, or ask for fewer columns; a damaged file can ask for any amount")
	}
	return nil
}

// grow returns s with room for n elements, counted in the budget. The length
// is n; contents are unspecified.
func grow[T any](b *budget, s []T, n int) ([]T, error) {
	if cap(s) >= n {
		return s[:n], nil
	}
	var zero T
	more := int64(n-cap(s)) * int64(unsafe.Sizeof(zero))
	if err := b.reserve(more); err != nil {
		return s, err
	}
	return make([]T, n), nil
}
