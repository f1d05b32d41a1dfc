-- What a team says about prices: its own, the imported price list, rates of exchange, and jobs that
-- price stored spans again.

CREATE TABLE prices_custom
(
    id             uuid PRIMARY KEY,
    team_id        uuid        NOT NULL,
    project_id     uuid        NOT NULL,
    provider       text        NOT NULL DEFAULT '',
    model          text        NOT NULL,
    valid_from     timestamptz NOT NULL,
    currency       text        NOT NULL,
    -- units of the currency for a million tokens; null where the bucket has no price of its own
    input          numeric CHECK (input >= 0),
    cache_read     numeric CHECK (cache_read >= 0),
    cache_write_5m numeric CHECK (cache_write_5m >= 0),
    cache_write_1h numeric CHECK (cache_write_1h >= 0),
    output         numeric CHECK (output >= 0),
    input_audio    numeric CHECK (input_audio >= 0),
    output_audio   numeric CHECK (output_audio >= 0),
    note           text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    created_by     text        NOT NULL DEFAULT '',
    -- kept after removal: spans name the price that they were charged by
    removed_at     timestamptz
);

CREATE INDEX prices_custom_of_project ON prices_custom (team_id, project_id) WHERE removed_at IS NULL;

-- The price list that a team brought itself: the file as it came, compressed by zlib.
CREATE TABLE prices_imports
(
    team_id     uuid PRIMARY KEY,
    version     text        NOT NULL,
    dated       date        NOT NULL,
    content     bytea       NOT NULL,
    imported_at timestamptz NOT NULL,
    imported_by text        NOT NULL DEFAULT ''
);

CREATE TABLE prices_currencies
(
    team_id uuid PRIMARY KEY,
    display text NOT NULL
);

-- `rate` units of the currency are one USD from that day on.
CREATE TABLE prices_currency_rates
(
    team_id  uuid    NOT NULL,
    currency text    NOT NULL,
    dated    date    NOT NULL,
    rate     numeric NOT NULL CHECK (rate > 0),
    PRIMARY KEY (team_id, currency, dated)
);

CREATE TABLE prices_rerates
(
    id          uuid PRIMARY KEY,
    team_id     uuid        NOT NULL,
    project_id  uuid        NOT NULL,
    range_start timestamptz NOT NULL,
    range_end   timestamptz NOT NULL,
    -- every span that starts before this is done
    reached     timestamptz NOT NULL,
    state       text        NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    total       bigint      NOT NULL DEFAULT 0,
    done        bigint      NOT NULL DEFAULT 0,
    changed     bigint      NOT NULL DEFAULT 0,
    error       text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    finished_at timestamptz
);

CREATE UNIQUE INDEX prices_rerates_one_at_a_time ON prices_rerates (project_id) WHERE state = 'running';
CREATE INDEX prices_rerates_of_project ON prices_rerates (team_id, project_id, created_at DESC);
