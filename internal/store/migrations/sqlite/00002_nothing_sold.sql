-- +goose Up
-- Where nothing was sold, revenue and units are 0 and not unknown; so is the money of no reversals.
-- Units stay unknown where no line tells a quantity.

UPDATE daily SET revenue_e4 = 0 WHERE sold_lines = 0 AND revenue_e4 IS NULL;
UPDATE daily SET reversals_e4 = 0 WHERE reversals = 0 AND reversals_e4 IS NULL;
UPDATE daily SET units = 0 WHERE sold_lines = 0 AND units IS NULL AND day IN (
  SELECT substr(l.order_ts, 1, 10) FROM line_store l JOIN imports i ON i.id = l.import_id AND i.state = 'live' WHERE l.kind = 1 AND l.quantity IS NOT NULL);
UPDATE orders SET revenue_e4 = 0 WHERE sold_lines = 0 AND revenue_e4 IS NULL;
UPDATE orders SET reversals_e4 = 0 WHERE reversals = 0 AND reversals_e4 IS NULL;
UPDATE orders SET units = 0 WHERE sold_lines = 0 AND units IS NULL AND order_id IN (
  SELECT l.order_id FROM line_store l JOIN imports i ON i.id = l.import_id AND i.state = 'live' WHERE l.kind = 1 AND l.quantity IS NOT NULL);

-- +goose Down
-- The columns are those of version 1.
SELECT 1;
