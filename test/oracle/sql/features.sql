-- One row a known customer with a sold line: docs/methods.md, features.
WITH sold AS (SELECT * FROM lines WHERE kind = 'sold' AND customer_id IS NOT NULL),
customer AS (
  SELECT customer_id, min(order_ts)::DATE AS first_order, max(order_ts)::DATE AS last_order,
    count(DISTINCT order_id) AS orders, sum(quantity)::BIGINT AS units, sum(money) AS units_money,
    count(DISTINCT product_id) AS products, count(DISTINCT category) AS categories,
    count(DISTINCT order_ts::DATE) AS order_days, count(*) AS n,
    count(*) FILTER (isodow(order_ts) >= 6) AS weekend
  FROM sold GROUP BY customer_id),
reversed AS (SELECT customer_id, count(*) AS n FROM lines WHERE kind = 'reversal' AND customer_id IS NOT NULL GROUP BY customer_id),
top AS (
  SELECT customer_id, category FROM (
    SELECT customer_id, category, row_number() OVER (PARTITION BY customer_id ORDER BY sum(money) DESC, category) AS place
    FROM sold WHERE category IS NOT NULL GROUP BY customer_id, category) WHERE place = 1)
SELECT c.customer_id, first_order, last_order, as_of.cutoff::DATE - first_order AS tenure_days, as_of.cutoff::DATE - last_order AS recency_days,
  orders, units, cash(units_money) AS revenue, (units_money::DOUBLE / 10000) / orders AS aov, products, categories,
  CASE WHEN order_days > 1 THEN (last_order - first_order)::DOUBLE / (order_days - 1) END AS mean_gap_days,
  coalesce(r.n, 0)::DOUBLE / (c.n + coalesce(r.n, 0)) AS returns_ratio, weekend::DOUBLE / c.n AS weekend_ratio, top.category AS top_category
FROM customer c LEFT JOIN reversed r USING (customer_id) LEFT JOIN top USING (customer_id), as_of
