package schema

// WooCommerce orders as its usual export plugins write them, one row a line item.
var _ = register(&Preset{
	Name: "woocommerce", EN: "WooCommerce orders export", ZH: "WooCommerce 订单导出", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"Order Number", "Order ID", "order_id", "order_number"}},
		{Canonical: "order_ts", From: []string{"Order Date", "order_date", "Date", "date_created"}},
		{Canonical: "customer_id", From: []string{"Customer User ID", "customer_id", "Customer ID", "Email (Billing)", "billing_email"}},
		{Canonical: "product_id", From: []string{"SKU", "Product ID", "product_id", "item_sku"}},
		{Canonical: "quantity", From: []string{"Quantity", "Item Quantity", "qty", "quantity"}},
		{Canonical: "unit_price", From: []string{"Item Cost", "Product Price", "item_price", "price"}},
		{Canonical: "product_name", From: []string{"Item Name", "Product Name", "item_name"}},
		{Canonical: "category", From: []string{"Category", "Product Categories"}},
		{Canonical: "region", From: []string{"State Code (Shipping)", "State Code (Billing)", "shipping_state", "billing_state"}},
		{Canonical: "country", From: []string{"Country Code (Shipping)", "Country Code (Billing)", "shipping_country", "billing_country"}},
		{Canonical: "city", From: []string{"City (Shipping)", "City (Billing)", "shipping_city", "billing_city"}},
		{Canonical: "status", From: []string{"Order Status", "order_status", "Status", "status"}},
		{Canonical: "payment", From: []string{"Payment Method Title", "payment_method_title", "payment_method"}},
		{Canonical: "currency", From: []string{"Order Currency", "currency", "order_currency"}},
	},
})
