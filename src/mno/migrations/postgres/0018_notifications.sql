-- Where teams are told something, and what became of each message (docs/decisions/0020-notifications.md). What opens a
-- channel lies among the program's own secrets, under `notifications.channel.<id>`.

CREATE TABLE notifications_channels
(
    id           uuid PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES identity_teams,
    name         text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('email', 'sendgrid', 'slack', 'teams', 'discord', 'feishu',
                                                      'dingtalk', 'wecom', 'webhook')),
    language     text        NOT NULL CHECK (language IN ('en', 'zh-Hant', 'zh-Hans')),
    -- the server of its address, without what is secret in it
    host         text        NOT NULL,
    sender       text        NOT NULL,
    receivers    text[]      NOT NULL,
    signed       boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text        NOT NULL,
    delivered_at timestamptz,
    failed_at    timestamptz,
    failure      text        NOT NULL DEFAULT '',
    -- not before, because its server asked us to wait
    due_at       timestamptz NOT NULL,
    -- the process that is at it, until then
    leased_by    uuid,
    leased_till  timestamptz,
    UNIQUE (team_id, name)
);
CALL mno_fence('notifications_channels');

-- One message to one receiver; it is kept a month, and for so long its key is not sent again.
CREATE TABLE notifications_deliveries
(
    id           uuid PRIMARY KEY,
    team_id      uuid        NOT NULL,
    channel_id   uuid        NOT NULL REFERENCES notifications_channels ON DELETE CASCADE,
    -- of an e-mail; empty elsewhere
    receiver     text        NOT NULL,
    key          text        NOT NULL,
    severity     text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical', 'resolved')),
    -- in the channel's language: title, lines, link, link_name
    text         jsonb       NOT NULL,
    data         jsonb       NOT NULL,
    state        text        NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    -- that failed
    attempts     integer     NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    error        text        NOT NULL DEFAULT '',
    delivered_at timestamptz,
    UNIQUE (channel_id, key, receiver)
);
CREATE INDEX notifications_deliveries_waiting ON notifications_deliveries (channel_id, due_at) WHERE state = 'waiting';
CREATE INDEX notifications_deliveries_of_channel ON notifications_deliveries (channel_id, id DESC);
CREATE INDEX notifications_deliveries_by_time ON notifications_deliveries (created_at);
CALL mno_fence('notifications_deliveries');

SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = permissions || '{channels.*,alerts.*}'
WHERE id = '00000000-0000-7000-8000-000000000002';
UPDATE identity_roles SET permissions = permissions || '{channels.read,alerts.read,alerts.write,alerts.answer}'
WHERE id = '00000000-0000-7000-8000-000000000003';
UPDATE identity_roles SET permissions = permissions || '{channels.read,alerts.read}'
WHERE id = '00000000-0000-7000-8000-000000000004';
