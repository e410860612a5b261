WITH
"source" AS MATERIALIZED (
  SELECT
    "f"."Country" AS "raw_Country",
    "f"."UnitPrice" AS "raw_UnitPrice",
    "f"."InvoiceDate" AS "raw_InvoiceDate",
    "f"."InvoiceNo" AS "raw_InvoiceNo",
    "f"."Quantity" AS "quantity",
    "f"."Status" AS "raw_Status"
  FROM "orders" AS "f"
),
"step_1" AS MATERIALIZED (
  SELECT
    *,
    NULLIF("raw_Country", '') AS "country",
    NULLIF(NULLIF("raw_UnitPrice", 9e999), -9e999) AS "unit_price",
    ("raw_InvoiceDate" / 86400000000) - CASE WHEN "raw_InvoiceDate" % 86400000000 < 0 THEN 1 ELSE 0 END AS "day",
    NULLIF("raw_InvoiceNo", '') AS "order_id",
    NULLIF("raw_Status", '') AS "status"
  FROM "source"
),
"step_2" AS MATERIALIZED (
  SELECT
    *,
    ("unit_price" * (CAST("quantity" AS REAL))) * 10000.0 AS "money_float",
    TRIM("status") AS "text"
  FROM "step_1"
),
"step_3" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN ABS("money_float") < 9223372036854775808.0 THEN CAST("money_float" AS INTEGER) END AS "money_whole"
  FROM "step_2"
),
"step_4" AS MATERIALIZED (
  SELECT
    *,
    "money_whole" + (CAST(("money_float" - "money_whole") * 2 AS INTEGER)) AS "money"
  FROM "step_3"
),
"step_5" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN "order_id" IS NULL THEN 'reject' WHEN "money" IS NULL THEN 'reject' WHEN (LOWER("text")) IN ('cancelled', '已取消') THEN 'void' WHEN ("quantity" < 0) OR ("money" < 0) THEN 'reversal' ELSE 'sold' END AS "row_kind"
  FROM "step_4"
),
"step_6" AS MATERIALIZED (
  SELECT
    *,
    (("country" = 'France') AND ("unit_price" > 10.0)) AND ("row_kind" IN ('sold', 'reversal')) AS "taken",
    "row_kind" = 'sold' AS "counts",
    "row_kind" = 'reversal' AS "counts_2"
  FROM "step_5"
),
"step_7" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN "counts" THEN "money" END AS "measured",
    CASE WHEN "counts" THEN "order_id" END AS "measured_2",
    CASE WHEN "counts_2" THEN "money" END AS "measured_3"
  FROM "step_6"
),
"answer" AS (
  SELECT
    "day" AS "key",
    COALESCE(SUM("measured"), 0) AS "sum",
    COUNT(DISTINCT "measured_2") AS "distinct",
    COALESCE(SUM("measured_3"), 0) AS "sum_2"
  FROM "step_7"
  WHERE "taken"
  GROUP BY "day"
  HAVING COUNT(CASE WHEN "counts" THEN 1 END) > 0
)
SELECT
  "key" AS "date",
  "sum" AS "revenue",
  "distinct" AS "orders",
  "sum_2" AS "returns"
FROM "answer"
ORDER BY "key" IS NULL, "key"
