package store

import (
	"math/bits"

	"github.com/ecomctl/ecomctl/internal/fault"
	"github.com/ecomctl/ecomctl/internal/relation"
)

// Account says where the rows of an input went: In is always the sum of the kinds.
type Account struct {
	In    int64                    `json:"rows_in"`
	Rows  [relation.NumKinds]int64 `json:"rows"`     // by relation.Kind: sold, reversal, void, outside, reject
	Money [relation.NumKinds]int64 `json:"money_e4"` // of the rows whose money can be computed, in 10⁻⁴
	// NoMoney counts the rows whose money cannot be computed.
	NoMoney int64 `json:"no_money"`
}

// add counts a row; ok is false when its money passes 63 bits with the others.
func (a *Account) add(k relation.Kind, money int64, has bool) (ok bool) {
	a.In++
	a.Rows[k]++
	if !has {
		a.NoMoney++
		return true
	}
	sum := a.Money[k] + money
	ok = (sum > a.Money[k]) == (money > 0)
	a.Money[k] = sum
	return ok
}

// Plus adds another account.
func (a Account) Plus(b Account) Account {
	a.In += b.In
	a.NoMoney += b.NoMoney
	for k := range a.Rows {
		a.Rows[k] += b.Rows[k]
		a.Money[k] += b.Money[k]
	}
	return a
}

// Stored is how many lines an account puts into the store.
func (a *Account) Stored() int64 { return a.Rows[relation.Sold] + a.Rows[relation.Reversal] }

// StoredMoney is the money of those lines.
func (a *Account) StoredMoney() int64 { return a.Money[relation.Sold] + a.Money[relation.Reversal] }

// check proves the identity of rows.
func (a *Account) check() error {
	var sum int64
	for _, n := range a.Rows {
		sum += n
	}
	if sum != a.In || bits.LeadingZeros64(uint64(a.In)) == 0 {
		return fault.New(fault.Internal, "%d rows were read, %d are accounted for", a.In, sum)
	}
	return nil
}

// accountColumns are the columns of imports that hold an account, in the order of values.
var accountColumns = []string{"rows_in", "sold", "reversals", "voids", "outside", "rejects", "sold_e4", "reversals_e4", "voids_e4", "outside_e4", "rejects_e4", "no_money"}

func (a *Account) values() []any {
	out := []any{a.In}
	for _, n := range a.Rows {
		out = append(out, n)
	}
	for _, m := range a.Money {
		out = append(out, m)
	}
	return append(out, a.NoMoney)
}

func (a *Account) targets() []any {
	out := []any{&a.In}
	for k := range a.Rows {
		out = append(out, &a.Rows[k])
	}
	for k := range a.Money {
		out = append(out, &a.Money[k])
	}
	return append(out, &a.NoMoney)
}
