-- Budgets, what calls under way hold of them, and the ledger (docs/decisions/0018-budgets.md).

CREATE TABLE budgets_budgets
(
    id            uuid PRIMARY KEY,
    team_id       uuid        NOT NULL REFERENCES identity_teams,
    -- null: of the whole team
    project_id    uuid REFERENCES identity_projects,
    name          text        NOT NULL,
    unit          text        NOT NULL CHECK (unit IN ('money', 'tokens', 'calls')),
    -- nano-dollars, tokens or calls
    quantity      bigint      NOT NULL CHECK (quantity >= 0),
    matches       jsonb       NOT NULL,
    per           text        NOT NULL,
    cycle         text        NOT NULL CHECK (cycle IN ('hour', 'day', 'week', 'month', 'rolling')),
    rolling_s     integer     NOT NULL CHECK ((rolling_s > 0) = (cycle = 'rolling')),
    hard          boolean     NOT NULL,
    status        smallint    NOT NULL CHECK (status IN (402, 429)),
    thresholds    smallint[]  NOT NULL,
    unpriced      text        NOT NULL CHECK (unpriced IN ('allow', 'block', 'price')),
    fallback_nano bigint      NOT NULL CHECK (fallback_nano >= 0),
    version       integer     NOT NULL,
    created_at    timestamptz NOT NULL,
    created_by    text        NOT NULL,
    changed_at    timestamptz NOT NULL,
    changed_by    text        NOT NULL,
    removed_at    timestamptz,
    -- everything that started before has been counted from the usage rollups
    counted_until timestamptz NOT NULL
);
CREATE UNIQUE INDEX budgets_budgets_by_name ON budgets_budgets (team_id, lower(name)) WHERE removed_at IS NULL;
CALL mno_fence('budgets_budgets');

-- One counter of a budget in one period (or one part of a rolling window; those keep what is reserved in a row of
-- their own, at the epoch). What is used is `base` (rollups, up to counted_until) + `recent` (what came by other ways
-- since) + `settled` (calls of the gateway since).
CREATE TABLE budgets_counters
(
    team_id   uuid        NOT NULL,
    budget_id uuid        NOT NULL,
    who       text        NOT NULL,
    part      timestamptz NOT NULL,
    reserved  bigint      NOT NULL DEFAULT 0,
    base      bigint      NOT NULL DEFAULT 0,
    recent    bigint      NOT NULL DEFAULT 0,
    settled   bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (budget_id, who, part)
) WITH (fillfactor = 50);
CALL mno_fence('budgets_counters');

-- `settled` by the minute in which the calls began, so that it can go once the rollups hold that minute.
CREATE TABLE budgets_settled
(
    team_id   uuid        NOT NULL,
    budget_id uuid        NOT NULL,
    who       text        NOT NULL,
    part      timestamptz NOT NULL,
    minute    timestamptz NOT NULL,
    amount    bigint      NOT NULL,
    last_at   timestamptz NOT NULL,
    PRIMARY KEY (budget_id, who, part, minute)
) WITH (fillfactor = 50);
CALL mno_fence('budgets_settled');

-- Calls under way, and for a while those that ended. `holds` are the counters that they hold: b(udget), w(ho),
-- h(ead), p(art), u(nit), a(mount), and f: nano-dollars of a million tokens where the price is not known.
CREATE TABLE budgets_reservations
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    project_id uuid        NOT NULL,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state      text        NOT NULL CHECK (state IN ('open', 'settled', 'released', 'expired')),
    ended_at   timestamptz,
    holds      jsonb       NOT NULL,
    cost       bigint      NOT NULL,
    dimensions jsonb       NOT NULL,
    tags       text[]      NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX budgets_reservations_open ON budgets_reservations (expires_at) WHERE state = 'open';
CREATE INDEX budgets_reservations_ended ON budgets_reservations (ended_at) WHERE state <> 'open';
CALL mno_fence('budgets_reservations');

-- What was told already: a threshold in percent, or 0 for a refused call, once for each counter and period.
CREATE TABLE budgets_crossings
(
    team_id   uuid        NOT NULL,
    budget_id uuid        NOT NULL,
    who       text        NOT NULL,
    head      timestamptz NOT NULL,
    threshold smallint    NOT NULL,
    told_at   timestamptz NOT NULL,
    PRIMARY KEY (budget_id, who, head, threshold)
);
CALL mno_fence('budgets_crossings');

