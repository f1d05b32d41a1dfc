-- What a process keeps in memory and must not believe for longer than it is true (platform/versions.py): a topic
-- such as `policy/<team>`, and the last transaction that changed what stands under it. It belongs to no team; it
-- says that something changed, never what.
CREATE TABLE platform_versions
(
    topic      text PRIMARY KEY,
    changed_in xid8 NOT NULL
);
CREATE INDEX platform_versions_by_change ON platform_versions (changed_in);
