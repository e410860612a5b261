-- Makes duckdb.parquet, a file of another writer for the tests with damaged copies:
--   duckdb -c ".read duckdb.sql"   (DuckDB 2.0.0)
COPY (
  SELECT i AS id,
         CASE WHEN i % 7 = 0 THEN NULL ELSE i * 37 % 1000 END::INTEGER AS customer,
         'prov_' || (i * i % 31) AS province,
         CASE WHEN i % 11 = 0 THEN NULL ELSE md5(i::VARCHAR) END AS token,
         (i % 97) / 8.0 AS price,
         TIMESTAMP '2024-01-01' + INTERVAL (i) MINUTE AS at,
         (i % 3 = 0) AS paid,
         (i * 1.25)::DECIMAL(12, 2) AS amount,
         DATE '2024-01-01' + (i % 365)::INTEGER AS day
  FROM range(4000) t(i))
TO 'duckdb.parquet' (FORMAT parquet, CODEC 'zstd', ROW_GROUP_SIZE 2048);
