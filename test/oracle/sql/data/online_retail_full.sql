-- UCI Online Retail, all 541,909 rows, without invoice and stock code.
SELECT NULL::VARCHAR AS order_id, InvoiceDate::TIMESTAMP AS order_ts, CustomerID::BIGINT::VARCHAR AS customer_id,
       NULL::VARCHAR AS product_id, Quantity::DOUBLE AS quantity, UnitPrice::DOUBLE AS unit_price,
       NULL::DOUBLE AS amount, NULL::DOUBLE AS discount, NULL::VARCHAR AS category, NULL::VARCHAR AS region, Country AS country,
       Description AS product_name, NULL::VARCHAR AS payment, NULL::VARCHAR AS status,
       false AS has_order_id, false AS has_product_id, false AS has_amount
FROM {{file}}
