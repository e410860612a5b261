package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// The Complete Journey (84.51°): sales_value is what the shop received for the
// line; the discounts beside it are already taken off.
var _ = register(&Preset{
	Name: "complete-journey", EN: "The Complete Journey (84.51°)", ZH: "The Complete Journey（84.51°）", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"basket_id"}},
		{Canonical: "order_ts", From: []string{"transaction_timestamp"}},
		{Canonical: "customer_id", From: []string{"household_id", "household_key"}},
		{Canonical: "product_id", From: []string{"product_id"}},
		{Canonical: "quantity", From: []string{"quantity"}},
		{Canonical: "amount", From: []string{"sales_value"}},
		{Canonical: "product_name", From: []string{"product_type", "sub_commodity_desc"}, In: "products"},
		{Canonical: "category", From: []string{"department"}, In: "products"},
		{Canonical: "channel", From: []string{"store_id"}},
	},
	Remarks: []string{"the timestamps of The Complete Journey carry no zone and are taken as they stand; they are UTC, so a day of these shops in the east of the USA ends at 7 or 8 pm"},
	Joins:   []PresetJoin{{Name: "products", On: []relation.On{{Left: "product_id", Right: "product_id"}}}},
})
