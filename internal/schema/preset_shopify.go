package schema

// Shopify's export of orders: one row a line item; the fields of the order as a
// whole (status, currency, address) stand on its first row only.
var _ = register(&Preset{
	Name: "shopify", EN: "Shopify orders export", ZH: "Shopify 订单导出", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"Name"}},
		{Canonical: "order_ts", From: []string{"Created at"}},
		{Canonical: "customer_id", From: []string{"Email"}},
		{Canonical: "product_id", From: []string{"Lineitem sku"}},
		{Canonical: "quantity", From: []string{"Lineitem quantity"}},
		{Canonical: "unit_price", From: []string{"Lineitem price"}},
		{Canonical: "product_name", From: []string{"Lineitem name"}},
		{Canonical: "category", From: []string{"Vendor"}},
		{Canonical: "region", From: []string{"Shipping Province", "Shipping Province Name"}},
		{Canonical: "country", From: []string{"Shipping Country"}},
		{Canonical: "city", From: []string{"Shipping City"}},
		{Canonical: "status", From: []string{"Financial Status"}},
		{Canonical: "payment", From: []string{"Payment Method"}},
		{Canonical: "channel", From: []string{"Source"}},
		{Canonical: "discount", From: []string{"Lineitem discount"}},
	},
	Remarks: []string{"in Shopify's export status, address and customer stand on the first line of an order only: further lines of a refunded order count as sold"},
})
