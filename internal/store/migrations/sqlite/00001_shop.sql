-- +goose Up
-- Ids are texts; money is a whole number of 1/10000; times are wall time as 2024-01-31 23:59:59.000000.

CREATE TABLE IF NOT EXISTS imports (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  source         TEXT NOT NULL,
  digest         TEXT NOT NULL,
  bytes          INTEGER NOT NULL,
  settings       TEXT NOT NULL,
  identity       TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('loading', 'live', 'replaced')),
  position       INTEGER NOT NULL DEFAULT 0,
  rows_in        INTEGER NOT NULL DEFAULT 0,
  sold           INTEGER NOT NULL DEFAULT 0,
  reversals      INTEGER NOT NULL DEFAULT 0,
  voids          INTEGER NOT NULL DEFAULT 0,
  rejects        INTEGER NOT NULL DEFAULT 0,
  outside        INTEGER NOT NULL DEFAULT 0,
  sold_e4        INTEGER NOT NULL DEFAULT 0,
  reversals_e4   INTEGER NOT NULL DEFAULT 0,
  voids_e4       INTEGER NOT NULL DEFAULT 0,
  rejects_e4     INTEGER NOT NULL DEFAULT 0,
  outside_e4     INTEGER NOT NULL DEFAULT 0,
  no_money       INTEGER NOT NULL DEFAULT 0,
  pruned         INTEGER NOT NULL DEFAULT 0,
  pruned_e4      INTEGER NOT NULL DEFAULT 0,
  pruned_rejects INTEGER NOT NULL DEFAULT 0,
  tz             TEXT NOT NULL,
  currencies     TEXT NOT NULL DEFAULT '',
  started_at     TEXT NOT NULL,
  finished_at    TEXT NULL,
  UNIQUE (identity)
) STRICT;

CREATE INDEX IF NOT EXISTS imports_source ON imports (source);

CREATE TABLE IF NOT EXISTS line_store (
  import_id    INTEGER NOT NULL,
  row_no       INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  order_id     TEXT NULL,
  order_ts     TEXT NULL,
  customer_id  TEXT NULL,
  product_id   TEXT NULL,
  quantity     REAL NULL,
  unit_price   REAL NULL,
  discount     REAL NULL,
  money_e4     INTEGER NULL,
  product_name TEXT NULL,
  category     TEXT NULL,
  region       TEXT NULL,
  country      TEXT NULL,
  city         TEXT NULL,
  status       TEXT NULL,
  payment      TEXT NULL,
  channel      TEXT NULL,
  currency     TEXT NULL,
  PRIMARY KEY (import_id, row_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS rejects (
  import_id INTEGER NOT NULL,
  row_no    INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  raw       TEXT NOT NULL,
  PRIMARY KEY (import_id, row_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS orders (
  order_id     TEXT NOT NULL PRIMARY KEY,
  order_ts     TEXT NULL,
  customer_id  TEXT NULL,
  sold_lines   INTEGER NOT NULL,
  units        REAL NULL,
  revenue_e4   INTEGER NULL,
  reversals    INTEGER NOT NULL,
  reversals_e4 INTEGER NULL
) STRICT;

CREATE TABLE IF NOT EXISTS customers (
  customer_id TEXT NOT NULL PRIMARY KEY,
  first_order TEXT NULL,
  last_order  TEXT NULL,
  orders      INTEGER NOT NULL,
  sold_lines  INTEGER NOT NULL,
  units       REAL NULL,
  revenue_e4  INTEGER NULL
) STRICT;

CREATE TABLE IF NOT EXISTS products (
  product_id   TEXT NOT NULL PRIMARY KEY,
  product_name TEXT NULL,
  category     TEXT NULL,
  first_sold   TEXT NULL,
  last_sold    TEXT NULL,
  sold_lines   INTEGER NOT NULL,
  units        REAL NULL,
  revenue_e4   INTEGER NULL
) STRICT;

CREATE TABLE IF NOT EXISTS daily (
  day          TEXT NOT NULL PRIMARY KEY,
  revenue_e4   INTEGER NULL,
  orders       INTEGER NOT NULL,
  units        REAL NULL,
  customers    INTEGER NOT NULL,
  sold_lines   INTEGER NOT NULL,
  reversals    INTEGER NOT NULL,
  reversals_e4 INTEGER NULL
) STRICT;

CREATE TABLE IF NOT EXISTS runs (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  command     TEXT NOT NULL,
  started_at  TEXT NOT NULL,
  finished_at TEXT NULL,
  state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  detail      TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS results (
  run_id     INTEGER NOT NULL,
  name       TEXT NOT NULL,
  params     TEXT NOT NULL,
  body       TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, name),
  CONSTRAINT results_run FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
) STRICT;

-- order_lines is what analyses read: the canonical columns of every import that is whole. The money of
-- a line is its amount; unit_price and discount, from which it may have come, stay in line_store.
CREATE VIEW IF NOT EXISTS order_lines AS
SELECT l.import_id, l.row_no, CASE l.kind WHEN 0 THEN 'sold' ELSE 'reversal' END AS kind,
  l.order_id, l.order_ts, l.customer_id, l.product_id, l.quantity,
  CASE WHEN l.money_e4 < 0 THEN '-' ELSE '' END || (abs(l.money_e4) / 10000) || '.' || substr('000' || (abs(l.money_e4) % 10000), -4) AS amount,
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
