-- Secrets and the runtime environment. Values are encrypted by data keys, data keys are wrapped under a master key
-- that is not in the database (docs/decisions/0015-secrets.md). Team zero is the hub itself.

CREATE TABLE secrets_data_keys
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    -- the highest one of a team encrypts
    version    integer     NOT NULL,
    -- the id of the master key that wrapped it
    master     text        NOT NULL,
    wrapped    bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (team_id, version)
);
CREATE INDEX secrets_data_keys_by_master ON secrets_data_keys (master, id);
CALL mno_fence('secrets_data_keys');

-- The program's own credentials at other services. A key that a value needs cannot be deleted.
CREATE TABLE secrets_own
(
    team_id     uuid        NOT NULL,
    name        text        NOT NULL,
    data_key_id uuid        NOT NULL REFERENCES secrets_data_keys,
    ciphertext  bytea       NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (team_id, name)
);
CREATE INDEX secrets_own_by_key ON secrets_own (data_key_id);
CALL mno_fence('secrets_own');

-- One name on one scope: a secret, of which only the ciphertext of the present version is kept, or a variable.
CREATE TABLE secrets_entries
(
    id          uuid PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES identity_teams,
    level       text        NOT NULL CHECK (level IN ('team', 'project', 'agent', 'task')),
    project_id  uuid REFERENCES identity_projects,
    -- of the agent or task
    scope_name  text        NOT NULL DEFAULT '',
    name        text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('secret', 'variable')),
    purpose     text        NOT NULL,
    version     integer     NOT NULL,
    plain       text,
    data_key_id uuid REFERENCES secrets_data_keys,
    ciphertext  bytea,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    -- when the value was last set, and by whom
    rotated_at  timestamptz NOT NULL,
    rotated_by  text        NOT NULL,
    UNIQUE NULLS NOT DISTINCT (team_id, level, project_id, scope_name, name),
    CHECK ((level = 'team') = (project_id IS NULL)),
    CHECK ((level IN ('agent', 'task')) = (scope_name <> '')),
    CHECK ((kind = 'variable') = (plain IS NOT NULL)),
    CHECK ((kind = 'secret') = (ciphertext IS NOT NULL AND data_key_id IS NOT NULL))
);
CREATE INDEX secrets_entries_of_project ON secrets_entries (team_id, project_id);
CREATE INDEX secrets_entries_by_key ON secrets_entries (data_key_id);
CALL mno_fence('secrets_entries');

-- When each version was set and by whom; values of former versions are gone.
CREATE TABLE secrets_versions
(
    team_id  uuid        NOT NULL,
    entry_id uuid        NOT NULL REFERENCES secrets_entries ON DELETE CASCADE,
    version  integer     NOT NULL,
    kind     text        NOT NULL,
    set_at   timestamptz NOT NULL,
    set_by   text        NOT NULL,
    PRIMARY KEY (entry_id, version)
);
CALL mno_fence('secrets_versions');

-- A change that waits for a second person, its new value encrypted; the row goes with the decision, whatever it is.
CREATE TABLE secrets_pending
(
    approval_id  uuid PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES identity_teams,
    action       text        NOT NULL CHECK (action IN ('set', 'delete', 'protect')),
    -- the entry as it is to be, without its value; or the protection
    change       jsonb       NOT NULL,
    plain        text,
    data_key_id  uuid REFERENCES secrets_data_keys,
    ciphertext   bytea,
    created_at   timestamptz NOT NULL,
    CHECK ((ciphertext IS NULL) = (data_key_id IS NULL))
);
CREATE INDEX secrets_pending_by_key ON secrets_pending (data_key_id);
CALL mno_fence('secrets_pending');

-- What a change demands, for each project and (without a project) for the team's own scope.
CREATE TABLE secrets_protection
(
    team_id       uuid        NOT NULL REFERENCES identity_teams,
    project_id    uuid REFERENCES identity_projects,
    second_person boolean     NOT NULL,
    fresh_factor  boolean     NOT NULL,
    updated_at    timestamptz NOT NULL,
    updated_by    text        NOT NULL,
    UNIQUE NULLS NOT DISTINCT (team_id, project_id)
);
CALL mno_fence('secrets_protection');

-- Rotations, which go on where they stopped.
CREATE TABLE secrets_rotations
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('data_key', 'master_key')),
    state      text        NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    -- values, or data keys, that were encrypted anew
    done       integer     NOT NULL DEFAULT 0,
    error      text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    ended_at   timestamptz
);
CREATE UNIQUE INDEX secrets_rotations_running ON secrets_rotations (team_id, kind) WHERE state = 'running';
CREATE INDEX secrets_rotations_of_team ON secrets_rotations (team_id, id DESC);
CALL mno_fence('secrets_rotations');
