-- +goose Up
-- Ids are compared by bytes (VARBINARY); money is a whole number of 1/10000; times are wall time.

CREATE TABLE IF NOT EXISTS imports (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  source         VARBINARY(1024) NOT NULL COMMENT 'path or URL of the input',
  digest         CHAR(64) NOT NULL COMMENT 'SHA-256 of the bytes of the input',
  bytes          BIGINT NOT NULL,
  settings       CHAR(64) NOT NULL COMMENT 'SHA-256 of mapping and rules',
  identity       CHAR(64) NOT NULL COMMENT 'SHA-256 of source, digest and settings',
  state          ENUM('loading', 'live', 'replaced') NOT NULL,
  position       BIGINT NOT NULL DEFAULT 0 COMMENT 'rows of the input that are done',
  rows_in        BIGINT NOT NULL DEFAULT 0,
  sold           BIGINT NOT NULL DEFAULT 0,
  reversals      BIGINT NOT NULL DEFAULT 0,
  voids          BIGINT NOT NULL DEFAULT 0,
  rejects        BIGINT NOT NULL DEFAULT 0,
  outside        BIGINT NOT NULL DEFAULT 0,
  sold_e4        BIGINT NOT NULL DEFAULT 0,
  reversals_e4   BIGINT NOT NULL DEFAULT 0,
  voids_e4       BIGINT NOT NULL DEFAULT 0,
  rejects_e4     BIGINT NOT NULL DEFAULT 0,
  outside_e4     BIGINT NOT NULL DEFAULT 0,
  no_money       BIGINT NOT NULL DEFAULT 0 COMMENT 'rows whose money cannot be computed',
  pruned         BIGINT NOT NULL DEFAULT 0 COMMENT 'lines that db prune took away',
  pruned_e4      BIGINT NOT NULL DEFAULT 0,
  pruned_rejects BIGINT NOT NULL DEFAULT 0,
  tz             VARCHAR(64) NOT NULL COMMENT 'zone of wall times',
  currencies     VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'of the sold and reversed lines, separated by blanks',
  started_at     DATETIME(6) NOT NULL COMMENT 'UTC',
  finished_at    DATETIME(6) NULL,
  UNIQUE KEY imports_identity (identity),
  KEY imports_source (source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS line_store (
  import_id    BIGINT NOT NULL,
  row_no       BIGINT NOT NULL COMMENT 'row of the input, from 1',
  kind         TINYINT NOT NULL COMMENT '0 sold, 1 reversal',
  order_id     VARBINARY(255) NULL,
  order_ts     DATETIME(6) NULL,
  customer_id  VARBINARY(255) NULL,
  product_id   VARBINARY(255) NULL,
  quantity     DOUBLE NULL,
  unit_price   DOUBLE NULL,
  discount     DOUBLE NULL,
  money_e4     BIGINT NULL,
  product_name VARCHAR(1000) NULL,
  category     VARCHAR(255) NULL,
  region       VARCHAR(255) NULL,
  country      VARCHAR(255) NULL,
  city         VARCHAR(255) NULL,
  status       VARCHAR(255) NULL,
  payment      VARCHAR(255) NULL,
  channel      VARCHAR(255) NULL,
  currency     VARCHAR(255) NULL,
  PRIMARY KEY (import_id, row_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS rejects (
  import_id BIGINT NOT NULL,
  row_no    BIGINT NOT NULL,
  reason    VARCHAR(255) NOT NULL,
  raw       LONGTEXT NOT NULL COMMENT 'the row as it was read: a JSON object of texts',
  PRIMARY KEY (import_id, row_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS orders (
  order_id     VARBINARY(255) NOT NULL PRIMARY KEY,
  order_ts     DATETIME(6) NULL COMMENT 'of the first line',
  customer_id  VARBINARY(255) NULL,
  sold_lines   BIGINT NOT NULL,
  units        DOUBLE NULL,
  revenue_e4   BIGINT NULL,
  reversals    BIGINT NOT NULL,
  reversals_e4 BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS customers (
  customer_id VARBINARY(255) NOT NULL PRIMARY KEY,
  first_order DATETIME(6) NULL,
  last_order  DATETIME(6) NULL,
  orders      BIGINT NOT NULL,
  sold_lines  BIGINT NOT NULL,
  units       DOUBLE NULL,
  revenue_e4  BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS products (
  product_id   VARBINARY(255) NOT NULL PRIMARY KEY,
  product_name VARCHAR(1000) NULL,
  category     VARCHAR(255) NULL,
  first_sold   DATETIME(6) NULL,
  last_sold    DATETIME(6) NULL,
  sold_lines   BIGINT NOT NULL,
  units        DOUBLE NULL,
  revenue_e4   BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS daily (
  day          DATE NOT NULL PRIMARY KEY,
  revenue_e4   BIGINT NULL,
  orders       BIGINT NOT NULL,
  units        DOUBLE NULL,
  customers    BIGINT NOT NULL,
  sold_lines   BIGINT NOT NULL,
  reversals    BIGINT NOT NULL,
  reversals_e4 BIGINT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS runs (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  command     VARCHAR(64) NOT NULL,
  started_at  DATETIME(6) NOT NULL COMMENT 'UTC',
  finished_at DATETIME(6) NULL,
  state       ENUM('running', 'done', 'failed') NOT NULL,
  detail      LONGTEXT NOT NULL COMMENT 'JSON: inputs, account of rows, what was done'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS results (
  run_id     BIGINT NOT NULL,
  name       VARCHAR(64) NOT NULL COMMENT 'the analysis',
  params     LONGTEXT NOT NULL COMMENT 'JSON',
  body       LONGTEXT NOT NULL COMMENT 'JSON: the rows as ecomctl --format json prints them',
  created_at DATETIME(6) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (run_id, name),
  CONSTRAINT results_run FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- order_lines is what analyses read: the canonical columns of every import that is whole. The money of
-- a line is its amount; unit_price and discount, from which it may have come, stay in line_store.
CREATE OR REPLACE VIEW order_lines AS
SELECT l.import_id, l.row_no, CASE l.kind WHEN 0 THEN 'sold' ELSE 'reversal' END AS kind,
  l.order_id, l.order_ts, l.customer_id, l.product_id, l.quantity,
  CAST(l.money_e4 AS DECIMAL(19, 0)) / 10000 AS amount,
  l.product_name, l.category, l.region, l.country, l.city, l.status, l.payment, l.channel, l.currency
FROM line_store l JOIN imports i ON i.id = l.import_id AND i.state = 'live';

-- +goose Down
DROP VIEW IF EXISTS order_lines;
DROP TABLE IF EXISTS results;
DROP TABLE IF EXISTS runs;
DROP TABLE IF EXISTS daily;
DROP TABLE IF EXISTS products;
DROP TABLE IF EXISTS customers;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS rejects;
DROP TABLE IF EXISTS line_store;
DROP TABLE IF EXISTS imports;
