-- The Complete Journey: the line's money is sales_value; names and categories come from the products table.
SELECT t.basket_id::VARCHAR AS order_id, t.transaction_timestamp::TIMESTAMP AS order_ts, t.household_id::VARCHAR AS customer_id,
       t.product_id::VARCHAR AS product_id, t.quantity::DOUBLE AS quantity, NULL::DOUBLE AS unit_price,
       t.sales_value::DOUBLE AS amount, NULL::DOUBLE AS discount, p.department AS category, NULL::VARCHAR AS region, NULL::VARCHAR AS country,
       p.product_type AS product_name, NULL::VARCHAR AS payment, NULL::VARCHAR AS status,
       true AS has_order_id, true AS has_product_id, true AS has_amount
FROM {{file}} t LEFT JOIN {{products}} p USING (product_id)
