WITH
"source" AS MATERIALIZED (
  SELECT
    "f"."InvoiceDate" AS "raw_InvoiceDate",
    "f"."Country" AS "raw_Country",
    "f"."InvoiceNo" AS "raw_InvoiceNo",
    "f"."Quantity" AS "quantity",
    "f"."UnitPrice" AS "raw_UnitPrice",
    "f"."Status" AS "raw_Status"
  FROM "orders" AS "f"
  WHERE "f"."InvoiceDate" >= 1262304000000000 AND "f"."InvoiceDate" < 1293840000000000
),
"step_1" AS MATERIALIZED (
  SELECT
    *,
    NULLIF("raw_Country", '') AS "country",
    NULLIF("raw_InvoiceNo", '') AS "order_id",
    NULLIF(NULLIF("raw_UnitPrice", 9e999), -9e999) AS "unit_price",
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
    (("raw_InvoiceDate" >= 1262304000000000) AND ("raw_InvoiceDate" < 1293840000000000)) AND ("row_kind" = 'sold') AS "taken",
    "row_kind" = 'sold' AS "counts"
  FROM "step_5"
),
"step_7" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN "counts" THEN "unit_price" END AS "measured"
  FROM "step_6"
),
"step_8" AS MATERIALIZED (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY CASE WHEN "taken" AND "measured" IS NOT NULL THEN 1 ELSE 0 END, "country" ORDER BY "measured") - 1 AS "rank",
    COUNT(*) OVER (PARTITION BY CASE WHEN "taken" AND "measured" IS NOT NULL THEN 1 ELSE 0 END, "country") AS "of"
  FROM "step_7"
),
"step_9" AS MATERIALIZED (
  SELECT
    *,
    CAST(("of" - 1) AS REAL) * 0.5 AS "place"
  FROM "step_8"
),
"step_10" AS MATERIALIZED (
  SELECT
    *,
    CAST("place" AS INTEGER) AS "low"
  FROM "step_9"
),
"step_11" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN "low" < "of" - 1 THEN "low" + 1 ELSE "low" END AS "high",
    CASE WHEN "rank" = "low" THEN "measured" END AS "picked",
    CASE WHEN "measured" IS NOT NULL THEN "place" - "low" END AS "weight"
  FROM "step_10"
),
"step_12" AS MATERIALIZED (
  SELECT
    *,
    CASE WHEN "rank" = "high" THEN "measured" END AS "picked_2"
  FROM "step_11"
),
"answer" AS (
  SELECT
    "country" AS "key",
    MAX("picked") AS "low_2",
    MAX("picked_2") AS "high_2",
    MAX("weight") AS "weight_2"
  FROM "step_12"
  WHERE "taken"
  GROUP BY "country"
  HAVING COUNT(CASE WHEN "counts" THEN 1 END) > 0
)
SELECT
  "key" AS "country",
  CASE WHEN "low_2" = "high_2" OR "weight_2" = 0 THEN "low_2" ELSE "low_2" + "weight_2" * ("high_2" - "low_2") END AS "median"
FROM "answer"
ORDER BY "key" IS NULL, "key"
