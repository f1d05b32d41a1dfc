-- OTLP logs and metrics, stored as they come; pages over them come later. Token-usage metrics are kept like
-- any other metric and never counted: the spans are the one source of usage.

CREATE TABLE otel_logs
(
    team_id         LowCardinality(String),
    project_id      LowCardinality(String),
    time            DateTime64(6, 'UTC'),
    observed_time   DateTime64(6, 'UTC'),
    ingested_at     DateTime64(6, 'UTC'),
    api_key_id      LowCardinality(String),
    trace_id        FixedString(16),
    span_id         FixedString(8),
    severity_number UInt8,
    severity        LowCardinality(String),
    event_name      LowCardinality(String),
    service         LowCardinality(String),
    scope           LowCardinality(String),
    body            String,
    attributes      String,
    resource        LowCardinality(String),
    INDEX trace_id trace_id TYPE bloom_filter GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (team_id, project_id, time, service);

-- One row a data point. `value` is a gauge's or a sum's; histograms fill the rest.
CREATE TABLE otel_metrics
(
    team_id       LowCardinality(String),
    project_id    LowCardinality(String),
    time          DateTime64(6, 'UTC'),
    start_time    DateTime64(6, 'UTC'),
    ingested_at   DateTime64(6, 'UTC'),
    api_key_id    LowCardinality(String),
    name          LowCardinality(String),
    description   LowCardinality(String),
    unit          LowCardinality(String),
    kind          LowCardinality(String),
    temporality   LowCardinality(String),
    monotonic     UInt8,
    service       LowCardinality(String),
    scope         LowCardinality(String),
    value         Float64,
    count         UInt64,
    sum           Float64,
    minimum       Nullable(Float64),
    maximum       Nullable(Float64),
    bounds        Array(Float64),
    bucket_counts Array(UInt64),
    -- what fits no column: exponential buckets, quantiles, flags
    detail        String,
    attributes    String,
    resource      LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (team_id, project_id, name, time);
