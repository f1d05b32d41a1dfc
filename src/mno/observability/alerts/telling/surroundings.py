"""What a message says besides the alert: the team's clock, its names for keys and projects, the hub's address.

Remembered for a minute, because a look may tell of many alerts at once and none of this must be asked inside its
transaction.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from mno.observability.alerts.ports import Names, TimeZones

#: How long they are believed, in seconds.
SURROUNDINGS_LIFETIME = 60.0
#: Teams whose surroundings are remembered.
MAX_REMEMBERED_TEAMS = 1_000


@dataclass(frozen=True, slots=True)
class Around:
    """`base` is the address under which people reach the hub, without a slash at its end."""

    zone: ZoneInfo
    names: Mapping[str, str]
    base: str


class Surroundings:
    """Belongs to one event loop."""

    def __init__(self, zones: TimeZones, names: Names, base: str) -> None:
        self._zones = zones
        self._names = names
        self._base = base.rstrip("/")
        self._known: dict[UUID, tuple[float, Around]] = {}

    async def of(self, team_id: UUID) -> Around:
        at, around = self._known.get(team_id, (0.0, None))
        if around is not None and time.monotonic() - at < SURROUNDINGS_LIFETIME:
            return around
        zone, names = await self._zones.zone_of(team_id), await self._names.names_of(team_id)
        around = Around(ZoneInfo(zone), names, self._base)
        if len(self._known) >= MAX_REMEMBERED_TEAMS:
            self._known.clear()
        self._known[team_id] = time.monotonic(), around
        return around
