-- Logs become readable line by line: what tells a line from others of its moment, what it is about, who speaks.
-- A block is on the disk when its insert returns, because the sender is told so then (docs/decisions/0023).

ALTER TABLE otel_logs
    ADD COLUMN id FixedString(16) DEFAULT reinterpretAsFixedString(generateUUIDv4()) AFTER project_id,
    ADD COLUMN topic LowCardinality(String) DEFAULT if(event_name != '', event_name, scope) AFTER severity,
    ADD COLUMN agent LowCardinality(String) AFTER scope,
    -- what came after a moment: blocks are merged near others of their time, so most granules are passed over
    ADD INDEX ingested_at ingested_at TYPE minmax GRANULARITY 1;

ALTER TABLE otel_logs MATERIALIZE COLUMN id;

ALTER TABLE otel_logs MATERIALIZE INDEX ingested_at;

ALTER TABLE otel_logs
    MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_compressed_bytes_to_fsync_after_merge = 1;

ALTER TABLE otel_metrics
    MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_compressed_bytes_to_fsync_after_merge = 1;
