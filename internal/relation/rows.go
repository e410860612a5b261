package relation

import (
	"math"

	"github.com/ecomctl/ecomctl/internal/civil"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// How a relation is run by a local engine:
//
//	prog, err := Compile(rel, need)        // need: columns of rel by name; rules add what they read
//	err = prog.Load(ctx, memoryBytes)      // reads the joined dimensions; nothing to do without joins
//	want := prog.Wants()                   // for Split.Open of the fact's splits
//	w := prog.NewWorker()                  // one for each goroutine
//	w.Split(split)                         // before the first batch of each split (its index in Fact.Splits)
//	rows, err := w.Apply(batch)            // for each batch of the reader
//	prog.… w.Tally                         // where the rows went, merged with Tally.Merge
//
// A Program is immutable after Load and shared by its workers.

// NoReason in Rows.Reason marks rows that no rule took: the sold ones.
const NoReason = 255

// Rows is a compiled batch: the asked columns in canonical form, the exact
// money and the kind of every row. It is overwritten by the next Apply of its
// worker and aliases the raw batch.
type Rows struct {
	// N is the number of rows that could be split into columns (raw.N). Rows that
	// could not are only in Raw.Bad and already in the worker's Tally.
	N int
	// Cols are parallel to Program.Cols. Canonical physical forms by expr.Type: Bool and
	// Int I64; Money I64 in 10⁻⁴ (only MoneyColumn has it); Float F64; Time I64 microseconds
	// of wall time in the relation's zone; Date I64 days; Text Codes+Dict or Off+Data. Unmapped columns
	// keep the source's form, Decimal included. NaN and ±Inf are null.
	Cols []*frame.Column
	// Money is the exact money of each row in 10⁻⁴; unspecified where it is not
	// computable. Nil when the relation has no money columns.
	Money []int64
	// MoneyValid is the validity bitmap of Money (LSB first); nil when all rows have money.
	MoneyValid []byte
	// Kind is the kind of each row; len N.
	Kind []Kind
	// Reason is the index into Program.Reasons of the rule that took the row, or
	// NoReason; len N.
	Reason []uint8
	// Count is the number of rows of each kind in this batch, Raw.Bad left out. When
	// Count[Sold] == N no row needs to be looked at.
	Count [NumKinds]int
	// Raw is the batch that was applied: positions (RowAt), raw text, bad rows.
	Raw *frame.Batch
}

// MoneyNull reports whether the money of row i cannot be computed.
func (r *Rows) MoneyNull(i int) bool {
	return r.Money == nil || (r.MoneyValid != nil && !frame.Bit(r.MoneyValid, i))
}

// Reason is one line of the account of rows: a rule, or one of the reasons that
// do not come from rules (unreadable rows, duplicates, outside).
type Reason struct {
	Name string
	Kind Kind
}

// Names of the reasons that do not come from rules. A rule named ReasonUnparsable
// takes the unreadable rows too.
const (
	ReasonUnparsable = "unparsable"
	ReasonDuplicate  = "duplicate"
	ReasonOutside    = "outside"
	ReasonSold       = "sold"
)

// Tally counts rows and money by reason. The zero value is empty and ready;
// merging is associative and commutative.
type Tally struct {
	Rows int64
	// By is indexed like Rows.Reason: rule i at i, sold rows at NoReason.
	By [256]Sum
	// Free counts sold rows of price 0 (of money 0 where there is no price).
	Free int64
	// First and Last bound order_ts of sold rows; valid when HasTime.
	First, Last int64
	HasTime     bool
	// Unmatched counts rows without a partner, by join.
	Unmatched []int64
	// Unreadable tells of the mapped columns with values that could not be read, by name.
	Unreadable map[string]Unreadable
	// late holds what void and reversed rows count on days that no sold row had
	// reached when they were read, for relations without a stated as-of.
	late map[lateKey]Sum
}

// lateKey is a day of wall time and a reason.
type lateKey struct {
	day    int64
	reason uint8
}

// AsOf is the default of --as-of: midnight after the last sold line, in µs of wall
// time; MaxInt64 when nothing was sold.
func (t *Tally) AsOf() int64 {
	if !t.HasTime {
		return math.MaxInt64
	}
	return (civil.FloorDiv(t.Last, dayMicros) + 1) * dayMicros
}

// Settle ends the count of a relation without a stated as-of: void and reversed
// rows on or after AsOf become outside. It returns how many rows that were. It
// does nothing when the relation states its as-of.
func (t *Tally) Settle(p *Program) (moved int64) {
	cut := t.AsOf()
	for k, s := range t.late {
		if k.day*dayMicros < cut {
			continue
		}
		from, to := &t.By[k.reason], &t.By[p.outReason]
		from.Rows -= s.Rows
		from.NoMoney -= s.NoMoney
		from.subtract(s)
		to.merge(s)
		moved += s.Rows
	}
	t.late = nil
	return moved
}

// Sum counts rows, adds their money in 128 bits and counts rows without
// computable money apart.
type Sum struct {
	Rows    int64
	NoMoney int64
	Hi      int64  // upper half of the two's complement sum of 10⁻⁴ units
	Lo      uint64 // lower half
}

// Money returns the sum; ok is false when it does not fit 63 bits.
func (s Sum) Money() (m int64, ok bool) {
	m = int64(s.Lo)
	return m, s.Hi == m>>63
}

// add adds m to the sum.
func (s *Sum) add(m int64) {
	lo := s.Lo + uint64(m)
	s.Hi += m >> 63
	if lo < s.Lo {
		s.Hi++
	}
	s.Lo = lo
}

// subtract takes the money of another sum away.
func (s *Sum) subtract(o Sum) {
	if s.Lo < o.Lo {
		s.Hi--
	}
	s.Lo -= o.Lo
	s.Hi -= o.Hi
}

// merge adds another sum.
func (s *Sum) merge(o Sum) {
	s.Rows += o.Rows
	s.NoMoney += o.NoMoney
	lo := s.Lo + o.Lo
	s.Hi += o.Hi
	if lo < s.Lo {
		s.Hi++
	}
	s.Lo = lo
}

// Merge adds another tally.
func (t *Tally) Merge(o *Tally) {
	t.Rows += o.Rows
	t.Free += o.Free
	for i := range t.By {
		t.By[i].merge(o.By[i])
	}
	if o.HasTime {
		t.span(o.First)
		t.span(o.Last)
	}
	for k, s := range o.late {
		t.addLate(k, s)
	}
	for len(t.Unmatched) < len(o.Unmatched) {
		t.Unmatched = append(t.Unmatched, 0)
	}
	for i, n := range o.Unmatched {
		t.Unmatched[i] += n
	}
	for _, u := range o.Unreadable {
		t.addUnreadable(u)
	}
}

// addLate adds to the late rows of a day and reason.
func (t *Tally) addLate(k lateKey, s Sum) {
	if t.late == nil {
		t.late = map[lateKey]Sum{}
	}
	have := t.late[k]
	have.merge(s)
	t.late[k] = have
}

// span widens First and Last to hold ts.
func (t *Tally) span(ts int64) {
	if !t.HasTime {
		t.First, t.Last, t.HasTime = math.MaxInt64, math.MinInt64, true
	}
	t.First = min(t.First, ts)
	t.Last = max(t.Last, ts)
}
