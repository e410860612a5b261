"""Writes one table with pyarrow, Polars and DuckDB in many ways into the folder given."""
import datetime, decimal, random, sys
import pyarrow as pa, pyarrow.parquet as pq

out = sys.argv[1]
random.seed(1)
n = 40_000
some = lambda f, share=.1: [None if random.random() < share else f(i) for i in range(n)]
t = pa.table({
    "id": pa.array(range(n), pa.int64()),
    "small": pa.array(some(lambda i: i % 7), pa.int8()),
    "big": pa.array(some(lambda i: random.getrandbits(63)), pa.uint64()),
    "price": pa.array(some(lambda i: random.randrange(10**6) / 100), pa.float64()),
    "half": pa.array(some(lambda i: i / 4), pa.float32()),
    "name": pa.array(some(lambda i: "商品 %d" % (i * i % 997)), pa.string()),
    "token": pa.array(some(lambda i: "%032x" % random.getrandbits(128)), pa.string()),
    "at": pa.array(some(lambda i: datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=i)), pa.timestamp("us")),
    "day": pa.array(some(lambda i: datetime.date(2024, 1, 1) + datetime.timedelta(days=i % 700)), pa.date32()),
    "money": pa.array(some(lambda i: decimal.Decimal(i) / 100), pa.decimal128(20, 2)),
    "paid": pa.array(some(lambda i: i % 3 == 0), pa.bool_()),
    "nothing": pa.array([None] * n, pa.string()),
})
for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
    pq.write_table(t, f"{out}/pyarrow_{codec}.parquet", compression=codec, row_group_size=30_000)
pq.write_table(t, f"{out}/pyarrow_v2.parquet", data_page_version="2.0", write_page_checksum=True, data_page_size=3000)
pq.write_table(t, f"{out}/pyarrow_plain.parquet", use_dictionary=False, data_page_size=1 << 24)
pq.write_table(t, f"{out}/pyarrow_int96.parquet", use_deprecated_int96_timestamps=True, dictionary_pagesize_limit=2000)
pq.write_table(t, f"{out}/pyarrow_encodings.parquet", use_dictionary=False, version="2.6", column_encoding={
    "id": "DELTA_BINARY_PACKED", "small": "DELTA_BINARY_PACKED", "price": "BYTE_STREAM_SPLIT", "half": "BYTE_STREAM_SPLIT",
    "name": "DELTA_BYTE_ARRAY", "token": "DELTA_LENGTH_BYTE_ARRAY", "paid": "RLE", "at": "DELTA_BINARY_PACKED"})
try:
    import polars as pl
    for codec in ("uncompressed", "snappy", "zstd", "lz4"):
        pl.from_arrow(t).write_parquet(f"{out}/polars_{codec}.parquet", compression=codec, row_group_size=20_000)
except ImportError:
    pass
try:
    import duckdb
    for codec in ("uncompressed", "snappy", "zstd", "gzip", "brotli", "lz4_raw"):
        for version in ("V1", "V2"):
            duckdb.sql(f"COPY t TO '{out}/duckdb_{codec}_{version}.parquet' (FORMAT parquet, CODEC '{codec}', PARQUET_VERSION {version}, ROW_GROUP_SIZE 25000)")
except ImportError:
    pass
