-- Spans are facts: rows are added, never changed. A correction adds the old row with sign -1 and the
-- new one with the next revision (docs/decisions/0004), so every rollup below is a sum over `sign`.

CREATE TABLE spans
(
    team_id                LowCardinality(String),
    project_id             LowCardinality(String),
    start_time             DateTime64(6, 'UTC'),
    trace_id               FixedString(16),
    span_id                FixedString(8),
    parent_span_id         FixedString(8),
    sign                   Int8,
    revision               UInt32,
    ingested_at            DateTime64(6, 'UTC'),
    duration_ns            Int64,
    name                   LowCardinality(String),
    kind                   LowCardinality(String),
    status                 LowCardinality(String),
    status_message         String,
    service                LowCardinality(String),
    scope                  LowCardinality(String),
    convention             LowCardinality(String),
    source                 LowCardinality(String),
    api_key_id             LowCardinality(String),
    operation              LowCardinality(String),
    provider               LowCardinality(String),
    model                  LowCardinality(String),
    request_model          LowCardinality(String),
    agent                  LowCardinality(String),
    tool                   LowCardinality(String),
    user_id                String,
    session_id             String,
    environment            LowCardinality(String),
    finish_reason          LowCardinality(String),
    service_tier           LowCardinality(String),
    tags                   Array(LowCardinality(String)),
    usage_kind             Enum8('none' = 0, 'call' = 1, 'aggregate' = 2),
    counted                UInt8,
    metered                UInt8,
    input_tokens           Int64,
    cache_read_tokens      Int64,
    cache_write_5m_tokens  Int64,
    cache_write_1h_tokens  Int64,
    input_audio_tokens     Int64,
    output_tokens          Int64,
    reasoning_tokens       Int64,
    output_audio_tokens    Int64,
    time_to_first_token_ns Int64,
    cost                   Nullable(Decimal(18, 9)),
    cost_input             Decimal(18, 9),
    cost_cache_read        Decimal(18, 9),
    cost_cache_write       Decimal(18, 9),
    cost_output            Decimal(18, 9),
    price_source           LowCardinality(String),
    price_version          LowCardinality(String),
    input_messages         String,
    output_messages        String,
    attributes             String,
    resource               LowCardinality(String),
    events                 String,
    links                  String,
    INDEX ingested_at ingested_at TYPE minmax GRANULARITY 4
)
ENGINE = VersionedCollapsingMergeTree(sign, revision)
PARTITION BY toYYYYMM(start_time)
ORDER BY (team_id, project_id, start_time, trace_id, span_id);

-- The door to the usage rollups: it keeps nothing, what is inserted here goes to the views below. The writer sends
-- the counted rows of `spans` after their blocks, several blocks at a time (docs/decisions/0010): three rollups
-- cost as much as the spans themselves, however few rows there are. A recount reads `spans` in its place.
CREATE TABLE usage_entries
(
    team_id               LowCardinality(String),
    project_id            LowCardinality(String),
    start_time            DateTime64(6, 'UTC'),
    sign                  Int8,
    duration_ns           Int64,
    status                LowCardinality(String),
    provider              LowCardinality(String),
    model                 LowCardinality(String),
    agent                 LowCardinality(String),
    environment           LowCardinality(String),
    api_key_id            LowCardinality(String),
    user_id               String,
    session_id            String,
    tags                  Array(LowCardinality(String)),
    input_tokens          Int64,
    cache_read_tokens     Int64,
    cache_write_5m_tokens Int64,
    cache_write_1h_tokens Int64,
    input_audio_tokens    Int64,
    output_tokens         Int64,
    reasoning_tokens      Int64,
    output_audio_tokens   Int64,
    cost                  Nullable(Decimal(18, 9)),
    cost_input            Decimal(18, 9),
    cost_cache_read       Decimal(18, 9),
    cost_cache_write      Decimal(18, 9),
    cost_output           Decimal(18, 9)
)
ENGINE = Null;

-- The finest rollup: a minute, every dimension. Latency is a histogram whose bucket n holds durations
-- up to 1.02^n microseconds, so that a restatement can be subtracted and a quantile is within 1 %.
CREATE TABLE usage_minute
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
    session_id            String,
    tags                  Array(String),
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
ORDER BY (team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id, session_id, tags);

