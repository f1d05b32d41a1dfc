-- The LLM gateway: which model providers a team has, by which names models are asked for, and what an API key may ask.
-- A provider's credential lies among the program's own secrets, under `gateway.provider.<id>`.

CREATE TABLE gateway_providers
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    -- stands in the address: /llm/<name>/…
    name       text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('openai', 'anthropic', 'gemini', 'openai-compatible')),
    base_url   text        NOT NULL,
    -- by whose prices its calls are charged
    priced_as  text        NOT NULL,
    -- names or patterns with *; empty: every model
    models     text[]      NOT NULL,
    -- empty: every project of the team
    projects   uuid[]      NOT NULL,
    retries    integer     NOT NULL,
    timeout_s  integer     NOT NULL,
    -- for how long equal deterministic requests are answered alike; 0: never
    cache_s    integer     NOT NULL,
    credential boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (team_id, name)
);
CALL mno_fence('gateway_providers');

-- A name that stands for models of one or several providers.
CREATE TABLE gateway_aliases
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL REFERENCES identity_teams,
    name       text        NOT NULL,
    -- in the order of failover: [{"provider": "…", "model": "…", "weight": 1}]
    targets    jsonb       NOT NULL,
    -- by what a caller keeps its target: nothing, user, session or key
    sticky     text        NOT NULL CHECK (sticky IN ('', 'user', 'session', 'key')),
    created_at timestamptz NOT NULL,
    UNIQUE (team_id, name)
);
CALL mno_fence('gateway_aliases');

-- What holds for one API key; a key without a row has no limits of its own.
CREATE TABLE gateway_policies
(
    key_id              uuid PRIMARY KEY REFERENCES identity_api_keys,
    team_id             uuid        NOT NULL,
    providers           text[]      NOT NULL,
    models              text[]      NOT NULL,
    requests_per_minute integer,
    tokens_per_minute   bigint,
    concurrent_calls    integer,
    output_tokens       bigint,
    updated_at          timestamptz NOT NULL
);
CALL mno_fence('gateway_policies');

SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = permissions || '{models.call,gateway.read,gateway.write}'
WHERE id = '00000000-0000-7000-8000-000000000002';
UPDATE identity_roles SET permissions = permissions || '{models.call,gateway.read}'
WHERE id = '00000000-0000-7000-8000-000000000003';
UPDATE identity_roles SET permissions = permissions || '{gateway.read}'
WHERE id = '00000000-0000-7000-8000-000000000004';
