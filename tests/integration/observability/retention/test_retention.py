"""What is older than its project keeps is gone, its usage stays, and nobody else loses anything."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from mno.audit.service import Audit
from mno.observability.retention.service import Retention, edge
from mno.observability.retention.store import RetentionStore
from mno.observability.spans.model import UsageKind
from mno.observability.spans.queries import Tenant
from mno.observability.spans.recount import Recount
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.time_range import from_microseconds
from support.arriving import T0_NS, a_span, arrive

DAY_S = 86_400


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(str(uuid4()), str(uuid4()))


@pytest.fixture
def a_retention(clickhouse: ClickHouse, database: Database) -> Callable[[Tenant, int], Retention]:
    """Of one project alone; all others keep everything."""

    def build(tenant: Tenant, days: int) -> Retention:
        def kept(name: str, team: UUID, project: UUID) -> int:
            mine = (str(team), str(project)) == (tenant.team_id, tenant.project_id)
            return days if mine and name == "retention.spans_days" else 0

        return Retention(RetentionStore(clickhouse), kept, Audit(database))

    return build


async def rows_in(clickhouse: ClickHouse, table: str, tenant: Tenant) -> int:
    sql = f"SELECT count() AS n FROM {table} WHERE team_id = {{team:String}} AND project_id = {{project:String}}"
    return int((await clickhouse.rows(sql, tenant.parameters()))[0]["n"])


async def calls_of(clickhouse: ClickHouse, tenant: Tenant) -> int:
    sql = "SELECT sum(calls) AS n FROM usage_minute WHERE team_id = {team:String} AND project_id = {project:String}"
    return int((await clickhouse.rows(sql, tenant.parameters()))[0]["n"])


def ten_days() -> list:  # type: ignore[type-arg]
    return [
        a_span(day, 1, at_s=day * DAY_S + 3_600, usage_kind=UsageKind.CALL, counted=True, cost=5) for day in range(10)
    ]


async def test_old_spans_go_and_their_usage_stays(
    clickhouse: ClickHouse,
    database: Database,
    tenant: Tenant,
    a_retention: Callable[[Tenant, int], Retention],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Tenant(tenant.team_id, str(uuid4()))
    for owner in (tenant, other):
        arrive(clickhouse, owner, ten_days())
    now = from_microseconds(T0_NS // 1000 + 9 * DAY_S * 1_000_000 + 12 * 3_600_000_000)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert await a_retention(tenant, 3).enforce() == 12  # six spans and their six traces
    assert await rows_in(clickhouse, "spans", tenant) == 4
    assert await rows_in(clickhouse, "traces", tenant) == 4
    assert await calls_of(clickhouse, tenant) == 10
    assert await rows_in(clickhouse, "spans", other) == 10
    assert await a_retention(tenant, 3).enforce() == 0
    async with database.transaction(UUID(tenant.team_id)) as tx:
        noted = await (await tx.execute("SELECT action FROM audit_entries")).fetchall()
    assert [row["action"] for row in noted] == ["retention.delete"] * 2
    recount = Recount(clickhouse)
    first_us = T0_NS // 1000
    assert recount.repair(tenant.team_id, tenant.project_id, first_us, first_us + 10 * DAY_S * 1_000_000) == 0
    assert await calls_of(clickhouse, tenant) == 10


async def test_zero_days_mean_for_ever(
    clickhouse: ClickHouse, tenant: Tenant, a_retention: Callable[[Tenant, int], Retention]
) -> None:
    arrive(clickhouse, tenant, ten_days())
    assert await a_retention(tenant, 0).enforce() == 0
    assert await rows_in(clickhouse, "spans", tenant) == 10


def test_the_edge_is_a_midnight_that_keeps_whole_days() -> None:
    now = from_microseconds(T0_NS // 1000 + 9 * DAY_S * 1_000_000 + 1)
    assert edge(now, 3) == from_microseconds(T0_NS // 1000 + 6 * DAY_S * 1_000_000)
    assert edge(now, 0) == from_microseconds(T0_NS // 1000 + 9 * DAY_S * 1_000_000)
