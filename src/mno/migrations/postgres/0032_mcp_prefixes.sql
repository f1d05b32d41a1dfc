-- What stands before the names of a server's tools where those of all servers are offered (docs/decisions/0031). Two
-- servers may put nothing there; names and prefixes are kept apart by the program, under the lock of the team's servers.
ALTER TABLE mcp_servers
    -- null: its name; empty: nothing
    ADD COLUMN prefix text;
CREATE UNIQUE INDEX mcp_servers_prefix ON mcp_servers (team_id, coalesce(prefix, name)) WHERE prefix IS DISTINCT FROM '';
