WITH
"source" AS MATERIALIZED (
  SELECT
    "f"."InvoiceDate" AS "raw_InvoiceDate",
    "f"."CustomerID" AS "raw_CustomerID",
    "f"."InvoiceNo" AS "raw_InvoiceNo",
    "f"."Quantity" AS "quantity",
    "f"."UnitPrice" AS "raw_UnitPrice",
    "f"."Status" AS "raw_Status"
  FROM "orders" AS "f"
),
"step_1" AS MATERIALIZED (
  SELECT
    *,
    ("raw_InvoiceDate" / 86400000000) - CASE WHEN "raw_InvoiceDate" % 86400000000 < 0 THEN 1 ELSE 0 END AS "day",
    NULLIF(NULLIF("raw_CustomerID", 9e999), -9e999) AS "finite",
    NULLIF("raw_InvoiceNo", '') AS "order_id",
    NULLIF(NULLIF("raw_UnitPrice", 9e999), -9e999) AS "unit_price",
    NULLIF("raw_Status", '') AS "status"
  FROM "source"
),
"step_2" AS MATERIALIZED (
  SELECT
    *,
    "day" + 117597068 AS "era_day",
    CASE WHEN ABS("finite") <= 9007199254740992.0 THEN CAST("finite" AS INTEGER) END AS "whole",
    ("unit_price" * (CAST("quantity" AS REAL))) * 10000.0 AS "money_float",
    TRIM("status") AS "text"
  FROM "step_1"
),
"step_3" AS MATERIALIZED (
  SELECT
    *,
    "era_day" % 146097 AS "day_of_era",
    CASE WHEN "whole" = "finite" THEN "whole" END AS "customer_id",
    CASE WHEN ABS("money_float") < 9223372036854775808.0 THEN CAST("money_float" AS INTEGER) END AS "money_whole"
  FROM "step_2"
),
"step_4" AS MATERIALIZED (
  SELECT
    *,
    ("day_of_era" - ("day_of_era" / 1460) + ("day_of_era" / 36524) - ("day_of_era" / 146096)) / 365 AS "year_of_era",
    "money_whole" + (CAST(("money_float" - "money_whole") * 2 AS INTEGER)) AS "money"
  FROM "step_3"
),
"step_5" AS MATERIALIZED (
  SELECT
    *,
    "day_of_era" - (365 * "year_of_era" + ("year_of_era" / 4) - ("year_of_era" / 100)) AS "day_of_year",
    CASE WHEN "order_id" IS NULL THEN 'reject' WHEN "money" IS NULL THEN 'reject' WHEN (LOWER("text")) IN ('cancelled', '已取消') THEN 'void' WHEN ("quantity" < 0) OR ("money" < 0) THEN 'reversal' ELSE 'sold' END AS "row_kind"
  FROM "step_4"
),
"step_6" AS MATERIALIZED (
  SELECT
    *,
    (5 * "day_of_year" + 2) / 153 AS "month_from_march",
    ("customer_id" IS NOT NULL) AND ("row_kind" = 'sold') AS "taken",
    "row_kind" = 'sold' AS "counts"
  FROM "step_5"
),
"step_7" AS MATERIALIZED (
  SELECT
    *,
    MIN(CASE WHEN ("row_kind" = 'sold') AND 1 THEN ("day" - ("day_of_year" - ((153 * "month_from_march" + 2) / 5))) END) OVER (PARTITION BY "customer_id") AS "dim",
    "day" - ("day_of_year" - ((153 * "month_from_march" + 2) / 5)) AS "dim_2",
    CASE WHEN "counts" THEN "customer_id" END AS "measured"
  FROM "step_6"
),
"answer" AS (
  SELECT
    "dim" AS "key",
    "dim_2" AS "key_2",
    COUNT(DISTINCT "measured") AS "distinct"
  FROM "step_7"
  WHERE "taken"
  GROUP BY "dim", "dim_2"
  HAVING COUNT(CASE WHEN "counts" THEN 1 END) > 0
)
SELECT
  "key" AS "cohort",
  "key_2" AS "month",
  "distinct" AS "active"
FROM "answer"
ORDER BY "key" IS NULL, "key", "key_2" IS NULL, "key_2"
