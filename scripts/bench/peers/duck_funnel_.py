"""The funnel of docs/contract.md in DuckDB SQL, written in the two ways that people write it.

    duck_funnel_.py asof|window FILE STEP STEP STEP DAYS

asof    each step's events are a table; ASOF joins find the next step of every entry
window  windows over each user's events carry the next cart and its next purchase to every entry
Times beyond 2026-11-23, which is the bench's now plus a day, are rejects.
"""
import os
import sys

import duckdb

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

how, path, one, two, three, days = sys.argv[1:]
window = f"INTERVAL {int(days)} DAY"
kept = f"(SELECT user_id AS u, event_ts AS t, event_type AS k FROM '{path}' WHERE event_ts <= TIMESTAMP '2026-11-23')"
steps = f"SELECT * FROM {kept} WHERE u IS NOT NULL AND k IN ('{one}', '{two}', '{three}')"

CHAINS = {
    "asof": f"""
        e AS ({steps}), v AS (SELECT u, t FROM e WHERE k = '{one}'), c AS (SELECT u, t FROM e WHERE k = '{two}'), p AS (SELECT u, t FROM e WHERE k = '{three}'),
        x AS (SELECT v.u, v.t, CASE WHEN c.t <= v.t + {window} THEN c.t END AS t2 FROM v ASOF LEFT JOIN c ON v.u = c.u AND v.t <= c.t),
        y AS (SELECT x.u, x.t, x.t2, CASE WHEN p.t <= x.t + {window} THEN p.t END AS t3 FROM x ASOF LEFT JOIN p ON x.u = p.u AND x.t2 <= p.t)""",
    "window": f"""
        e AS ({steps}),
        f AS (SELECT *, min(CASE WHEN k = '{three}' THEN t END) OVER w AS p FROM e WINDOW w AS (PARTITION BY u ORDER BY t RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)),
        g AS (SELECT *, min(CASE WHEN k = '{two}' THEN t END) OVER w AS c, arg_min(CASE WHEN k = '{two}' THEN p END, CASE WHEN k = '{two}' THEN t END) OVER w AS cp
              FROM f WINDOW w AS (PARTITION BY u ORDER BY t RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)),
        y AS (SELECT u, t, CASE WHEN c <= t + {window} THEN c END AS t2, CASE WHEN c <= t + {window} AND cp <= t + {window} THEN cp END AS t3 FROM g WHERE k = '{one}')""",
}

n1, n2, n3, m2, m3, c1, c2 = duckdb.sql(f"""
    WITH {CHAINS[how]},
    z AS (SELECT *, 1 + (t2 IS NOT NULL)::INT + (t3 IS NOT NULL)::INT AS d FROM y),
    b AS (SELECT arg_max({{'t': t, 't2': t2, 't3': t3, 'd': d}}, (d, -epoch_us(t))) AS s FROM z GROUP BY u),
    r AS (SELECT s.t AS t, s.t2 AS t2, s.t3 AS t3, s.d AS d, s.d < 3 AND s.t + {window} >= (SELECT max(t)::DATE + 1 FROM {kept}) AS young FROM b)
    SELECT count(*) FILTER (NOT young), count(*) FILTER (NOT young AND d >= 2), count(*) FILTER (d = 3),
           quantile_cont(epoch_us(t2) - epoch_us(t), 0.5) FILTER (NOT young AND d >= 2) / 1e6, quantile_cont(epoch_us(t3) - epoch_us(t2), 0.5) FILTER (d = 3) / 1e6,
           count(*) FILTER (young), count(*) FILTER (young AND d >= 2) FROM r""").fetchall()[0]
answer(f"{one} {n1}, {two} {n2} {m2:.6f}, {three} {n3} {m3:.6f}, {one} (censored) {c1}, {two} (censored) {c2}")
