package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/relation"
	"github.com/ecomctl/ecomctl/internal/sqldb"
)

// totals adds the aggregates up while lines are read. A first import writes them as they are, which is
// several times faster than letting the server group what it has just stored; any other import derives
// them by SQL. Both give the same rows.
type totals struct {
	days      map[int64]*sums
	orders    map[string]*sums
	customers map[string]*sums
	products  map[string]*sums
	// pairs that were seen, for distinct counts; what an order's or a customer's own sums remember is not in them
	dayOrder, dayCustomer, customerOrder map[uint64]struct{}
	// the keys of the line before, which often has the same ones
	order, customer, product, lastDay *sums

	shared int64 // orders that went on in another file
	left   int64 // bytes that may still be used
	lost   bool  // too many, a sum too large, or not all lines were seen
}

// sums are what any aggregate may hold.
type sums struct {
	key                      string
	no                       int64 // number of the key; of a day, the day
	file                     int64 // mark of an order's latest file
	day, customer            int64 // mark of the first ones in which an order counts, of the latest in which a customer does; 0 is none
	first, last              int64 // times
	timed                    bool
	text, category           string // least customer of an order, or name of a product; its category
	hasText, hasCategory     bool
	sold, reversals          int64
	orders, customers        int64
	money, back              int64
	hasMoney, hasBack, units bool
	counted                  bool // a line, sold or not, tells its quantity
	quantity                 float64
}

// bytes that an entry of a map takes, about.
const (
	sumsBytes = 300
	pairBytes = 48
)

func newTotals(memory int64) *totals {
	return &totals{days: map[int64]*sums{}, orders: map[string]*sums{}, customers: map[string]*sums{}, products: map[string]*sums{},
		dayOrder: map[uint64]struct{}{}, dayCustomer: map[uint64]struct{}{}, customerOrder: map[uint64]struct{}{}, left: memory}
}

// of finds the sums of a key that may be null.
func (t *totals) of(m map[string]*sums, l **sums, b *binding, k int, rows *relation.Rows, i int, buf []byte) *sums {
	if b.at[k] < 0 || rows.Cols[b.at[k]].IsNull(i) {
		return nil
	}
	key := columns[k].appendValue(buf[:0], rows.Cols[b.at[k]], i)
	if *l != nil && (*l).key == string(key) {
		return *l
	}
	s := m[string(key)]
	if s == nil {
		s = &sums{key: string(key), no: int64(len(m))}
		m[s.key] = s
		t.left -= sumsBytes + int64(len(key))
	}
	*l = s
	return s
}

// mark tells a number from 0, which is none.
func mark(n int64) int64 { return n<<1 | 1 }

// meet reports whether two keys meet for the first time. The first partner of b is remembered in first, the
// others in m.
func (t *totals) meet(m map[uint64]struct{}, first *int64, a, b int64) bool {
	switch *first {
	case 0:
		*first = mark(a)
		return true
	case mark(a):
		return false
	}
	return t.pair(m, a, b)
}

// pair reports whether two keys, numbered from 0 or days, are new in m.
func (t *totals) pair(m map[uint64]struct{}, a, b int64) bool {
	n := len(m)
	m[uint64(uint32(a))<<32|uint64(uint32(b))] = struct{}{}
	if len(m) == n {
		return false
	}
	t.left -= pairBytes
	return true
}

// Places of columns that totals use.
const (
	orderAt, timeAt, customerAt, productAt, quantityAt, nameAt, categoryAt = 0, 1, 2, 3, 4, 7, 8
)

// add adds a line of a file.
func (t *totals) add(file int, rows *relation.Rows, b *binding, i int, buf []byte) {
	if t.lost = t.lost || t.left < 0; t.lost {
		return
	}
	sold := rows.Kind[i] == relation.Sold
	l := line{sold: sold, hasMoney: !rows.MoneyNull(i)}
	if l.hasMoney {
		l.money = rows.Money[i]
	}
	if c := b.at[quantityAt]; c >= 0 && !rows.Cols[c].IsNull(i) {
		l.hasUnits = true
		l.units, _ = b.value(rows, quantityAt, i).(float64)
	}
	if c := b.at[timeAt]; c >= 0 && !rows.Cols[c].IsNull(i) {
		l.ts, l.timed = rows.Cols[c].I64[i], true
	}
	order := t.of(t.orders, &t.order, b, orderAt, rows, i, buf)
	var customer, day *sums
	if order != nil {
		t.lost = !order.line(&l) || t.lost
		if f := mark(int64(file)); order.file != f {
			if order.file != 0 {
				t.shared++
			}
			order.file = f
		}
		order.least(b, customerAt, rows, i, buf)
	}
	if sold {
		if customer = t.of(t.customers, &t.customer, b, customerAt, rows, i, buf); customer != nil {
			t.lost = !customer.line(&l) || t.lost
			if order != nil && t.meet(t.customerOrder, &order.customer, customer.no, order.no) {
				customer.orders++
			}
		}
		if p := t.of(t.products, &t.product, b, productAt, rows, i, buf); p != nil {
			t.lost = !p.line(&l) || t.lost
			p.least(b, nameAt, rows, i, buf)
			p.leastCategory(b, rows, i, buf)
		}
	}
	if !l.timed {
		return
	}
	no := civil.FloorDiv(l.ts, dayMicros)
	if day = t.lastDay; day == nil || day.no != no {
		if day = t.days[no]; day == nil {
			day = &sums{no: no}
			t.days[no] = day
		}
		t.lastDay = day
	}
	t.lost = !day.line(&l) || t.lost
	if sold && order != nil && t.meet(t.dayOrder, &order.day, no, order.no) {
		day.orders++
	}
	if customer != nil && customer.day != mark(no) {
		if customer.day = mark(no); t.pair(t.dayCustomer, no, customer.no) {
			day.customers++
		}
	}
}

