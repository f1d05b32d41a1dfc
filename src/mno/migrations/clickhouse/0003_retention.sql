-- From when on a project's spans are kept: what is older was deleted on purpose, and its usage sums stay. A recount
-- must not take it for missing.
CREATE TABLE retention_marks
(
    team_id    LowCardinality(String),
    project_id LowCardinality(String),
    kept_from  DateTime64(6, 'UTC'),
    set_at     DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY (team_id, project_id);
