"""Anomalies over real engines: found once, told of in the same transaction, marked, and walled off by team."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from mno.audit.service import Audit
from mno.observability.anomalies.facts import DETECTED
from mno.observability.anomalies.queries import ActiveProjects
from mno.observability.anomalies.readings import Readings
from mno.observability.anomalies.routes import router
from mno.observability.anomalies.service import Anomalies
from mno.observability.costs.queries import UsageQueries
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.http.app import add_routes, bare_app
from mno.platform.ids import shown
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from support.gatekeeper import Gatekeeper
from support.prices import NamedKeys, a_writer
from support.usage_weeks import KEY_A, KEY_B, UtcCalendars, a_call, present_hour, sent, steady_weeks

pytestmark = pytest.mark.usefixtures("still_clock")


@pytest.fixture
def anomalies(database: Database, clickhouse: ClickHouse) -> Anomalies:
    return Anomalies(
        database,
        ActiveProjects(clickhouse),
        Readings(UsageQueries(clickhouse)),
        UtcCalendars(),
        NamedKeys(),
        Outbox(database, Versions(database)),
        Audit(database),
        Tasks(database),
    )


@pytest.fixture
async def client(anomalies: Anomalies, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    writer = replace(a_writer(tenant), permissions=frozenset({"usage.read", "anomalies.write"}))
    other = Tenant(str(uuid4()), str(uuid4()))
    keys = {
        "mno_admin": writer,
        "mno_reader": replace(writer, permissions=frozenset({"usage.read"})),
        "mno_stranger": replace(a_writer(other), permissions=writer.permissions),
    }
    app = bare_app(version="test", authenticator=Gatekeeper(keys))
    add_routes(app, router(anomalies))
    headers = {"authorization": "Bearer mno_admin"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno", headers=headers) as client:
        yield client


async def look(anomalies: Anomalies, tenant: Tenant) -> int:
    return await anomalies.look_at(UUID(tenant.team_id), UUID(tenant.project_id))


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/anomalies", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def facts_of(database: Database, tenant: Tenant) -> list[dict[str, Any]]:
    async with database.transaction(UUID(tenant.team_id)) as tx:
        rows = await tx.execute("SELECT subject, kind, data FROM facts ORDER BY position")
        return [dict(row) for row in await rows.fetchall()]


async def test_a_steady_project_has_no_anomalies(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 4, last_hours={})
    assert await look(anomalies, tenant) == 0
    assert await listed(client) == []


async def test_an_anomaly_is_found_with_its_drivers_and_told_once(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, database: Database, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 5, last_hours={2: 6.0, 3: 6.0, 4: 6.0})
    assert await look(anomalies, tenant) == 1
    assert await look(anomalies, tenant) == 0
    [found] = await listed(client)
    assert (found["measure"], found["kind"], found["scope"]["dimension"]) == ("cost", "spike", "")
    assert found["actual"] == pytest.approx(6 * found["expected"], rel=0.15)
    [driver] = found["drivers"]
    named = {one["dimension"]: (one["value"], one["name"]) for one in driver["values"]}
    assert named == {"model": ("large", "large"), "api_key": (KEY_A, "build server")}
    assert driver["share"] == pytest.approx(100, abs=1)
    [fact] = await facts_of(database, tenant)
    assert (fact["kind"], fact["subject"]) == (DETECTED, found["id"])
    assert fact["data"]["drivers"][0]["values"] == {"model": "large", "api_key": KEY_A}
    assert fact["data"]["project"] == shown("prj", UUID(tenant.project_id))


async def test_the_chart_shows_the_hours_around_it_with_the_band(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 5, last_hours={2: 6.0, 3: 6.0, 4: 6.0})
    await look(anomalies, tenant)
    [found] = await listed(client)
    detail = (await client.get(f"/api/anomalies/{found['id']}")).json()
    assert detail["anomaly"] == found
    assert len(detail["points"]) > 72
    for point in detail["points"]:
        strange = found["start"] <= point["at"] < found["end"]
        assert point["low"] <= point["expected"] <= point["high"]
        assert (point["actual"] > point["high"]) is strange


async def test_an_anomaly_that_is_marked_expected_is_audited_and_teaches(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, database: Database, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 5, last_hours={2: 6.0, 3: 6.0})
    await look(anomalies, tenant)
    [found] = await listed(client)
    path = f"/api/anomalies/{found['id']}/expected"
    marked = await client.post(path, json={"note": " load test "})
    assert marked.status_code == 200, marked.text
    assert marked.json()["expected_mark"] | {"at": ""} == {"by": "Ann", "at": "", "note": "load test"}
    assert await listed(client, expected=False) == []
    assert len(await listed(client, expected=True)) == 1
    assert await listed(client, measure="latency") == []
    assert (await client.post(path, json={"expected": False})).json()["expected_mark"] is None
    async with database.transaction(UUID(tenant.team_id)) as tx:
        rows = await tx.execute("SELECT action FROM audit_entries ORDER BY seq")
        actions = [row["action"] for row in await rows.fetchall()]
    assert actions == ["anomalies.expect", "anomalies.recall"]


async def test_a_model_that_appears_from_nowhere_is_a_newcomer(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 5, last_hours={})
    late = [a_call(90_000 + n, present_hour() - timedelta(hours=n + 1), 0.6, model="new") for n in range(9)]
    sent(clickhouse, tenant, KEY_B, late)
    await look(anomalies, tenant)
    newcomers = [one for one in await listed(client) if one["kind"] == "newcomer"]
    assert [(one["scope"]["dimension"], one["scope"]["value"]) for one in newcomers] == [("model", "new")]
    assert newcomers[0]["actual"] == pytest.approx(5.4)


async def test_a_project_is_active_with_usage_lately_and_a_week_of_it(
    anomalies: Anomalies, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    young = Tenant(str(uuid4()), str(uuid4()))
    steady_weeks(clickhouse, tenant, 2, last_hours={})
    sent(clickhouse, young, KEY_A, [a_call(1, present_hour() - timedelta(hours=2), 1.0)])
    active = await ActiveProjects(clickhouse).active(clock.now())
    assert (UUID(tenant.team_id), UUID(tenant.project_id)) in active
    assert (UUID(young.team_id), UUID(young.project_id)) not in active


async def test_the_schedule_has_each_active_project_looked_at_once_an_hour(
    anomalies: Anomalies, clickhouse: ClickHouse, database: Database, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 2, last_hours={})
    project = tenant.project_id

    async def waiting() -> int:
        async with database.across_teams() as tx:
            rows = await tx.execute(
                "SELECT count(*) AS n FROM procrastinate_jobs WHERE args->>'project' = %(project)s",
                {"project": project},
            )
            row = await rows.fetchone()
        assert row is not None
        return int(row["n"])

    assert await anomalies.look() >= 1
    assert await waiting() == 1
    await anomalies.look()
    assert await waiting() == 1, "one waits already"
    await look(anomalies, tenant)
    async with database.across_teams() as tx:
        await tx.execute("DELETE FROM procrastinate_jobs")
    await anomalies.look()
    assert await waiting() == 0, "nothing new to look at"


async def test_only_its_own_team_sees_and_marks_an_anomaly(
    anomalies: Anomalies, client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    steady_weeks(clickhouse, tenant, 5, last_hours={2: 8.0, 3: 8.0})
    await look(anomalies, tenant)
    [found] = await listed(client)
    path = f"/api/anomalies/{found['id']}"
    stranger, reader = ({"authorization": f"Bearer mno_{name}"} for name in ("stranger", "reader"))
    assert (await client.get(path, headers=stranger)).status_code == 404
    assert (await client.post(f"{path}/expected", json={}, headers=stranger)).status_code == 404
    assert (await client.get("/api/anomalies", headers=stranger)).json() == {"items": []}
    assert (await client.post(f"{path}/expected", json={}, headers=reader)).status_code == 403
    assert (await client.post(f"{path}/expected", json={"note": "x" * 501})).status_code == 400
    assert (await client.get("/api/anomalies/anm_x")).status_code == 400
