"""The counters in Redis: a turn is one script, alone with the counters while it runs.

Redis holds what is in flight and what was counted of the present periods; the spans stay the truth, and a recount
replaces what Redis holds. A budget whose counters are not there (Redis was emptied, or is new) is counted anew before
anything is granted. The ledger hears of calls when they have ended (journal/service.py).
"""

import logging
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson

from mno.observability.budgets.counters.model import NOTHING_ASKED, ByCounter, CountersLost, Recount
from mno.observability.budgets.counters.redis.wire import (
    BUDGET_LIFE_S,
    COUNTER_LIFE_S,
    asked_of,
    ended_of,
    number,
    seconds,
)
from mno.observability.budgets.journal.service import Journal
from mno.observability.budgets.model import Budget, Window
from mno.observability.budgets.periods import EPOCH
from mno.platform.database import Connection
from mno.platform.errors import Unavailable
from mno.platform.redis import Redis

_log = logging.getLogger(__name__)

#: With what the names of all keys begin; the braces keep them on one node of a cluster, as a script demands.
ROOT = "mno:{budgets}"
#: Counters that one script counts anew: others wait meanwhile.
MAX_COUNTERS_OF_A_PIECE = 500
#: Counters among which the fullest are looked for.
MAX_COMPARED_COUNTERS = 1_000


class RedisCounters:
    """A `Counters`."""

    name = "Redis"

    def __init__(self, redis: Redis, journal: Journal) -> None:
        self.redis = redis
        self._journal = journal
        here = files(__package__)
        self._turn = redis.script((here / "turn.lua").read_text())
        self._recount = redis.script((here / "recount.lua").read_text())

    def may_hold_ahead(self) -> bool:
        """The script knows no allowances: decision 33."""
        return False

    async def turn(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = orjson.loads(await self._turn.run(ROOT, orjson.dumps(asked_of(asked))))
        if "lost" in answer:
            raise CountersLost({UUID(one) for one in answer["lost"]})
        if answer["ended"]:
            self._journal.heard(ended_of(one, asked["ends"].get(one["id"])) for one in answer["ended"])
        for one in answer["refused"]:
            one["spent"], one["reserved"] = number(one["spent"]), number(one["reserved"])
        return {"refused": list(answer["refused"]), "spent": [number(one) for one in answer["spent"]]}

    async def sweep(self) -> None:
        await self.turn(NOTHING_ASKED)

    async def oldest_minute_settled_since(self, budget: Budget, moment: datetime) -> datetime | None:
        minutes = await self.redis.ask("ZRANGEBYSCORE", f"{ROOT}:m:{budget.id}", moment.timestamp(), "+inf")
        return EPOCH + timedelta(seconds=min(map(int, minutes))) if minutes else None

    async def recounted(self, tx: Connection, recount: Recount) -> None:  # noqa: ARG002 - the protocol asks for it
        known = await self.redis.ask("ZRANGE", f"{ROOT}:w:{recount.budget.id}", 0, -1)
        await self._replace("recount", recount, known)

    async def rebuilt(self, tx: Connection, recount: Recount) -> None:  # noqa: ARG002
        if not await self.redis.ask("EXISTS", f"{ROOT}:b:{recount.budget.id}"):
            await self._replace("rebuild", recount, ())

    async def forgotten(self, budgets: Collection[UUID]) -> None:
        await self.redis.ask_all([("SET", f"{ROOT}:b:{one}", 0, "EX", BUDGET_LIFE_S) for one in budgets])

    async def followed(self, tx: Connection, budget: Budget, window: Window, recent: ByCounter) -> None:  # noqa: ARG002
        known = await self.redis.ask("SMEMBERS", f"{ROOT}:n:{budget.id}")
        cut = budget.counted_until
        await self._replace("follow", Recount(budget, window, cut, cut, {}, recent), known)

    async def readings(self, budget: Budget, window: Window, whos: Sequence[str] | None) -> list[tuple[str, int]]:
        if whos is None:
            whos = await self.redis.ask("ZRANGE", f"{ROOT}:w:{budget.id}", 0, -1)
        return [(who, spent) for who, spent, _ in await self._standing(budget, window, whos)]

    async def used(self, budget: Budget, window: Window, *, limit: int) -> list[tuple[str, int, int]]:
        """Of the MAX_COMPARED_COUNTERS that were the fullest when they were last asked for."""
        whos = await self.redis.ask("ZRANGE", f"{ROOT}:w:{budget.id}", 0, MAX_COMPARED_COUNTERS - 1, "REV")
        found = [one for one in await self._standing(budget, window, whos) if one[1] or one[2]]
        return sorted(found, key=lambda one: (-one[1] - one[2], one[0]))[:limit]

    async def prune(self, now: datetime) -> None:
        """Everything here ends by itself."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            await self.redis.ask("PING")
        except Unavailable as error:
            _log.warning("Calls that blocking budgets count are refused: %s Is MNO_REDIS_URL right?", error)
        async with self._journal.running():
            try:
                yield
            finally:
                await self.redis.close()

    async def _standing(self, budget: Budget, window: Window, whos: Sequence[str]) -> list[tuple[str, int, int]]:
        rows = await self.redis.ask_all([("HGETALL", f"{ROOT}:t:{budget.id}:{who}") for who in whos])
        since, part, held = seconds(window.since), seconds(window.part), f"h{seconds(window.head)}"
        return [
            (
                who,
                sum(int(value) for field, value in row.items() if field.isdigit() and since <= int(field) <= part),
                int(row.get(held, 0)),
            )
            for who, row in zip(whos, rows, strict=True)
        ]

    async def _replace(self, way: str, recount: Recount, known: Iterable[str]) -> None:
        """In pieces; the last one moves the cut."""
        counters: dict[str, dict[str, list[str]]] = {who: {} for who in known}
        for place, counted in enumerate((recount.base, recount.recent, recount.settled)):
            for (who, part), value in counted.items():
                parts = counters.setdefault(who, {})
                parts.setdefault(str(seconds(part)), ["0", "0", "0"])[place] = str(value)
        rows = [{"w": who, "parts": parts} for who, parts in sorted(counters.items())]
        for place in range(0, len(rows) or 1, MAX_COUNTERS_OF_A_PIECE):
            asked = {
                "b": recount.budget.id,
                "way": way,
                "cut": seconds(recount.cut),
                "since": seconds(recount.window.since),
                "before": seconds(recount.settled_before),
                "lives": [BUDGET_LIFE_S, COUNTER_LIFE_S],
                "last": place + MAX_COUNTERS_OF_A_PIECE >= len(rows),
                "counters": rows[place : place + MAX_COUNTERS_OF_A_PIECE],
            }
            answer = await self._recount.run(ROOT, orjson.dumps(asked))
            if answer == "lost" and way == "recount":
                raise CountersLost([recount.budget.id])
            if answer != "done":  # whoever counts it next brings what has arrived
                return
