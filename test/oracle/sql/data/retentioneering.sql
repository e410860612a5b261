-- The synthetic shop of the retentioneering tools: 600 users, 31,106 events.
SELECT user_id, "timestamp"::TIMESTAMP AS event_ts, event AS event_type, session_id, platform AS device, acquisition_channel AS source
FROM read_csv({{file}}, header = true, all_varchar = true)
