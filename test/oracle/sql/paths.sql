-- Sessions by their first {{stages}} stages; a stage is a run of one event type.
WITH {{sessions}},
runs AS (SELECT *, lag(k) OVER (PARTITION BY u, session ORDER BY t, r) IS DISTINCT FROM k AS fresh FROM s),
stages AS (SELECT u, session, list(k ORDER BY t, r) AS l FROM runs WHERE fresh GROUP BY u, session),
paths AS (SELECT u, session, array_to_string(l[1:{{stages}}], ' > ') || CASE WHEN len(l) > {{stages}} THEN ' > …' ELSE '' END AS path FROM stages)
SELECT path, count(*) AS sessions, count(DISTINCT u) AS users, count(*)::DOUBLE / (SELECT count(*) FROM paths) AS share FROM paths GROUP BY path
