-- A funnel of the three steps {{s1}}, {{s2}}, {{s3}} with {{window}} from the entry: every entry, the earliest possible later
-- steps in other rows, the deepest chain of a user, the earliest entry on ties. {{by}} is the break-down of
-- the entry's row, {{dimension}} its name in the result with a comma.
WITH e AS (SELECT user_id AS u, event_ts AS t, event_type AS k, rowno AS r, {{by}} AS g FROM seen WHERE user_id IS NOT NULL AND event_type IS NOT NULL),
entries AS (
  SELECT e.* FROM e, param
  WHERE k = '{{s1}}' AND t >= coalesce(param.from_ts, TIMESTAMP '0001-01-01') AND t < coalesce(param.to_ts, TIMESTAMP '9999-01-01')),
-- (time, row) of the second step, then of the third
two AS (
  SELECT a.u, a.t, a.r, any_value(a.g) AS g, min({'t': b.t, 'r': b.r}) AS s2
  FROM entries a LEFT JOIN e b ON b.u = a.u AND b.k = '{{s2}}' AND b.t BETWEEN a.t AND a.t + INTERVAL {{window}} AND b.r <> a.r
  GROUP BY ALL),
three AS (
  SELECT a.u, a.t, a.r, any_value(a.g) AS g, any_value(a.s2.t) AS t2, min(b.t) AS t3
  FROM two a LEFT JOIN e b ON b.u = a.u AND b.k = '{{s3}}' AND b.t >= a.s2.t AND b.t <= a.t + INTERVAL {{window}} AND b.r <> a.r AND b.r <> a.s2.r
  GROUP BY a.u, a.t, a.r),
deep AS (SELECT *, 1 + (t2 IS NOT NULL)::INT + (t3 IS NOT NULL)::INT AS depth FROM three),
chosen AS (SELECT * FROM deep QUALIFY row_number() OVER (PARTITION BY u ORDER BY depth DESC, t, r) = 1),
judged AS (SELECT chosen.*, depth < 3 AND t + INTERVAL {{window}} >= cutoff AS censored FROM chosen, as_of),
counts AS (
  SELECT g,
    count(*) FILTER (NOT censored) AS n1, count(*) FILTER (NOT censored AND depth >= 2) AS n2, count(*) FILTER (depth >= 3) AS n3,
    count(*) FILTER (censored) AS c1, count(*) FILTER (censored AND depth >= 2) AS c2,
    quantile_cont(epoch_us(t2) - epoch_us(t), 0.5) FILTER (NOT censored AND depth >= 2) / 1e6 AS m2,
    quantile_cont(epoch_us(t3) - epoch_us(t2), 0.5) FILTER (depth >= 3) / 1e6 AS m3
  FROM judged GROUP BY g),
cells AS (
  SELECT g, 1 AS place, '{{s1}}' AS step, n1 AS users, n1 AS first, NULL AS before, NULL::DOUBLE AS median FROM counts
  UNION ALL SELECT g, 2, '{{s2}}', n2, n1, n1, m2 FROM counts
  UNION ALL SELECT g, 3, '{{s3}}', n3, n1, n2, m3 FROM counts
  UNION ALL SELECT g, 4, '{{s1}} (censored)', c1, NULL, NULL, NULL FROM counts WHERE c1 > 0
  UNION ALL SELECT g, 5, '{{s2}} (censored)', c2, NULL, NULL, NULL FROM counts WHERE c2 > 0)
SELECT {{dimension}} step, users, CASE WHEN first > 0 THEN users::DOUBLE / first END AS conversion,
       CASE WHEN before > 0 THEN users::DOUBLE / before END AS step_conversion, median AS median_seconds
FROM cells ORDER BY g, place
