package result

import (
	"slices"
	"strconv"

	"github.com/ecomctl/ecomctl/internal/expr"
	"github.com/ecomctl/ecomctl/internal/frame"
)

// hidden are the columns that hold ids of people: as they are, or the least and greatest of them.
var hidden = []string{"customer_id", "user_id", "min_customer_id", "max_customer_id", "min_user_id", "max_user_id"}

// Pseudonymise replaces customer and user ids by what name makes of them; equal ids stay equal, and
// nulls null.
func (t *Table) Pseudonymise(name func(id string) string) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if !slices.Contains(hidden, c.Name) {
			continue
		}
		out := NewData(expr.Text, t.N)
		for r := range t.N {
			if c.Data.IsNull(r) {
				AppendNull(&out)
			} else {
				AppendText(&out, name(idText(&c.Data, r)))
			}
		}
		c.Type, c.Data = expr.Text, out
	}
}

// idText writes an id as people see it.
func idText(c *frame.Column, i int) string {
	switch c.Kind {
	case frame.String:
		return string(c.Str(i))
	case frame.Float:
		return strconv.FormatFloat(c.F64[i], 'g', -1, 64)
	}
	return strconv.FormatInt(c.I64[i], 10)
}
