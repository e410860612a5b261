"""DataFusion's side of the comparison: datafusion_.py JOB IN OUT (see README.md for what each job computes)."""
import sys

import datafusion
import pyarrow.parquet as pq

SOLD = """quantity > 0 AND unit_price >= 0 AND order_id IS NOT NULL AND product_id IS NOT NULL
  AND order_ts <= TIMESTAMP '2026-11-23' AND (status IS NULL
  OR status NOT IN ('cancelled', 'refunded', 'voided', 'failed', 'trash', 'unpaid'))"""

SALES = """sum(revenue) AS revenue, count(DISTINCT order_id) AS orders, sum(CAST(quantity AS BIGINT)) AS units,
  count(DISTINCT customer_id) AS customers, sum(revenue) / count(DISTINCT order_id) AS aov"""


def save(ctx, sql, out):
    pq.write_table(ctx.sql(sql).to_arrow_table(), out)


def daily(ctx, out):
    save(ctx, f"""SELECT date, {SALES} FROM (SELECT *, quantity * unit_price AS revenue, CAST(order_ts AS DATE) AS date
        FROM t WHERE {SOLD}) GROUP BY date ORDER BY date""", out)


def daily_dedup(ctx, out):
    save(ctx, f"""SELECT date, {SALES} FROM (SELECT *, quantity * unit_price AS revenue, CAST(order_ts AS DATE) AS date
        FROM (SELECT DISTINCT * FROM t WHERE {SOLD})) GROUP BY date ORDER BY date""", out)


def rfm(ctx, out):
    save(ctx, f"""WITH c AS (SELECT customer_id, CAST(max(order_ts) AS DATE) AS last, count(DISTINCT order_id) AS frequency,
        round(sum(quantity * unit_price), 4) AS monetary FROM t WHERE {SOLD} GROUP BY customer_id),
      d AS (SELECT *, CAST(arrow_cast(max(last) OVER (), 'Int32') - arrow_cast(last, 'Int32') + 1 AS BIGINT) AS recency_days FROM c),
      k AS (SELECT * FROM d WHERE customer_id IS NOT NULL),
      s AS (SELECT *, 1 + 5 * (CAST(rank() OVER (ORDER BY recency_days DESC) AS BIGINT) - 1) / CAST(count(*) OVER () AS BIGINT) AS r,
        1 + 5 * (CAST(rank() OVER (ORDER BY frequency) AS BIGINT) - 1) / CAST(count(*) OVER () AS BIGINT) AS f,
        1 + 5 * (CAST(rank() OVER (ORDER BY monetary) AS BIGINT) - 1) / CAST(count(*) OVER () AS BIGINT) AS m FROM k),
      v AS (SELECT *, (f + m + 1) / 2 AS v FROM s)
      SELECT customer_id, recency_days, frequency, monetary, r, f, m,
        CASE WHEN r = 5 THEN CASE WHEN v >= 4 THEN 'champions' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'new' END
             WHEN r = 4 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'promising' END
             WHEN r = 3 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v = 3 THEN 'need_attention' ELSE 'about_to_sleep' END
             WHEN v = 5 THEN 'cant_lose' WHEN v >= 3 THEN 'at_risk' WHEN r = 1 AND v = 1 THEN 'lost' ELSE 'hibernating' END AS segment
      FROM v ORDER BY customer_id""", out)


if __name__ == "__main__":
    context = datafusion.SessionContext()
    context.register_parquet("t", sys.argv[2])
    globals()[sys.argv[1]](context, sys.argv[3])
