-- sales by a calendar period ({{period}}): every period between the first and the last.
WITH cut AS (SELECT *, date_trunc('{{period}}', order_ts)::DATE AS date FROM reported),
span AS (SELECT min(date) AS first, max(date) AS last FROM cut),
periods AS (SELECT unnest(generate_series(first::TIMESTAMP, last::TIMESTAMP, INTERVAL 1 {{period}}))::DATE AS date FROM span),
sums AS (
  SELECT date, sum(revenue) AS revenue, count(DISTINCT order_id) FILTER (sold) AS orders, sum(quantity) FILTER (sold) AS units,
         count(DISTINCT customer_id) FILTER (sold) AS customers
  FROM cut GROUP BY date)
SELECT date, cash(coalesce(revenue, 0)) AS revenue, coalesce(orders, 0) AS orders, coalesce(units, 0)::BIGINT AS units,
       coalesce(customers, 0) AS customers,
       CASE WHEN orders > 0 THEN (revenue::DOUBLE / 10000) / orders END AS aov
FROM periods LEFT JOIN sums USING (date) ORDER BY date
