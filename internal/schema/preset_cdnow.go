package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// CDNOW (Fader and Hardie): purchases of CDs 1997–98, blank-separated. The
// master file may have a header; the 1/10 sample has a second customer number
// and none. There are no order numbers.
var _ = register(&Preset{
	Name: "cdnow", EN: "CDNOW purchases", ZH: "CDNOW 购买记录", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_ts", From: []string{"date", "order_dt"}, Layout: relation.LayoutYMD},
		{Canonical: "customer_id", From: []string{"customer_id", "user_id"}},
		{Canonical: "quantity", From: []string{"number_of_cds", "order_products"}},
		{Canonical: "amount", From: []string{"dollar_value", "order_amount"}},
	},
	Text: &TextFile{Blanks: true, Names: [][]string{
		{"customer_id", "date", "number_of_cds", "dollar_value"},
		{"customer_id", "sample_id", "date", "number_of_cds", "dollar_value"},
	}},
})
