"""DuckDB's side of the comparison: duck.py JOB IN OUT (see README.md for what each job computes)."""
import os
import sys

import duckdb

SOLD = """quantity > 0 AND unit_price >= 0 AND order_id IS NOT NULL AND product_id IS NOT NULL
  AND order_ts <= TIMESTAMP '2026-11-23' AND (status IS NULL
  OR status NOT IN ('cancelled', 'refunded', 'voided', 'failed', 'trash', 'unpaid'))"""

SALES = """sum(revenue) AS revenue, count(DISTINCT order_id) AS orders, sum(quantity) AS units,
  count(DISTINCT customer_id) AS customers, sum(revenue) / count(DISTINCT order_id) AS aov"""

# guests (null customers) keep a row in `c` until the last day of all sold lines is known
RFM = """WITH c AS (SELECT customer_id, max(day) AS last, count(DISTINCT order_id) AS frequency, round(sum(revenue), 4) AS monetary
    FROM {t} GROUP BY customer_id),
  k AS (SELECT customer_id, (SELECT max(last) FROM c) + 1 - last AS recency_days, frequency, monetary FROM c WHERE customer_id IS NOT NULL),
  s AS (SELECT *, 1 + 5 * (rank() OVER (ORDER BY recency_days DESC) - 1) // count(*) OVER () AS r,
    1 + 5 * (rank() OVER (ORDER BY frequency) - 1) // count(*) OVER () AS f,
    1 + 5 * (rank() OVER (ORDER BY monetary) - 1) // count(*) OVER () AS m FROM k),
  v AS (SELECT *, (f + m + 1) // 2 AS v FROM s)
  SELECT customer_id, recency_days, frequency, monetary, r, f, m,
    CASE WHEN r = 5 THEN CASE WHEN v >= 4 THEN 'champions' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'new' END
         WHEN r = 4 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v >= 2 THEN 'potential_loyalists' ELSE 'promising' END
         WHEN r = 3 THEN CASE WHEN v >= 4 THEN 'loyal' WHEN v = 3 THEN 'need_attention' ELSE 'about_to_sleep' END
         WHEN v = 5 THEN 'cant_lose' WHEN v >= 3 THEN 'at_risk' WHEN r = 1 AND v = 1 THEN 'lost' ELSE 'hibernating' END AS segment
  FROM v ORDER BY customer_id"""


def lines(src):
    return f"(SELECT *, quantity * unit_price AS revenue, order_ts::DATE AS day FROM '{src}' WHERE {SOLD})"


def save(con, sql, out):
    con.execute(f"COPY ({sql}) TO '{out}' (FORMAT parquet)")


def daily(con, src, out):
    save(con, f"SELECT day AS date, {SALES} FROM {lines(src)} GROUP BY day ORDER BY day", out)


def daily_dedup(con, src, out):
    save(con, f"""SELECT order_ts::DATE AS date, {SALES} FROM (SELECT *, quantity * unit_price AS revenue
        FROM (SELECT DISTINCT * FROM '{src}' WHERE {SOLD})) GROUP BY date ORDER BY date""", out)


def rfm(con, src, out):
    save(con, RFM.format(t=lines(src)), out)


def report(con, src, out):
    os.makedirs(out, exist_ok=True)
    con.execute(f"""CREATE TEMP TABLE t AS SELECT order_id, customer_id, product_id, category, province, quantity, revenue, day
        FROM {lines(src)}""")
    for name, key in (("daily", "day"), ("monthly", "date_trunc('month', day)::DATE")):
        save(con, f"SELECT {key} AS date, {SALES} FROM t GROUP BY 1 ORDER BY 1", f"{out}/{name}.parquet")
    for name, key in (("category", "category"), ("region", "province")):
        save(con, f"SELECT {key} AS {name}, {SALES} FROM t GROUP BY 1 ORDER BY 1", f"{out}/{name}.parquet")
    save(con, """SELECT product_id, sum(revenue) AS revenue, sum(quantity) AS units FROM t GROUP BY 1
        ORDER BY 2 DESC LIMIT 100""", f"{out}/products.parquet")
    save(con, RFM.format(t="t"), f"{out}/rfm.parquet")
    save(con, """WITH w AS (SELECT customer_id, date_trunc('month', day)::DATE AS month, sum(revenue) AS revenue
          FROM t WHERE customer_id IS NOT NULL GROUP BY 1, 2),
        f AS (SELECT *, min(month) OVER (PARTITION BY customer_id) AS cohort FROM w)
        SELECT cohort, date_diff('month', cohort, month) AS period, count(*) AS active, sum(revenue) AS revenue
        FROM f GROUP BY 1, 2 ORDER BY 1, 2""", f"{out}/cohort.parquet")


def csv(con, src, out):
    con.execute(f"COPY (FROM read_csv('{src}')) TO '{out}' (FORMAT parquet, CODEC snappy, ROW_GROUP_SIZE 1000000)")


if __name__ == "__main__":
    globals()[sys.argv[1]](duckdb.connect(), sys.argv[2], sys.argv[3])
