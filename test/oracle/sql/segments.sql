-- segments: the customers of each RFM segment; recency, frequency and monetary are means.
WITH rfm AS ({{rfm}})
SELECT segment, count(*) AS customers, count(*)::DOUBLE / sum(count(*)) OVER ()::DOUBLE AS share,
       sum(monetary)::DECIMAL(38, 4) AS revenue,
       sum(monetary)::DOUBLE / nullif(sum(sum(monetary)) OVER (), 0)::DOUBLE AS revenue_share,
       sum(recency_days)::DOUBLE / count(*) AS recency_days, sum(frequency)::DOUBLE / count(*) AS frequency,
       sum(monetary)::DOUBLE / count(*) AS monetary
FROM rfm GROUP BY segment
