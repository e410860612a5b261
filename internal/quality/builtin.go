package quality

import (
	"slices"
	"strings"

	"github.com/ecomctl/ecomctl/internal/fault"
)

// builtins are the rule packs of the house: rules files like any other, over
// canonical columns, which the caller's mapping translates (see Options.Mapping).
var builtins = map[string]string{
	"orders": `version: 1
rules:
  - {name: some_rows, type: row_count, min: 1}
  - {name: order_id_present, type: not_null, column: order_id, if_present: true}
  - {name: order_ts_present, type: not_null, column: order_ts, if_present: true}
  - {name: product_id_present, type: not_null, column: product_id, if_present: true}
  - {name: order_ts_readable, type: type, column: order_ts, as: timestamp, if_present: true}
  - {name: quantity_readable, type: type, column: quantity, as: number, if_present: true}
  - {name: unit_price_readable, type: type, column: unit_price, as: number, if_present: true}
  - {name: amount_readable, type: type, column: amount, as: number, if_present: true}
  - {name: discount_readable, type: type, column: discount, as: number, if_present: true}
  - {name: unit_price_present, type: not_null, column: unit_price, if_present: true}
  - {name: unit_price_not_negative, type: range, column: unit_price, min: 0, if_present: true}
  - {name: unit_price_not_free, type: range, column: unit_price, above: 0, severity: warn, if_present: true}
  - {name: quantity_not_zero, type: expression, expression: "quantity <> 0", if_present: true}
  - {name: quantity_not_negative, type: range, column: quantity, min: 0, severity: warn, if_present: true}
  - {name: discount_not_above_price, type: expression, expression: "quantity <= 0 or discount <= quantity * unit_price", severity: warn, if_present: true}
  - {name: order_ts_not_in_future, type: range, column: order_ts, max: ` + "@NOW" + `, if_present: true}
  - {name: order_ts_after_1990, type: range, column: order_ts, min: 1990-01-01, severity: warn, if_present: true}
  - {name: customer_id_present, type: not_null, column: customer_id, severity: warn, max_ratio: 0.2, if_present: true}
  - {name: currency_code, type: pattern, column: currency, pattern: '^[A-Z]{3}$', severity: warn, if_present: true}
  - {name: status_trimmed, type: pattern, column: status, pattern: '^\S(.*\S)?$', severity: warn, if_present: true}
  - {name: no_duplicate_rows, type: unique, columns: ["*"], severity: warn}
`,
}

// Builtin returns a rule pack by its name with or without the prefix "builtin:".
// nowMicros is the wall time after which, with a day of grace, a time lies in the future.
func Builtin(name string, nowMicros int64) ([]Rule, error) {
	short := strings.TrimPrefix(name, "builtin:")
	text, ok := builtins[short]
	if !ok {
		names := make([]string, 0, len(builtins))
		for n := range builtins {
			names = append(names, "builtin:"+n)
		}
		slices.Sort(names)
		return nil, fault.New(fault.Usage, "looking for the rules %s: there is no such pack", name).WithHint("packs are %s", strings.Join(names, ", "))
	}
	const day = 86_400_000_000
	f := formatter{units: 1_000_000}
	limit := f.time((nowMicros + day) / 1_000_000 * 1_000_000)
	return ParseRules("builtin:"+short, strings.NewReader(strings.ReplaceAll(text, "@NOW", `"`+limit+`"`)))
}
