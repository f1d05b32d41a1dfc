"""Facts become events once, in order, and only for those who may know."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from mno.events import store
from mno.events.facts import UPSTREAM_FAILED, UPSTREAM_WORKS
from mno.events.hearing.service import Hearing
from mno.events.model import Event, EventFilter, EventKind, EventOutcome, EventSeverity, Sight
from mno.events.store import Slice
from mno.observability.alerts.facts import ACKNOWLEDGED, FIRED, RESOLVED
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown

TEAM, PROJECT = new_id(), new_id()
ALERT = shown("alt", new_id())
EVERYTHING = Sight(TEAM, {"alerts.read": None, "mcp.read": None})


async def hear(database: Database, *facts: Fact) -> int:
    """Each in a transaction of its own; how often viewers were woken."""
    woken: list[None] = []
    hearing = Hearing(lambda: woken.append(None))
    for fact in facts:
        async with database.transaction(fact.team_id) as tx:
            await hearing.heard(tx, [fact])
    return len(woken)


async def seen(database: Database, sight: Sight = EVERYTHING, asked: EventFilter | None = None) -> Sequence[Event]:
    whole = Slice(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1), None, 100)
    async with database.transaction(TEAM) as tx:
        return await store.page(tx, sight, asked or EventFilter(), whole)


def of_alert(kind: str, by: str = "", project: UUID | None = PROJECT) -> Fact:
    said: dict[str, Any] = {
        "project": shown("prj", project) if project else None,
        "rule": "Spend",
        "measure": "cost",
        "severity": "critical",
        "value": "12.5",
        "labels": {"model": "gpt-4o"},
        "by": by,
    }
    return Fact(TEAM, ALERT, kind, said)


def of_server(kind: str) -> Fact:
    return Fact(TEAM, "mcp_1", kind, {"project": None, "about": "server", "name": "files"})


async def test_an_alert_is_told_taken_on_and_over(database: Database) -> None:
    await hear(database, of_alert(FIRED), of_alert(ACKNOWLEDGED, "Anna"))
    (fired,) = await seen(database)
    assert (fired.kind, fired.severity, fired.outcome) == (
        EventKind.RECOVERY_START,
        EventSeverity.CRITICAL,
        EventOutcome.ACKNOWLEDGED,
    )
    await hear(database, of_alert(RESOLVED))
    over, fired = await seen(database)
    assert (over.kind, over.outcome) == (EventKind.RECOVERY_DONE, None)
    assert fired.outcome is EventOutcome.RECOVERED
    assert fired.data["decided_by"] == "Anna"
    assert fired.position < over.position


async def test_a_fact_that_is_delivered_twice_is_one_event(database: Database) -> None:
    fact = of_server(UPSTREAM_FAILED)
    assert await hear(database, fact, fact) == 2
    assert len(await seen(database)) == 1


async def test_processes_that_all_find_a_server_dead_and_alive_tell_it_once(database: Database) -> None:
    await hear(database, *(of_server(UPSTREAM_FAILED) for _ in range(3)))
    await hear(database, *(of_server(UPSTREAM_WORKS) for _ in range(3)))
    assert [event.kind for event in await seen(database)] == [EventKind.RECOVERY_DONE, EventKind.RECOVERY_START]
    await hear(database, of_server(UPSTREAM_FAILED))
    waiting = await seen(database, asked=EventFilter(unsettled=True))
    assert [event.outcome for event in waiting] == [None]


async def test_only_who_may_read_the_source_sees_its_events(database: Database) -> None:
    await hear(database, of_alert(FIRED), of_server(UPSTREAM_FAILED))

    async def kinds(projects: dict[str, frozenset[UUID] | None]) -> list[str]:
        sight = Sight(TEAM, projects)
        found = await seen(database, sight)
        assert all(map(sight.sees, found))
        return sorted(event.data["about"] for event in found)

    assert await kinds({"alerts.read": frozenset({PROJECT}), "mcp.read": frozenset({PROJECT})}) == ["alert"]
    assert await kinds({"alerts.read": frozenset({new_id()}), "mcp.read": None}) == ["server"]
    assert await kinds({"events.read": None}) == []
    assert await seen(database, Sight(new_id(), {"alerts.read": None})) == []


async def test_a_fact_of_no_team_is_no_event(database: Database) -> None:
    assert await hear(database, Fact(None, "mcp_1", UPSTREAM_FAILED, {"about": "server", "name": "files"})) == 0
