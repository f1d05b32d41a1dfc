"""What budgets and anomalies tell becomes alerts: of the right rules, once, and over when it is over."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.observability.alerts.model import AlertMeasure, AlertState
from mno.observability.anomalies.facts import DETECTED
from mno.observability.budgets.facts import CALL_REFUSED, THRESHOLD_REACHED
from mno.observability.budgets.model import Amounts
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.facts import Fact
from mno.platform.ids import new_id, parsed, shown
from support.alerting import AlertNode, alert_node, alerts_of, saved_rule, sent_to
from support.budgets import Tenancy, a_tenancy
from support.promises import PATIENCE_S

BUDGET = UUID(int=41)
SHARE = {"measure": AlertMeasure.BUDGET_SHARE, "threshold": Decimal(80), "window_s": 60}
STRANGE = {"measure": AlertMeasure.ANOMALIES, "threshold": Decimal(2), "window_s": 3_600}


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


@pytest.fixture
def node(database: Database, clickhouse: ClickHouse) -> AlertNode:
    return alert_node(database, clickhouse)


def reached(tenancy: Tenancy, spent: str, kind: str = THRESHOLD_REACHED, **data: Any) -> Fact:
    told = {
        "name": "Research", "project": shown("prj", tenancy.project_id), "per": "", "who": "", "unit": "money",
        "limit": "10.000000000", "spent": spent, "threshold": 80, "period_start": "", "resets_at": "", "hard": True,
    }  # fmt: skip
    return Fact(tenancy.team_id, shown("bud", BUDGET), kind, told | data)


def strange(tenancy: Tenancy, score: float, dimension: str = "", value: str = "") -> Fact:
    told = {
        "project": shown("prj", tenancy.project_id), "scope": {"dimension": dimension, "value": value},
        "measure": "cost", "kind": "spike", "start": "", "actual": 9.0, "expected": 1.0, "score": score, "drivers": [],
    }  # fmt: skip
    return Fact(tenancy.team_id, shown("anm", new_id()), DETECTED, told)


async def tell(node: AlertNode, fact: Fact) -> None:
    async with node.database.transaction(fact.team_id) as tx:
        await node.hearing.heard(tx, fact)


async def test_a_budget_s_threshold_fires_once_however_often_it_is_told(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **SHARE)
    await tell(node, reached(tenancy, "5.1"))
    assert await alerts_of(node.database, rule) == []
    for _ in range(2):
        await tell(node, reached(tenancy, "8.5"))
    (alert,) = await alerts_of(node.database, rule)
    assert (int(alert.value), dict(alert.labels)) == (85, {"budget": "Research"})
    assert await sent_to(node.database, tenancy) == ["fired"]
    await tell(node, reached(tenancy, "10.0"))
    assert (await alerts_of(node.database, rule))[0].peak == 100
    assert await sent_to(node.database, tenancy) == ["fired"]


async def test_a_budget_s_alert_is_over_when_its_counter_has_room_again(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **SHARE)
    await tell(node, reached(tenancy, "8.5"))
    for percent, state in ((86, AlertState.FIRING), (79, AlertState.FIRING), (2, AlertState.RESOLVED)):
        node.shares.percent = Decimal(percent)
        await node.look(rule.place, quiet=True)
        assert (await alerts_of(node.database, rule))[0].state is state
    await tell(node, reached(tenancy, "8.5"))
    assert len(await alerts_of(node.database, rule)) == 2


async def test_a_refused_call_counts_as_a_full_budget(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **SHARE | {"threshold": Decimal(100)})
    await tell(node, reached(tenancy, "9.8", CALL_REFUSED, threshold=None))
    node.shares.percent = Decimal(98)
    await node.look(rule.place, quiet=True)
    (alert,) = await alerts_of(node.database, rule)
    assert (int(alert.value), alert.state) == (100, AlertState.FIRING)


async def test_each_counter_of_a_budget_has_an_alert_of_its_own(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **SHARE)
    for who in ("ann", "bob"):
        await tell(node, reached(tenancy, "9", per="user", who=who))
    found = [dict(alert.labels) for alert in await alerts_of(node.database, rule)]
    assert found == [{"budget": "Research", "user": "ann"}, {"budget": "Research", "user": "bob"}]


async def test_only_rules_that_a_fact_concerns_hear_of_it(node: AlertNode, tenancy: Tenancy) -> None:
    other = await saved_rule(node.database, tenancy, **SHARE, budget_id=UUID(int=42))
    same = await saved_rule(node.database, tenancy, **SHARE, budget_id=BUDGET)
    team = await saved_rule(node.database, tenancy, **SHARE, of_team=True)
    await tell(node, reached(tenancy, "9"))
    await tell(node, reached(await a_tenancy(node.database), "9"))
    counts = [len(await alerts_of(node.database, rule)) for rule in (other, same, team)]
    assert counts == [0, 1, 1]
    await tell(node, reached(tenancy, "9", project=None, who="x"))  # of the whole team
    counts = [len(await alerts_of(node.database, rule)) for rule in (other, same, team)]
    assert counts == [0, 1, 2]


async def test_an_anomaly_fires_and_is_over_after_the_rule_s_window(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **STRANGE, matches={"model": ("gpt-4o",)})
    await tell(node, strange(tenancy, 9.5))
    await tell(node, strange(tenancy, 1.5, "model", "gpt-4o"))
    await tell(node, strange(tenancy, 2.5, "model", "gpt-4o"))
    (alert,) = await alerts_of(node.database, rule)
    assert (alert.value, dict(alert.labels)) == (Decimal("2.5"), {"anomaly": "cost spike", "model": "gpt-4o"})
    await node.look(rule.place, quiet=True, now=clock.now() + timedelta(minutes=59))
    assert (await alerts_of(node.database, rule))[0].state is AlertState.FIRING
    await node.look(rule.place, quiet=True, now=clock.now() + timedelta(minutes=61))
    assert await sent_to(node.database, tenancy) == ["fired", "resolved"]


@pytest.mark.usefixtures("in_one_day")
async def test_a_budget_that_fills_up_fires_through_the_outbox(client: httpx.AsyncClient) -> None:
    rule = {"name": "Budgets", "measure": "budget_share", "threshold": "80"}
    assert (await client.post("/api/alerts/rules", json=rule)).status_code == 201
    budget = {"name": "Research", "limit": "1", "period": "day", "hard": False}
    made = (await client.post("/api/budgets", json=budget)).json()
    event = {"provider": "openai", "model": "gpt-4o", "input_tokens": 10, "cost": 0.9}
    assert (await client.post("/api/usage-events", json=[event])).status_code < 300
    items: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not items:
            items = (await client.get("/api/alerts")).json()["items"]
    assert (items[0]["value"], items[0]["labels"]) == ("90", {"budget": "Research"})
    assert items[0]["group"].startswith(made["id"])


@pytest.mark.usefixtures("in_one_day")
async def test_a_counter_s_share_is_what_it_has_used_of_the_limit(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    budget = {"name": "Research", "limit": "10", "period": "day", "per": "user"}
    budget_id = parsed("bud", (await client.post("/api/budgets", json=budget)).json()["id"])
    place, calls = (home.team.id, home.project.id), services.budgeting.budgets
    held = await calls.reserve(*place, {"user": "ann"}, Amounts(4_000_000_000, 10), 60)
    await calls.settle(held, Amounts(2_500_000_000, 10))
    shares = services.budgeting.editing
    assert await shares.share(home.team.id, budget_id, "ann") == 25
    assert await shares.share(home.team.id, budget_id, "bob") == 0
    assert await shares.share(home.team.id, new_id(), "") is None


async def test_an_anomaly_s_alert_names_what_drove_it(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **STRANGE)
    fact = strange(tenancy, 3.0)
    drivers = [{"values": {"api_key": "key_1", "model": "gpt-4o", "agent": "review"}, "share": 97.6}]
    await tell(node, replace(fact, data={**fact.data, "drivers": drivers}))
    (alert,) = await alerts_of(node.database, rule)
    assert dict(alert.labels) == {"anomaly": "cost spike", "driver": "gpt-4o, review 98 %"}
