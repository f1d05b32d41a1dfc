"""What facts of other features are as value events. Pure rules.

A fact becomes an event, settles an earlier one, or does both: an alert that resolves settles the card on which it
fired and is news itself. The event has the fact's id, so a fact that is delivered twice is written once.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from mno.approvals.model import ASKED, DECIDED
from mno.events.facts import SENT, UPSTREAM_FAILED, UPSTREAM_WORKS
from mno.events.model import (
    AILMENT_SOURCES,
    READ,
    SOURCES,
    Ailment,
    Event,
    EventKind,
    EventOutcome,
    EventSeverity,
    Settled,
)
from mno.mcp_gateway.facts import CALL_ENDED
from mno.observability.alerts.facts import ACKNOWLEDGED, FIRED, RESOLVED
from mno.observability.anomalies.facts import DETECTED, MARKED
from mno.platform.facts import Fact
from mno.platform.ids import made_at, parsed

Change = Event | Settled
Data = Mapping[str, Any]

_TRACE = re.compile(r"[0-9a-f]{32}")
#: Scores from which an anomaly is critical: so many times as far from the usual as the alarm's threshold.
CRITICAL_SCORE = 3.0
#: An approval whose deadline is nearer than this when it is asked for is urgent, in seconds.
URGENT_S = 600


def changes_by(fact: Fact) -> list[Change]:
    """What the fact changes, in order; nothing for a fact that belongs to no team."""
    if fact.team_id is None:
        return []
    return _READ_BY[fact.kind](fact, fact.team_id)


def _asked(fact: Fact, team: UUID) -> list[Change]:
    said = fact.data
    urgent = said.get("open_for_s", URGENT_S) < URGENT_S
    severity = EventSeverity.CRITICAL if urgent else EventSeverity.WARNING
    data = {name: said.get(name, "") for name in ("kind", "title", "asked_by", "expires_at")}
    data["degradable"] = bool(said.get("degradable"))
    return [_event(fact, team, EventKind.APPROVAL, severity, data, said.get("trace", ""))]


def _decided(fact: Fact, team: UUID) -> list[Change]:
    data = {"decided_by": fact.data.get("decided_by", "")}
    return [Settled(team, fact.subject, EventKind.APPROVAL, EventOutcome(fact.data["state"]), data)]


def _detected(fact: Fact, team: UUID) -> list[Change]:
    said = fact.data
    severity = EventSeverity.CRITICAL if said["score"] >= CRITICAL_SCORE else EventSeverity.WARNING
    data = {name: said[name] for name in ("measure", "kind", "start", "actual", "expected", "score", "scope")}
    data["drivers"] = said["drivers"][:1]
    return [_event(fact, team, EventKind.ANOMALY, severity, data)]


def _marked(fact: Fact, team: UUID) -> list[Change]:
    outcome = EventOutcome.EXPECTED if fact.data["expected"] else None
    return [Settled(team, fact.subject, EventKind.ANOMALY, outcome, {"decided_by": fact.data["by"]})]


def _fired(fact: Fact, team: UUID) -> list[Change]:
    return [_event(fact, team, EventKind.RECOVERY_START, EventSeverity(fact.data["severity"]), _of_alert(fact.data))]


def _acknowledged(fact: Fact, team: UUID) -> list[Change]:
    data = {"decided_by": fact.data["by"]}
    return [Settled(team, fact.subject, EventKind.RECOVERY_START, EventOutcome.ACKNOWLEDGED, data)]


def _resolved(fact: Fact, team: UUID) -> list[Change]:
    return _recovered(fact, team, _of_alert(fact.data) | {"decided_by": fact.data["by"]})


def _of_alert(said: Data) -> dict[str, Any]:
    return {"about": Ailment.ALERT.value} | {name: said[name] for name in ("rule", "measure", "value", "labels")}


def _upstream_failed(fact: Fact, team: UUID) -> list[Change]:
    return [_event(fact, team, EventKind.RECOVERY_START, EventSeverity.CRITICAL, _of_upstream(fact.data))]


def _upstream_works(fact: Fact, team: UUID) -> list[Change]:
    return _recovered(fact, team, _of_upstream(fact.data))


def _of_upstream(said: Data) -> dict[str, Any]:
    return {"about": said["about"], "name": said["name"]}


def _recovered(fact: Fact, team: UUID, data: Data) -> list[Change]:
    return [
        Settled(team, fact.subject, EventKind.RECOVERY_START, EventOutcome.RECOVERED),
        _event(fact, team, EventKind.RECOVERY_DONE, EventSeverity.INFO, data),
    ]


def _sent(fact: Fact, team: UUID) -> list[Change]:
    said = fact.data
    return [
        Event(
            id=UUID(said["id"]),
            team_id=team,
            project_id=parsed("prj", said["project"]),
            at=made_at(fact.id),
            kind=EventKind(said["kind"]),
            subject=fact.subject,
            severity=EventSeverity(said["severity"]),
            permission=READ,
            data=said["data"],
            trace_id=said["trace"],
        )
    ]


def _call_ended(fact: Fact, team: UUID) -> list[Change]:
    """The receipt of a call that was approved, on the card of its request; a refused one has its outcome there."""
    said = fact.data
    if said["state"] == "refused":
        return []
    severity = EventSeverity.INFO if said["state"] == "done" else EventSeverity.CRITICAL
    data = {"agent": said["server"], "title": said["tool"], "status": said["state"], "note": said["note"]}
    return [_event(fact, team, EventKind.RECEIPT, severity, data, said["trace"])]


def _event(fact: Fact, team: UUID, kind: EventKind, severity: EventSeverity, data: Data, trace_id: str = "") -> Event:
    project = fact.data.get("project")
    if kind is EventKind.RECEIPT:
        permission = AILMENT_SOURCES[Ailment.SERVER]
    else:
        permission = SOURCES[kind] if kind in SOURCES else AILMENT_SOURCES[Ailment(data["about"])]
    return Event(
        id=fact.id,
        team_id=team,
        project_id=parsed("prj", project) if project else None,
        at=made_at(fact.id),
        kind=kind,
        subject=fact.subject,
        severity=severity,
        permission=permission,
        data=data,
        trace_id=trace_id if _TRACE.fullmatch(trace_id) else "",
    )


_READ_BY: Mapping[str, Callable[[Fact, UUID], list[Change]]] = {
    ASKED: _asked,
    DECIDED: _decided,
    DETECTED: _detected,
    MARKED: _marked,
    FIRED: _fired,
    ACKNOWLEDGED: _acknowledged,
    RESOLVED: _resolved,
    SENT: _sent,
    CALL_ENDED: _call_ended,
    UPSTREAM_FAILED: _upstream_failed,
    UPSTREAM_WORKS: _upstream_works,
}
#: What is heard.
KINDS = tuple(_READ_BY)
