"""Whoever runs the hub sees what the background could not do, and has it tried again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mno.platform import tasks
from mno.platform.database import Connection, Database
from mno.platform.facts import Fact
from mno.platform.http import background
from mno.platform.http.app import add_routes, bare_app
from mno.platform.ids import new_id, shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from support.gatekeeper import Gatekeeper
from support.promises import PATIENCE_S

HUB = frozenset({"hub.read", "hub.settings.write"})


class Room:
    """A subscriber and a task that fail until they are repaired."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.outbox = Outbox(database, Versions(database), attempts=1)
        self.tasks = Tasks(database)
        self.repaired = False
        self.done: list[str] = []
        self.outbox.subscribe("room", ["tests.happened"], self._hear)
        self.tasks.register("tests.work", self._work, attempts=1)

    async def _hear(self, _: Connection, fact: Fact) -> None:
        self._try(fact.subject)

    async def _work(self, args: dict[str, Any]) -> None:
        self._try(args["name"])

    def _try(self, name: str) -> None:
        if not self.repaired:
            raise RuntimeError("broken")
        self.done.append(name)


@pytest.fixture
async def room(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(tasks, "TASK_INTERVAL_S", 0.2)
    room = Room(database)
    async with room.outbox.running(), room.tasks.running():
        yield room


@pytest.fixture
async def client(room: Room) -> AsyncIterator[httpx.AsyncClient]:
    def key(hub: frozenset[str]) -> Principal:
        return Principal(PrincipalKind.API_KEY, new_id(), "key", new_id(), new_id(), frozenset(), hub_permissions=hub)

    app = bare_app(version="test", authenticator=Gatekeeper({"mno_hub": key(HUB), "mno_team": key(frozenset())}))
    add_routes(app, background.router(room.outbox, room.tasks))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://hub/api/background", headers={"x-api-key": "mno_hub"}
    ) as client:
        yield client


async def listed(client: httpx.AsyncClient, what: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            items: list[dict[str, Any]] = (await client.get(what)).json()["items"]
            if items:
                return items
            await asyncio.sleep(0.02)


async def done(room: Room) -> list[str]:
    async with asyncio.timeout(PATIENCE_S):
        while not room.done:
            await asyncio.sleep(0.02)
    return room.done


async def test_a_parked_fact_is_seen_and_replayed(room: Room, client: httpx.AsyncClient) -> None:
    async with room.database.transaction() as tx:
        await room.outbox.publish(tx, Fact(None, "usr_1", "tests.happened", {"private": "words"}))
    parked = await listed(client, "/parked")
    assert [(one["subscriber"], one["subject"], one["error"]) for one in parked] == [
        ("room", "usr_1", "RuntimeError: broken")
    ]
    assert "words" not in str(parked)
    room.repaired = True
    again = await client.post(f"/parked/{parked[0]['id']}/replay", json={"subscriber": "room"})
    assert again.status_code == 204
    assert await done(room) == ["usr_1"]


async def test_a_failed_task_is_seen_and_done_again(room: Room, client: httpx.AsyncClient) -> None:
    async with room.database.transaction() as tx:
        await room.tasks.defer(tx, "tests.work", {"name": "work"})
    failed = await listed(client, "/failed")
    assert [one["name"] for one in failed] == ["tests.work"]
    room.repaired = True
    assert (await client.post(f"/failed/{failed[0]['id']}/retry")).status_code == 204
    assert await done(room) == ["work"]
    assert (await client.post(f"/failed/{failed[0]['id']}/retry")).status_code == 404


async def test_what_is_not_there_cannot_be_tried_again(client: httpx.AsyncClient) -> None:
    fact = shown("fact", new_id())
    assert (await client.post(f"/parked/{fact}/replay", json={"subscriber": "room"})).status_code == 404
    assert (await client.post("/failed/task_7/retry")).status_code == 404
    assert (await client.post("/failed/task_x/retry")).status_code == 400


async def test_only_whoever_runs_the_hub_sees_it(client: httpx.AsyncClient) -> None:
    for path in ("/parked", "/failed"):
        answer = await client.get(path, headers={"x-api-key": "mno_team"})
        assert answer.status_code == 403
