"""All SQL of retention. Deletions are mutations of the engine: they are asked for here and done behind."""

from dataclasses import dataclass
from datetime import datetime

from mno.platform.clickhouse import ClickHouse

_OWN = "team_id = {team:String} AND project_id = {project:String}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose rows are kept for a time, the column that says how old a row is, and the setting."""

    table: str
    moment: str
    setting: str


KEPT = (
    Kept("spans", "start_time", "retention.spans_days"),
    # a trace that reaches into the time that is kept stays whole in the list
    Kept("traces", "last_start", "retention.spans_days"),
    Kept("otel_logs", "time", "retention.logs_days"),
    Kept("otel_metrics", "time", "retention.metrics_days"),
)


class RetentionStore:
    """Over every project: its callers are schedules, not people."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def projects(self) -> list[tuple[str, str]]:
        """Team and project of everything that holds rows."""
        selects = " UNION DISTINCT ".join(f"SELECT DISTINCT team_id, project_id FROM {kept.table}" for kept in KEPT)
        rows = await self._clickhouse.rows_of_all(f"{selects} ORDER BY team_id, project_id")
        return [(row["team_id"], row["project_id"]) for row in rows]

    async def older(self, kept: Kept, team: str, project: str, before: datetime) -> int:
        """Rows that are older than `before`."""
        rows = await self._clickhouse.rows(
            f"SELECT count() AS n FROM {kept.table} WHERE {_OWN} AND {kept.moment} < {{before:DateTime64(6)}}",
            {"team": team, "project": project, "before": before},
        )
        return int(rows[0]["n"])

    async def mark(self, team: str, project: str, kept_from: datetime) -> None:
        """From now on a recount looks at nothing older."""
        await self._clickhouse.command(
            "INSERT INTO retention_marks (team_id, project_id, kept_from)"
            " VALUES ({team:String}, {project:String}, {kept_from:DateTime64(6)})",
            {"team": team, "project": project, "kept_from": kept_from},
        )

    async def delete_older(self, kept: Kept, team: str, project: str, before: datetime) -> None:
        """Begins to delete the rows that are older than `before`; returns when they cannot be found any more."""
        await self._clickhouse.command(
            f"ALTER TABLE {kept.table} DELETE WHERE {_OWN} AND {kept.moment} < {{before:DateTime64(6)}}"
            " SETTINGS mutations_sync = 1",
            {"team": team, "project": project, "before": before},
        )
