-- UCI Online Retail, the first 240,007 rows with all eight columns; dates are text such as 12/1/10 8:26.
SELECT InvoiceNo AS order_id, strptime(InvoiceDate, '%m/%d/%y %H:%M')::TIMESTAMP AS order_ts, CustomerID::VARCHAR AS customer_id,
       StockCode AS product_id, Quantity::DOUBLE AS quantity, UnitPrice::DOUBLE AS unit_price,
       NULL::DOUBLE AS amount, NULL::DOUBLE AS discount, NULL::VARCHAR AS category, NULL::VARCHAR AS region, Country AS country,
       Description AS product_name, NULL::VARCHAR AS payment, NULL::VARCHAR AS status,
       true AS has_order_id, true AS has_product_id, false AS has_amount
FROM {{file}}
