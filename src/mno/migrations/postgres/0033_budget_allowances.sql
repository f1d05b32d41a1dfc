-- Room that a process holds ahead (decision 33): a part of what a counter holds, for calls that are not known yet. Each
-- is of one process, which makes it smaller by what its calls take and fills it up in the same turn.
CREATE TABLE budgets_allowances
(
    id         uuid PRIMARY KEY,
    team_id    uuid        NOT NULL,
    budget_id  uuid        NOT NULL,
    who        text        NOT NULL,
    head       timestamptz NOT NULL,
    amount     bigint      NOT NULL CHECK (amount >= 0),
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX budgets_allowances_of_counter ON budgets_allowances (budget_id, who, head);
CALL mno_fence('budgets_allowances');

-- When a call was last refused here: where room is that scarce, nobody holds any ahead.
ALTER TABLE budgets_counters ADD COLUMN refused_at timestamptz;

-- Writes down those of `calls` that are named by `which` and are not written yet, in the ledger as well; answers them.
CREATE FUNCTION budgets_begin(calls jsonb, which uuid[], at timestamptz) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    written uuid[];
BEGIN
    WITH begun AS (
        INSERT INTO budgets_reservations (id, team_id, project_id, started_at, expires_at, state, holds, cost,
                                          dimensions, tags)
        SELECT r.id, r.team, r.project, r.started, at + make_interval(secs => r.lease), 'open', r.holds, r.cost,
               r.dims, r.tags
        FROM jsonb_to_recordset(calls)
            AS r(n integer, id uuid, team uuid, project uuid, started timestamptz, lease double precision,
                 holds jsonb, cost bigint, dims jsonb, tags text[])
        WHERE r.id = ANY (which) ORDER BY r.n
        ON CONFLICT (id) DO NOTHING
        RETURNING id)
    SELECT coalesce(array_agg(b.id), '{}') INTO written FROM begun b;
    INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, provider, model, agent, environment, api_key,
                                tags, held, cost, tokens, calls, reservation)
    SELECT r.team_id, r.project_id, budgets_begin.at, 'reservation', date_trunc('hour', r.started_at, 'UTC'),
           coalesce(r.dimensions ->> 'provider', ''), coalesce(r.dimensions ->> 'model', ''),
           coalesce(r.dimensions ->> 'agent', ''), coalesce(r.dimensions ->> 'environment', ''),
           coalesce(r.dimensions ->> 'api_key', ''), r.tags, r.cost, 0, 0, 0, r.id
    FROM budgets_reservations r WHERE r.id = ANY (written);
    RETURN written;
END
$$;

-- One turn at the counters: everything that the callers of one process ask at one moment, in one transaction.
-- First what this process granted out of its allowances is written down, and allowances give back what was taken of
-- them; then reservations end (settled, released, or by their leases); then those that are asked for are granted in
-- their order as far as they fit; at last allowances grow where there is plenty. Rows are locked in one order by
-- everybody (reservations by id, allowances by id, then counters), so turns of two nodes wait for each other and never
-- for ever.
--
-- `granted` and `reserves`: id, team, project, started, lease, k (numbers of counters), a (amounts), holds, dims, tags,
-- cost. `ends`: by id: settled, cost, tokens, calls, estimated. `counters`: b, w, h(ead), p(art), f(rom), l(imit), hard;
-- a number of theirs from 1. `allowances`: id, k (its counter), back, more, useful (less is of no use), lease. Answers
-- `refused` (id, counter, and how that stood; `ahead` is what allowances held of it), of each counter `spent`, and
-- the amounts of all `allowances` that were asked about.
-- Its plans are made once for a session, often while the tables are empty, and must not read them whole when they
-- have grown.
CREATE OR REPLACE FUNCTION budgets_turn(asked jsonb) RETURNS jsonb LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    -- of the room that is left, one allowance may grow by this share in a turn
    plenty   CONSTANT bigint := 64;
    -- for how long after a refusal none does
    scarce   CONSTANT interval := '1 second';
    at       timestamptz := clock_timestamp();
    ends     jsonb := asked -> 'ends';
    granted  jsonb := coalesce(asked -> 'granted', '[]');
    ahead    jsonb := coalesce(asked -> 'allowances', '[]');
    ending   uuid[];
    settling uuid[];
    expired  uuid[];
    changes  budgets_change[] := '{}';
    more     budgets_change[];
    written  uuid[];
    limits   bigint[];
    hards    boolean[];
    spents   bigint[];
    taken    bigint[];
    refusals timestamptz[];
    accepted uuid[] := '{}';
    refused  jsonb := '[]';
    grown    jsonb := '{}';
    one      record;
    full_at  integer;
    k        integer;
    size     bigint;
