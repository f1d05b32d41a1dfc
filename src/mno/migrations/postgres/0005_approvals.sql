-- Requests that people decide, and their votes. A request ends once: the row is locked by whoever ends it.

CREATE TABLE approvals_requests
(
    id                 uuid PRIMARY KEY,
    team_id            uuid        NOT NULL REFERENCES identity_teams,
    kind               text        NOT NULL,
    title              text        NOT NULL,
    proposed           jsonb       NOT NULL,
    -- where the permission is asked for
    scope_level        text        NOT NULL CHECK (scope_level IN ('hub', 'team', 'project', 'agent', 'tool', 'task')),
    project_id         uuid REFERENCES identity_projects,
    scope_name         text        NOT NULL DEFAULT '',
    permission         text        NOT NULL,
    -- empty both: everybody who holds the permission
    people             uuid[]      NOT NULL DEFAULT '{}',
    groups             uuid[]      NOT NULL DEFAULT '{}',
    persons            smallint    NOT NULL CHECK (persons IN (1, 2)),
    excludes_requester boolean     NOT NULL,
    needs_fresh_factor boolean     NOT NULL,
    on_expiry          text        NOT NULL CHECK (on_expiry IN ('allow', 'deny')),
    asker_kind         text        NOT NULL,
    asker_id           uuid        NOT NULL,
    asker_name         text        NOT NULL,
    -- the person behind the session or key that asked
    asker_person       uuid,
    created_at         timestamptz NOT NULL,
    expires_at         timestamptz NOT NULL,
    state              text        NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'approved', 'refused', 'expired', 'withdrawn')),
    outcome            text CHECK (outcome IN ('allow', 'deny')),
    decided_at         timestamptz,
    note               text        NOT NULL DEFAULT '',
    CHECK ((state = 'open') = (outcome IS NULL) AND (state = 'open') = (decided_at IS NULL))
);
CREATE INDEX approvals_requests_of_team ON approvals_requests (team_id, id DESC);
CREATE INDEX approvals_requests_open ON approvals_requests (expires_at) WHERE state = 'open';
CALL mno_fence('approvals_requests');

CREATE TABLE approvals_votes
(
    team_id     uuid        NOT NULL,
    approval_id uuid        NOT NULL REFERENCES approvals_requests ON DELETE CASCADE,
    person      uuid        NOT NULL,
    name        text        NOT NULL,
    decision    text        NOT NULL CHECK (decision IN ('approve', 'refuse')),
    note        text        NOT NULL,
    at          timestamptz NOT NULL,
    -- two people means two
    PRIMARY KEY (approval_id, person)
);
CALL mno_fence('approvals_votes');
