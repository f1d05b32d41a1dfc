-- Calls of tools that wait for approval, and what became of them (docs/decisions/0027-tool-policies.md).

CREATE TABLE mcp_gated_calls
(
    -- the request's, approvals_requests.id
    id              uuid PRIMARY KEY,
    team_id         uuid        NOT NULL REFERENCES identity_teams,
    project_id      uuid        NOT NULL,
    server_id       uuid        NOT NULL,
    server          text        NOT NULL,
    tool            text        NOT NULL,
    asker_kind      text        NOT NULL,
    asker_id        uuid        NOT NULL,
    asker_name      text        NOT NULL,
    asker_person    uuid,
    -- SHA-256 of server, tool and arguments: the same call asked again is the same row
    digest          text        NOT NULL,
    idempotency_key text        NOT NULL,
    -- redacted, for people
    shown           jsonb       NOT NULL,
    -- caps, trace and dimensions of the caller's span
    told            jsonb       NOT NULL,
    -- encrypted; null once the call is over
    params          bytea,
    state           text        NOT NULL CHECK (state IN ('waiting', 'approved', 'running', 'done', 'failed', 'unknown', 'refused')),
    note            text        NOT NULL DEFAULT '',
    changed         boolean     NOT NULL DEFAULT false,
    -- encrypted: the server's response
    response        bytea,
    -- somebody who asked for it has been given the outcome
    delivered       boolean     NOT NULL DEFAULT false,
    -- the process that runs it, and until when it is believed to
    claimed_by      uuid,
    lease_until     timestamptz,
    channels        uuid[]      NOT NULL,
    -- null: nobody is to be reminded (any more)
    remind_at       timestamptz,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    forget_at       timestamptz
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX mcp_gated_calls_open ON mcp_gated_calls (team_id, asker_id, digest, idempotency_key)
    WHERE state IN ('waiting', 'approved', 'running');
CREATE INDEX mcp_gated_calls_asked ON mcp_gated_calls (team_id, asker_id, digest);
CREATE INDEX mcp_gated_calls_approved ON mcp_gated_calls (id) WHERE state = 'approved';
CREATE INDEX mcp_gated_calls_running ON mcp_gated_calls (lease_until) WHERE state = 'running';
CREATE INDEX mcp_gated_calls_remind ON mcp_gated_calls (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX mcp_gated_calls_forget ON mcp_gated_calls (forget_at) WHERE forget_at IS NOT NULL;
CALL mno_fence('mcp_gated_calls');
