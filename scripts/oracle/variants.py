#!/usr/bin/env python3
"""The same orders in every shape that must give the same answers: variants.py ORDERS.parquet OUTDIR

    orders_1m_instants.parquet   order_ts as an instant (adjusted to UTC), for --tz
    small.*                      the first 60,000 lines as parquet, csv, tsv, csv.gz, csv.zst, ndjson, arrow, arrows
    small_shuffled.parquet       those in a random order, in small row groups
    small_split/                 those in three Parquet files
"""
import os
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

src, out = sys.argv[1], sys.argv[2]
con = duckdb.connect()
con.execute("SET TimeZone='UTC'; SET preserve_insertion_order=true")


def copy(select, name, options):
    con.execute(f"COPY ({select}) TO '{os.path.join(out, name)}' ({options})")


copy(f"SELECT * REPLACE (order_ts AT TIME ZONE 'UTC' AS order_ts) FROM '{src}'", "orders_1m_instants.parquet",
     "FORMAT parquet, ROW_GROUP_SIZE 200000")
con.execute(f"CREATE TABLE small AS SELECT * FROM '{src}' LIMIT 60000")
copy("SELECT * FROM small", "small.parquet", "FORMAT parquet, ROW_GROUP_SIZE 20480")
copy("SELECT * FROM small ORDER BY hash(order_id, product_id, 7), quantity, unit_price", "small_shuffled.parquet",
     "FORMAT parquet, CODEC zstd, ROW_GROUP_SIZE 2048")
for ext in ("csv", "csv.gz", "csv.zst"):
    copy("SELECT * FROM small", "small." + ext, "FORMAT csv, HEADER" + {"csv": "", "csv.gz": ", COMPRESSION gzip", "csv.zst": ", COMPRESSION zstd"}[ext])
copy("SELECT * FROM small", "small.tsv", "FORMAT csv, HEADER, DELIMITER '\t'")
copy("SELECT * REPLACE (strftime(order_ts, '%Y-%m-%dT%H:%M:%S.%f') AS order_ts) FROM small", "small.ndjson", "FORMAT json")
os.makedirs(os.path.join(out, "small_split"), exist_ok=True)
for i, (a, b) in enumerate(((0, 25000), (25000, 25001), (25001, 60000))):
    copy(f"SELECT * FROM small LIMIT {b - a} OFFSET {a}", f"small_split/part-{i}.parquet", "FORMAT parquet")
table = pq.read_table(os.path.join(out, "small.parquet"))
with pa.OSFile(os.path.join(out, "small.arrow"), "wb") as f, pa.ipc.new_file(f, table.schema) as w:
    w.write_table(table, max_chunksize=10000)
with pa.OSFile(os.path.join(out, "small.arrows"), "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
    w.write_table(table, max_chunksize=7000)
