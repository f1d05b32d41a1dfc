"""Lines from before migration 0005: told apart, found by topic, and removed by retention as any others."""

from datetime import timedelta
from uuid import UUID, uuid4

from mno.audit.service import Audit
from mno.observability.ingest.signals import LOGS_TABLE
from mno.observability.logs.native import rows_of
from mno.observability.retention.service import Retention
from mno.observability.retention.store import RetentionStore
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.migrate import migrations_of
from mno.platform.time_range import shown


async def test_equal_lines_of_before_are_told_apart(clickhouse: ClickHouse) -> None:
    old = f"otel_logs_{uuid4().hex}"
    before, after = (each.sql for each in migrations_of("clickhouse") if each.name in ("signals", "logs"))
    await clickhouse.command(before[before.index("CREATE TABLE otel_logs") :].split(";")[0].replace("otel_logs", old))
    await clickhouse.command(f"INSERT INTO {old} (team_id, scope, body) SELECT 't', 'shop', 'x' FROM numbers(3)")
    for statement in after.split(";"):
        if "otel_logs" in statement:
            await clickhouse.command(statement.replace("otel_logs", old))
    await clickhouse.command(f"OPTIMIZE TABLE {old} FINAL")
    seen = [await clickhouse.rows_of_all(f"SELECT id, topic FROM {old} ORDER BY id") for _ in range(2)]
    assert len({row["id"] for row in seen[0]}) == 3
    assert seen[0] == seen[1], "an id is written down once"
    assert {row["topic"] for row in seen[0]} == {"shop"}
    await clickhouse.command(f"DROP TABLE {old}")


async def test_lines_are_kept_for_as_long_as_their_project_says(clickhouse: ClickHouse, database: Database) -> None:
    tenant = Tenant(str(uuid4()), str(uuid4()))
    records = [{"time": shown(clock.now() - timedelta(days=days)), "body": str(days)} for days in range(6)]
    rows = rows_of(records, Owner(tenant.team_id, tenant.project_id, "native", "")).rows
    clickhouse.insert(LOGS_TABLE, rows)

    def kept(name: str, team: UUID, project: UUID) -> int:
        mine = (str(team), str(project)) == (tenant.team_id, tenant.project_id)
        return 2 if mine and name == "retention.logs_days" else 0

    assert await Retention(RetentionStore(clickhouse), kept, Audit(database)).enforce() == 3
    sql = "SELECT body FROM otel_logs WHERE team_id = {team:String} AND project_id = {project:String} ORDER BY body"
    assert [row["body"] for row in await clickhouse.rows(sql, tenant.parameters())] == ["0", "1", "2"]