// line is what a line adds.
type line struct {
	sold, hasMoney, hasUnits, timed bool
	money, ts                       int64
	units                           float64
}

// line adds a line; ok is false when a sum passes 63 bits.
func (s *sums) line(l *line) (ok bool) {
	if l.timed {
		if !s.timed || l.ts < s.first {
			s.first = l.ts
		}
		if !s.timed || l.ts > s.last {
			s.last = l.ts
		}
		s.timed = true
	}
	s.counted = s.counted || l.hasUnits
	money, has := &s.money, &s.hasMoney
	if l.sold {
		s.sold++
		if l.hasUnits {
			s.quantity += l.units
			s.units = true
		}
	} else {
		s.reversals++
		money, has = &s.back, &s.hasBack
	}
	if !l.hasMoney {
		return true
	}
	sum := *money + l.money
	ok = (sum > *money) == (l.money > 0)
	*money, *has = sum, true
	return ok
}

// least keeps the least text of a column, by bytes.
func (s *sums) least(b *binding, k int, rows *relation.Rows, i int, buf []byte) {
	if b.at[k] < 0 || rows.Cols[b.at[k]].IsNull(i) {
		return
	}
	if v := columns[k].appendValue(buf[:0], rows.Cols[b.at[k]], i); !s.hasText || string(v) < s.text {
		s.text, s.hasText = string(v), true
	}
}

func (s *sums) leastCategory(b *binding, rows *relation.Rows, i int, buf []byte) {
	if b.at[categoryAt] < 0 || rows.Cols[b.at[categoryAt]].IsNull(i) {
		return
	}
	if v := columns[categoryAt].appendValue(buf[:0], rows.Cols[b.at[categoryAt]], i); !s.hasCategory || string(v) < s.category {
		s.category, s.hasCategory = string(v), true
	}
}

// cells of an aggregate's row: nil is null.
func count(n int64) any { return n }

func opt(n int64, has bool) any {
	if !has {
		return nil
	}
	return n
}

func optText(s string, has bool) any {
	if !has {
		return nil
	}
	return s
}

func (s *sums) time(t int64) any {
	if !s.timed {
		return nil
	}
	return string(appendTime(nil, t))
}

func (s *sums) quantities() any {
	if !s.units && (s.sold > 0 || !s.counted) {
		return nil
	}
	return s.quantity
}

// revenue is 0, and not unknown, where nothing was sold; so is the money of no reversals.
func (s *sums) revenue() any  { return opt(s.money, s.hasMoney || s.sold == 0) }
func (s *sums) reversed() any { return opt(s.back, s.hasBack || s.reversals == 0) }

// row is the row of a key in the order of an aggregate's columns.
func (s *sums) row(a *aggregate, key string) []any {
	switch a.table {
	case "daily":
		return []any{key, s.revenue(), count(s.orders), s.quantities(), count(s.customers), count(s.sold), count(s.reversals), s.reversed()}
	case "orders":
		return []any{key, s.time(s.first), optText(s.text, s.hasText), count(s.sold), s.quantities(), s.revenue(), count(s.reversals), s.reversed()}
	case "customers":
		return []any{key, s.time(s.first), s.time(s.last), count(s.orders), count(s.sold), s.quantities(), s.revenue()}
	}
	return []any{key, optText(s.text, s.hasText), optText(s.category, s.hasCategory), s.time(s.first), s.time(s.last), count(s.sold), s.quantities(), s.revenue()}
}

// whole reports whether the totals are those of all lines.
func (t *totals) whole() bool { return t != nil && !t.lost }

// writeAll stores all aggregates.
func (t *totals) writeAll(ctx context.Context, s *Store, tx *sql.Tx) error {
	for i := range aggregates {
		if err := t.write(ctx, s, tx, &aggregates[i]); err != nil {
			return err
		}
	}
	return nil
}

// write stores the totals instead of what the aggregates hold.
func (t *totals) write(ctx context.Context, s *Store, tx *sql.Tx, a *aggregate) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+a.table); err != nil {
		return err
	}
	list := slices.Collect(maps.Values(map[string]map[string]*sums{"orders": t.orders, "customers": t.customers, "products": t.products}[a.table]))
	if a.table == "daily" {
		list = slices.Collect(maps.Values(t.days))
		for _, d := range list {
			d.key = string(appendTime(nil, d.no*dayMicros)[:10])
		}
	}
	slices.SortFunc(list, func(x, y *sums) int { return cmp.Compare(x.key, y.key) }) // in the order of the table's key
	target := &tables[slices.IndexFunc(tables, func(x table) bool { return x.name == a.table })]
	text := make([]byte, 0, min(chunkBytes, 80*len(list)))
	var args []any
	flush := func() (err error) {
		if s.back.bulk() {
			_, err = sqldb.LoadLocal(ctx, tx, target.name, target.columns, bytes.NewReader(text))
		} else {
			err = insertRows(ctx, tx, s.DB.Dialect, target.name, target.columns, args)
		}
		text, args = text[:0], args[:0]
		return err
	}
	for _, one := range list {
		row := one.row(a, one.key)
		if !s.back.bulk() {
			args = append(args, row...)
		} else {
			for i, v := range row {
				if i > 0 {
					text = append(text, '\t')
				}
				text = appendCell(text, v)
			}
			text = append(text, '\n')
		}
		if len(text) >= chunkBytes || len(args) >= argsRows*len(target.columns) {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
