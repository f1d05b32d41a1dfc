-- What a process keeps in memory and must not believe for longer than it is true (platform/versions.py): a topic
-- such as `policy/<team>`, and the last transaction that changed what stands under it. It belongs to no team; it
-- says that something changed, never what.
CREATE TABLE platform_versions
(
    topic      text PRIMARY KEY,
    changed_in xid8 NOT NULL
);
CREATE INDEX platform_versions_by_change ON platform_versions (changed_in);

-- What a person may on the hub holds in whichever of their teams they act.
CREATE INDEX identity_grants_on_hub ON identity_grants (subject_id) WHERE scope_kind = 'hub';
CREATE INDEX identity_grants_by_time ON identity_grants (team_id, created_at DESC, id DESC);
