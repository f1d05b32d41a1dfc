-- The hub as an authorization server (docs/decisions/0028): which clients registered themselves, what people let
-- clients do, and the secrets that stand for it. Every secret stands here as SHA-256 only.

-- Clients that registered themselves (RFC 7591), before anybody signed in: they belong to no team. Clients that are
-- known by the address of their document are not kept.
CREATE TABLE identity_oauth_clients
(
    id            text PRIMARY KEY,
    name          text        NOT NULL,
    uri           text        NOT NULL,
    redirect_uris text[]      NOT NULL,
    auth_method   text        NOT NULL CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
    -- empty: a client without a secret
    secret        bytea       NOT NULL,
    -- the address that it came from
    address       text        NOT NULL,
    created_at    timestamptz NOT NULL,
    -- null: nobody has consented to it yet
    last_used_at  timestamptz
);
CREATE INDEX identity_oauth_clients_by_age ON identity_oauth_clients (created_at);

-- What a person lets a client do in their name, in one team and project.
CREATE TABLE identity_oauth_grants
(
    id            uuid PRIMARY KEY,
    team_id       uuid        NOT NULL,
    project_id    uuid        NOT NULL REFERENCES identity_projects,
    user_id       uuid        NOT NULL,
    client_id     text        NOT NULL,
    client_name   text        NOT NULL,
    redirect_uri  text        NOT NULL,
    -- the path that its tokens are for: /mcp or /mcp/<server>
    audience      text        NOT NULL,
    scopes        text[]      NOT NULL,
    -- whether a second factor was shown in the session that consented
    second_factor boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    -- null: the client has not fetched a token yet
    last_used_at  timestamptz,
    -- who leaves the team takes their clients along
    FOREIGN KEY (team_id, user_id) REFERENCES identity_members ON DELETE CASCADE
);
CREATE INDEX identity_oauth_grants_of_user ON identity_oauth_grants (user_id, created_at DESC);
CALL mno_fence('identity_oauth_grants');

-- Codes, access tokens and refresh tokens. Codes and refresh tokens stay when they are used: a second use ends the grant.
CREATE TABLE identity_oauth_tokens
(
    fingerprint bytea PRIMARY KEY,
    team_id     uuid        NOT NULL,
    grant_id    uuid        NOT NULL REFERENCES identity_oauth_grants ON DELETE CASCADE,
    kind        text        NOT NULL CHECK (kind IN ('code', 'access', 'refresh')),
    -- of a code: PKCE's S256
    challenge   text        NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX identity_oauth_tokens_of_grant ON identity_oauth_tokens (grant_id);
CREATE INDEX identity_oauth_tokens_by_end ON identity_oauth_tokens (expires_at);
CALL mno_fence('identity_oauth_tokens');
