-- the profile of one column, {{column}}; run.py puts the columns together. {{number}} is the column as a double,
-- or null where it holds no numbers. Whole numbers are printed without a point. Sums are compensated.
WITH v AS (SELECT "{{column}}" AS x, CASE WHEN isfinite({{number}}) THEN {{number}} END AS d FROM {{file}}),
mean AS (SELECT favg(d) AS m FROM v)
SELECT '{{column}}' AS "column", count(*) AS rows, count(*) - count(x) AS nulls, count(DISTINCT x) AS "distinct",
       {{min}} AS min, {{max}} AS max, any_value(m) AS mean,
       CASE WHEN count(d) > 1 THEN sqrt(fsum((d - m) * (d - m)) / (count(d) - 1)) END AS stddev,
       quantile_cont(d, 0.5) AS p50, quantile_cont(d, 0.95) AS p95
FROM v, mean
