package storetest

import (
	"testing"

	"github.com/ecomctl/ecomctl/internal/session"
	"github.com/ecomctl/ecomctl/internal/sqldb"
	"github.com/ecomctl/ecomctl/internal/store"
)

// overlaps are orders that two different files bring.
func overlaps(t *testing.T, u *sqldb.URL) {
	dir := t.TempDir()
	head := "order_id,order_ts,customer_id,product_id,amount,status\n"
	one := "A1,2024-01-01,C1,P1,10,paid\nA1,2024-01-01,C1,P2,2.5,paid\nA2,2024-01-01,C1,P1,-3,paid\n"
	a := Write(t, dir, "a.csv", head+one+"A3,2024-01-02,C1,P1,1,paid\nA4,2024-01-02,C1,P1,1,paid\n")
	b := Write(t, dir, "b.csv", head+one+ // the same again
		"A3,2024-01-02,C1,P2,7,paid\n"+ // another line of an order
		"A4,2024-01-02,C1,P1,1,paid\nA4,2024-01-02,C1,P1,1,paid\n"+ // more lines
		"B1,2024-01-03,C1,P1,1,paid\n")
	want := store.Overlap{Source: b, With: a, Orders: 2, Lines: 3, Money: 95000}
	check := func(what string, r *store.ImportReport, want ...store.Overlap) {
		t.Helper()
		if len(r.Overlaps) != len(want) || len(want) == 1 && r.Overlaps[0] != want[0] {
			t.Errorf("%s: %+v", what, r.Overlaps)
		}
	}
	s := Open(t, u)
	check("first", Import(t, s, session.Settings{}, a))
	check("second", Import(t, s, session.Settings{}, b), want)
	check("again", Import(t, s, session.Settings{}, b))
	check("an unrelated file", Import(t, s, session.Settings{}, Write(t, dir, "c.csv", head+"C1,2024-01-01,C1,P1,10,paid\n")))
	// a file that takes the place of its former self holds the same orders, but not twice
	check("replaced", Import(t, s, session.Settings{}, Write(t, dir, "a.csv", head+one+"A9,2024-01-02,C1,P1,1,paid\n")),
		store.Overlap{Source: a, With: b, Orders: 2, Lines: 3, Money: 95000})
	a = Write(t, dir, "a.csv", head+one+"A3,2024-01-02,C1,P1,1,paid\n")
	check("at once", Import(t, Open(t, sibling(u)), session.Settings{}, a, b), want)
}
