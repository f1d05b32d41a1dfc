-- Servers that are reached otherwise than over streamable HTTP: programs on the hub's machine, the older transport, and
-- APIs that an OpenAPI document describes. Values of a program's environment lie among the program's own secrets, under
-- `mcp.server.<id>.environment`.

ALTER TABLE mcp_servers
    ADD COLUMN transport       text   NOT NULL DEFAULT 'http' CHECK (transport IN ('http', 'sse', 'stdio', 'openapi')),
    -- of a program; empty for all others
    ADD COLUMN command         text   NOT NULL DEFAULT '',
    ADD COLUMN args            text[] NOT NULL DEFAULT '{}',
    ADD COLUMN env_names       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN folder          text   NOT NULL DEFAULT '',
    -- of an OpenAPI document, SHA-256, hexadecimal; empty for all others
    ADD COLUMN document_digest text   NOT NULL DEFAULT '';

CREATE TABLE mcp_documents
(
    team_id   uuid  NOT NULL REFERENCES identity_teams,
    server_id uuid  PRIMARY KEY REFERENCES mcp_servers ON DELETE CASCADE,
    document  bytea NOT NULL
);
CALL mno_fence('mcp_documents');
