"""What a rule would say now, and what it would have said over the last day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from mno.observability.alerts.access import READ, place_of
from mno.observability.alerts.editing.wishes import checked_terms
from mno.observability.alerts.evaluation.queries import RuleQueries
from mno.observability.alerts.machine import Reading, Zone, zone_of
from mno.observability.alerts.model import TOLD, Place, Terms
from mno.observability.alerts.preview.queries import StepQueries
from mno.observability.alerts.preview.rolling import Point, fired, rolled, thinned
from mno.platform import clock
from mno.platform.errors import Invalid
from mno.platform.ids import new_id
from mno.platform.principal import Principal

__all__ = ["Line", "Point", "Preview", "Previewed"]

#: How far a preview looks back.
_DAY = timedelta(days=1)
#: Present values that a preview lists, the worst first.
MAX_PRESENT_VALUES = 50


@dataclass(frozen=True, slots=True)
class Present:
    group: str
    value: Decimal | None
    calls: int
    breaching: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One group over the last day, and how often the rule would have fired for it."""

    group: str
    points: Sequence[Point]
    fired: int


@dataclass(frozen=True, slots=True)
class Previewed:
    at: datetime
    present: Sequence[Present]
    lines: Sequence[Line]


class Preview:
    """Reads only; a rule need not be saved."""

    def __init__(self, readings: RuleQueries, steps: StepQueries) -> None:
        self._readings = readings
        self._steps = steps

    async def of(self, reader: Principal, terms: Terms, *, of_team: bool) -> Previewed:
        """`Invalid` for terms that make no sense, and for what is told by facts."""
        place = place_of(reader, of_team=of_team, permission=READ)
        terms = checked_terms(terms, of_team=of_team)
        if terms.measure in TOLD:
            raise Invalid("Budgets and anomalies tell when it happens; there is nothing to preview.")
        now, asked = clock.now(), new_id()
        found = (await self._readings.readings(place, {asked: terms}, now)).get(asked, {})
        present = [_present(terms, group, one) for group, one in found.items()]
        present.sort(key=lambda one: (not one.breaching, -one.calls))
        steps = await self._steps.steps(place, terms, now - _DAY, now, None)
        lines = []
        for group, sums in steps.groups.items():
            points = rolled(terms, sums, steps.end, steps.length_s)
            lines.append(Line(group, thinned(terms, points), fired(terms, points)))
        return Previewed(now, present[:MAX_PRESENT_VALUES], lines)

    async def series(
        self, place: Place, terms: Terms, since: datetime, until: datetime, groups: Sequence[str]
    ) -> Mapping[str, Sequence[Point]]:
        """The measure of these groups over a stretch, for the picture of an alert."""
        steps = await self._steps.steps(place, terms, since, until, groups)
        return {
            group: thinned(terms, rolled(terms, sums, steps.end, steps.length_s))
            for group, sums in steps.groups.items()
        }


def _present(terms: Terms, group: str, reading: Reading) -> Present:
    return Present(group, reading.value, reading.calls, zone_of(terms, reading) is Zone.BREACH)
