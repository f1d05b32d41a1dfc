-- Anomalies (docs/decisions/0019-forecast-and-anomalies.md), and how far each project has been looked at.

CREATE TABLE anomalies_found
(
    id          uuid PRIMARY KEY,
    team_id     uuid             NOT NULL,
    project_id  uuid             NOT NULL,
    -- both empty: the whole project
    dimension   text             NOT NULL,
    value       text             NOT NULL,
    measure     text             NOT NULL CHECK (measure IN ('cost', 'tokens', 'errors', 'latency')),
    kind        text             NOT NULL CHECK (kind IN ('spike', 'level', 'drop', 'newcomer')),
    started_at  timestamptz      NOT NULL,
    ended_at    timestamptz      NOT NULL CHECK (ended_at > started_at),
    -- over those hours: a sum in USD, tokens or calls; for latency a mean in milliseconds
    actual      double precision NOT NULL,
    expected    double precision NOT NULL,
    score       double precision NOT NULL,
    drivers     jsonb            NOT NULL DEFAULT '[]',
    detected_at timestamptz      NOT NULL,
    -- somebody said that this was to be expected
    expected_at timestamptz,
    expected_by text             NOT NULL DEFAULT '',
    note        text             NOT NULL DEFAULT ''
);
CREATE INDEX anomalies_found_by_time ON anomalies_found (team_id, project_id, started_at DESC, id DESC);
CREATE UNIQUE INDEX anomalies_found_once ON anomalies_found (project_id, measure, kind, dimension, value, started_at);
CALL mno_fence('anomalies_found');

-- Every hour before has been looked at.
CREATE TABLE anomalies_watch
(
    team_id    uuid        NOT NULL,
    project_id uuid PRIMARY KEY,
    reached    timestamptz NOT NULL
);
CALL mno_fence('anomalies_watch');

-- Who may change prices may say that an anomaly was to be expected.
SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = array_append(permissions, 'anomalies.*')
WHERE id IN ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003');
