-- People belong to teams, roles are data, and a grant gives a subject a role on a scope (docs/decisions/0011).

-- A person may belong to several teams: what is theirs alone stands here, the rest in identity_members.
DROP POLICY team ON identity_users;
ALTER TABLE identity_users
    DISABLE ROW LEVEL SECURITY,
    NO FORCE ROW LEVEL SECURITY,
    ADD COLUMN email_verified_at timestamptz,
    -- deactivated people keep their name in the history and cannot come in
    ADD COLUMN deactivated_at    timestamptz,
    -- what a directory calls them (SCIM externalId)
    ADD COLUMN external_id       text,
    ADD COLUMN language          text NOT NULL DEFAULT '',
    ADD COLUMN updated_at        timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX identity_users_by_email ON identity_users (lower(email)) WHERE email <> '';

CREATE TABLE identity_members
(
    team_id   uuid        NOT NULL REFERENCES identity_teams,
    user_id   uuid        NOT NULL REFERENCES identity_users,
    joined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX identity_members_by_user ON identity_members (user_id);
INSERT INTO identity_members (team_id, user_id, joined_at) SELECT team_id, id, created_at FROM identity_users;
CALL mno_fence('identity_members');

CREATE TABLE identity_groups
(
    id          uuid PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES identity_teams,
    name        text        NOT NULL,
    external_id text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, name)
);
CALL mno_fence('identity_groups');

CREATE TABLE identity_group_members
(
    team_id  uuid NOT NULL REFERENCES identity_teams,
    group_id uuid NOT NULL REFERENCES identity_groups ON DELETE CASCADE,
    user_id  uuid NOT NULL,
    PRIMARY KEY (group_id, user_id),
    -- who leaves the team leaves its groups
    FOREIGN KEY (team_id, user_id) REFERENCES identity_members ON DELETE CASCADE
);
CREATE INDEX identity_group_members_by_user ON identity_group_members (team_id, user_id);
CALL mno_fence('identity_group_members');

ALTER TABLE identity_teams
    ADD COLUMN time_zone   text NOT NULL DEFAULT 'UTC',
    ADD COLUMN archived_at timestamptz;
ALTER TABLE identity_projects
    ADD COLUMN archived_at timestamptz;

-- A role is a set of permissions and of other roles. Those that every team has belong to no team.
CREATE TABLE identity_roles
(
    id          uuid PRIMARY KEY,
    team_id     uuid REFERENCES identity_teams,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    permissions text[]      NOT NULL,
    includes    uuid[]      NOT NULL DEFAULT '{}',
    -- whoever acts by it must have shown a second factor
    demands_second_factor boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (team_id, name)
);
ALTER TABLE identity_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_roles FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON identity_roles
    USING (team_id IS NULL OR mno_sees(team_id)) WITH CHECK (mno_sees(team_id));

-- Fixed ids, so that a grant of one installation means the same in another. `*` stands for every permission of
-- teams and projects, `x.*` for every one of x; those of the hub are never meant by `*`.
SELECT set_config('mno.team', '*', true);
INSERT INTO identity_roles (id, team_id, name, description, permissions)
VALUES ('00000000-0000-7000-8000-000000000001', NULL, 'Owner', 'Everything, the team itself included.', '{*}'),
       ('00000000-0000-7000-8000-000000000002', NULL, 'Admin', 'Everything but renaming or ending the team.',
        '{team.read,members.*,groups.*,roles.*,grants.*,projects.*,audit.read,directory.write,spans.*,usage.*,prices.*,keys.*,settings.*,secrets.*,approvals.*,system.read}'),
       ('00000000-0000-7000-8000-000000000003', NULL, 'Operator', 'Runs things: sends data, changes prices, uses secrets, decides approvals.',
        '{team.read,members.read,groups.read,roles.read,grants.read,projects.read,spans.*,usage.*,prices.*,keys.read,settings.read,secrets.read,secrets.use,approvals.*,system.read}'),
       ('00000000-0000-7000-8000-000000000004', NULL, 'Viewer', 'Looks, changes nothing.',
        '{team.read,members.read,groups.read,roles.read,grants.read,projects.read,spans.read,usage.read,prices.read,keys.read,settings.read,approvals.read,system.read}'),
       ('00000000-0000-7000-8000-000000000005', NULL, 'Hub administrator', 'Settings of the whole hub; nothing inside a team.', '{hub.*}');

CREATE TABLE identity_grants
(
    id           uuid PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES identity_teams,
    subject_kind text        NOT NULL CHECK (subject_kind IN ('user', 'group', 'api_key')),
    subject_id   uuid        NOT NULL,
    role_id      uuid        NOT NULL REFERENCES identity_roles,
    effect       text        NOT NULL DEFAULT 'allow' CHECK (effect IN ('allow', 'deny')),
    scope_kind   text        NOT NULL CHECK (scope_kind IN ('hub', 'team', 'project', 'agent', 'tool', 'task')),
    -- of project, agent, tool and task
    project_id   uuid REFERENCES identity_projects,
    -- the name of the agent, tool or task
    scope_id     text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text        NOT NULL DEFAULT '',
    CHECK ((scope_kind IN ('hub', 'team')) = (project_id IS NULL)),
    CHECK ((scope_kind IN ('agent', 'tool', 'task')) = (scope_id <> '')),
    UNIQUE NULLS NOT DISTINCT (team_id, subject_kind, subject_id, role_id, effect, scope_kind, project_id, scope_id)
);
CREATE INDEX identity_grants_of_subject ON identity_grants (team_id, subject_kind, subject_id);
CALL mno_fence('identity_grants');

-- Who was there before roles is an Owner.
INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)
SELECT gen_random_uuid(), team_id, 'user', id, '00000000-0000-7000-8000-000000000001', 'team' FROM identity_users;
INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)
SELECT gen_random_uuid(), team_id, 'user', id, '00000000-0000-7000-8000-000000000005', 'hub' FROM identity_users;
ALTER TABLE identity_users DROP COLUMN team_id;

CREATE TABLE identity_invitations
(
    id          uuid PRIMARY KEY,
    team_id     uuid        NOT NULL REFERENCES identity_teams,
    fingerprint bytea       NOT NULL UNIQUE,
    email       text        NOT NULL,
    role_id     uuid        NOT NULL REFERENCES identity_roles,
    -- null: the role holds for the whole team
    project_id  uuid REFERENCES identity_projects,
    created_by  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid REFERENCES identity_users,
    revoked_at  timestamptz,
    -- when it was handed to a mail server, and what that said if it refused
    mailed_at   timestamptz,
    mail_error  text        NOT NULL DEFAULT ''
);
CREATE INDEX identity_invitations_of_team ON identity_invitations (team_id, created_at DESC);
CALL mno_fence('identity_invitations');

ALTER TABLE identity_api_keys
    -- whose key it is: who is deactivated loses theirs; null for keys of the program
    ADD COLUMN created_by        uuid REFERENCES identity_users,
    -- the one agent that it is for; empty: the project's
    ADD COLUMN agent             text   NOT NULL DEFAULT '',
    -- single permissions besides those of the scopes
    ADD COLUMN permissions       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN expires_at        timestamptz,
    -- from where it may be used; empty: from everywhere
    ADD COLUMN allowed_addresses cidr[] NOT NULL DEFAULT '{}',
    -- the key that was made in its place; this one works until `expires_at`
    ADD COLUMN replaced_by       uuid REFERENCES identity_api_keys;