BEGIN
    -- What is written here need not survive a crash of the machine: reservations die with the calls that hold them,
    -- and what was spent is counted from the spans. So the commit does not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);

    IF granted <> '[]' THEN
        written := budgets_begin(granted, ARRAY(SELECT r.id FROM jsonb_to_recordset(granted) AS r(id uuid)), at);
        SELECT coalesce(array_agg((r.team_id, h.b, h.w, h.h, h.a, 0, NULL)::budgets_change), '{}') INTO changes
        FROM budgets_reservations r
        CROSS JOIN LATERAL jsonb_to_recordset(r.holds) AS h(b uuid, w text, h timestamptz, a bigint)
        WHERE r.id = ANY (written);
    END IF;

    SELECT coalesce(array_agg(e.id::uuid), '{}'),
           coalesce(array_agg(e.id::uuid) FILTER (WHERE (ends -> e.id -> 'settled')::boolean), '{}')
    INTO ending, settling FROM jsonb_object_keys(ends) AS e(id);
    -- a late settlement counts although its lease has run out: the call was made. Which these are is said here once, and
    -- below by their ids alone: a condition on `state` would have every turn read an index of all that were ever open.
    SELECT coalesce(array_agg(r.id) FILTER (WHERE r.state = 'open' OR (r.state = 'expired' AND r.id = ANY (settling))), '{}')
    INTO ending FROM (
        SELECT b.id, b.state FROM budgets_reservations b WHERE b.id = ANY (ending) ORDER BY b.id FOR UPDATE) AS r;
    SELECT coalesce(array_agg(r.id), '{}') INTO expired FROM (
        SELECT b.id FROM budgets_reservations b
        WHERE b.state = 'open' AND b.expires_at <= at AND NOT b.id = ANY (ending)
        ORDER BY b.expires_at LIMIT 500 FOR UPDATE SKIP LOCKED) AS r;

    IF cardinality(ending) + cardinality(expired) > 0 THEN
        SELECT coalesce(array_agg(c.change), '{}') INTO more FROM (
            SELECT unnest(ARRAY [
                (r.team_id, h.b, h.w, h.h, CASE WHEN r.state = 'open' THEN -h.a ELSE 0 END, 0, NULL)::budgets_change,
                (r.team_id, h.b, h.w, h.p, 0,
                 CASE WHEN NOT r.id = ANY (settling) THEN 0
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
        changes := changes || more;
    END IF;

    IF ahead <> '[]' THEN
        WITH standing AS (
            SELECT a.*, least(w.back, a.amount) AS back, at + make_interval(secs => w.lease) AS until
            FROM jsonb_to_recordset(ahead) AS w(id uuid, back bigint, lease double precision)
            JOIN budgets_allowances a ON a.id = w.id
            ORDER BY a.id FOR UPDATE OF a),
        smaller AS (
            UPDATE budgets_allowances a SET amount = s.amount - s.back, expires_at = s.until
            FROM standing s WHERE a.id = s.id)
        SELECT coalesce(array_agg((s.team_id, s.budget_id, s.who, s.head, -s.back, 0, NULL)::budgets_change), '{}')
        INTO more FROM standing s;
        changes := changes || more;
    END IF;
    IF EXISTS (SELECT FROM budgets_allowances a WHERE a.expires_at <= at) THEN
        WITH gone AS (
            DELETE FROM budgets_allowances a WHERE a.id IN (
                SELECT b.id FROM budgets_allowances b WHERE b.expires_at <= at ORDER BY b.id FOR UPDATE SKIP LOCKED)
            RETURNING a.*)
        SELECT coalesce(array_agg((g.team_id, g.budget_id, g.who, g.head, -g.amount, 0, NULL)::budgets_change), '{}')
        INTO more FROM gone g;
        changes := changes || more;
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
        WHERE r.id = ANY (ending || expired);
        -- what has ended stands in the ledger; only what ended by its lease may still be settled
        UPDATE budgets_reservations r SET ended_at = at, state = 'expired' WHERE r.id = ANY (expired);
        DELETE FROM budgets_reservations r WHERE r.id = ANY (ending);
    END IF;

    SELECT array_agg(c.l ORDER BY c.n), array_agg(c.hard ORDER BY c.n), array_agg(c.spent ORDER BY c.n),
           array_agg(c.reserved ORDER BY c.n), array_agg(c.refused_at ORDER BY c.n)
    INTO limits, hards, spents, taken, refusals FROM (
        SELECT k.n, k.l, k.hard, b.reserved, b.refused_at,
               (SELECT coalesce(sum(p.base + p.recent + p.settled), 0)::bigint FROM budgets_counters p
                WHERE p.budget_id = k.b AND p.who = k.w AND p.part BETWEEN k.f AND k.p) AS spent
        FROM jsonb_to_recordset(asked -> 'counters') AS k(n integer, b uuid, w text, h timestamptz, p timestamptz,
                                                         f timestamptz, l bigint, hard boolean)
        JOIN budgets_counters b ON (b.budget_id, b.who, b.part) = (k.b, k.w, k.h)) AS c;

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
            refusals[full_at] := at;
            refused := refused || jsonb_build_object('id', one.id, 'counter', full_at,
                                                     'spent', spents[full_at], 'reserved', taken[full_at]);
            CONTINUE;
        END IF;
        accepted := accepted || one.id;
        FOR place IN 1 .. cardinality(one.k) LOOP
            taken[one.k[place]] := taken[one.k[place]] + one.a[place];
        END LOOP;
    END LOOP;

    FOR one IN SELECT a.* FROM jsonb_to_recordset(ahead)
                   AS a(id uuid, k integer, more bigint, useful bigint) WHERE a.more > 0
    LOOP
        size := least(one.more, (limits[one.k] - spents[one.k] - taken[one.k]) / plenty);
        IF size >= one.useful AND coalesce(refusals[one.k] < at - scarce, true) THEN
            taken[one.k] := taken[one.k] + size;
            grown := grown || jsonb_build_object(one.id, size);
        END IF;
    END LOOP;

    IF cardinality(accepted) > 0 OR refused <> '[]' OR grown <> '{}' THEN
        UPDATE budgets_counters b SET reserved = taken[c.n], refused_at = refusals[c.n]
        FROM jsonb_to_recordset(asked -> 'counters') AS c(n integer, b uuid, w text, h timestamptz)
        WHERE (b.budget_id, b.who, b.part) = (c.b, c.w, c.h)
          AND (b.reserved <> taken[c.n] OR b.refused_at IS DISTINCT FROM refusals[c.n]);
    END IF;
    IF cardinality(accepted) > 0 THEN
        PERFORM budgets_begin(asked -> 'reserves', accepted, at);
    END IF;
    IF ahead <> '[]' THEN
        INSERT INTO budgets_allowances (id, team_id, budget_id, who, head, amount, expires_at)
        SELECT a.id, c.t, c.b, c.w, c.h, (grown ->> a.id::text)::bigint, at + make_interval(secs => a.lease)
        FROM jsonb_to_recordset(ahead) AS a(id uuid, k integer, lease double precision)
        JOIN jsonb_to_recordset(asked -> 'counters') AS c(n integer, t uuid, b uuid, w text, h timestamptz) ON c.n = a.k
        WHERE grown ? a.id::text
        ON CONFLICT (id) DO UPDATE SET amount = budgets_allowances.amount + excluded.amount;
        DELETE FROM budgets_allowances a USING jsonb_to_recordset(ahead) AS w(id uuid)
        WHERE a.id = w.id AND a.amount = 0;
    END IF;
    IF refused <> '[]' THEN
        -- what nobody uses comes back soon: it is worth asking again
        SELECT jsonb_agg(r.told || jsonb_build_object('ahead', coalesce(h.amount, 0))) INTO refused
        FROM jsonb_array_elements(refused) AS r(told)
        JOIN jsonb_to_recordset(asked -> 'counters') AS c(n integer, b uuid, w text, h timestamptz)
            ON c.n = (r.told ->> 'counter')::integer
        CROSS JOIN LATERAL (
            SELECT sum(a.amount) AS amount FROM budgets_allowances a
            WHERE (a.budget_id, a.who, a.head) = (c.b, c.w, c.h)) AS h;
    END IF;
    RETURN jsonb_build_object(
        'refused', refused, 'spent', to_jsonb(spents),
        'allowances', (SELECT jsonb_object_agg(a.id, a.amount) FROM budgets_allowances a
                       JOIN jsonb_to_recordset(ahead) AS w(id uuid) ON w.id = a.id));
END
$$;