-- The ledger: entries are added and never changed. `held` is the change of what is held for calls under way, `cost`
-- that of what is owed, both nano-dollars; a credit's cost is negative. `hour` is that of the use.
CREATE TABLE ledger_entries
(
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id     uuid        NOT NULL,
    project_id  uuid        NOT NULL,
    at          timestamptz NOT NULL,
    kind        text        NOT NULL
        CHECK (kind IN ('reservation', 'settlement', 'release', 'expiry', 'usage', 'adjustment', 'credit')),
    hour        timestamptz NOT NULL,
    provider    text        NOT NULL,
    model       text        NOT NULL,
    agent       text        NOT NULL,
    environment text        NOT NULL,
    api_key     text        NOT NULL,
    tags        text[]      NOT NULL,
    held        bigint      NOT NULL,
    cost        bigint      NOT NULL,
    tokens      bigint      NOT NULL,
    calls       bigint      NOT NULL,
    reservation uuid,
    estimated   boolean     NOT NULL DEFAULT false,
    note        text        NOT NULL DEFAULT '',
    by          text        NOT NULL DEFAULT ''
);
CREATE INDEX ledger_entries_of_team ON ledger_entries (team_id, position DESC);
CREATE INDEX ledger_entries_by_hour ON ledger_entries (team_id, project_id, hour);
CALL mno_fence('ledger_entries');
REVOKE UPDATE, DELETE ON ledger_entries FROM mno_app;

CREATE TYPE budgets_change AS
(
    team_id   uuid,
    budget_id uuid,
    who       text,
    part      timestamptz,
    reserved  bigint,
    settled   bigint,
    minute    timestamptz
);

-- One turn at the counters: everything that the callers of one process ask at one moment, in one transaction.
-- Reservations end first (settled, released, or by their leases), then those that are asked for are granted in their
-- order as far as they fit. Rows are locked in one order by everybody (reservations by id, then counters), so turns
-- of two nodes wait for each other and never for ever.
--
-- `ends`: by id: settled, cost, tokens, calls, estimated. `counters`: b, w, h(ead), p(art), f(rom), l(imit), hard; a
-- number of theirs from 1. `reserves`: id, team, project, started, lease, k (numbers of counters), a (amounts), holds,
-- dims, tags, cost. Answers `accepted` (ids), `refused` (id, counter), and of each counter `spent` and `reserved`.
-- Its plans are made once for a session, often while the tables are empty, and must not read them whole when they
-- have grown.
CREATE FUNCTION budgets_turn(asked jsonb) RETURNS jsonb LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    at       timestamptz := clock_timestamp();
    ends     jsonb := asked -> 'ends';
    ending   uuid[];
    settling uuid[];
    expired  uuid[];
    changes  budgets_change[];
    limits   bigint[];
    hards    boolean[];
    spents   bigint[];
    taken    bigint[];
    accepted uuid[] := '{}';
    refused  jsonb := '[]';
    one      record;
    full_at  integer;
    k        integer;
