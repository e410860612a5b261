-- The click-stream of `generate events`.
SELECT user_id::VARCHAR AS user_id, event_ts, event_type, session_id::VARCHAR AS session_id, device, source FROM {{file}}
