-- sales by a column ({{dimension}}); null is a row of its own.
SELECT {{dimension}}, cash(sum(revenue)) AS revenue, count(DISTINCT order_id) FILTER (sold) AS orders,
       coalesce(sum(quantity) FILTER (sold), 0)::BIGINT AS units, count(DISTINCT customer_id) FILTER (sold) AS customers,
       CASE WHEN count(DISTINCT order_id) FILTER (sold) > 0
            THEN (sum(revenue)::DOUBLE / 10000) / count(DISTINCT order_id) FILTER (sold) END AS aov
FROM reported GROUP BY ALL
