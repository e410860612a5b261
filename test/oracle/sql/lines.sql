-- What counts as a sale. Makes the tables `lines` (every input row with money, kind and reason; kind is
-- 'sold', 'reversal', 'void', 'reject' or 'outside'), `rows` (those of them that are reported) and `as_of`.
-- Placeholders: data, the data set's SELECT; where, the --where condition in SQL. `param` has one row.

CREATE OR REPLACE TEMP TABLE canonical AS
SELECT row_number() OVER () AS rowno, * FROM ({{data}});

CREATE OR REPLACE TEMP TABLE priced AS
WITH finite AS (  -- NaN and infinities are null before any rule
  SELECT * REPLACE (CASE WHEN isfinite(quantity) THEN quantity END AS quantity,
                    CASE WHEN isfinite(unit_price) THEN unit_price END AS unit_price,
                    CASE WHEN isfinite(amount) THEN amount END AS amount,
                    CASE WHEN isfinite(discount) THEN discount END AS discount)
  FROM canonical)
SELECT finite.*,
  -- rounded half away from zero to 1e-4, held as an integer of 1e-4 units
  round((CASE WHEN has_amount THEN amount ELSE quantity * unit_price - coalesce(discount, 0) END) * 10000)::BIGINT AS money
FROM finite;

-- exact duplicates: all mapped columns equal (nulls equal nulls); the first stays. Empty without --dedupe.
CREATE OR REPLACE TEMP TABLE later_copies AS
SELECT rowno FROM (
  SELECT rowno, row_number() OVER (PARTITION BY order_id, order_ts, customer_id, product_id, quantity, unit_price, amount, discount,
           category, region, country, product_name, payment, status ORDER BY rowno) AS copy
  FROM priced WHERE (SELECT dedupe FROM param))
WHERE copy > 1;

CREATE OR REPLACE TEMP TABLE ruled AS
SELECT priced.*,
  CASE
    WHEN has_order_id AND order_id IS NULL THEN 'no_order_id'
    WHEN order_ts IS NULL THEN 'no_time'
    WHEN has_product_id AND product_id IS NULL THEN 'no_product'
    WHEN money IS NULL THEN 'no_money'
    WHEN unit_price < 0 THEN 'negative_price'
    WHEN quantity = 0 THEN 'zero_quantity'
    WHEN order_ts > param.now_ts + INTERVAL 1 DAY THEN 'future'
    WHEN param.reject_free AND coalesce(unit_price = 0, amount = 0) THEN 'free'
    WHEN rowno IN (SELECT rowno FROM later_copies) THEN 'duplicate'
  END AS reject_reason,
  coalesce(lower(status) IN ('cancelled', 'refunded', 'voided', 'failed', 'trash', 'unpaid'), false) AS is_void,
  coalesce(quantity < 0, false) OR coalesce(money < 0, false) AS is_reversal
FROM priced, param;

-- as-of is chosen from sold rows: the day after the last of them, unless --as-of says otherwise
CREATE OR REPLACE TEMP TABLE as_of AS
SELECT coalesce(any_value(param.as_of), max(order_ts)::DATE + 1)::TIMESTAMP AS cutoff
FROM param LEFT JOIN ruled ON reject_reason IS NULL AND NOT is_void AND NOT is_reversal;

CREATE OR REPLACE TEMP TABLE lines AS
SELECT ruled.*,
  CASE WHEN reject_reason IS NOT NULL THEN 'reject'
       WHEN order_ts >= as_of.cutoff THEN 'outside'
       WHEN is_void THEN 'void'
       WHEN is_reversal THEN 'reversal'
       ELSE 'sold' END AS kind
FROM ruled, as_of;

-- the rows a result speaks about
CREATE OR REPLACE TEMP VIEW reported AS
SELECT lines.*, kind = 'sold' AS sold,
       CASE WHEN kind = 'sold' OR (kind = 'reversal' AND param.net) THEN money END AS revenue
FROM lines, param
WHERE (kind = 'sold' OR (kind = 'reversal' AND param.net))
  AND order_ts >= coalesce(param.from_ts, TIMESTAMP '0001-01-01') AND order_ts < coalesce(param.to_ts, TIMESTAMP '9999-01-01')
  AND ({{where}});

-- 1e-4 units to a decimal with four places
CREATE OR REPLACE TEMP MACRO cash(units) AS (units::DECIMAL(33, 0) * 0.0001::DECIMAL(5, 4))::DECIMAL(38, 4);
