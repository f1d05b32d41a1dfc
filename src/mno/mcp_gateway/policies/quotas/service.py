"""Quotas of days and months. Each process takes calls out of a quota in blocks, by one short transaction, and counts a
block in memory; so a quota is never exceeded, however many processes there are, and most calls ask no database. While
there is plenty it takes more before a block is used up, and nobody waits for that. What a killed process had taken and
not used stays taken: MAX_QUOTA_BLOCK calls of each count at most, an eighth of what was left where that is less.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from mno.mcp_gateway.policies.counting import count_of
from mno.mcp_gateway.policies.model import ToolRule
from mno.mcp_gateway.policies.quotas import store
from mno.mcp_gateway.policies.quotas.store import QuotaKey, Used
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import LimitExceeded, MnoError
from mno.platform.principal import Principal

#: Calls that a process has taken out of a quota at most.
MAX_QUOTA_BLOCK = 500
#: It takes more when fewer than this are left of so many, so that hardly a call waits for it.
LOW_QUOTA_BLOCK = MAX_QUOTA_BLOCK // 2
#: Counts of which this process holds a block.
MAX_QUOTA_BLOCKS = 20_000
#: Counts of one rule that a list shows.
MAX_LISTED_COUNTS = 200
#: How long a block may lie unused before it is given back, in seconds.
IDLE_S = 30.0
#: How long a quota that was used up is believed to be so, in seconds.
EXHAUSTED_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Block:
    """What is left of what was taken. `quota` is what it was taken from: another one makes the block worthless."""

    quota: int
    left: int = 0
    used_at: float = 0.0
    #: When the quota was found to be used up.
    exhausted_at: float = float("-inf")
    #: There was as much as was asked for.
    is_plenty: bool = False
    #: The rule is gone: nobody counts any more.
    is_free: bool = False
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One quota that a call needs."""

    key: QuotaKey
    quota: int
    #: For people.
    of: str
    span: str
    ends_at: datetime


