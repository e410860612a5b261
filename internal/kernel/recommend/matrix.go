package recommend

import (
	"math"
	"slices"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// Matrix holds users × items in compressed rows: user u has the items
// Item[Off[u]:Off[u+1]], ascending and distinct codes below Items, with the values beside
// them. A nil Value means that every value is 1.
type Matrix struct {
	Items int
	Off   []int64
	Item  []uint32
	Value []float32
}

// Users returns the number of rows.
func (m *Matrix) Users() int { return max(0, len(m.Off)-1) }

// Row returns the items of a user and their values (nil = ones).
func (m *Matrix) Row(u int) (items []uint32, values []float32) {
	a, b := m.Off[u], m.Off[u+1]
	if m.Value != nil {
		values = m.Value[a:b]
	}
	return m.Item[a:b], values
}

// value returns the i-th value.
func (m *Matrix) value(i int64) float64 {
	if m.Value == nil {
		return 1
	}
	return float64(m.Value[i])
}

// FromRows makes a Matrix of rows whose items may be unsorted and repeated: equal items of a
// row become one with the sum of their values (a nil value counts 1 each). Values
// that are not positive and finite are left out. The slices are taken over.
func FromRows(items int, off []int64, item []uint32, value []float32) *Matrix {
	m := &Matrix{Items: items, Off: make([]int64, 1, max(1, len(off)))}
	type cell struct {
		item  uint32
		value float32
	}
	var row []cell
	out := int64(0)
	ones := true
	if value == nil {
		value = make([]float32, len(item))
		for i := range value {
			value[i] = 1
		}
	}
	for u := 0; u+1 < len(off); u++ {
		row = row[:0]
		for i := off[u]; i < off[u+1]; i++ {
			if v := value[i]; v > 0 && v <= math.MaxFloat32 {
				row = append(row, cell{item[i], v})
			}
		}
		slices.SortStableFunc(row, func(a, b cell) int { return int(a.item) - int(b.item) })
		for i := 0; i < len(row); {
			c := row[i]
			for i++; i < len(row) && row[i].item == c.item; i++ {
				c.value += row[i].value
			}
			item[out], value[out] = c.item, c.value // out never passes what was read
			ones = ones && c.value == 1
			out++
		}
		m.Off = append(m.Off, out)
	}
	m.Item, m.Value = item[:out], value[:out]
	if ones {
		m.Value = nil
	}
	return m
}

// Binary returns the matrix with every value 1; it shares the rows.
func (m *Matrix) Binary() *Matrix { return &Matrix{Items: m.Items, Off: m.Off, Item: m.Item} }

// Known returns the number of items that a user has.
func (m *Matrix) Known() int {
	n := 0
	for _, c := range m.counts() {
		if c > 0 {
			n++
		}
	}
	return n
}

// counts returns the number of users of each item.
func (m *Matrix) counts() []int64 {
	n := make([]int64, m.Items)
	for _, it := range m.Item {
		n[it]++
	}
	return n
}

// Transpose returns items × users.
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{Items: m.Users(), Off: make([]int64, m.Items+1), Item: make([]uint32, len(m.Item))}
	for _, it := range m.Item {
		t.Off[it+1]++
	}
	for i := range m.Items {
		t.Off[i+1] += t.Off[i]
	}
	if m.Value != nil {
		t.Value = make([]float32, len(m.Value))
	}
	at := slices.Clone(t.Off)
	for u := range m.Users() {
		for i := m.Off[u]; i < m.Off[u+1]; i++ {
			p := &at[m.Item[i]]
			t.Item[*p] = uint32(u)
			if t.Value != nil {
				t.Value[*p] = m.Value[i]
			}
			*p++
		}
	}
	return t
}

// check refuses what the codes of the models cannot hold.
func (m *Matrix) check() error {
	switch {
	case m.Items == 0 || len(m.Item) == 0:
		return fault.New(fault.Input, "recommending: no purchase of a known customer is in scope")
	case int64(len(m.Item)) > math.MaxUint32 || m.Users() > math.MaxInt32 || m.Items > math.MaxInt32:
		return fault.New(fault.Full, "recommending: %d purchases of %d customers and %d products are more than fits", len(m.Item), m.Users(), m.Items)
	}
	return nil
}
