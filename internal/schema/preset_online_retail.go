package schema

import "github.com/ecomctl/ecomctl/internal/relation"

// UCI Online Retail and Online Retail II (D. Chen 2015), as published and in
// the copies that dropped columns. Invoices beginning with C are cancellations;
// their negative quantity makes them reversals.
var _ = register(&Preset{
	Name: "online-retail", EN: "UCI Online Retail I and II", ZH: "UCI 在线零售数据集", Table: Orders,
	Columns: []PresetColumn{
		{Canonical: "order_id", From: []string{"InvoiceNo", "Invoice"}},
		{Canonical: "order_ts", From: []string{"InvoiceDate"}, Layout: relation.LayoutMDY},
		{Canonical: "customer_id", From: []string{"CustomerID", "Customer ID"}},
		{Canonical: "product_id", From: []string{"StockCode"}},
		{Canonical: "quantity", From: []string{"Quantity"}},
		{Canonical: "unit_price", From: []string{"UnitPrice", "Price"}},
		{Canonical: "product_name", From: []string{"Description"}},
		{Canonical: "country", From: []string{"Country"}},
	},
})
