#!/usr/bin/env python3
"""Make the order-lines files that the benchmark runs on, with DuckDB.

    data.py generate OUT [--rows N]     a synthetic shop, Parquet or CSV by OUT's extension
    data.py shuffle  IN OUT             the same rows in a random order
    data.py strings  IN OUT             the same rows with 36-character text ids

Columns: order_id, customer_id, product_id, category, quantity, unit_price, order_ts, province,
payment, status.  The generated rows are in time order, about three lines an order.  Every value is
a hash of (order, line, seed), so the same seed gives the same rows on any number of threads; only
the hash function of the DuckDB version matters, which is why the version is pinned.

About one row in a hundred is spoiled: no customer, no price, a negative quantity, price 0, a date
fifty years ahead, or an exact second copy of the line.
"""
import argparse
import os

import duckdb

DAYS = 730  # two years from 2024-01-01


def connect(memory):
    con = duckdb.connect()
    con.execute(f"SET memory_limit='{memory}'; SET preserve_insertion_order=true")
    return con


def day_table(con, orders):
    """days(d, a, b): the half-open range of order numbers of each day.

    The weight of a day is trend x weekday x season x sale peak x noise."""
    con.execute(f"""
        CREATE TABLE days AS
        WITH weight AS (
          SELECT d, (1 + 0.6 * d / {DAYS})
            * [1.0, 0.94, 0.95, 0.98, 1.08, 1.25, 1.18][(d % 7) + 1]
            * (1 + 0.18 * sin(2 * pi() * (d - 80) / 365.25) + 0.05 * sin(4 * pi() * d / 365.25))
            * CASE WHEN (d % 365) BETWEEN 312 AND 316 THEN 2.4
                   WHEN (d % 365) BETWEEN 166 AND 169 THEN 1.7 ELSE 1 END
            * (0.93 + 0.14 * u(d, 0, 99)) AS w
          FROM range({DAYS}) t(d)),
        share AS (SELECT d, sum(w) OVER (ORDER BY d) / sum(w) OVER () AS cum FROM weight),
        upto AS (SELECT d, round(cum * {orders})::BIGINT AS b FROM share)
        SELECT d, coalesce(lag(b) OVER (ORDER BY d), 0) AS a, b FROM upto""")


