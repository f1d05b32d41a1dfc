"""The rules that are switched on, in memory: by them spans that nobody asks about cost one question in a set.

Loaded again when a version says that rules have changed, and every half a minute beneath that.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from mno.observability.alerts.model import AlertRule, Place
from mno.observability.spans.arrivals import ProjectPlace
from mno.observability.spans.model import Owner

#: The topic of a team's alert rules.
TOPIC = "alerts:"
#: How long they are believed, in seconds.
RULES_LIFETIME = 30.0

Load = Callable[[], Awaitable[Sequence[AlertRule]]]


class WatchedRules:
    """`hears` is asked by the store thread; everything else belongs to the event loop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._rules: dict[Place, list[AlertRule]] = {}
        #: Projects and teams as spans name them; replaced as one, never changed.
        self._heard: frozenset[str] = frozenset()
        self._loaded_at = float("-inf")
        self._loading = asyncio.Lock()
        #: Told of a change while they were loaded: what came is old already.
        self._changes = 0

    def hears(self, owner: Owner) -> bool:
        """Whether any rule looks at what this sender sends."""
        heard = self._heard
        return bool(heard) and (owner.project_id in heard or owner.team_id in heard)

    async def places(self) -> list[Place]:
        """Where there are rules."""
        await self._fresh()
        return list(self._rules)

    async def of(self, place: Place) -> list[AlertRule]:
        await self._fresh()
        return self._rules.get(place, [])

    async def touched(self, arrived: Iterable[ProjectPlace]) -> list[Place]:
        """The places whose rules look at these projects: their own, and those of their teams."""
        await self._fresh()
        found = {Place(team_id, id_) for team_id, project_id in arrived for id_ in (project_id, None)}
        return sorted(found & self._rules.keys(), key=_order)

    def changed(self, _topic: str) -> None:
        """They are loaded again at the next question."""
        self._changes += 1
        self._loaded_at = float("-inf")

    async def _fresh(self) -> None:
        async with self._loading:
            while time.monotonic() - self._loaded_at >= RULES_LIFETIME:
                changes, began = self._changes, time.monotonic()
                rules = await self._load()
                self._rules = {}
                for rule in rules:
                    self._rules.setdefault(rule.place, []).append(rule)
                self._heard = frozenset(str(place.id) for place in self._rules)
                if changes == self._changes:
                    self._loaded_at = began


def _order(place: Place) -> tuple[UUID, UUID]:
    return place.team_id, place.id