class Quotas:
    """For one event loop. `running` gives back what lies unused, and everything at the end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks: dict[QuotaKey, _Block] = {}
        #: What is to be given back.
        self._unused: list[tuple[QuotaKey, int]] = []
        self._taking_ahead: set[asyncio.Task[None]] = set()

    async def take(self, rules: Sequence[ToolRule], principal: Principal, server: str, tool: str) -> None:
        """One call out of each quota of these rules; `LimitExceeded` where one is used up, and then out of none."""
        now = clock.now()
        taken: list[_Block] = []
        try:
            for wanted in _wanted(rules, principal, server, tool, now):
                block = await self._take(wanted, now)
                taken.append(block)
        except BaseException:
            for block in taken:
                block.left += 1
            raise

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._watch(), name="mcp-quotas")
        try:
            yield
        finally:
            await ended(task)
            await asyncio.gather(*self._taking_ahead, return_exceptions=True)  # what is there goes back all the same
            with contextlib.suppress(MnoError):
                await self.give_back(idle_s=0)

    async def give_back(self, *, idle_s: float) -> None:
        """What has not been used for so long, what was taken out of a quota that is another one by now."""
        before = time.monotonic() - idle_s
        for key, block in list(self._blocks.items()):
            if block.used_at <= before and not block.taking.locked():
                self._drop(key)
        while self._unused:
            key, back = self._unused[-1]
            async with self._database.transaction(key.team_id) as tx:
                await store.give_back(tx, key, back)
            self._unused.remove((key, back))

    async def used(self, rule: ToolRule) -> list[Used]:
        """What is taken of the rule's quotas of today and of this month, the largest counts first."""
        now = clock.now()
        async with self._database.transaction(rule.team_id) as tx:
            return await store.used_of(
                tx, rule.team_id, rule.id, [f"{now:%Y-%m-%d}", f"{now:%Y-%m}"], MAX_LISTED_COUNTS
            )

    async def forget_old(self) -> None:
        """Drops the counts of days and months that are long over."""
        then = clock.now() - timedelta(days=62)
        async with self._database.across_teams() as tx:
            await store.forget_before(tx, f"{then:%Y-%m-%d}", f"{then:%Y-%m}")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(IDLE_S)
            try:
                await self.give_back(idle_s=IDLE_S)
            except MnoError as error:
                _log.warning("Unused calls could not be given back to their quotas: %s", error)

    async def _take(self, wanted: _Wanted, now: datetime) -> _Block:
        block = self._block(wanted)
        if block.left <= 0 and not block.is_free:
            async with block.taking:
                if block.left <= 0:
                    await self._refill(block, wanted, now)
        block.left -= 1
        block.used_at = time.monotonic()
        if block.is_plenty and block.left < LOW_QUOTA_BLOCK and not block.taking.locked():
            task = asyncio.create_task(self._take_ahead(block, wanted, now), name="mcp-quotas-ahead")
            self._taking_ahead.add(task)
            task.add_done_callback(self._taking_ahead.discard)
        return block

    async def _take_ahead(self, block: _Block, wanted: _Wanted, now: datetime) -> None:
        """Whoever finds nothing left hears why."""
        async with block.taking:
            with contextlib.suppress(MnoError):
                await self._refill(block, wanted, now)

    def _block(self, wanted: _Wanted) -> _Block:
        block = self._blocks.get(wanted.key)
        if block is not None and block.quota != wanted.quota:
            self._drop(wanted.key)
            block = None
        if block is None:
            if len(self._blocks) >= MAX_QUOTA_BLOCKS:
                for key in list(self._blocks):
                    self._drop(key)
            block = self._blocks[wanted.key] = _Block(wanted.quota)
        return block

    def _drop(self, key: QuotaKey) -> None:
        block = self._blocks.pop(key)
        if block.left > 0:
            self._unused.append((key, block.left))
            block.left = 0

    async def _refill(self, block: _Block, wanted: _Wanted, now: datetime) -> None:
        if time.monotonic() - block.exhausted_at < EXHAUSTED_S:
            raise _used_up(wanted, now)
        async with self._database.transaction(wanted.key.team_id) as tx:
            most = MAX_QUOTA_BLOCK - block.left
            granted = await store.taken(tx, wanted.key, wanted.quota, most)
        block.is_plenty = granted == most
        if granted is None:
            block.is_free = True
        elif granted == 0:
            block.exhausted_at = time.monotonic()
            raise _used_up(wanted, now)
        else:
            block.left += granted


def _wanted(
    rules: Sequence[ToolRule], principal: Principal, server: str, tool: str, now: datetime
) -> Iterator[_Wanted]:
    day, month = _periods(now.date())
    for rule in rules:
        count = count_of(rule, principal, server, tool)
        for quota, period in ((rule.calls_per_day, day), (rule.calls_per_month, month)):
            if quota is not None:
                key = QuotaKey(rule.team_id, rule.id, count.key, period.name)
                yield _Wanted(key, quota, count.of, period.span, period.ends_at)


@dataclass(frozen=True, slots=True)
class _Period:
    """A day or a month of UTC: `2026-11-28`, `2026-11`."""

    name: str
    span: str
    ends_at: datetime


@lru_cache(maxsize=2)
def _periods(today: date) -> tuple[_Period, _Period]:
    tomorrow = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    next_month = datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=UTC)
    return _Period(f"{today:%Y-%m-%d}", "day", tomorrow), _Period(f"{today:%Y-%m}", "month", next_month)


def _used_up(wanted: _Wanted, now: datetime) -> LimitExceeded:
    wait_s = max(1, int((wanted.ends_at - now).total_seconds()))
    return LimitExceeded(
        f"{wanted.quota} calls a {wanted.span} are the quota of {wanted.of}, and it is used up; it begins anew at"
        f" {wanted.ends_at:%Y-%m-%d %H:%M} UTC.",
        retry_after_s=wait_s,
    )
