-- Alert rules, what stands between two looks, alerts with their history, and silences (docs/decisions/0021-alerts.md).

CREATE TABLE alerts_rules
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    -- null: of the whole team
    project_id uuid REFERENCES identity_projects,
    name       text        NOT NULL,
    enabled    boolean     NOT NULL,
    -- what the rule says (alerts/model.py, Terms); the database asks nothing about it
    terms      jsonb       NOT NULL,
    version    integer     NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text        NOT NULL,
    removed_at timestamptz
);
CREATE UNIQUE INDEX alerts_rules_by_name ON alerts_rules (team_id, lower(name)) WHERE removed_at IS NULL;
CALL mno_fence('alerts_rules');

-- One look at a time at a project's (or a whole team's) rules: who looks takes the row for a moment.
CREATE TABLE alerts_places
(
    -- the project's id, or the team's for rules of the whole team
    id      uuid PRIMARY KEY,
    team_id uuid        NOT NULL,
    read_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CALL mno_fence('alerts_places');

-- What is remembered of a rule and group between two looks; no row: nothing.
CREATE TABLE alerts_tracks
(
    rule_id         uuid    NOT NULL REFERENCES alerts_rules,
    grouped         text    NOT NULL,
    team_id         uuid    NOT NULL,
    open            boolean NOT NULL,
    armed           boolean NOT NULL,
    breaching_since timestamptz,
    clearing_since  timestamptz,
    PRIMARY KEY (rule_id, grouped)
) WITH (fillfactor = 70);
CALL mno_fence('alerts_tracks');

CREATE TABLE alerts_alerts
(
    id              uuid PRIMARY KEY,
    team_id         uuid        NOT NULL,
    project_id      uuid,
    rule_id         uuid        NOT NULL REFERENCES alerts_rules,
    rule_name       text        NOT NULL,
    measure         text        NOT NULL,
    severity        text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    grouped         text        NOT NULL,
    labels          jsonb       NOT NULL,
    state           text        NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    started_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    value           numeric     NOT NULL,
    peak            numeric     NOT NULL,
    threshold       numeric     NOT NULL,
    resolved_at     timestamptz CHECK ((resolved_at IS NOT NULL) = (state = 'resolved')),
    resolved_by     text        NOT NULL DEFAULT '',
    acknowledged_at timestamptz,
    acknowledged_by text        NOT NULL DEFAULT '',
    -- how many steps of the escalation know of it, since when, and since when anybody heard last
    told_steps      smallint    NOT NULL DEFAULT 0,
    first_told_at   timestamptz,
    last_told_at    timestamptz,
    reminders       integer     NOT NULL DEFAULT 0,
    told_closed     boolean     NOT NULL DEFAULT false
) WITH (fillfactor = 70);
-- never two open ones, whoever looks
CREATE UNIQUE INDEX alerts_alerts_open ON alerts_alerts (rule_id, grouped) WHERE state <> 'resolved';
CREATE INDEX alerts_alerts_owed ON alerts_alerts (rule_id) WHERE state = 'resolved' AND NOT told_closed;
CREATE INDEX alerts_alerts_listed ON alerts_alerts (team_id, id DESC);
CALL mno_fence('alerts_alerts');

CREATE TABLE alerts_events
(
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id uuid        NOT NULL REFERENCES alerts_alerts ON DELETE CASCADE,
    team_id  uuid        NOT NULL,
    at       timestamptz NOT NULL,
    kind     text        NOT NULL,
    by       text        NOT NULL DEFAULT '',
    note     text        NOT NULL DEFAULT ''
);
CREATE INDEX alerts_events_of_alert ON alerts_events (alert_id, position DESC);
CALL mno_fence('alerts_events');

CREATE TABLE alerts_silences
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    project_id uuid,
    rule_id    uuid,
    labels     jsonb       NOT NULL,
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL CHECK (ends_at >= starts_at),
    reason     text        NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL
);
CREATE INDEX alerts_silences_of_team ON alerts_silences (team_id, ends_at);
CALL mno_fence('alerts_silences');
