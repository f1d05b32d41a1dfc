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
