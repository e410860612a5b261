package schema

// WooCommerce orders as its usual export plugins write them, one row a line item: with the names of Advanced
// Order Export, or those of the fields themselves (Customer/Order CSV Export); and as WooCommerce's own analytics do, one row an order. Buyers are known by their address first,
// for all guests have the number 0. Products without stock number are told apart by name.
var _ = register(&Preset{
	Name: "woocommerce", EN: "WooCommerce orders export", ZH: "WooCommerce 订单导出", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"Order Number", "Order ID", "order_id", "order_number", "Order #"}},
		{Canonical: "order_ts", From: []string{"Order Date", "order_date", "Date", "date_created"}},
		{Canonical: "customer_id", From: []string{"Email (Billing)", "billing_email", "Customer User Email", "Customer User ID", "customer_id", "Customer ID", "Customer"}},
		{Canonical: "product_id", From: []string{"SKU", "item_sku"}, Else: wooNames},
		{Canonical: "product_id", From: []string{"Product ID", "product_id", "item_product_id"}},
		{Canonical: "product_id", From: wooNames},
		{Canonical: "quantity", From: []string{"Quantity", "Quantity (- Refund)", "Item Quantity", "qty", "item_quantity", "Items sold"}},
		{Canonical: "unit_price", From: []string{"Item Cost", "Product Price", "item_price", "price"}},
		{Canonical: "amount", From: []string{"N. Revenue", "Net Sales"}},
		{Canonical: "product_name", From: wooNames},
		{Canonical: "category", From: []string{"Category", "Product Categories"}},
		{Canonical: "region", From: []string{"State Code (Shipping)", "State Code (Billing)", "shipping_state", "billing_state"}, Else: []string{"State Code (Billing)", "billing_state"}},
		{Canonical: "country", From: []string{"Country Code (Shipping)", "Country Code (Billing)", "shipping_country", "billing_country"}, Else: []string{"Country Code (Billing)", "billing_country"}},
		{Canonical: "city", From: []string{"City (Shipping)", "City (Billing)", "shipping_city", "billing_city"}, Else: []string{"City (Billing)", "billing_city"}},
		{Canonical: "status", From: []string{"Order Status", "order_status", "Status", "status"}},
		{Canonical: "payment", From: []string{"Payment Method Title", "payment_method_title", "payment_method"}},
		{Canonical: "currency", From: []string{"Order Currency", "currency", "order_currency"}},
	},
})

// wooNames are columns of names of products.
var wooNames = []string{"Item Name", "Product Name", "item_name"}
