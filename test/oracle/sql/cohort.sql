-- cohorts by {{period}} of the first order, which is looked for on all input before --to.
WITH firsts AS (
  SELECT customer_id, date_trunc('{{period}}', min(order_ts))::DATE AS cohort
  FROM lines, param
  WHERE kind = 'sold' AND customer_id IS NOT NULL AND order_ts < coalesce(param.to_ts, TIMESTAMP '9999-01-01')
  GROUP BY customer_id),
visits AS (
  SELECT cohort, date_diff('{{period}}', cohort, date_trunc('{{period}}', order_ts)::DATE) AS period, customer_id, sold, revenue
  FROM reported JOIN firsts USING (customer_id)),
seen AS (
  SELECT cohort, period, count(DISTINCT customer_id) FILTER (sold) AS active, sum(revenue) AS revenue FROM visits GROUP BY ALL),
sizes AS (SELECT cohort, count(*) AS customers FROM firsts WHERE cohort IN (SELECT cohort FROM seen) GROUP BY cohort),
-- the last period that has begun before as-of
ends AS (SELECT date_trunc('{{period}}', cutoff - INTERVAL 1 MICROSECOND)::DATE AS last, cutoff FROM as_of),
width AS (SELECT max(date_diff('{{period}}', cohort, last)) AS n FROM sizes, ends),
cells AS (SELECT cohort, customers, unnest(range(0, n + 1)) AS period FROM sizes, width),
dated AS (SELECT *, (cohort + period * INTERVAL 1 {{period}})::DATE AS starts, (cohort + (period + 1) * INTERVAL 1 {{period}})::TIMESTAMP AS over FROM cells)
SELECT cohort, period, customers,
       CASE WHEN starts <= last THEN coalesce(active, 0) END AS active,
       CASE WHEN starts <= last THEN coalesce(active, 0)::DOUBLE / customers END AS retention,
       CASE WHEN starts <= last THEN cash(coalesce(revenue, 0)) END AS revenue,
       over <= cutoff AS complete
FROM dated LEFT JOIN seen USING (cohort, period), ends ORDER BY cohort, period
