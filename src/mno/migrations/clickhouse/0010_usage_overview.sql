-- Two coarser rollups, because a month of hours by user is nearly as long as its spans. Both are filled from
-- the hour rollup's own inserts, so none of them can disagree.

-- An hour, without users: trends by provider, model, agent, environment and key in any time zone.
CREATE TABLE usage_overview
(
    team_id               LowCardinality(String),
    project_id            LowCardinality(String),
    bucket                DateTime('UTC'),
    provider              LowCardinality(String),
    model                 LowCardinality(String),
    agent                 LowCardinality(String),
    environment           LowCardinality(String),
    api_key_id            LowCardinality(String),
    calls                 SimpleAggregateFunction(sum, Int64),
    errors                SimpleAggregateFunction(sum, Int64),
    unpriced_calls        SimpleAggregateFunction(sum, Int64),
    input_tokens          SimpleAggregateFunction(sum, Int64),
    cache_read_tokens     SimpleAggregateFunction(sum, Int64),
    cache_write_5m_tokens SimpleAggregateFunction(sum, Int64),
    cache_write_1h_tokens SimpleAggregateFunction(sum, Int64),
    input_audio_tokens    SimpleAggregateFunction(sum, Int64),
    output_tokens         SimpleAggregateFunction(sum, Int64),
    reasoning_tokens      SimpleAggregateFunction(sum, Int64),
    output_audio_tokens   SimpleAggregateFunction(sum, Int64),
    cost                  SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_input            SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_cache_read       SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_cache_write      SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_output           SimpleAggregateFunction(sum, Decimal(38, 9)),
    duration_ns           SimpleAggregateFunction(sum, Int64),
    latency               SimpleAggregateFunction(sumMap, Map(UInt16, Int64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (team_id, project_id, bucket, provider, model, agent, environment, api_key_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW usage_overview_view TO usage_overview AS
SELECT team_id, project_id, usage_hour.bucket AS bucket,
       provider, model, agent, environment, api_key_id,
       sum(usage_hour.calls) AS calls,
       sum(usage_hour.errors) AS errors,
       sum(usage_hour.unpriced_calls) AS unpriced_calls,
       sum(usage_hour.input_tokens) AS input_tokens,
       sum(usage_hour.cache_read_tokens) AS cache_read_tokens,
       sum(usage_hour.cache_write_5m_tokens) AS cache_write_5m_tokens,
       sum(usage_hour.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(usage_hour.input_audio_tokens) AS input_audio_tokens,
       sum(usage_hour.output_tokens) AS output_tokens,
       sum(usage_hour.reasoning_tokens) AS reasoning_tokens,
       sum(usage_hour.output_audio_tokens) AS output_audio_tokens,
       sum(usage_hour.cost) AS cost,
       sum(usage_hour.cost_input) AS cost_input,
       sum(usage_hour.cost_cache_read) AS cost_cache_read,
       sum(usage_hour.cost_cache_write) AS cost_cache_write,
       sum(usage_hour.cost_output) AS cost_output,
       sum(usage_hour.duration_ns) AS duration_ns,
       sumMap(usage_hour.latency) AS latency
FROM usage_hour
GROUP BY team_id, project_id, bucket, provider, model, agent, environment, api_key_id;

-- A day in UTC, with users: totals of long ranges by any of these dimensions.
CREATE TABLE usage_day
(
    team_id               LowCardinality(String),
    project_id            LowCardinality(String),
    bucket                DateTime('UTC'),
    provider              LowCardinality(String),
    model                 LowCardinality(String),
    agent                 LowCardinality(String),
    environment           LowCardinality(String),
    api_key_id            LowCardinality(String),
    user_id               String,
    calls                 SimpleAggregateFunction(sum, Int64),
    errors                SimpleAggregateFunction(sum, Int64),
    unpriced_calls        SimpleAggregateFunction(sum, Int64),
    input_tokens          SimpleAggregateFunction(sum, Int64),
    cache_read_tokens     SimpleAggregateFunction(sum, Int64),
    cache_write_5m_tokens SimpleAggregateFunction(sum, Int64),
    cache_write_1h_tokens SimpleAggregateFunction(sum, Int64),
    input_audio_tokens    SimpleAggregateFunction(sum, Int64),
    output_tokens         SimpleAggregateFunction(sum, Int64),
    reasoning_tokens      SimpleAggregateFunction(sum, Int64),
    output_audio_tokens   SimpleAggregateFunction(sum, Int64),
    cost                  SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_input            SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_cache_read       SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_cache_write      SimpleAggregateFunction(sum, Decimal(38, 9)),
    cost_output           SimpleAggregateFunction(sum, Decimal(38, 9)),
    duration_ns           SimpleAggregateFunction(sum, Int64),
    latency               SimpleAggregateFunction(sumMap, Map(UInt16, Int64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW usage_day_view TO usage_day AS
SELECT team_id, project_id, toDateTime(toStartOfDay(usage_hour.bucket, 'UTC'), 'UTC') AS bucket,
       provider, model, agent, environment, api_key_id, user_id,
       sum(usage_hour.calls) AS calls,
       sum(usage_hour.errors) AS errors,
       sum(usage_hour.unpriced_calls) AS unpriced_calls,
       sum(usage_hour.input_tokens) AS input_tokens,
       sum(usage_hour.cache_read_tokens) AS cache_read_tokens,
       sum(usage_hour.cache_write_5m_tokens) AS cache_write_5m_tokens,
       sum(usage_hour.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(usage_hour.input_audio_tokens) AS input_audio_tokens,
       sum(usage_hour.output_tokens) AS output_tokens,
       sum(usage_hour.reasoning_tokens) AS reasoning_tokens,
       sum(usage_hour.output_audio_tokens) AS output_audio_tokens,
       sum(usage_hour.cost) AS cost,
       sum(usage_hour.cost_input) AS cost_input,
       sum(usage_hour.cost_cache_read) AS cost_cache_read,
       sum(usage_hour.cost_cache_write) AS cost_cache_write,
       sum(usage_hour.cost_output) AS cost_output,
       sum(usage_hour.duration_ns) AS duration_ns,
       sumMap(usage_hour.latency) AS latency
FROM usage_hour
GROUP BY team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id;
