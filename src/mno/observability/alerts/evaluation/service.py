"""Looks at rules: as spans arrive, at most once a second a place, and in the quiet for what is over or below.

A look claims its place in Postgres, asks ClickHouse without holding anything, and decides in a second transaction,
where it gives way to a look that has begun since. So of several nodes one decides at a time, by the newest reading.
A look that fails is made again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.evaluation.queries import Readings, RuleQueries
from mno.observability.alerts.evaluation.watched import WatchedRules
from mno.observability.alerts.firing import store
from mno.observability.alerts.firing.service import Firing, Moment
from mno.observability.alerts.hearing.groups import budget_of
from mno.observability.alerts.machine import Reading, Zone, zone_of
from mno.observability.alerts.model import TOLD, Alert, AlertComparison, AlertMeasure, AlertRule, AlertState, Place
from mno.observability.alerts.ports import BudgetShares
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.observability.spans.arrivals import Arrivals, ProjectPlace
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError

_log = logging.getLogger(__name__)

#: Between two looks at one place, in seconds.
LOOK_INTERVAL_S = 1.0
#: Looks take at most this share of the time, however large the windows are: after a long one comes a long rest.
MAX_LOOKING_SHARE = 0.5
#: How often the quiet is looked at, in seconds.
QUIET_INTERVAL_S = 10.0
#: Every so many quiet looks everything is read, for what a node that died may have left unread.
FULL_EVERY = 6
#: Looks of one process at a time.
MAX_LOOKS_AT_ONCE = 2
#: For how long the groups of a rule that fires below are believed, in seconds.
GROUPS_LIFETIME = 60.0
#: A budget's share counts as fallen when it is this far under what was told, in percent of the limit.
FALLEN_PERCENT = 10
#: In the quiet a look of anybody within so many pauses is enough.
_QUIET_PAUSES = 5


@dataclass(frozen=True, slots=True)
class _Looking:
    """What a look at one place has so far."""

    place: Place
    rules: Sequence[AlertRule]
    busy: set[UUID]
    now: datetime


class Evaluation:
    """`arrivals` says where spans came; `pause_s` is for tests."""

    def __init__(
        self,
        database: Database,
        queries: RuleQueries,
        watched: WatchedRules,
        arrivals: Arrivals,
        firing: Firing,
        surroundings: Surroundings,
        shares: BudgetShares,
        *,
        pause_s: float = LOOK_INTERVAL_S * 0.9,
    ) -> None:
        self._database = database
        self._queries = queries
        self._watched = watched
        self._arrivals = arrivals
        self._firing = firing
        self._surroundings = surroundings
        self._shares = shares
        self._pause_s = pause_s
        self._known: dict[UUID, tuple[float, list[str]]] = {}
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._arrivals.listen()
        tasks = (
            asyncio.create_task(self._follow(), name="alerts-follow"),
            asyncio.create_task(self._sweep(), name="alerts-quiet"),
        )
        try:
            yield
        finally:
            await ended(*tasks)

    def changed(self, topic: str) -> None:
        """Rules have changed: they are looked at without waiting for spans."""
        self._watched.changed(topic)
        self._changed.set()

    async def look(self, place: Place, *, quiet: bool = False, now: datetime | None = None) -> bool:
        """One look; False where somebody else is looking or has just looked. In the quiet, rules of which nothing
        stands open and that fire above are not read.
        """
        rules = await self._watched.of(place)
        if not rules:
            return True
        ids = [rule.id for rule in rules]
        async with self._database.transaction(place.team_id) as tx:
            claimed_at = await store.claim(tx, place, self._pause_s * (_QUIET_PAUSES if quiet else 1))
            if claimed_at is None:
                return False
            busy = await store.busy(tx, place.team_id, ids)
            alerts = await alerts_store.unfinished(tx, place.team_id, ids) if busy else []
        looking = _Looking(place, rules, busy, now or clock.now())
        readings = await self._read(looking, alerts, quiet=quiet)
        if not busy and not _breached(rules, readings):
            return True
        moment = Moment(looking.now, await self._surroundings.of(place.team_id))
        async with self._database.transaction(place.team_id) as tx:
            if not await store.still_mine(tx, place, claimed_at):
                return False
            await self._firing.take(tx, rules, readings, moment)
        return True

    async def _read(self, looking: _Looking, alerts: Sequence[Alert], *, quiet: bool) -> dict[UUID, Readings]:
        asked = {
            rule.id: rule.terms
            for rule in looking.rules
            if rule.terms.measure not in TOLD and (not quiet or rule.id in looking.busy or _below(rule))
        }
        found = await self._queries.readings(looking.place, asked, looking.now) if asked else {}
        for rule in looking.rules:
            if rule.id in asked and rule.terms.group_by and _below(rule):
                for group in await self._groups(rule, looking.now):
                    found[rule.id].setdefault(group, Reading(Decimal(0), 0))
            elif rule.terms.measure in TOLD:
                own = [one for one in alerts if one.rule_id == rule.id and one.state is not AlertState.RESOLVED]
                found[rule.id] = await self._of_told(rule, own, looking.now)
        return found

    async def _groups(self, rule: AlertRule, now: datetime) -> list[str]:
        """Groups that were there lately: one that has fallen silent is below."""
        at, known = self._known.get(rule.id, (float("-inf"), []))
        if time.monotonic() - at >= GROUPS_LIFETIME:
            known = await self._queries.lately(rule.place, rule.terms, now)
            self._known = {
                id_: one for id_, one in self._known.items() if time.monotonic() - one[0] < GROUPS_LIFETIME
            } | {rule.id: (time.monotonic(), known)}
        return known

    async def _of_told(self, rule: AlertRule, alerts: Iterable[Alert], now: datetime) -> Readings:
        """How what facts told of stands now: a budget by its share, an anomaly until its window is over."""
        found: Readings = {}
        for alert in alerts:
            if rule.terms.measure is AlertMeasure.ANOMALIES:
                over = now - alert.started_at >= timedelta(seconds=rule.terms.window_s)
                found[alert.group] = Reading(Decimal(0) if over else alert.value, 1)
                continue
            budget_id, who = budget_of(alert.group)
            share = await self._shares.share(rule.place.team_id, budget_id, who)
            if share is not None and share > alert.value - FALLEN_PERCENT:
                share = max(share, alert.value)
            found[alert.group] = Reading(share, 1)
        return found

    # — the background —

    async def _follow(self) -> None:
        while True:
            arrived = await self._arrivals.taken()
            began = time.monotonic()
            await self._look_at(arrived)
            took = time.monotonic() - began
            await asyncio.sleep(max(LOOK_INTERVAL_S, took / MAX_LOOKING_SHARE - took))

    async def _look_at(self, arrived: set[ProjectPlace]) -> None:
        again: set[ProjectPlace] = set()
        room = asyncio.Semaphore(MAX_LOOKS_AT_ONCE)

        async def look(place: Place) -> None:
            async with room:
                if not await self._looked(place):
                    again.update(one for one in arrived if one[0] == place.team_id)

        try:
            places = await self._watched.touched(arrived)
        except MnoError as error:
            _log.warning("Alert rules cannot be read at the moment: %s", error)
            again = set(arrived)
        else:
            await asyncio.gather(*(look(place) for place in places))
        self._arrivals.again(again)

    async def _sweep(self) -> None:
        number = 0
        while True:
            full = number % FULL_EVERY == 0 or self._changed.is_set()
            self._changed.clear()
            try:
                for place in await self._watched.places():
                    await self._looked(place, quiet=not full)
                number += 1
            except MnoError as error:
                _log.warning("Alert rules cannot be read at the moment: %s", error)
                number = 0
            try:
                async with asyncio.timeout(QUIET_INTERVAL_S):
                    await self._changed.wait()
                await asyncio.sleep(LOOK_INTERVAL_S)  # several changes are one look
            except TimeoutError:
                continue

    async def _looked(self, place: Place, *, quiet: bool = False) -> bool:
        try:
            return await self.look(place, quiet=quiet)
        except MnoError as error:
            _log.warning("The alert rules of %s cannot be looked at at the moment: %s", place.id, error)
        except Exception:  # noqa: BLE001 - one place's failure must not end the looks at all others
            _log.exception("A look at the alert rules of %s failed; it is made again.", place.id)
        return False


def _below(rule: AlertRule) -> bool:
    return rule.terms.comparison is AlertComparison.BELOW


def _breached(rules: Iterable[AlertRule], readings: Mapping[UUID, Readings]) -> bool:
    return any(zone_of(rule.terms, one) is Zone.BREACH for rule in rules for one in readings.get(rule.id, {}).values())
