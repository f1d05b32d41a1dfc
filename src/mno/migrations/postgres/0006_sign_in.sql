-- How people come in, and what their sessions know. Every secret that we hand out (session, link, state,
-- recovery code, device) stands here as SHA-256 only; a password as argon2id; what must be read again (the
-- secret of one-time codes, a provider's client secret) is sealed before it comes here.

-- Tables of a person or of the hub have no team. A session has one, in which it acts, and may change it.
ALTER TABLE identity_sessions
    ADD COLUMN id           uuid        NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN address      text        NOT NULL DEFAULT '',
    ADD COLUMN agent        text        NOT NULL DEFAULT '',
    -- written at most once a minute, as is idle_until
    ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
    -- `expires_at` ends it in any case, this one when nobody uses it
    ADD COLUMN idle_until   timestamptz NOT NULL DEFAULT now() + interval '7 days',
    -- what was shown in this session: link, password, passkey, totp, recovery_code, github, oidc, provider_factor
    ADD COLUMN factors      text[]      NOT NULL DEFAULT '{}',
    -- when a second factor or a passkey was last shown (or the password, by somebody who has neither)
    ADD COLUMN verified_at  timestamptz;
CREATE INDEX identity_sessions_of_user ON identity_sessions (user_id, last_seen_at DESC);

CREATE TABLE identity_passwords
(
    user_id    uuid PRIMARY KEY REFERENCES identity_users ON DELETE CASCADE,
    hash       text        NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE identity_passkeys
(
    id            uuid PRIMARY KEY,
    user_id       uuid        NOT NULL REFERENCES identity_users ON DELETE CASCADE,
    credential_id bytea       NOT NULL UNIQUE,
    public_key    bytea       NOT NULL,
    sign_count    bigint      NOT NULL,
    name          text        NOT NULL,
    backed_up     boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz
);
CREATE INDEX identity_passkeys_of_user ON identity_passkeys (user_id);

CREATE TABLE identity_totp
(
    user_id      uuid PRIMARY KEY REFERENCES identity_users ON DELETE CASCADE,
    sealed       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- null: shown to its owner, who has not proved yet that it was taken down
    confirmed_at timestamptz,
    -- the period of the newest code that was taken: no code counts twice
    last_step    bigint      NOT NULL DEFAULT 0
);

CREATE TABLE identity_recovery_codes
(
    user_id     uuid  NOT NULL REFERENCES identity_users ON DELETE CASCADE,
    fingerprint bytea NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (user_id, fingerprint)
);

-- What was begun and waits for its second half: a passkey's challenge, a provider's answer, a second factor.
CREATE TABLE identity_ceremonies
(
    fingerprint bytea PRIMARY KEY,
    kind        text        NOT NULL,
    user_id     uuid REFERENCES identity_users ON DELETE CASCADE,
    data        jsonb       NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX identity_ceremonies_by_end ON identity_ceremonies (expires_at);

-- Links that prove an address or set a new password, once.
CREATE TABLE identity_mail_links
(
    fingerprint bytea PRIMARY KEY,
    purpose     text        NOT NULL CHECK (purpose IN ('verify', 'reset')),
    user_id     uuid        NOT NULL REFERENCES identity_users ON DELETE CASCADE,
    email       text        NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX identity_mail_links_of_user ON identity_mail_links (user_id);

-- Attempts that did not lead in, by what they were made against or from; every node counts here.
CREATE TABLE identity_attempts
(
    kind          text        NOT NULL,
    subject       bytea       NOT NULL,
    attempts      integer     NOT NULL,
    last_at       timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX identity_attempts_by_age ON identity_attempts (last_at);

-- Browsers in which somebody signed in before: strangers' attempts do not keep them out.
CREATE TABLE identity_known_devices
(
    fingerprint bytea PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES identity_users ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX identity_known_devices_of_user ON identity_known_devices (user_id);

-- OpenID Connect providers, of the hub or (shown there only) of a team.
CREATE TABLE identity_sign_in_providers
(
    id            uuid PRIMARY KEY,
    team_id       uuid REFERENCES identity_teams,
    name          text        NOT NULL,
    issuer        text        NOT NULL,
    client_id     text        NOT NULL,
    sealed_secret bytea       NOT NULL,
    scopes        text        NOT NULL DEFAULT 'openid email profile',
    -- a claim `amr` that names several factors counts as a second factor here
    trusts_factor boolean     NOT NULL DEFAULT false,
    -- its addresses count as verified although it does not say so (Entra ID), in `domains` only
    trusts_email  boolean     NOT NULL DEFAULT false,
    -- e-mail domains that this provider may speak for; empty: all
    domains       text[]      NOT NULL DEFAULT '{}',
    -- who has no account yet becomes a member there, with that role; null: they need an invitation
    joins_team    uuid REFERENCES identity_teams,
    joins_role    uuid REFERENCES identity_roles,
    enabled       boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL,
    CHECK ((joins_team IS NULL) = (joins_role IS NULL)),
    CHECK (NOT trusts_email OR domains <> '{}')
);
ALTER TABLE identity_sign_in_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_sign_in_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY team ON identity_sign_in_providers
    USING (current_setting('mno.team', true) = '*' OR mno_sees(team_id));

-- Whom GitHub or a provider means. `provider` is 'github' or the provider's id.
CREATE TABLE identity_outside_accounts
(
    provider   text        NOT NULL,
    subject    text        NOT NULL,
    user_id    uuid        NOT NULL REFERENCES identity_users ON DELETE CASCADE,
    email      text        NOT NULL,
    linked_at  timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identity_outside_accounts_of_user ON identity_outside_accounts (user_id);
