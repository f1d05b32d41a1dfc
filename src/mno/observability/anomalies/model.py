"""What an anomaly is: a stretch of hours of one measure of one scope, with what was expected and who drove it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

#: Hours of history that detection wants at least.
MIN_WATCHED_HOURS = 7 * 24
#: Days of history that detection looks at.
MAX_WATCHED_DAYS = 42
#: Hours that one look examines; a hub that was away for longer begins there.
MAX_FRESH_HOURS = 24
#: Hours without an alarm after which an anomaly is over.
MAX_GAP_HOURS = 6
#: After this long a changed level is how things are, and no anomaly any more.
LEARNED_AFTER = timedelta(days=7)
#: Scopes of one project that are watched: the project itself, and its dearest models, keys and agents.
MAX_WATCHED_SCOPES = 40
#: Drivers that an anomaly names.
MAX_DRIVERS = 5
#: Anomalies that one page shows.
MAX_LISTED_ANOMALIES = 200
#: Characters of the note with which somebody marks an anomaly.
MAX_NOTE_CHARACTERS = 500


class Measure(StrEnum):
    """What is watched. Latency is the 95 % quantile of an hour in milliseconds, the others are sums of an hour."""

    COST = "cost"
    TOKENS = "tokens"
    ERRORS = "errors"
    LATENCY = "latency"


class AnomalyKind(StrEnum):
    SPIKE = "spike"
    LEVEL = "level"
    DROP = "drop"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class Scope:
    """`dimension` is empty for the whole project, else `model`, `api_key` or `agent`, with its value."""

    dimension: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """`share` of the difference from what was expected, in percent, came from these dimensions' values."""

    values: Mapping[str, str]
    share: float
    amount: float
    usual: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One stretch of hours, from `start` to before `end`. `actual` and `expected` are the measure over it: its sum,
    for latency its mean. `score` is how far beyond the alarm's threshold its worst hour was (1 is just beyond).
    """

    id: UUID
    team_id: UUID
    project_id: UUID
    scope: Scope
    measure: Measure
    kind: AnomalyKind
    start: datetime
    end: datetime
    actual: float
    expected: float
    score: float
    drivers: tuple[Driver, ...] = ()
    detected_at: datetime | None = None
    expected_by: str = ""
    expected_at: datetime | None = None
    note: str = ""
    #: Names of keys at the time of looking, by their ids.
    names: Mapping[str, str] = field(default_factory=dict)
