-- Definitions of tools: what somebody accepted, and what the server offers instead.
CREATE TABLE mcp_tools
(
    team_id         uuid  NOT NULL REFERENCES identity_teams,
    server_id       uuid  NOT NULL REFERENCES mcp_servers ON DELETE CASCADE,
    name            text  NOT NULL,
    -- JSON as bytes: a text of a stranger may hold what jsonb refuses
    accepted        bytea,
    -- SHA-256, hexadecimal; empty: never accepted
    accepted_digest text  NOT NULL,
    offered         bytea,
    PRIMARY KEY (server_id, name)
);
CALL mno_fence('mcp_tools');
