-- Settings that differ from their default, by place: the hub (the zero id), a team, a project of it. Every save is
-- a revision of its place with what it changed, so that it can be looked at and taken back.

CREATE TABLE settings_values
(
    team_id    uuid NOT NULL,
    project_id uuid,
    name       text NOT NULL,
    value      jsonb NOT NULL,
    UNIQUE NULLS NOT DISTINCT (team_id, project_id, name)
);
CALL mno_fence('settings_values');

CREATE TABLE settings_revisions
(
    team_id    uuid        NOT NULL,
    project_id uuid,
    revision   bigint      NOT NULL,
    saved_at   timestamptz NOT NULL,
    saved_by   text        NOT NULL,
    note       text        NOT NULL DEFAULT '',
    -- [{name, before, after}], null where the place had or has no value of its own
    changes    jsonb       NOT NULL,
    UNIQUE NULLS NOT DISTINCT (team_id, project_id, revision)
);
CALL mno_fence('settings_revisions');
