-- What a team's directory (SCIM) says of its people and groups, projects that were archived or moved, and who
-- stays in a team without coming in.

-- A person belongs to several teams, each with a directory of its own: what it calls them stands with the membership.
ALTER TABLE identity_users
    DROP COLUMN external_id,
    -- whose directory made this account; that one may set its name and address, as long as no other team has it
    ADD COLUMN provisioned_by uuid REFERENCES identity_teams;

ALTER TABLE identity_members
    -- stays in the list with roles and groups, and cannot come in
    ADD COLUMN deactivated_at timestamptz,
    ADD COLUMN external_id    text,
    -- the directory's userName; null for those whom no directory has touched
    ADD COLUMN user_name      text,
    -- the rest of the directory's resource, as it sent it
    ADD COLUMN directory      jsonb,
    ADD COLUMN updated_at     timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX identity_members_by_user_name ON identity_members (team_id, lower(user_name))
    WHERE user_name IS NOT NULL;
CREATE INDEX identity_members_by_external_id ON identity_members (team_id, external_id) WHERE external_id IS NOT NULL;

ALTER TABLE identity_groups
    -- made by the directory: it alone changes who is in it
    ADD COLUMN provisioned boolean NOT NULL DEFAULT false;

-- An archived project keeps its name for its history; another may take it.
ALTER TABLE identity_projects
    DROP CONSTRAINT identity_projects_team_id_name_key,
    -- where it went on when it moved to another team
    ADD COLUMN moved_to_team    uuid REFERENCES identity_teams,
    ADD COLUMN moved_to_project uuid REFERENCES identity_projects;
CREATE UNIQUE INDEX identity_projects_by_name ON identity_projects (team_id, lower(name)) WHERE archived_at IS NULL;
