-- The audit log: one chain of entries for each team, and one for the hub (team_id all zeros). What an entry hashes
-- and what is found when somebody changes it: docs/decisions/0013-audit-chain.md.

-- The head of each chain. Its row is locked while an entry is appended, so that entries follow each other.
CREATE TABLE audit_chains
(
    team_id uuid PRIMARY KEY,
    seq     bigint NOT NULL,
    hash    bytea  NOT NULL
);
CALL mno_fence('audit_chains');

CREATE TABLE audit_entries
(
    team_id      uuid        NOT NULL,
    seq          bigint      NOT NULL,
    id           uuid        NOT NULL UNIQUE,
    at           timestamptz NOT NULL,
    actor_kind   text        NOT NULL,
    actor_id     uuid        NOT NULL,
    -- the person behind the actor; zeros for none
    person_id    uuid        NOT NULL,
    action       text        NOT NULL,
    resource     text        NOT NULL,
    outcome      text        NOT NULL,
    trace_id     text        NOT NULL,
    -- how often it happened, where repeated refusals are one entry
    times        integer     NOT NULL,
    -- SHA-256 over salt and payload; the chain holds this and never the payload
    payload_hash bytea       NOT NULL,
    hash         bytea       NOT NULL,
    -- names, address, difference, detail: as the exact text that was hashed; null once it was erased
    salt         bytea,
    payload      json,
    PRIMARY KEY (team_id, seq)
);
CREATE INDEX audit_entries_of_person ON audit_entries (team_id, person_id, seq);
CREATE INDEX audit_entries_of_resource ON audit_entries (team_id, resource, seq);
CREATE INDEX audit_entries_of_action ON audit_entries (team_id, action, seq);
CREATE INDEX audit_entries_by_time ON audit_entries (team_id, at);
CALL mno_fence('audit_entries');

-- The program itself cannot rewrite an entry: it appends, reads and erases payloads.
REVOKE UPDATE, DELETE ON audit_entries FROM mno_app;
GRANT UPDATE (salt, payload) ON audit_entries TO mno_app;

-- Locks a chain's head and returns it; lets the rest of the transaction see the chain, and tells what it saw before.
CREATE FUNCTION audit_head(chain uuid, start bytea, OUT seq bigint, OUT hash bytea, OUT saw text) LANGUAGE plpgsql AS $$
BEGIN
    saw := coalesce(current_setting('mno.team', true), '');
    IF saw NOT IN ('*', chain::text) THEN
        PERFORM set_config('mno.team', chain::text, true);
    END IF;
    SELECT c.seq, c.hash INTO seq, hash FROM audit_chains c WHERE c.team_id = chain FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO audit_chains (team_id, seq, hash) VALUES (chain, 0, start) ON CONFLICT DO NOTHING;
        SELECT c.seq, c.hash INTO seq, hash FROM audit_chains c WHERE c.team_id = chain FOR UPDATE;
    END IF;
END
$$;

-- Pruning takes the oldest entries of a chain and nothing else; the program has no other way to delete one.
CREATE FUNCTION audit_prune(chain uuid, upto bigint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    pruned bigint;
BEGIN
    IF NOT mno_sees(chain) THEN
        RETURN 0;
    END IF;
    DELETE FROM audit_entries e WHERE e.team_id = chain AND e.seq <= upto
        AND e.seq < (SELECT c.seq FROM audit_chains c WHERE c.team_id = chain);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
REVOKE ALL ON FUNCTION audit_prune FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_prune TO mno_app;

-- The last verification of each chain, and the one that runs.
CREATE TABLE audit_verifications
(
    team_id    uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    -- grows while it runs; one that stopped growing has lost its process
    touched_at timestamptz NOT NULL,
    walked     bigint      NOT NULL DEFAULT 0,
    total      bigint      NOT NULL DEFAULT 0,
    -- null until the first one has come to its end; what follows is its result
    checked_at timestamptz,
    entries    bigint      NOT NULL DEFAULT 0,
    erased     bigint      NOT NULL DEFAULT 0,
    anchors    bigint      NOT NULL DEFAULT 0,
    anchored   bigint      NOT NULL DEFAULT 0,
    seconds    real        NOT NULL DEFAULT 0,
    -- empty: the chain is whole
    fault      text        NOT NULL DEFAULT '',
    bad_seq    bigint,
    bad_id     uuid,
    message    text        NOT NULL DEFAULT ''
);
CALL mno_fence('audit_verifications');

-- Where entries are sent as they are written, and how far each stream has come.
CREATE TABLE audit_streams
(
    id          uuid PRIMARY KEY,
    team_id     uuid        NOT NULL,
    name        text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('webhook', 'syslog')),
    -- the address of a webhook; udp://, tcp:// or tls:// with host and port of a syslog server
    target      text        NOT NULL,
    -- the last entry that was handed over
    seq         bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    -- failed tries of the present batch, and when the next one is due
    attempts    integer     NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL,
    last_error  text        NOT NULL DEFAULT '',
    sent_at     timestamptz,
    -- the process that is at it, until then
    leased_by   uuid,
    leased_till timestamptz
);
CREATE INDEX audit_streams_of_team ON audit_streams (team_id);
CALL mno_fence('audit_streams');

-- Entries that a receiver did not take after every try; they can be sent again by hand.
CREATE TABLE audit_dead_letters
(
    id        uuid PRIMARY KEY,
    team_id   uuid        NOT NULL,
    stream_id uuid        NOT NULL REFERENCES audit_streams ON DELETE CASCADE,
    first_seq bigint      NOT NULL,
    last_seq  bigint      NOT NULL,
    error     text        NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX audit_dead_letters_of_stream ON audit_dead_letters (stream_id, first_seq);
CALL mno_fence('audit_dead_letters');
