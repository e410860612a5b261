-- the summary of clean: every kind and every reject reason that holds rows, with its money.
SELECT CASE WHEN kind = 'reject' THEN reject_reason ELSE kind END AS reason, count(*) AS rows,
       count(*)::DOUBLE / sum(count(*)) OVER ()::DOUBLE AS ratio, cash(coalesce(sum(money), 0)) AS money
FROM lines GROUP BY 1
