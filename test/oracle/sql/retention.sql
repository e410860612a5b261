-- Users by the ISO week of their first event, which is looked for on all input before --to.
WITH firsts AS (
  SELECT user_id, date_trunc('week', min(event_ts))::DATE AS cohort FROM events, param
  WHERE kind = 'sold' AND user_id IS NOT NULL AND event_ts < coalesce(param.to_ts, TIMESTAMP '9999-01-01') GROUP BY user_id),
sizes AS (SELECT cohort, count(*) AS users FROM firsts GROUP BY cohort),
active AS (
  SELECT cohort, date_diff('week', cohort, date_trunc('week', event_ts)::DATE) AS week, count(DISTINCT user_id) AS active
  FROM reported JOIN firsts USING (user_id) GROUP BY ALL),
ends AS (SELECT least(cutoff, coalesce(param.to_ts, cutoff))::DATE AS last, coalesce(param.from_ts, TIMESTAMP '0001-01-01')::DATE AS begin FROM as_of, param),
width AS (SELECT ceil((any_value(last) - min(cohort)) / 7)::BIGINT AS n FROM sizes, ends),
cells AS (SELECT cohort, users, unnest(range(0, n)) AS week FROM sizes, width)
SELECT cohort, week, users,
       CASE WHEN cohort + 7 * week::INT < last THEN coalesce(active, 0) END AS active,
       CASE WHEN cohort + 7 * week::INT < last THEN coalesce(active, 0)::DOUBLE / users END AS retention,
       cohort + 7 * (week::INT + 1) <= last AS complete
FROM cells LEFT JOIN active USING (cohort, week), ends WHERE cohort + 7 * (week::INT + 1) > begin