def generate(args):
    rows, products, seed = args.rows, args.products, args.seed
    customers = args.customers or max(100, rows // 20)
    con = connect(args.memory)
    # uniform [0, 1) from a hash of two keys and the purpose of the draw
    con.execute(f"CREATE MACRO u(a, b, k) AS ((hash(a, b, k, {seed}) >> 11)::DOUBLE / 9007199254740992.0)")
    day_table(con, int(rows / 3.06) + 1000)  # a little too many, cut by LIMIT below
    select = f"""
        WITH numbered AS (
          SELECT d, unnest(range(a, b)) AS oid, a, b,
                 greatest(100, ({customers} * (0.25 + 0.75 * d / {DAYS}))::BIGINT) AS known
          FROM days ORDER BY d),
        orders AS (
          SELECT oid, d,
            -- 35 % of the orders come from customers of the last 90 days, the rest leans to old, big ones
            CASE WHEN u(oid, 0, 1) < 0.35
                 THEN greatest(0, known - 1 - floor({customers} * 0.75 * 90 / {DAYS} * pow(u(oid, 0, 2), 1.5))::BIGINT)
                 ELSE floor(known * pow(u(oid, 0, 2), 1.7))::BIGINT END AS cidx,
            TIMESTAMP '2024-01-01' + to_days(d::INTEGER)
              + to_microseconds((86399e6 * least(0.999999, ((oid - a) + u(oid, 0, 3)) / (b - a)))::BIGINT) AS ts,
            floor({products} * pow(u(oid, 0, 4), 3.0))::BIGINT AS p0,
            [1,1,1,1,1,2,2,2,2,3,3,3,4,4,4,5,5,6,7,9][1 + floor(20 * u(oid, 0, 5))::INT] AS items,
            ['alipay','wechat','card','cod','wallet','instalment'][1 + floor(6 * pow(u(oid, 0, 6), 2.0))::INT] AS payment,
            CASE WHEN u(oid, 0, 7) < 0.92 THEN 'paid' WHEN u(oid, 0, 7) < 0.97 THEN 'cancelled' ELSE 'refunded' END AS status
          FROM numbered),
        lines AS (
          SELECT oid, (cidx * 7919 + 13) % {customers} + 1 AS cid, ts, payment, status,
            unnest(list_sort(list_distinct(list_transform(range(items), lambda j:
              CASE WHEN j = 0 THEN p0
                   -- products are bought in bundles of five more often than by chance
                   WHEN u(oid, j, 10) < 0.35 THEN least({products} - 1, (p0 // 5) * 5 + floor(5 * u(oid, j, 11))::BIGINT)
                   ELSE floor({products} * pow(u(oid, j, 12), 3.0))::BIGINT END)))) AS p
          FROM orders),
        marked AS (
          SELECT *, CASE WHEN u(oid, p, 20) < {args.dirty} THEN 1 + floor(6 * u(oid, p, 21))::INT ELSE 0 END AS bad
          FROM lines),
        copied AS (SELECT *, unnest(CASE WHEN bad = 6 THEN [0, 1] ELSE [0] END) AS copy FROM marked)
        SELECT (oid + 1)::BIGINT AS order_id,
          CASE WHEN bad = 1 THEN NULL ELSE cid END::BIGINT AS customer_id,
          ((p * 7717) % {products} + 1)::INTEGER AS product_id,
          'cat_' || lpad((1 + floor(30 * pow(u(p, 0, 30), 1.6))::INT)::VARCHAR, 2, '0') AS category,
          (CASE WHEN bad = 3 THEN -1 ELSE 1 END * [1,1,1,1,1,1,2,2,3,5][1 + floor(10 * u(oid, p, 31))::INT])::INTEGER AS quantity,
          CASE WHEN bad = 2 THEN NULL WHEN bad = 4 THEN 0.0
               ELSE round(exp(2.2 + 3.4 * u(p, 0, 32)) * (0.8 + 0.05 * floor(5 * u(oid, p, 33))), 2) END::DOUBLE AS unit_price,
          CASE WHEN bad = 5 THEN ts + INTERVAL 50 YEAR ELSE ts END AS order_ts,
          'prov_' || lpad((1 + floor(34 * pow(u(cid, 0, 34), 1.8))::INT)::VARCHAR, 2, '0') AS province,
          payment, status
        FROM copied LIMIT {rows}"""
    write(con, select, args)


def shuffle(args):
    con = connect(args.memory)
    write(con, f"""SELECT * EXCLUDE (file_row_number) FROM read_parquet('{args.input}', file_row_number=true)
        ORDER BY hash(file_row_number, 7919), file_row_number""", args)


def strings(args):
    con = connect(args.memory)
    con.execute("""CREATE MACRO id36(kind, n) AS (SELECT CASE WHEN n IS NULL THEN NULL ELSE
        h[1:8] || '-' || h[9:12] || '-' || h[13:16] || '-' || h[17:20] || '-' || h[21:32] END
        FROM (SELECT md5(kind || n::VARCHAR) AS h))""")
    write(con, f"""SELECT * REPLACE (id36('o', order_id) AS order_id, id36('c', customer_id) AS customer_id,
        id36('p', product_id) AS product_id) FROM read_parquet('{args.input}')""", args)


def write(con, select, args):
    fmt = "FORMAT csv, HEADER" if args.out.endswith(".csv") else \
        f"FORMAT parquet, CODEC '{args.codec}', ROW_GROUP_SIZE {args.row_group}"
    part = args.out + ".part"
    con.execute(f"COPY ({select}) TO '{part}' ({fmt})")
    os.replace(part, args.out)  # an interrupted run leaves no file that looks whole


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(required=True)
    for name, run in (("generate", generate), ("shuffle", shuffle), ("strings", strings)):
        p = sub.add_parser(name)
        p.set_defaults(run=run)
        if name != "generate":
            p.add_argument("input")
        p.add_argument("out")
        p.add_argument("--codec", default="snappy", choices=["snappy", "zstd", "uncompressed"])
        p.add_argument("--row-group", type=int, default=1_000_000)
        p.add_argument("--memory", default="6GB")
        if name == "generate":
            p.add_argument("--rows", type=int, default=1_000_000)
            p.add_argument("--customers", type=int, default=0, help="default rows/20")
            p.add_argument("--products", type=int, default=20_000)
            p.add_argument("--seed", type=int, default=1)
            p.add_argument("--dirty", type=float, default=0.01)
    args = ap.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
