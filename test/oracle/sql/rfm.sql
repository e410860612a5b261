-- RFM. Score = 1 + floor(5 x (customers strictly worse) / N), in integers, so equal values get equal scores.
WITH customer AS (
  SELECT customer_id, as_of.cutoff::DATE - (max(order_ts) FILTER (sold))::DATE AS recency_days,
         count(DISTINCT order_id) FILTER (sold) AS frequency, sum(revenue) AS units
  FROM reported, as_of WHERE customer_id IS NOT NULL GROUP BY customer_id, as_of.cutoff
  HAVING count(*) FILTER (sold) > 0),
scored AS (
  SELECT *,  -- rank() - 1 counts the rows strictly before the first equal one: those strictly worse
    1 + 5 * (rank() OVER (ORDER BY recency_days DESC) - 1) // count(*) OVER () AS r,
    1 + 5 * (rank() OVER (ORDER BY frequency) - 1) // count(*) OVER () AS f,
    1 + 5 * (rank() OVER (ORDER BY units) - 1) // count(*) OVER () AS m
  FROM customer),
valued AS (SELECT *, (f + m + 1) // 2 AS v FROM scored)
SELECT customer_id, recency_days, frequency, cash(units) AS monetary, r, f, m,
  CASE r
    WHEN 5 THEN CASE WHEN v >= 4 THEN 'champions' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'new' END
    WHEN 4 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'promising' END
    WHEN 3 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v = 3 THEN 'need_attention' ELSE 'about_to_sleep' END
    ELSE CASE WHEN v = 5 THEN 'cant_lose' WHEN v >= 3 THEN 'at_risk' WHEN r = 1 AND v = 1 THEN 'lost' ELSE 'hibernating' END
  END AS segment
FROM valued
