package relation

// Test says which of the house's own tests a rule is. The local engine runs
// those as bit-mask kernels over the columns; a TestExpr rule is evaluated
// through its predicate. When holds the same meaning for tables, which have no
// unreadable values; a property test proves the two equal.
type Test uint8

// The tests of the house.
const (
	TestExpr     Test = iota // evaluate Rule.When
	TestNull                 // Column is null, and not because its value could not be read
	TestBad                  // a mapped value was present and could not be read
	TestNoMoney              // the money of the line cannot be computed
	TestNegative             // Column < 0
	TestZero                 // Column = 0
	TestAfter                // Column > Limit
	TestWords                // lower(trim(Column)) is one of Words (ASCII case and spaces only)
	TestReversal             // quantity < 0 or the money of the line < 0
	TestFree                 // unit_price = 0, or without that column the money of the line = 0
)

// MoneyParts tells which columns make the money of a line, as indices into
// Columns or -1. There is one definition for all engines: amount alone when it
// is mapped; else quantity × unit_price − discount, a null discount counting 0.
// ok is false when the relation has no money.
func (r *Relation) MoneyParts() (amount, quantity, price, discount int, ok bool) {
	if amount = r.Find("amount"); amount >= 0 {
		return amount, -1, -1, -1, true
	}
	quantity, price = r.Find("quantity"), r.Find("unit_price")
	if quantity < 0 || price < 0 {
		return -1, -1, -1, -1, false
	}
	return -1, quantity, price, r.Find("discount"), true
}
