-- The MCP gateway: which servers a team has. A server's credential lies among the program's own secrets, under
-- `mcp.server.<id>`.

CREATE TABLE mcp_servers
(
    id               uuid PRIMARY KEY,
    team_id          uuid        NOT NULL REFERENCES identity_teams,
    -- stands in the address, /mcp/<name>, and before the names of its tools
    name             text        NOT NULL,
    address          text        NOT NULL,
    credential_kind  text        NOT NULL CHECK (credential_kind IN ('none', 'bearer', 'header')),
    -- of a credential of the kind 'header'
    header           text        NOT NULL,
    description      text        NOT NULL,
    tags             text[]      NOT NULL,
    timeout_s        integer     NOT NULL,
    calls_per_minute integer,
    concurrent_calls integer     NOT NULL,
    result_bytes     integer     NOT NULL,
    enabled          boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    UNIQUE (team_id, name)
);
CALL mno_fence('mcp_servers');

-- Who sets up model providers sets up servers, and who calls models calls tools.
SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = permissions || '{mcp.call,mcp.read,mcp.write}'
WHERE id = '00000000-0000-7000-8000-000000000002';
UPDATE identity_roles SET permissions = permissions || '{mcp.call,mcp.read}'
WHERE id = '00000000-0000-7000-8000-000000000003';
UPDATE identity_roles SET permissions = permissions || '{mcp.read}'
WHERE id = '00000000-0000-7000-8000-000000000004';
