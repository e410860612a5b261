-- Events and users by hour of the week, hours without events too.
WITH cells AS (SELECT * FROM (SELECT unnest(range(1, 8)) AS weekday), (SELECT unnest(range(0, 24)) AS hour)),
n AS (SELECT isodow(event_ts) AS weekday, hour(event_ts) AS hour, count(*) AS events, count(DISTINCT user_id) AS users FROM reported GROUP BY ALL)
SELECT weekday, hour, coalesce(events, 0) AS events, coalesce(users, 0) AS users, coalesce(events, 0)::DOUBLE / (SELECT sum(events) FROM n) AS share
FROM cells LEFT JOIN n USING (weekday, hour)
