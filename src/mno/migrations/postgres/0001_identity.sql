-- Who may do what, in its smallest form: one default team, project and owner; API keys; sessions.
-- Secrets (keys, session cookies, sign-in links) are stored as SHA-256 only.

CREATE TABLE identity_teams
(
    id         uuid PRIMARY KEY,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE identity_projects
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    name       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, name)
);

CREATE TABLE identity_users
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    name       text        NOT NULL,
    email      text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE identity_api_keys
(
    id           uuid PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES identity_teams,
    project_id   uuid        NOT NULL REFERENCES identity_projects,
    name         text        NOT NULL,
    prefix       text        NOT NULL,
    fingerprint  bytea       NOT NULL UNIQUE,
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- written at most once a minute
    last_used_at timestamptz,
    revoked_at   timestamptz
);

CREATE INDEX identity_api_keys_of_team ON identity_api_keys (team_id, created_at);

CREATE TABLE identity_sessions
(
    fingerprint bytea PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES identity_teams,
    project_id  uuid        NOT NULL REFERENCES identity_projects,
    user_id     uuid        NOT NULL REFERENCES identity_users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);

CREATE TABLE identity_sign_in_links
(
    fingerprint bytea PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES identity_teams,
    project_id  uuid        NOT NULL REFERENCES identity_projects,
    user_id     uuid        NOT NULL REFERENCES identity_users,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