CREATE MATERIALIZED VIEW usage_minute_view TO usage_minute AS
SELECT team_id, project_id, toStartOfMinute(start_time) AS bucket,
       provider, model, agent, environment, api_key_id, user_id, session_id, arraySort(usage_entries.tags) AS tags,
       sum(toInt64(sign)) AS calls,
       sum(toInt64(sign * (status = 'error'))) AS errors,
       sum(toInt64(sign * isNull(usage_entries.cost))) AS unpriced_calls,
       sum(sign * usage_entries.input_tokens) AS input_tokens,
       sum(sign * usage_entries.cache_read_tokens) AS cache_read_tokens,
       sum(sign * usage_entries.cache_write_5m_tokens) AS cache_write_5m_tokens,
       sum(sign * usage_entries.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(sign * usage_entries.input_audio_tokens) AS input_audio_tokens,
       sum(sign * usage_entries.output_tokens) AS output_tokens,
       sum(sign * usage_entries.reasoning_tokens) AS reasoning_tokens,
       sum(sign * usage_entries.output_audio_tokens) AS output_audio_tokens,
       sum(sign * ifNull(usage_entries.cost, 0)) AS cost,
       sum(sign * usage_entries.cost_input) AS cost_input,
       sum(sign * usage_entries.cost_cache_read) AS cost_cache_read,
       sum(sign * usage_entries.cost_cache_write) AS cost_cache_write,
       sum(sign * usage_entries.cost_output) AS cost_output,
       sum(sign * usage_entries.duration_ns) AS duration_ns,
       sumMap(map(toUInt16(ceil(log(greatest(usage_entries.duration_ns / 1000, 1)) / log(1.02))), toInt64(sign))) AS latency
FROM usage_entries
GROUP BY team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id, session_id, tags;

-- An hour, without users, sessions and tags: trends in any time zone. It is filled from the minute rollup's
-- own inserts, so the two cannot disagree.
CREATE TABLE usage_hour
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
ORDER BY (team_id, project_id, bucket, provider, model, agent, environment, api_key_id);

CREATE MATERIALIZED VIEW usage_hour_view TO usage_hour AS
SELECT team_id, project_id, toStartOfHour(usage_minute.bucket) AS bucket,
       provider, model, agent, environment, api_key_id,
       sum(usage_minute.calls) AS calls,
       sum(usage_minute.errors) AS errors,
       sum(usage_minute.unpriced_calls) AS unpriced_calls,
       sum(usage_minute.input_tokens) AS input_tokens,
       sum(usage_minute.cache_read_tokens) AS cache_read_tokens,
       sum(usage_minute.cache_write_5m_tokens) AS cache_write_5m_tokens,
       sum(usage_minute.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(usage_minute.input_audio_tokens) AS input_audio_tokens,
       sum(usage_minute.output_tokens) AS output_tokens,
       sum(usage_minute.reasoning_tokens) AS reasoning_tokens,
       sum(usage_minute.output_audio_tokens) AS output_audio_tokens,
       sum(usage_minute.cost) AS cost,
       sum(usage_minute.cost_input) AS cost_input,
       sum(usage_minute.cost_cache_read) AS cost_cache_read,
       sum(usage_minute.cost_cache_write) AS cost_cache_write,
       sum(usage_minute.cost_output) AS cost_output,
       sum(usage_minute.duration_ns) AS duration_ns,
       sumMap(usage_minute.latency) AS latency
FROM usage_minute
GROUP BY team_id, project_id, bucket, provider, model, agent, environment, api_key_id;

-- A day in UTC, with users, without sessions and tags: with some hundred users a month of hours would be nearly
-- as long as its spans. Filled from the minutes as well.
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
ORDER BY (team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id);

CREATE MATERIALIZED VIEW usage_day_view TO usage_day AS
SELECT team_id, project_id, toDateTime(toStartOfDay(usage_minute.bucket, 'UTC'), 'UTC') AS bucket,
       provider, model, agent, environment, api_key_id, user_id,
       sum(usage_minute.calls) AS calls,
       sum(usage_minute.errors) AS errors,
       sum(usage_minute.unpriced_calls) AS unpriced_calls,
       sum(usage_minute.input_tokens) AS input_tokens,
       sum(usage_minute.cache_read_tokens) AS cache_read_tokens,
       sum(usage_minute.cache_write_5m_tokens) AS cache_write_5m_tokens,
       sum(usage_minute.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(usage_minute.input_audio_tokens) AS input_audio_tokens,
       sum(usage_minute.output_tokens) AS output_tokens,
       sum(usage_minute.reasoning_tokens) AS reasoning_tokens,
       sum(usage_minute.output_audio_tokens) AS output_audio_tokens,
       sum(usage_minute.cost) AS cost,
       sum(usage_minute.cost_input) AS cost_input,
       sum(usage_minute.cost_cache_read) AS cost_cache_read,
       sum(usage_minute.cost_cache_write) AS cost_cache_write,
       sum(usage_minute.cost_output) AS cost_output,
       sum(usage_minute.duration_ns) AS duration_ns,
       sumMap(usage_minute.latency) AS latency
FROM usage_minute
GROUP BY team_id, project_id, bucket, provider, model, agent, environment, api_key_id, user_id;

-- One row a trace: its bounds in time, so that a trace is found by its id without a scan, and its totals.
CREATE TABLE traces
(
    team_id        LowCardinality(String),
    project_id     LowCardinality(String),
    trace_id       FixedString(16),
    start_time     SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_start     SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    end_time       SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    spans          SimpleAggregateFunction(sum, Int64),
    span_errors    SimpleAggregateFunction(sum, Int64),
    calls          SimpleAggregateFunction(sum, Int64),
    unpriced_calls SimpleAggregateFunction(sum, Int64),
    input_tokens   SimpleAggregateFunction(sum, Int64),
    output_tokens  SimpleAggregateFunction(sum, Int64),
    cost           SimpleAggregateFunction(sum, Decimal(38, 9)),
    -- the root's name, or the earliest span's where no root has arrived
    name           AggregateFunction(argMin, String, Tuple(UInt8, DateTime64(6, 'UTC'))),
    user_id        SimpleAggregateFunction(max, String),
    session_id     SimpleAggregateFunction(max, String),
    agent          SimpleAggregateFunction(max, String),
    environment    SimpleAggregateFunction(max, String),
    service        SimpleAggregateFunction(max, String),
    models         SimpleAggregateFunction(groupUniqArrayArray, Array(String))
)
ENGINE = AggregatingMergeTree
ORDER BY (team_id, project_id, trace_id)
-- A page of the trace list reads fifty rows that lie far apart: small granules and blocks read a third as much.
SETTINGS index_granularity = 256, min_compress_block_size = 8192, max_compress_block_size = 65536;

CREATE MATERIALIZED VIEW traces_view TO traces AS
SELECT team_id, project_id, trace_id,
       min(spans.start_time) AS start_time,
       max(spans.start_time) AS last_start,
       max(addNanoseconds(toDateTime64(spans.start_time, 6, 'UTC'), spans.duration_ns)) AS end_time,
       sum(toInt64(sign)) AS spans,
       sum(toInt64(sign * (status = 'error'))) AS span_errors,
       sum(toInt64(sign * counted)) AS calls,
       sum(toInt64(sign * counted * isNull(spans.cost))) AS unpriced_calls,
       sum(sign * counted * spans.input_tokens) AS input_tokens,
       sum(sign * counted * spans.output_tokens) AS output_tokens,
       sum(sign * counted * ifNull(spans.cost, 0)) AS cost,
       argMinState(CAST(spans.name, 'String'), (toUInt8(parent_span_id != toFixedString('', 8)), spans.start_time)) AS name,
       max(spans.user_id) AS user_id,
       max(spans.session_id) AS session_id,
       max(CAST(spans.agent, 'String')) AS agent,
       max(CAST(spans.environment, 'String')) AS environment,
       max(CAST(spans.service, 'String')) AS service,
       groupUniqArrayArray(if(spans.model = '', [], [CAST(spans.model, 'String')])) AS models
FROM spans
GROUP BY team_id, project_id, trace_id;
