-- Rules for tools, and how much of their quotas is used (docs/decisions/0027-tool-policies.md).

CREATE TABLE mcp_rules
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    name       text        NOT NULL,
    -- what the rule says (mcp_gateway/policies/model.py, ToolRule); the database asks nothing about it
    terms      jsonb       NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX mcp_rules_by_name ON mcp_rules (team_id, lower(name));
CALL mno_fence('mcp_rules');

-- Calls that processes have taken out of a quota; what they took and did not use they give back.
CREATE TABLE mcp_quota_counts
(
    team_id uuid   NOT NULL REFERENCES identity_teams,
    rule_id uuid   NOT NULL REFERENCES mcp_rules ON DELETE CASCADE,
    -- a key, a person, a server or a tool; empty: everybody together
    counted text   NOT NULL,
    -- the first day of the month, or the day, in UTC: 2026-11 or 2026-11-28
    period  text   NOT NULL,
    used    bigint NOT NULL,
    PRIMARY KEY (rule_id, period, counted)
) WITH (fillfactor = 50);
CALL mno_fence('mcp_quota_counts');
