SET 'pipeline.name' = 'windows';
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.source.idle-timeout' = '60000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';
SET 'execution.checkpointing.interval' = '10000 ms';
SET 'table.exec.state.ttl' = '90000000 ms';
SET 'execution.savepoint.path' = 'hdfs://x/savepoint-1';
CREATE TEMPORARY TABLE `orders` (
  `order_id` STRING,
  `order_ts` STRING,
  `customer_id` STRING,
  `product_id` STRING,
  `quantity` STRING,
  `unit_price` STRING,
  `region` STRING,
  `status` STRING,
  `_event_time` AS COALESCE(CAST(TO_TIMESTAMP_LTZ(((CASE WHEN REGEXP(`order_ts`, '\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?)?\z') THEN CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(`order_ts` FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT) * 86400000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 12 FOR 2) AS BIGINT), 0) * 3600000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 15 FOR 2) AS BIGINT), 0) * 60000000 + CASE WHEN SUBSTRING(`order_ts` FROM 17 FOR 1) = ':' THEN COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 18 FOR 2) AS BIGINT), 0) ELSE 0 END * 1000000 + CAST(RPAD(SUBSTRING(COALESCE(REGEXP_EXTRACT(`order_ts`, '[.,]([0-9]+)', 1), '') FROM 1 FOR 6), 6, '0') AS BIGINT) END) + 62135596800000000) / 1000 - 62135596800000, 3) AS TIMESTAMP(3)), TIMESTAMP '1970-01-01 00:00:00'),
  `_arrived` AS PROCTIME(),
  WATERMARK FOR `_event_time` AS LEAST(`_event_time`, CAST(TO_TIMESTAMP_LTZ(((CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT) * 86400000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 12 FOR 2) AS BIGINT), 0) * 3600000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 15 FOR 2) AS BIGINT), 0) * 60000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 18 FOR 2) AS BIGINT), 0) * 1000000) + 62135596800000000) / 1000 - 62135596800000, 3) AS TIMESTAMP(3))) - INTERVAL '0 00:00:10.001' DAY TO SECOND(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = 'broker:9092',
  'properties.isolation.level' = 'read_committed',
  'scan.topic-partition-discovery.interval' = '10 s',
  'properties.group.id' = 'shop',
  'properties.security.protocol' = 'SASL_SSL',
  'properties.sasl.jaas.config' = '***',
  'scan.startup.mode' = 'timestamp',
  'scan.startup.timestamp-millis' = '0',
  'scan.bounded.mode' = 'latest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
);
CREATE TEMPORARY VIEW `records` AS
SELECT
  `_event_time`,
  `_arrived`,
  NULLIF(NULLIF(`order_id`, ''), '\N') AS `order_id`,
  CASE WHEN REGEXP(`order_ts`, '\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?)?\z') THEN CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(`order_ts` FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT) * 86400000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 12 FOR 2) AS BIGINT), 0) * 3600000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 15 FOR 2) AS BIGINT), 0) * 60000000 + CASE WHEN SUBSTRING(`order_ts` FROM 17 FOR 1) = ':' THEN COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 18 FOR 2) AS BIGINT), 0) ELSE 0 END * 1000000 + CAST(RPAD(SUBSTRING(COALESCE(REGEXP_EXTRACT(`order_ts`, '[.,]([0-9]+)', 1), '') FROM 1 FOR 6), 6, '0') AS BIGINT) END AS `order_ts`,
  NULLIF(NULLIF(`customer_id`, ''), '\N') AS `customer_id`,
  NULLIF(NULLIF(`product_id`, ''), '\N') AS `product_id`,
  COALESCE(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?[0-9]+)(?:\.0*)?[ \t]*\z', 1) AS BIGINT), CASE WHEN REGEXP(`quantity`, '[eE]') AND ABS(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) <= 9007199254740992 AND TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) = FLOOR(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) THEN CAST(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) AS BIGINT) END) AS `quantity`,
  CASE WHEN ABS(TRY_CAST(REGEXP_EXTRACT(`unit_price`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) <= 1.7976931348623157E308 THEN TRY_CAST(REGEXP_EXTRACT(`unit_price`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) END AS `unit_price`,
  NULLIF(NULLIF(`region`, ''), '\N') AS `region`,
  NULLIF(NULLIF(`status`, ''), '\N') AS `status`,
  (`order_ts` IS NOT NULL AND (CASE WHEN REGEXP(`order_ts`, '\A[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?)?\z') THEN CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(`order_ts` FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT) * 86400000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 12 FOR 2) AS BIGINT), 0) * 3600000000 + COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 15 FOR 2) AS BIGINT), 0) * 60000000 + CASE WHEN SUBSTRING(`order_ts` FROM 17 FOR 1) = ':' THEN COALESCE(TRY_CAST(SUBSTRING(`order_ts` FROM 18 FOR 2) AS BIGINT), 0) ELSE 0 END * 1000000 + CAST(RPAD(SUBSTRING(COALESCE(REGEXP_EXTRACT(`order_ts`, '[.,]([0-9]+)', 1), '') FROM 1 FOR 6), 6, '0') AS BIGINT) END) IS NULL AND NOT REGEXP(`order_ts`, '\A[ \t]*(?:\\N|(?i:|na|n/a|nan|#na|null|none|#n/a|-nan))[ \t]*\z')) OR (`quantity` IS NOT NULL AND (COALESCE(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?[0-9]+)(?:\.0*)?[ \t]*\z', 1) AS BIGINT), CASE WHEN REGEXP(`quantity`, '[eE]') AND ABS(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) <= 9007199254740992 AND TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) = FLOOR(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) THEN CAST(TRY_CAST(REGEXP_EXTRACT(`quantity`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) AS BIGINT) END)) IS NULL AND NOT REGEXP(`quantity`, '\A[ \t]*(?:\\N|(?i:|na|n/a|nan|#na|null|none|#n/a|-nan))[ \t]*\z')) OR (`unit_price` IS NOT NULL AND (CASE WHEN ABS(TRY_CAST(REGEXP_EXTRACT(`unit_price`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE)) <= 1.7976931348623157E308 THEN TRY_CAST(REGEXP_EXTRACT(`unit_price`, '\A[ \t]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t]*\z', 1) AS DOUBLE) END) IS NULL AND NOT REGEXP(`unit_price`, '\A[ \t]*(?:\\N|(?i:|na|n/a|nan|#na|null|none|#n/a|-nan))[ \t]*\z')) AS `_unreadable`,
  (CAST(TIMESTAMPDIFF(DAY, DATE '1970-01-01', TRY_CAST(NULLIF(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 1 FOR 10), '0000-00-00') AS DATE)) AS BIGINT) * 86400000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 12 FOR 2) AS BIGINT), 0) * 3600000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 15 FOR 2) AS BIGINT), 0) * 60000000 + COALESCE(TRY_CAST(SUBSTRING(CONVERT_TZ(DATE_FORMAT(LOCALTIMESTAMP, 'yyyy-MM-dd HH:mm:ss'), 'UTC', 'America/Sao_Paulo') FROM 18 FOR 2) AS BIGINT), 0) * 1000000) + 86400000000 AS `_latest`,
  RAND() AS `_gate`
