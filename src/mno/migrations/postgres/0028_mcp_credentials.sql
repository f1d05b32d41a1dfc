-- Credentials that are fetched or that each user brings (docs/decisions/0028): the hub as a client of the authorization
-- servers in front of MCP servers, and what was connected. Sealed before it comes here.

ALTER TABLE mcp_servers
    DROP CONSTRAINT mcp_servers_credential_kind_check,
    ADD CONSTRAINT mcp_servers_credential_kind_check
        CHECK (credential_kind IN ('none', 'bearer', 'header', 'oauth', 'client_credentials')),
    -- one for the team, or each user their own
    ADD COLUMN credential_scope text NOT NULL DEFAULT 'team' CHECK (credential_scope IN ('team', 'user')),
    -- of the kinds oauth and client_credentials; empty: the hub makes itself known
    ADD COLUMN oauth_client_id  text NOT NULL DEFAULT '',
    ADD COLUMN oauth_scopes     text NOT NULL DEFAULT '';

-- As whom the hub is known to the authorization server in front of a server.
CREATE TABLE mcp_oauth_clients
(
    server_id    uuid PRIMARY KEY REFERENCES mcp_servers ON DELETE CASCADE,
    team_id      uuid  NOT NULL REFERENCES identity_teams,
    -- issuer, endpoints, client id, resource, scopes and the address that answers come to
    registration jsonb NOT NULL,
    -- the client's secret; empty: it has none
    sealed       bytea NOT NULL
);
CALL mno_fence('mcp_oauth_clients');

CREATE TABLE mcp_connections
(
    id           uuid PRIMARY KEY,
    server_id    uuid        NOT NULL REFERENCES mcp_servers ON DELETE CASCADE,
    team_id      uuid        NOT NULL REFERENCES identity_teams,
    -- null: the team's
    user_id      uuid,
    sealed       bytea       NOT NULL,
    -- null: nobody knows
    expires_at   timestamptz,
    -- why it works no more; empty: it does
    broken       text        NOT NULL DEFAULT '',
    connected_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (server_id, user_id),
    -- who leaves the team takes their credentials along
    FOREIGN KEY (team_id, user_id) REFERENCES identity_members ON DELETE CASCADE
);
CALL mno_fence('mcp_connections');
