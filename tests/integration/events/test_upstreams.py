"""What breakers find out becomes a card, and its end does, also when the process that found it out is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from mno.events import store
from mno.events.hearing.service import SUBSCRIBER, Hearing
from mno.events.model import Ailment, Event, EventFilter, EventKind, Sight
from mno.events.ports import Upstream
from mno.events.sources import KINDS
from mno.events.store import Slice
from mno.events.upstreams.service import Upstreams
from mno.platform.breaker import FAILURES, Breakers, Key
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.outbox import Outbox
from mno.platform.time_range import EARLIEST, LATEST
from mno.platform.versions import Versions
from support.promises import PATIENCE_S

TEAM, SERVER, GONE = new_id(), (new_id().hex, ""), (new_id().hex, "")
EVERYTHING = Sight(TEAM, {"mcp.read": None, "gateway.read": None})


class Known:
    """The team's server and every model."""

    async def upstream(self, about: Ailment, key: Key) -> Upstream | None:
        UUID(key[0])
        return None if key == GONE else Upstream(TEAM, f"{about} {key[1]}".strip())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def a_process(database: Database, clock: Clock) -> AsyncIterator[Breakers]:
    outbox = Outbox(database, Versions(database))
    outbox.subscribe_to_groups(SUBSCRIBER, KINDS, Hearing(lambda: None).heard)
    upstreams, servers = Upstreams(database, outbox, Known()), Breakers(clock)
    upstreams.follow(Ailment.SERVER, servers)
    async with outbox.running(), upstreams.running():
        yield servers


async def written(database: Database, count: int) -> list[Event]:
    """The newest first, once there are so many."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with database.transaction(TEAM) as tx:
                found = await store.page(tx, EVERYTHING, EventFilter(), Slice(EARLIEST, LATEST, None, 10))
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


def fail(breakers: Breakers, key: Key) -> None:
    for _ in range(FAILURES):
        breakers.failed(key)


async def test_a_server_that_fails_and_works_again_is_a_card_each(database: Database) -> None:
    clock = Clock()
    async with a_process(database, clock) as breakers:
        fail(breakers, GONE)
        fail(breakers, SERVER)
        (failed,) = await written(database, 1)
        assert (failed.kind, failed.subject, failed.data["name"]) == (
            EventKind.RECOVERY_START,
            f"mcs_{SERVER[0]}",
            "server",
        )
        clock.now += 1_000
        breakers.begin(SERVER)
        breakers.worked(SERVER)
        works, _ = await written(database, 2)
        assert works.kind is EventKind.RECOVERY_DONE


async def test_a_recovery_ends_also_when_the_process_that_saw_it_begin_is_gone(database: Database) -> None:
    clock = Clock()
    async with a_process(database, clock) as breakers:
        fail(breakers, SERVER)
        await written(database, 1)
    async with a_process(database, clock) as breakers:
        assert breakers.states() == {SERVER: "half-open"}
        breakers.begin(SERVER)
        breakers.worked(SERVER)
        assert [event.kind for event in await written(database, 2)] == [
            EventKind.RECOVERY_DONE,
            EventKind.RECOVERY_START,
        ]
