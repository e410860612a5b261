package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// shopifyOrder are the rows that tell of an order as a whole.
const shopifyOrder = "order"

// Shopify's export of orders: one row a line item; the fields of the order as a
// whole (status, currency, address) stand on its first row only, and are taken from there for all its
// rows. Shops that keep no stock numbers are told apart by the names of their products.
var _ = register(&Preset{
	Name: "shopify", EN: "Shopify orders export", ZH: "Shopify 订单导出", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"Name"}},
		{Canonical: "order_ts", From: []string{"Created at"}, In: shopifyOrder},
		{Canonical: "order_ts", From: []string{"Created at"}},
		{Canonical: "customer_id", From: []string{"Email"}, In: shopifyOrder},
		{Canonical: "customer_id", From: []string{"Email"}},
		{Canonical: "product_id", From: []string{"Lineitem sku"}, Else: []string{"Lineitem name"}},
		{Canonical: "product_id", From: []string{"Lineitem name"}},
		{Canonical: "quantity", From: []string{"Lineitem quantity"}},
		{Canonical: "unit_price", From: []string{"Lineitem price"}},
		{Canonical: "product_name", From: []string{"Lineitem name"}},
		{Canonical: "category", From: []string{"Vendor"}},
		{Canonical: "region", From: []string{"Shipping Province", "Shipping Province Name"}, In: shopifyOrder},
		{Canonical: "region", From: []string{"Shipping Province", "Shipping Province Name"}},
		{Canonical: "country", From: []string{"Shipping Country"}, In: shopifyOrder},
		{Canonical: "country", From: []string{"Shipping Country"}},
		{Canonical: "city", From: []string{"Shipping City"}, In: shopifyOrder},
		{Canonical: "city", From: []string{"Shipping City"}},
		{Canonical: "status", From: []string{"Financial Status"}, In: shopifyOrder},
		{Canonical: "status", From: []string{"Financial Status"}},
		{Canonical: "payment", From: []string{"Payment Method"}, In: shopifyOrder},
		{Canonical: "payment", From: []string{"Payment Method"}},
		{Canonical: "channel", From: []string{"Source"}, In: shopifyOrder},
		{Canonical: "channel", From: []string{"Source"}},
		{Canonical: "discount", From: []string{"Lineitem discount"}},
		{Canonical: "currency", From: []string{"Currency"}, In: shopifyOrder},
	},
	Joins: []PresetJoin{{Name: shopifyOrder, On: []relation.On{{Left: "Name"}}, Self: true, Present: "Financial Status",
		Remark: "status, customer, address and currency of a Shopify order are taken from its first line; orders with a date in \"Cancelled at\" are void"}},
	Void:      []PresetColumn{{Canonical: "cancelled", From: []string{"Cancelled at"}, In: shopifyOrder}},
	Signature: []string{"Name", "Financial Status", "Lineitem quantity", "Lineitem price", "Lineitem name"},
})
