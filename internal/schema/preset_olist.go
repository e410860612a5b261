package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// Olist, Brazilian e-commerce: a folder of tables. One row of order_items is
// one unit; customer_id is made anew for every order, so the person is
// customer_unique_id; payments are several an order and never joined to lines.
var _ = register(&Preset{
	Name: "olist", EN: "Olist, Brazilian e-commerce (a folder)", ZH: "Olist 巴西电商数据集（文件夹）", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"order_id"}},
		{Canonical: "order_ts", From: []string{"order_purchase_timestamp"}, In: "orders"},
		{Canonical: "customer_id", From: []string{"customer_unique_id"}, In: "customers"},
		{Canonical: "product_id", From: []string{"product_id"}},
		{Canonical: "quantity", Const: "1"},
		{Canonical: "unit_price", From: []string{"price"}},
		{Canonical: "category", From: []string{"product_category_name_english"}, In: "translation"},
		{Canonical: "category", From: []string{"product_category_name"}, In: "products"},
		{Canonical: "region", From: []string{"customer_state"}, In: "customers"},
		{Canonical: "city", From: []string{"customer_city"}, In: "customers"},
		{Canonical: "status", From: []string{"order_status"}, In: "orders"},
	},
	Joins: []PresetJoin{
		{Name: "orders", On: []relation.On{{Left: "order_id", Right: "order_id"}}},
		{Name: "customers", On: []relation.On{{Left: "orders.customer_id", Right: "customer_id"}}},
		{Name: "products", On: []relation.On{{Left: "product_id", Right: "product_id"}}},
		{Name: "translation", On: []relation.On{{Left: "products.product_category_name", Right: "product_category_name"}}},
	},
	Folder: []Part{
		{Table: "", File: "olist_order_items_dataset"},
		{Table: "orders", File: "olist_orders_dataset"},
		{Table: "customers", File: "olist_customers_dataset"},
		{Table: "products", File: "olist_products_dataset"},
		{Table: "translation", File: "product_category_name_translation"},
	},
})
