-- geo: sales of each place and its share of all revenue.
SELECT {{dimension}}, cash(sum(revenue)) AS revenue, count(DISTINCT order_id) FILTER (sold) AS orders,
       count(DISTINCT customer_id) FILTER (sold) AS customers,
       sum(revenue)::DOUBLE / nullif(sum(sum(revenue)) OVER (), 0)::DOUBLE AS share
FROM reported GROUP BY {{dimension}}
