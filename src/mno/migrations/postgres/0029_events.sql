-- Value events (docs/decisions/0029-value-events.md).

CREATE SEQUENCE events_position;

CREATE TABLE events_events
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    -- null: of the whole team
    project_id uuid,
    -- drawn under the writers' lock, so that it grows in the order in which writers commit
    position   bigint      NOT NULL,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    severity   text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    -- what its reader must hold in its project
    permission text        NOT NULL,
    -- what the summary says, by name; it is phrased for whoever reads it
    data       jsonb       NOT NULL,
    trace_id   text        NOT NULL,
    -- null: it waits for nobody, or still does
    outcome    text
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX events_events_arrived ON events_events (position);
CREATE INDEX events_events_followed ON events_events (team_id, position);
CREATE INDEX events_events_listed ON events_events (team_id, at DESC, id DESC);
CREATE INDEX events_events_of_subject ON events_events (team_id, subject, at DESC, id DESC);
CALL mno_fence('events_events');

-- Whoever looks sees what happened, and whoever sends traces may say what was achieved.
SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = permissions || '{events.read,events.write}'
WHERE id IN ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003');
UPDATE identity_roles SET permissions = permissions || '{events.read}'
WHERE id = '00000000-0000-7000-8000-000000000004';