FROM `orders`;
CREATE TEMPORARY VIEW `counted` AS
WITH
`source` AS (
  SELECT
    `f`.`_event_time`,
    `f`.`_arrived`,
    `f`.`unit_price` AS `raw_unit_price`,
    `f`.`region` AS `raw_region`,
    `f`.`order_id` AS `raw_order_id`,
    `f`.`order_ts` AS `raw_order_ts`,
    `f`.`product_id` AS `raw_product_id`,
    `f`.`_unreadable` AS `raw__unreadable`,
    `f`.`quantity` AS `quantity`,
    `f`.`_latest` AS `raw__latest`,
    `f`.`status` AS `raw_status`,
    `f`.`customer_id` AS `raw_customer_id`,
    RAND() * `f`.`_gate` * `f`.`_gate` AS `_gate`
  FROM `records` AS `f`
),
`step_1` AS (
  SELECT
    *,
    `raw_unit_price` AS `unit_price`,
    NULLIF(`raw_region`, '') AS `region`,
    NULLIF(`raw_order_id`, '') AS `order_id`,
    NULLIF(`raw_product_id`, '') AS `product_id`,
    `raw__unreadable` AS `_unreadable`,
    CAST(`quantity` AS DOUBLE) AS `value`,
    NULLIF(`raw_status`, '') AS `status`,
    NULLIF(`raw_customer_id`, '') AS `customer_id`,
    RAND() * `_gate` * `_gate` AS `_gate_2`
  FROM `source`
),
`step_2` AS (
  SELECT
    *,
    CASE WHEN ABS(`unit_price` * `value`) <= 1.7976931348623157e308 THEN `unit_price` * `value` END AS `value_2`,
    TRIM(BOTH ' ' FROM `status`) AS `text`,
    RAND() * `_gate_2` * `_gate_2` AS `_gate_3`
  FROM `step_1`
),
`step_3` AS (
  SELECT
    *,
    CASE WHEN ABS(`value_2` * 10000.0) <= 1.7976931348623157e308 THEN `value_2` * 10000.0 END AS `money_float`,
    RAND() * `_gate_3` * `_gate_3` AS `_gate_4`
  FROM `step_2`
),
`step_4` AS (
  SELECT
    *,
    CASE WHEN ABS(`money_float`) < 9.223372036854776E18 THEN CAST(`money_float` AS BIGINT) END AS `money_whole`,
    RAND() * `_gate_4` * `_gate_4` AS `_gate_5`
  FROM `step_3`
),
`step_5` AS (
  SELECT
    *,
    `money_whole` + (CAST((`money_float` - `money_whole`) * 2 AS BIGINT)) AS `money`,
    RAND() * `_gate_5` * `_gate_5` AS `_gate_6`
  FROM `step_4`
),
`step_6` AS (
  SELECT
    *,
    CASE WHEN `order_id` IS NULL THEN 'reject' WHEN `raw_order_ts` IS NULL THEN 'reject' WHEN `product_id` IS NULL THEN 'reject' WHEN `_unreadable` THEN 'reject' WHEN `money` IS NULL THEN 'reject' WHEN `unit_price` < 0E00 THEN 'reject' WHEN `quantity` = 0 THEN 'reject' WHEN `raw_order_ts` > `raw__latest` THEN 'reject' WHEN (CASE WHEN REGEXP(`text`, '[^\x00-\x7F]') THEN REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(`text`, 'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i'), 'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r'), 'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z') ELSE LOWER(`text`) END) IN ('cancelled', 'canceled', 'refunded', 'voided', 'failed', 'trash', 'unpaid', 'wc-cancelled', 'wc-refunded', 'wc-failed', 'wc-trash', '已取消', '取消', '订单取消', '交易关闭', '已关闭', '已退款', '退款成功', '全额退款', '已作废', '作废', '失败', '支付失败', '交易失败', '回收站', '未付款', '未支付', '待付款', '待支付', '等待付款') THEN 'void' WHEN (`quantity` < 0) OR (`money` < 0) THEN 'reversal' ELSE 'sold' END AS `row_kind`,
    RAND() * `_gate_6` * `_gate_6` AS `_gate_7`
  FROM `step_5`
),
`step_7` AS (
  SELECT
    *,
    (`unit_price` > 1E00) AND (`row_kind` IN ('sold', 'reversal')) AS `taken`,
    `row_kind` IN ('sold', 'reversal') AS `counts`,
    `row_kind` = 'sold' AS `counts_2`,
    (`row_kind` IN ('sold', 'reversal', 'void')) AND (`unit_price` > 1E00) AS `admitted`,
    RAND() * `_gate_7` * `_gate_7` AS `_gate_8`
  FROM `step_6`
),
`step_8` AS (
  SELECT
    *,
    CASE WHEN `counts` THEN `money` END AS `measured`,
    CASE WHEN `counts_2` THEN `order_id` END AS `measured_2`,
    CASE WHEN `counts_2` THEN `quantity` END AS `measured_3`,
    CASE WHEN `counts_2` THEN `customer_id` END AS `measured_4`,
    RAND() * `_gate_8` * `_gate_8` AS `_gate_9`
  FROM `step_7`
),
`repeats` AS (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY `order_id`, `product_id` ORDER BY `_arrived`) AS `copy`
  FROM `step_8`
  WHERE `admitted`
),
`once` AS (SELECT * FROM `repeats` WHERE `copy` = 1)
SELECT
  `_event_time`,
  `region` AS `region`,
  `measured` AS `measured_5`,
  `measured_2` AS `measured_6`,
  `measured_3` AS `measured_7`,
  `measured_4` AS `measured_8`
