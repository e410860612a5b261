-- The generated shop with order_ts as an instant (Parquet timestamp adjusted to UTC): wall time in the zone.
SELECT order_id::VARCHAR AS order_id, (order_ts AT TIME ZONE {{tz}})::TIMESTAMP AS order_ts, customer_id::VARCHAR AS customer_id,
       product_id::VARCHAR AS product_id, quantity::DOUBLE AS quantity, unit_price::DOUBLE AS unit_price,
       NULL::DOUBLE AS amount, NULL::DOUBLE AS discount, category, province AS region, NULL::VARCHAR AS country,
       NULL::VARCHAR AS product_name, payment, status,
       true AS has_order_id, true AS has_product_id, false AS has_amount
FROM {{file}}