BEGIN
    -- What is written here need not survive a crash of the machine: reservations die with the calls that hold them,
    -- and what was spent is counted from the spans. So the commit does not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT coalesce(array_agg(e.id::uuid), '{}'),
           coalesce(array_agg(e.id::uuid) FILTER (WHERE (ends -> e.id -> 'settled')::boolean), '{}')
    INTO ending, settling FROM jsonb_object_keys(ends) AS e(id);
    SELECT coalesce(array_agg(r.id), '{}') INTO ending FROM (
        SELECT b.id FROM budgets_reservations b WHERE b.id = ANY (ending) ORDER BY b.id FOR UPDATE) AS r;
    SELECT coalesce(array_agg(r.id), '{}') INTO expired FROM (
        SELECT b.id FROM budgets_reservations b
        WHERE b.state = 'open' AND b.expires_at <= at AND NOT b.id = ANY (ending)
        ORDER BY b.expires_at LIMIT 500 FOR UPDATE SKIP LOCKED) AS r;

    IF cardinality(ending) + cardinality(expired) > 0 THEN
        -- a late settlement counts although its lease has run out: the call was made
        SELECT coalesce(array_agg(c.change), '{}') INTO changes FROM (
            SELECT unnest(ARRAY [
                (r.team_id, h.b, h.w, h.h, CASE WHEN r.state = 'open' THEN -h.a ELSE 0 END, 0, NULL)::budgets_change,
                (r.team_id, h.b, h.w, h.p, 0,
                 CASE WHEN NOT r.id = ANY (settling) OR r.state NOT IN ('open', 'expired') THEN 0
                      WHEN h.u = 'tokens' THEN (e.told ->> 'tokens')::bigint
                      WHEN h.u = 'calls' THEN (e.told ->> 'calls')::bigint
                      ELSE coalesce((e.told ->> 'cost')::bigint,
                                    ceil((e.told ->> 'tokens')::numeric * h.f / 1000000)::bigint, 0) END,
                 date_trunc('minute', r.started_at, 'UTC'))::budgets_change]) AS change
            FROM budgets_reservations r
            CROSS JOIN LATERAL (SELECT ends -> r.id::text AS told) AS e
            CROSS JOIN jsonb_to_recordset(r.holds)
                AS h(b uuid, w text, h timestamptz, p timestamptz, u text, a bigint, f bigint)
            WHERE r.id = ANY (ending || expired)) AS c;
    ELSE
        changes := '{}';
    END IF;

    INSERT INTO budgets_counters (team_id, budget_id, who, part)
    SELECT DISTINCT w.team_id, w.budget_id, w.who, w.part FROM (
        SELECT c.team_id, c.budget_id, c.who, c.part FROM unnest(changes) AS c
        UNION ALL
        SELECT c.t, c.b, c.w, c.h FROM jsonb_to_recordset(asked -> 'counters') AS c(t uuid, b uuid, w text, h timestamptz)
    ) AS w
    WHERE NOT EXISTS (SELECT FROM budgets_counters b WHERE (b.budget_id, b.who, b.part) = (w.budget_id, w.who, w.part))
    ORDER BY w.budget_id, w.who, w.part
    ON CONFLICT DO NOTHING;
    PERFORM FROM (
        SELECT c.budget_id, c.who, c.part FROM unnest(changes) AS c
        UNION
        SELECT c.b, c.w, c.h FROM jsonb_to_recordset(asked -> 'counters') AS c(b uuid, w text, h timestamptz)
        ORDER BY 1, 2, 3) AS k
    CROSS JOIN LATERAL (
        SELECT FROM budgets_counters b WHERE (b.budget_id, b.who, b.part) = (k.budget_id, k.who, k.part) FOR UPDATE
    ) AS locked;

    IF cardinality(changes) > 0 THEN
        UPDATE budgets_counters b SET reserved = b.reserved + s.reserved, settled = b.settled + s.settled
        FROM (SELECT c.budget_id, c.who, c.part, sum(c.reserved)::bigint AS reserved, sum(c.settled)::bigint AS settled
              FROM unnest(changes) AS c GROUP BY c.budget_id, c.who, c.part) AS s
        WHERE (b.budget_id, b.who, b.part) = (s.budget_id, s.who, s.part) AND (s.reserved <> 0 OR s.settled <> 0);
        INSERT INTO budgets_settled (team_id, budget_id, who, part, minute, amount, last_at)
        SELECT c.team_id, c.budget_id, c.who, c.part, c.minute, sum(c.settled)::bigint, at
        FROM unnest(changes) AS c WHERE c.minute IS NOT NULL AND c.settled <> 0
        GROUP BY c.team_id, c.budget_id, c.who, c.part, c.minute
        ON CONFLICT (budget_id, who, part, minute) DO UPDATE
            SET amount = budgets_settled.amount + excluded.amount, last_at = excluded.last_at;
    END IF;
    IF cardinality(ending) + cardinality(expired) > 0 THEN
        -- the ledger first: it wants to know what each was before
        INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, provider, model, agent, environment, api_key,
                                    tags, held, cost, tokens, calls, reservation, estimated)
        SELECT r.team_id, r.project_id, at,
               CASE WHEN r.id = ANY (expired) THEN 'expiry'
                    WHEN r.id = ANY (settling) THEN 'settlement' ELSE 'release' END,
               date_trunc('hour', r.started_at, 'UTC'),
               coalesce(r.dimensions ->> 'provider', ''), coalesce(r.dimensions ->> 'model', ''),
               coalesce(r.dimensions ->> 'agent', ''), coalesce(r.dimensions ->> 'environment', ''),
               coalesce(r.dimensions ->> 'api_key', ''), r.tags,
               CASE WHEN r.state = 'open' THEN -r.cost ELSE 0 END,
               coalesce((e.told ->> 'cost')::bigint, 0), coalesce((e.told ->> 'tokens')::bigint, 0),
               coalesce((e.told ->> 'calls')::bigint, 0), r.id, coalesce((e.told ->> 'estimated')::boolean, false)
        FROM budgets_reservations r
        CROSS JOIN LATERAL (SELECT ends -> r.id::text AS told) AS e
        WHERE r.id = ANY (ending || expired)
          AND (r.state = 'open' OR (r.state = 'expired' AND r.id = ANY (settling)));
        UPDATE budgets_reservations r
        SET ended_at = at, state = CASE WHEN r.id = ANY (expired) THEN 'expired'
                                        WHEN r.id = ANY (settling) THEN 'settled' ELSE 'released' END
        WHERE r.id = ANY (ending || expired)
          AND (r.state = 'open' OR (r.state = 'expired' AND r.id = ANY (settling)));
    END IF;

    SELECT array_agg(c.l ORDER BY c.n), array_agg(c.hard ORDER BY c.n), array_agg(c.spent ORDER BY c.n),
           array_agg(c.reserved ORDER BY c.n)
    INTO limits, hards, spents, taken FROM (
        SELECT k.n, k.l, k.hard,
               (SELECT coalesce(sum(b.base + b.recent + b.settled), 0)::bigint FROM budgets_counters b
                WHERE b.budget_id = k.b AND b.who = k.w AND b.part BETWEEN k.f AND k.p) AS spent,
               (SELECT b.reserved FROM budgets_counters b
                WHERE (b.budget_id, b.who, b.part) = (k.b, k.w, k.h)) AS reserved
        FROM jsonb_to_recordset(asked -> 'counters') AS k(n integer, b uuid, w text, h timestamptz, p timestamptz,
                                                         f timestamptz, l bigint, hard boolean)) AS c;

    FOR one IN SELECT r.* FROM jsonb_to_recordset(asked -> 'reserves')
                   AS r(n integer, id uuid, k integer[], a bigint[]) ORDER BY r.n
    LOOP
        full_at := NULL;
        FOR place IN 1 .. cardinality(one.k) LOOP
            k := one.k[place];
            -- what costs nothing always fits
            IF hards[k] AND one.a[place] > 0 AND spents[k] + taken[k] + one.a[place] > limits[k] THEN
                full_at := k;
                EXIT;
            END IF;
        END LOOP;
        IF full_at IS NOT NULL THEN
            refused := refused || jsonb_build_object('id', one.id, 'counter', full_at,
                                                     'spent', spents[full_at], 'reserved', taken[full_at]);
            CONTINUE;
        END IF;
        accepted := accepted || one.id;
        FOR place IN 1 .. cardinality(one.k) LOOP
            taken[one.k[place]] := taken[one.k[place]] + one.a[place];
        END LOOP;
    END LOOP;

    IF cardinality(accepted) > 0 THEN
        UPDATE budgets_counters b SET reserved = taken[c.n]
        FROM jsonb_to_recordset(asked -> 'counters') AS c(n integer, b uuid, w text, h timestamptz)
        WHERE (b.budget_id, b.who, b.part) = (c.b, c.w, c.h) AND b.reserved <> taken[c.n];
        INSERT INTO budgets_reservations (id, team_id, project_id, started_at, expires_at, state, holds, cost,
                                          dimensions, tags)
        SELECT r.id, r.team, r.project, r.started, at + make_interval(secs => r.lease), 'open', r.holds, r.cost,
               r.dims, r.tags
        FROM jsonb_to_recordset(asked -> 'reserves')
            AS r(n integer, id uuid, team uuid, project uuid, started timestamptz, lease double precision,
                 holds jsonb, cost bigint, dims jsonb, tags text[])
        WHERE r.id = ANY (accepted) ORDER BY r.n;
        INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, provider, model, agent, environment, api_key,
                                    tags, held, cost, tokens, calls, reservation)
        SELECT r.team_id, r.project_id, at, 'reservation', date_trunc('hour', r.started_at, 'UTC'),
               coalesce(r.dimensions ->> 'provider', ''), coalesce(r.dimensions ->> 'model', ''),
               coalesce(r.dimensions ->> 'agent', ''), coalesce(r.dimensions ->> 'environment', ''),
               coalesce(r.dimensions ->> 'api_key', ''), r.tags, r.cost, 0, 0, 0, r.id
        FROM budgets_reservations r WHERE r.id = ANY (accepted);
    END IF;
    RETURN jsonb_build_object('accepted', to_jsonb(accepted), 'refused', refused, 'spent', to_jsonb(spents),
                              'reserved', to_jsonb(taken));
END
$$;

UPDATE identity_roles SET permissions = permissions || '{budgets.*,ledger.read}'
WHERE id = '00000000-0000-7000-8000-000000000002';
UPDATE identity_roles SET permissions = permissions || '{budgets.read,ledger.read}'
WHERE id IN ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004');
