"""What an alert rule asks, what an alert is, and what silences one.

A rule compares one measure over a rolling window with a threshold, for everything it matches or for each value of a
dimension. An alert is one stretch of time in which the comparison held; a rule and group have one open alert at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

#: Rules of one team.
MAX_ALERT_RULES = 200
#: Groups of one rule that may be open or about to fire at a time; the worst go first.
MAX_ALERT_GROUPS = 100
#: Filter values of one rule, over all its dimensions.
MAX_ALERT_FILTER_VALUES = 50
#: Characters of one such value.
MAX_ALERT_VALUE_CHARACTERS = 300
#: Steps of one rule's escalation.
MAX_ESCALATION_STEPS = 5
#: Channels of one step.
MAX_STEP_CHANNELS = 10
#: Channels of one rule, over all its steps: as many as one notice may go to.
MAX_RULE_CHANNELS = 20
#: The latest step of an escalation, and the longest pause between two reminders, in minutes: a week.
MAX_ALERT_MINUTES = 7 * 24 * 60
#: The longest window, in seconds; the shortest is a minute.
MAX_ALERT_WINDOW_S = 86_400
#: For how long a condition may have to hold before an alert fires or resolves, in seconds.
MAX_ALERT_HOLD_S = 86_400
#: The largest threshold: USD, calls, tokens, milliseconds, percent.
MAX_ALERT_THRESHOLD = 10**12
#: Silences of one team that have not ended.
MAX_SILENCES = 100
#: Labels of one silence.
MAX_SILENCE_LABELS = 5
#: The longest silence.
MAX_SILENCE = timedelta(days=90)
#: Characters of a silence's reason, or of a note to an answer.
MAX_REASON_CHARACTERS = 500
#: Alerts on one page of the list.
MAX_LISTED_ALERTS = 200
#: Entries of an alert's history that its page shows, the newest.
MAX_LISTED_ALERT_EVENTS = 200
#: How long resolved alerts are kept.
ALERT_LIFETIME = timedelta(days=180)


class AlertMeasure(StrEnum):
    """What is compared. Cost is USD, rates and shares are percent, latency is milliseconds."""

    COST = "cost"
    CALLS = "calls"
    ERRORS = "errors"
    ERROR_RATE = "error_rate"
    LATENCY = "latency"
    TOKENS = "tokens"
    #: Of a budget's limit, from what budgets tell.
    BUDGET_SHARE = "budget_share"
    #: How far beyond its own threshold an anomaly's worst hour was, from what anomalies tell.
    ANOMALIES = "anomalies"
    #: Of tools that are called through the hub.
    TOOL_ERRORS = "tool_errors"
    TOOL_ERROR_RATE = "tool_error_rate"


#: Told by facts, not read from usage.
TOLD = frozenset({AlertMeasure.BUDGET_SHARE, AlertMeasure.ANOMALIES})
#: Means over calls, which say nothing where there are too few.
RATES = frozenset({AlertMeasure.ERROR_RATE, AlertMeasure.LATENCY, AlertMeasure.TOOL_ERROR_RATE})
#: Percentages that cannot be more than 100.
SHARES_OF_CALLS = frozenset({AlertMeasure.ERROR_RATE, AlertMeasure.TOOL_ERROR_RATE})
#: Read from calls of tools, and matched by what these have.
OF_TOOLS = frozenset({AlertMeasure.TOOL_ERRORS, AlertMeasure.TOOL_ERROR_RATE})
#: What tells calls of tools apart, and the column that holds it; `error` is the class of the error.
TOOL_COLUMNS: Mapping[str, str] = {
    "server": "server",
    "tool": "tool",
    "error": "error",
    "project": "project_id",
    "agent": "agent",
    "api_key": "api_key_id",
    "environment": "environment",
}


class AlertComparison(StrEnum):
    #: At or over the threshold.
    ABOVE = "above"
    #: Under the threshold.
    BELOW = "below"


class AlertSeverity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertState(StrEnum):
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class AlertEventKind(StrEnum):
    """What happened to an alert."""

    FIRED = "fired"
    #: The first step of channels was told.
    TOLD = "told"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    #: The channels were told that it is over.
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told when nobody has acknowledged for so long; the first step is told at once."""

    after_minutes: int
    channels: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule says.

    `matches` names accepted values by dimension (alternatives; different dimensions must all hold). With `group_by`
    each value of that dimension is compared for itself. Above: fires at `threshold` or more, and is over below
    `clear`, which is not greater; below: the other way round. Between them nothing changes. `minimum_calls` is for
    rates and latency: with fewer calls in the window nothing is said.
    """

    measure: AlertMeasure
    comparison: AlertComparison
    threshold: Decimal
    clear: Decimal
    window_s: int
    for_s: int = 0
    clear_after_s: int = 0
    quantile: int = 0
    minimum_calls: int = 0
    budget_id: UUID | None = None
    matches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: str = ""
    severity: AlertSeverity = AlertSeverity.WARNING
    steps: tuple[Step, ...] = ()
    #: 0: nobody is reminded.
    repeat_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Whose usage a rule looks at: a project's, or with None the whole team's."""

    team_id: UUID
    project_id: UUID | None

    @property
    def id(self) -> UUID:
        """One look at a time goes by this."""
        return self.project_id or self.team_id


@dataclass(frozen=True, slots=True)
class AlertRule:
    id: UUID
    place: Place
    name: str
    enabled: bool
    terms: Terms
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One stretch in which a rule held for one group.

    `labels` say of what: the group's dimension and value, the single values that the rule matches, the budget or the
    anomaly. `told_steps` steps of the rule have been told, the first at `first_told_at`; `told_closed` when the
    channels know that it is over. `peak` is the worst value so far.
    """

    id: UUID
    place: Place
    rule_id: UUID
    rule_name: str
    measure: AlertMeasure
    severity: AlertSeverity
    group: str
    labels: Mapping[str, str]
    state: AlertState
    started_at: datetime
    updated_at: datetime
    value: Decimal
    peak: Decimal
    threshold: Decimal
    resolved_at: datetime | None = None
    resolved_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    told_steps: int = 0
    first_told_at: datetime | None = None
    last_told_at: datetime | None = None
    reminders: int = 0
    told_closed: bool = False


@dataclass(frozen=True, slots=True)
class AlertEvent:
    at: datetime
    kind: AlertEventKind
    #: Who did it; empty for the hub.
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """From `start` to before `end` nothing is sent of alerts of the place that have all `labels` (and the rule)."""

    id: UUID
    place: Place
    rule_id: UUID | None
    labels: Mapping[str, str]
    start: datetime
    end: datetime
    reason: str
    created_at: datetime
    created_by: str
