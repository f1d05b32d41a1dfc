"""When an alert fires and when it is over: the state machine of one rule and one group. Pure rules.

A value is in breach, clear, or in the band between the two thresholds, where nothing changes: a condition that
wavers there neither fires again nor resolves. A condition must hold for as long as the rule says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from mno.observability.alerts.model import RATES, AlertComparison, Terms


class Zone(Enum):
    BREACH = "breach"
    BAND = "band"
    CLEAR = "clear"


class Change(Enum):
    FIRED = "fired"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Reading:
    """A measure over the window that ends now. `value` is None where there is nothing to measure."""

    value: Decimal | None
    calls: int


#: Of a group of which nothing was heard.
NOTHING = Reading(None, 0)


@dataclass(frozen=True, slots=True)
class Track:
    """What is remembered between two looks. An alert that was resolved by hand leaves the track unarmed: it fires
    again only after the value has been clear.
    """

    open: bool = False
    armed: bool = True
    breaching_since: datetime | None = None
    clearing_since: datetime | None = None

    @property
    def empty(self) -> bool:
        return self == Track()


def zone_of(terms: Terms, reading: Reading) -> Zone:
    """Where a reading stands. Sums of nothing are 0; rates of nothing are clear, of too few calls undecided."""
    value = reading.value
    if terms.measure in RATES:
        if value is None or reading.calls == 0:
            return Zone.CLEAR
        if reading.calls < terms.minimum_calls:
            return Zone.BAND
    value = Decimal(0) if value is None else value
    if terms.comparison is AlertComparison.ABOVE:
        return Zone.BREACH if value >= terms.threshold else Zone.CLEAR if value < terms.clear else Zone.BAND
    return Zone.BREACH if value < terms.threshold else Zone.CLEAR if value >= terms.clear else Zone.BAND


def stepped(track: Track, zone: Zone, now: datetime, terms: Terms) -> tuple[Track, Change | None]:
    """The track after one look, and what changed with it."""
    if track.open:
        return _while_open(track, zone, now, terms)
    if zone is Zone.CLEAR:
        return Track(), None
    if zone is Zone.BAND or not track.armed:
        return Track(armed=track.armed), None
    since = track.breaching_since or now
    if now - since >= timedelta(seconds=terms.for_s):
        return Track(open=True), Change.FIRED
    return Track(breaching_since=since), None


def resolved_by_hand() -> Track:
    """What somebody's own word leaves behind."""
    return Track(armed=False)


def worse(terms: Terms, one: Decimal, other: Decimal) -> Decimal:
    """The one of two values that is further into the breach."""
    return max(one, other) if terms.comparison is AlertComparison.ABOVE else min(one, other)


def _while_open(track: Track, zone: Zone, now: datetime, terms: Terms) -> tuple[Track, Change | None]:
    if zone is not Zone.CLEAR:
        return Track(open=True), None
    since = track.clearing_since or now
    if now - since >= timedelta(seconds=terms.clear_after_s):
        return Track(), Change.RESOLVED
    return Track(open=True, clearing_since=since), None