FROM `once`
WHERE `_gate_9` < 2E0 AND `taken`;
CREATE TEMPORARY TABLE `windows` (
  `window_start` STRING NOT NULL,
  `window_end` STRING,
  `region` STRING,
  `revenue` DECIMAL(38, 4),
  `orders` BIGINT,
  `units` DOUBLE,
  `customers` BIGINT,
  `revision` BIGINT,
  `row_key` STRING NOT NULL,
  PRIMARY KEY (`window_start`, `row_key`) NOT ENFORCED
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:mysql://db:3306/shop',
  'table-name' = 'hours',
  'username' = 'shop',
  'password' = '***',
  'sink.buffer-flush.interval' = '1 s',
  'sink.max-retries' = '5'
);
INSERT INTO `windows`
SELECT
  CAST(`window_start` AS STRING),
  CAST(`window_end` AS STRING),
  `region`,
  `revenue`,
  `orders`,
  CASE WHEN ABS(`units`) <= 9007199254740992 THEN CAST(`units` AS DOUBLE) END,
  `customers`,
  CAST(0 AS BIGINT),
  SHA256(CASE WHEN `region` IS NULL THEN '-' ELSE CAST(CHAR_LENGTH(CAST(`region` AS STRING)) AS STRING) || ':' || CAST(`region` AS STRING) END)
FROM (
SELECT
  window_start,
  window_end,
  `region`,
  CAST(COALESCE(SUM(CAST(`measured_5` AS DECIMAL(38, 0))), 0) * 0.0001 AS DECIMAL(38, 4)) AS `revenue`,
  COUNT(DISTINCT `measured_6`) AS `orders`,
  COALESCE(SUM(CAST(`measured_7` AS DECIMAL(38, 0))), 0) AS `units`,
  COUNT(DISTINCT `measured_8`) AS `customers`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`_event_time`), INTERVAL '3600' SECOND(6)))
GROUP BY window_start, window_end, `region`
);
