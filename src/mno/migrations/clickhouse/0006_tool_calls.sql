-- Calls of tools that went through the hub, by the second in which they ended: what alert rules about tools look at. It
-- follows the spans by itself, and is kept as long as a rule may look back.
CREATE TABLE tool_calls
(
    team_id       LowCardinality(String),
    project_id    LowCardinality(String),
    bucket        DateTime('UTC'),
    server        LowCardinality(String),
    tool          LowCardinality(String),
    -- the class of the error; empty: none
    error         LowCardinality(String),
    agent         LowCardinality(String),
    environment   LowCardinality(String),
    api_key_id    LowCardinality(String),
    calls         Int64,
    errors        Int64,
    -- a tool has none of these; the pictures of alerts ask for them
    input_tokens  Int64 ALIAS 0,
    output_tokens Int64 ALIAS 0,
    cost          Decimal(38, 9) ALIAS 0
)
ENGINE = SummingMergeTree((calls, errors))
PARTITION BY toDate(bucket)
ORDER BY (team_id, project_id, bucket, server, tool, error, agent, environment, api_key_id)
TTL bucket + INTERVAL 3 DAY;

CREATE MATERIALIZED VIEW tool_calls_of_spans TO tool_calls AS
SELECT team_id, project_id,
       toDateTime(intDiv(toUnixTimestamp64Micro(start_time) + intDiv(duration_ns, 1000), 1000000), 'UTC') AS bucket,
       JSONExtractString(attributes, 'mno.mcp.server') AS server, tool,
       if(status = 'error', JSONExtractString(attributes, 'error.type'), '') AS error,
       agent, environment, api_key_id,
       toInt64(sign) AS calls, toInt64(sign * (status = 'error')) AS errors
FROM spans WHERE operation = 'execute_tool' AND source = 'gateway';
