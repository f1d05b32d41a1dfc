"""From spans to alerts and notices: once each, over crashes and nodes, with silences, steps and answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg.errors import UniqueViolation

from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.firing import store
from mno.observability.alerts.firing.service import Moment
from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import (
    ALERT_LIFETIME,
    MAX_ALERT_GROUPS,
    AlertComparison,
    AlertMeasure,
    AlertRule,
    AlertState,
    Place,
    Silence,
    Step,
)
from mno.observability.alerts.silences import store as silences_store
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.ids import new_id
from support.alerting import AlertNode, a_channel, alert_node, alerts_of, place_of, saved_rule, sent_to
from support.budgets import Tenancy, a_call, a_tenancy, sent
from support.engines import opened

ERRORS_10 = {"measure": AlertMeasure.ERRORS, "threshold": Decimal(3), "clear": Decimal(2)}


@pytest.fixture
async def tenancy(database: Database) -> Tenancy:
    return await a_tenancy(database)


@pytest.fixture
def node(database: Database, clickhouse: ClickHouse) -> AlertNode:
    return alert_node(database, clickhouse)


@pytest.fixture
async def other(postgres_url: str, clickhouse: ClickHouse) -> AsyncIterator[AlertNode]:
    """A second process over the same Postgres."""
    async with opened(postgres_url) as database:
        yield alert_node(database, clickhouse)


def fail(clickhouse: ClickHouse, tenancy: Tenancy, count: int, **fields: Any) -> None:
    sent(clickhouse, tenancy, *(a_call(n, 1, status="error", **fields) for n in range(1, count + 1)))


def later(minutes: float) -> datetime:
    return clock.now() + timedelta(minutes=minutes)


async def states(database: Database, rule: AlertRule) -> list[str]:
    return [str(alert.state) for alert in await alerts_of(database, rule)]


async def test_a_breach_fires_once_and_tells_once(node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    await node.look(rule.place)
    assert await alerts_of(node.database, rule) == []
    fail(clickhouse, tenancy, 3)
    for _ in range(3):
        assert await node.look(rule.place)
    (alert,) = await alerts_of(node.database, rule)
    assert (int(alert.value), alert.state, alert.told_steps) == (3, AlertState.FIRING, 1)
    assert await sent_to(node.database, tenancy) == ["fired"]
    fail(clickhouse, tenancy, 2)
    await node.look(rule.place)
    (alert,) = await alerts_of(node.database, rule)
    assert alert.value == alert.peak == 5
    await node.look(rule.place, now=later(10))
    (alert,) = await alerts_of(node.database, rule)
    assert (alert.state, int(alert.value), int(alert.peak)) == (AlertState.RESOLVED, 0, 5)
    assert await sent_to(node.database, tenancy) == ["fired", "resolved"]


async def test_a_value_that_wavers_between_the_thresholds_changes_nothing(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    fail(clickhouse, tenancy, 1, minutes_ago=4)
    fail(clickhouse, tenancy, 2)
    await node.look(rule.place)
    await node.look(rule.place, now=later(2))  # two are left: in the band
    assert await states(node.database, rule) == ["firing"]
    fail(clickhouse, tenancy, 1)
    await node.look(rule.place, now=later(2))
    assert await sent_to(node.database, tenancy) == ["fired"]
    await node.look(rule.place, now=later(7))
    assert await states(node.database, rule) == ["resolved"]


async def test_each_group_has_an_alert_of_its_own(node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, group_by="user", matches={"model": ("gpt-4o",)})
    fail(clickhouse, tenancy, 3, user_id="ann")
    fail(clickhouse, tenancy, 4, user_id="bob")
    fail(clickhouse, tenancy, 2, user_id="cy")
    await node.look(rule.place)
    await node.look(rule.place)
    found = {alert.group: (int(alert.value), dict(alert.labels)) for alert in await alerts_of(node.database, rule)}
    assert found == {
        "ann": (3, {"model": "gpt-4o", "user": "ann"}),
        "bob": (4, {"model": "gpt-4o", "user": "bob"}),
    }


async def test_more_groups_than_there_is_room_for_leave_the_worst(node: AlertNode, tenancy: Tenancy) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, group_by="user")
    groups = {f"user {number}": Reading(Decimal(10 + number), 100) for number in range(MAX_ALERT_GROUPS + 20)}
    moment = Moment(clock.now(), await node.surroundings.of(tenancy.team_id))
    for _ in range(2):
        async with node.database.transaction(tenancy.team_id) as tx:
            await store.hold(tx, rule.place)
            await node.firing.take(tx, [rule], {rule.id: groups}, moment)
    found = {alert.group for alert in await alerts_of(node.database, rule)}
    assert found == {f"user {number}" for number in range(20, MAX_ALERT_GROUPS + 20)}


async def test_an_agent_that_falls_silent_fires_below(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    below = {"measure": AlertMeasure.CALLS, "comparison": AlertComparison.BELOW, "threshold": Decimal(1)}
    rule = await saved_rule(node.database, tenancy, **below, group_by="agent")
    sent(clickhouse, tenancy, a_call(1, 1, minutes_ago=60, agent="clerk"), a_call(2, 1, agent="cook"))
    await node.look(rule.place, quiet=True)
    assert [alert.group for alert in await alerts_of(node.database, rule)] == ["clerk"]


async def test_a_rate_of_too_few_calls_neither_fires_nor_resolves(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rate = {"measure": AlertMeasure.ERROR_RATE, "threshold": Decimal(50), "minimum_calls": 4}
    rule = await saved_rule(node.database, tenancy, **rate)
    fail(clickhouse, tenancy, 3, minutes_ago=4)
    await node.look(rule.place)
    assert await alerts_of(node.database, rule) == []
    fail(clickhouse, tenancy, 1)
    await node.look(rule.place)
    assert await states(node.database, rule) == ["firing"]
    await node.look(rule.place, now=later(2))  # one call is left, and it failed
    assert await states(node.database, rule) == ["firing"]
    await node.look(rule.place, now=later(10))
    assert await states(node.database, rule) == ["resolved"]


async def test_nobody_is_told_in_a_silence_and_its_end_tells_what_still_fires(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, window_s=3_600)
    now = clock.now()
    silence = Silence(
        new_id(), place_of(tenancy), rule.id, {}, now, now + timedelta(minutes=10), "Migration", now, "test"
    )
    async with node.database.transaction(tenancy.team_id) as tx:
        await silences_store.insert(tx, silence)
    fail(clickhouse, tenancy, 3)
    await node.look(rule.place)
    assert await states(node.database, rule) == ["firing"]
    assert await sent_to(node.database, tenancy) == []
    await node.look(rule.place, now=later(11))
    assert await sent_to(node.database, tenancy) == ["fired"]


async def test_steps_follow_until_somebody_acknowledges(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    ops, boss, chief = [await a_channel(node.database, tenancy, name) for name in ("Ops", "Boss", "Chief")]
    steps = (Step(0, (ops,)), Step(5, (boss,)), Step(30, (chief,)))
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, window_s=3_600, steps=steps, repeat_minutes=20)
    fail(clickhouse, tenancy, 3)
    for minutes in (0, 4, 6, 7):
        await node.look(rule.place, now=later(minutes))
    assert await sent_to(node.database, tenancy, ops) == ["fired"]
    assert await sent_to(node.database, tenancy, boss) == ["escalated 1"]
    await node.look(rule.place, now=later(27))
    assert await sent_to(node.database, tenancy, ops) == ["fired", "still_firing 1"]
    async with node.database.transaction(tenancy.team_id) as tx:
        await tx.execute("UPDATE alerts_alerts SET state = 'acknowledged' WHERE rule_id = %(rule)s", {"rule": rule.id})
    await node.look(rule.place, now=later(50))
    assert await sent_to(node.database, tenancy, chief) == []
    await node.look(rule.place, now=later(90))
    assert await sent_to(node.database, tenancy, boss) == ["escalated 1", "still_firing 1", "resolved"]
    assert await sent_to(node.database, tenancy, chief) == []


async def test_a_process_that_dies_in_the_middle_leaves_nothing_half_done(
    node: AlertNode, other: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, for_s=60)
    fail(clickhouse, tenancy, 3)
    await node.look(rule.place)  # the breach has begun, and the process ends
    moment = Moment(later(1.1), await node.surroundings.of(tenancy.team_id))
    with pytest.raises(RuntimeError, match="killed"):
        async with node.database.transaction(tenancy.team_id) as tx:
            await store.hold(tx, rule.place)
            await node.firing.take(tx, [rule], {rule.id: {"": Reading(Decimal(3), 3)}}, moment)
            raise RuntimeError("killed before the commit")
    assert await alerts_of(node.database, rule) == []
    assert await sent_to(node.database, tenancy) == []
    await other.look(rule.place, now=later(1.2))
    await other.look(rule.place, now=later(1.3))
    assert await states(node.database, rule) == ["firing"]
    assert await sent_to(node.database, tenancy) == ["fired"]


async def test_two_nodes_that_look_at_the_same_moment_fire_once(
    node: AlertNode, other: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rules = [await saved_rule(node.database, tenancy, **ERRORS_10, group_by="user") for _ in range(3)]
    for user in ("ann", "bob"):
        fail(clickhouse, tenancy, 3, user_id=user)
    for _ in range(5):
        await asyncio.gather(*(one.look(rules[0].place) for one in (node, other, node, other)))
    for rule in rules:
        assert await states(node.database, rule) == ["firing", "firing"]
    assert await sent_to(node.database, tenancy) == ["fired"] * 6


async def test_a_place_is_looked_at_by_one_and_not_again_at_once(
    database: Database, postgres_url: str, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    node = alert_node(database, clickhouse, pause_s=60)
    rule = await saved_rule(database, tenancy, **ERRORS_10)
    async with opened(postgres_url) as second:
        other = alert_node(second, clickhouse, pause_s=60)
        looked = await asyncio.gather(*(one.look(rule.place) for one in (node, other, node, other)))
    assert sorted(looked) == [False, False, False, True]


async def test_an_older_reading_gives_way_to_a_newer_look(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    async with node.database.transaction(tenancy.team_id) as tx:
        slow = await store.claim(tx, rule.place, 0)
    assert slow is not None
    fail(clickhouse, tenancy, 3)
    assert await node.look(rule.place)
    async with node.database.transaction(tenancy.team_id) as tx:
        assert not await store.still_mine(tx, rule.place, slow)


async def test_a_rule_of_the_team_hears_of_every_project(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10, of_team=True)
    fail(clickhouse, tenancy, 3)
    touched = await node.watched.touched({(tenancy.team_id, tenancy.project_id)})
    assert touched == [Place(tenancy.team_id, None)]
    await node.look(rule.place)
    assert await states(node.database, rule) == ["firing"]


async def test_a_quiet_look_reads_nothing_of_rules_that_cannot_have_changed(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    fail(clickhouse, tenancy, 3)
    await node.look(rule.place, quiet=True)
    assert await alerts_of(node.database, rule) == []
    await node.look(rule.place)
    assert await states(node.database, rule) == ["firing"]


async def test_a_rule_that_is_switched_off_is_not_looked_at(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    async with node.database.transaction(tenancy.team_id) as tx:
        await rules_store.remove(tx, rule, clock.now())
    fail(clickhouse, tenancy, 3)
    await node.look(rule.place)
    assert await alerts_of(node.database, rule) == []
    assert await node.watched.touched({(tenancy.team_id, tenancy.project_id)}) == []


async def test_what_was_over_long_ago_is_forgotten_with_its_history(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    old, open_ = [await saved_rule(node.database, tenancy, **ERRORS_10) for _ in range(2)]
    fail(clickhouse, tenancy, 3)
    await node.look(old.place)
    async with node.database.transaction(tenancy.team_id) as tx:
        await tx.execute(
            "UPDATE alerts_alerts SET state = 'resolved', resolved_at = now() - interval '181 days'"
            " WHERE rule_id = %(rule)s",
            {"rule": old.id},
        )
    async with node.database.across_teams() as tx:
        assert await alerts_store.prune(tx, clock.now() - ALERT_LIFETIME, limit=10) == 1
        left = await tx.execute("SELECT count(DISTINCT alert_id) AS n FROM alerts_events")
        assert await left.fetchone() == {"n": 1}
    assert await alerts_of(node.database, old) == []
    assert await states(node.database, open_) == ["firing"]


async def test_the_database_refuses_a_second_open_alert(
    node: AlertNode, clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    rule = await saved_rule(node.database, tenancy, **ERRORS_10)
    fail(clickhouse, tenancy, 3)
    await node.look(rule.place)
    (alert,) = await alerts_of(node.database, rule)
    with pytest.raises(UniqueViolation):
        async with node.database.transaction(tenancy.team_id) as tx:
            await alerts_store.insert(tx, replace(alert, id=new_id()))
