-- Events by session, in order: those of session_id, else cut where {{gap}} or more passes. {{stated}} is session_id, or
-- NULL where --gap cuts all.
e AS (SELECT user_id AS u, event_ts AS t, rowno AS r, event_type AS k, {{stated}} AS stated FROM reported WHERE user_id IS NOT NULL AND event_type IS NOT NULL),
pauses AS (
  SELECT *, CASE WHEN stated IS NULL AND t - lag(t) OVER (PARTITION BY u, stated ORDER BY t, r) < INTERVAL {{gap}} THEN 0 ELSE 1 END AS fresh FROM e),
s AS (
  SELECT u, t, r, k, CASE WHEN stated IS NULL THEN 'cut ' || sum(fresh) OVER (PARTITION BY u, stated ORDER BY t, r ROWS UNBOUNDED PRECEDING) ELSE 'stated ' || stated END AS session
  FROM pauses)
