-- Which events count. Makes the tables `events` (every input row with its kind: 'sold' is what other tables call
-- a kept row), `as_of`, and `seen`: the kept rows that satisfy --where, whatever their time.
-- Placeholders: data, the data set's SELECT; where, the --where condition in SQL. `param` has one row.

CREATE OR REPLACE TEMP TABLE canonical AS
SELECT row_number() OVER () AS rowno, * FROM ({{data}});

CREATE OR REPLACE TEMP TABLE ruled AS
SELECT canonical.*, event_ts IS NULL OR event_ts > param.now_ts + INTERVAL 1 DAY AS rejected FROM canonical, param;

CREATE OR REPLACE TEMP TABLE as_of AS
SELECT coalesce(any_value(param.as_of), max(event_ts)::DATE + 1)::TIMESTAMP AS cutoff FROM param LEFT JOIN ruled ON NOT rejected;

CREATE OR REPLACE TEMP TABLE events AS
SELECT ruled.*, CASE WHEN rejected THEN 'reject' WHEN event_ts >= cutoff THEN 'outside' ELSE 'sold' END AS kind FROM ruled, as_of;

CREATE OR REPLACE TEMP VIEW seen AS SELECT * FROM events WHERE kind = 'sold' AND ({{where}});

-- the seen rows that a result speaks about
CREATE OR REPLACE TEMP VIEW reported AS
SELECT seen.* FROM seen, param
WHERE event_ts >= coalesce(param.from_ts, TIMESTAMP '0001-01-01') AND event_ts < coalesce(param.to_ts, TIMESTAMP '9999-01-01');
