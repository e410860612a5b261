-- How soon users come from the entry to the last of the steps {{s1}}, {{s2}}, {{s3}}, by the rules of funnel.sql.
-- {{marks}} are rows of a name and seconds.
WITH e AS (SELECT user_id AS u, event_ts AS t, event_type AS k, rowno AS r FROM seen WHERE user_id IS NOT NULL AND event_type IS NOT NULL),
entries AS (
  SELECT e.* FROM e, param
  WHERE k = '{{s1}}' AND t >= coalesce(param.from_ts, TIMESTAMP '0001-01-01') AND t < coalesce(param.to_ts, TIMESTAMP '9999-01-01')),
-- (time, row) of the second step, then of the third
two AS (
  SELECT a.u, a.t, a.r, min({'t': b.t, 'r': b.r}) AS s2
  FROM entries a LEFT JOIN e b ON b.u = a.u AND b.k = '{{s2}}' AND b.t BETWEEN a.t AND a.t + INTERVAL {{window}} AND b.r <> a.r
  GROUP BY ALL),
three AS (
  SELECT a.u, a.t, a.r, any_value(a.s2.t) AS t2, min(b.t) AS t3
  FROM two a LEFT JOIN e b ON b.u = a.u AND b.k = '{{s3}}' AND b.t >= a.s2.t AND b.t <= a.t + INTERVAL {{window}} AND b.r <> a.r AND b.r <> a.s2.r
  GROUP BY a.u, a.t, a.r),
deep AS (SELECT *, 1 + (t2 IS NOT NULL)::INT + (t3 IS NOT NULL)::INT AS depth FROM three),
chosen AS (SELECT * FROM deep QUALIFY row_number() OVER (PARTITION BY u ORDER BY depth DESC, t, r) = 1),
judged AS (SELECT chosen.*, depth < 3 AND t + INTERVAL {{window}} >= cutoff AS censored FROM chosen, as_of),
marks AS (SELECT * FROM (VALUES {{marks}}) AS m(within, seconds)),
done AS (SELECT epoch_us(t3) - epoch_us(t) AS took FROM judged WHERE depth = 3),
counts AS (SELECT within, seconds, count(*) FILTER (took <= seconds * 1000000::BIGINT) AS users FROM marks, done GROUP BY ALL),
totals AS (SELECT (SELECT count(*) FROM done) AS finished, (SELECT count(*) FROM judged WHERE NOT censored) AS entered)
SELECT within, seconds::DOUBLE AS seconds, users, users::DOUBLE / finished AS share, users::DOUBLE / entered AS conversion FROM counts, totals
