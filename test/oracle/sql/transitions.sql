-- Transitions within sessions, with the states before the first and behind the last event.
WITH {{sessions}},
moves AS (
  SELECT u, session, lag(k, 1, '(start)') OVER w AS a, k AS b FROM s WINDOW w AS (PARTITION BY u, session ORDER BY t, r)
  UNION ALL
  SELECT u, session, arg_max(k, (t, r)), '(end)' FROM s GROUP BY u, session),
counts AS (SELECT a, b, count(*) AS n, count(DISTINCT u) AS users, count(DISTINCT (u, session)) AS sessions FROM moves GROUP BY a, b)
SELECT a AS "from", b AS "to", users, sessions, n::DOUBLE / sum(n) OVER (PARTITION BY a) AS probability FROM counts
