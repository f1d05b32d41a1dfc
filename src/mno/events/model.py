"""What a value event is, and who may see it.

An event is written once. What becomes of its subject afterwards (an approval is decided, an alert resolves) settles
it: it gets an outcome and a new place in the order of arrival, so that whoever follows hears of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

#: Characters of a subject.
MAX_SUBJECT_CHARACTERS = 200
#: Characters of what an agent says happened.
MAX_EVENT_TITLE_CHARACTERS = 300
#: Characters of the id that makes sending again safe.
MAX_EVENT_KEY_CHARACTERS = 200
#: Characters of an agent's name.
MAX_EVENT_AGENT_CHARACTERS = 200
#: What an agent adds to an event, in bytes of JSON.
MAX_EVENT_DATA_BYTES = 4 * 1024
#: Events that one project may send in a minute; what happens more often is a log line.
MAX_SENT_PER_MINUTE = 600
#: Values that a filter may name, over all its fields.
MAX_EVENT_FILTER_VALUES = 100
#: Events on one page of the history.
MAX_EVENT_PAGE = 200
#: How long events are kept.
EVENT_LIFETIME = timedelta(days=90)


class EventKind(StrEnum):
    """The seven things worth a person's attention."""

    #: An agent has taken on a task.
    ACCEPTANCE = "task.acceptance"
    #: A task has come to a point worth telling.
    MILESTONE = "task.progress.milestone"
    #: A task has ended, and what came of it.
    RECEIPT = "task.receipt"
    #: Somebody waits for a decision.
    APPROVAL = "approval.request"
    #: Usage is not like that of the hours before.
    ANOMALY = "anomaly.detected"
    #: Something does not work as it should, and has yet to recover.
    RECOVERY_START = "recovery.start"
    #: It has recovered.
    RECOVERY_DONE = "recovery.done"


#: What agents tell themselves.
TASK_KINDS = frozenset({EventKind.ACCEPTANCE, EventKind.MILESTONE, EventKind.RECEIPT})


class EventSeverity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class EventOutcome(StrEnum):
    """What became of it."""

    #: A request that was granted, as it was or with changed arguments.
    APPROVED = "approved"
    #: A request that was refused.
    REFUSED = "refused"
    #: A request that nobody decided in time.
    EXPIRED = "expired"
    #: A request that was taken back.
    WITHDRAWN = "withdrawn"
    #: An anomaly that somebody said was to be expected.
    EXPECTED = "expected"
    #: An alert that somebody has taken on.
    ACKNOWLEDGED = "acknowledged"
    #: An alert that is over, or an upstream that answers again.
    RECOVERED = "recovered"


class Ailment(StrEnum):
    """What has to recover: `about` in the data of the two kinds of recovery."""

    #: An alert fires.
    ALERT = "alert"
    #: An MCP server does not answer.
    SERVER = "server"
    #: A provider's model does not answer.
    MODEL = "model"


#: What one must be able to read to see an event of a kind, besides `events.read`.
SOURCES = {
    EventKind.APPROVAL: "approvals.read",
    EventKind.ANOMALY: "usage.read",
}
AILMENT_SOURCES = {
    Ailment.ALERT: "alerts.read",
    Ailment.SERVER: "mcp.read",
    Ailment.MODEL: "gateway.read",
}
READ = "events.read"
#: Every permission by which events are told apart.
SEEN_BY = (READ, *SOURCES.values(), *AILMENT_SOURCES.values())


@dataclass(frozen=True, slots=True)
class Event:
    """`data` holds what the summary says, by name (`wording.py`), as plain JSON. `permission` is what its reader
    must hold in its project, or in the whole team where `project_id` is None. `position` grows with arrival.
    """

    id: UUID
    team_id: UUID
    project_id: UUID | None
    at: datetime
    kind: EventKind
    subject: str
    severity: EventSeverity
    permission: str
    data: Mapping[str, Any] = field(default_factory=dict)
    #: 32 hexadecimal digits, or empty.
    trace_id: str = ""
    outcome: EventOutcome | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What the events of this subject and kind have become; what has recovered stays so."""

    team_id: UUID
    subject: str
    kind: EventKind
    #: None takes an outcome back.
    outcome: EventOutcome | None
    #: Further data of the card: who decided.
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one viewer may see: for each permission the projects in which it is held, None for the whole team."""

    team_id: UUID
    projects: Mapping[str, frozenset[UUID] | None]

    def sees(self, event: Event) -> bool:
        held = self.projects.get(event.permission, frozenset())
        return event.team_id == self.team_id and (held is None or event.project_id in held)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """An empty field asks nothing; values of one field are alternatives, and all fields must hold.

    What belongs to the whole team belongs to each of its projects.
    """

    kinds: Sequence[EventKind] = ()
    severities: Sequence[EventSeverity] = ()
    subjects: Sequence[str] = ()
    projects: Sequence[UUID] = ()
    #: Only what still waits for somebody.
    unsettled: bool = False

    def finds(self, event: Event) -> bool:
        return (
            (not self.kinds or event.kind in self.kinds)
            and (not self.severities or event.severity in self.severities)
            and (not self.subjects or event.subject in self.subjects)
            and (not self.projects or event.project_id is None or event.project_id in self.projects)
            and (not self.unsettled or waits(event))
        )


def waits(event: Event) -> bool:
    """Whether somebody should still do something about it."""
    if event.kind is EventKind.RECOVERY_START:
        return event.outcome is not EventOutcome.RECOVERED
    return event.kind in (EventKind.APPROVAL, EventKind.ANOMALY) and event.outcome is None
