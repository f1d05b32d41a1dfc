"""What a viewer can do about an event: its actions, each an address. Pure rules."""

from dataclasses import dataclass
from enum import StrEnum

from mno.events.model import Ailment, Event, EventKind, waits


class ActionName(StrEnum):
    #: Let it go on as it was proposed.
    CONTINUE = "continue"
    #: Let it go on with changed arguments.
    DEGRADE = "degrade"
    #: Refuse it.
    ABORT = "abort"
    #: Say that an anomaly was to be expected.
    EXPECT = "expect"
    #: Take an alert on.
    ACKNOWLEDGE = "acknowledge"
    #: Look at what it is about.
    OPEN = "open"
    #: Look at its trace.
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class Action:
    """`method` is GET for a page of the web, POST for the API."""

    name: ActionName
    method: str
    address: str


def actions_of(event: Event) -> list[Action]:
    """In the order in which a card offers them; what changes something only while it can be done."""
    found = _deciding(event) if waits(event) else []
    if page := _page_of(event):
        found.append(Action(ActionName.OPEN, "GET", page))
    if event.trace_id:
        found.append(Action(ActionName.TRACE, "GET", f"/monitor/traces/{event.trace_id}"))
    return found


def _deciding(event: Event) -> list[Action]:
    match event.kind:
        case EventKind.APPROVAL:
            decision = f"/api/approvals/{event.subject}/decision"
            degrade = [Action(ActionName.DEGRADE, "POST", "/api/agent/approve")] if event.data["degradable"] else []
            return [
                Action(ActionName.CONTINUE, "POST", decision),
                *degrade,
                Action(ActionName.ABORT, "POST", decision),
            ]
        case EventKind.ANOMALY:
            return [Action(ActionName.EXPECT, "POST", f"/api/anomalies/{event.subject}/expected")]
        case EventKind.RECOVERY_START if event.data["about"] == Ailment.ALERT and event.outcome is None:
            return [Action(ActionName.ACKNOWLEDGE, "POST", f"/api/alerts/{event.subject}/acknowledge")]
    return []


def _page_of(event: Event) -> str:
    match event.kind:
        case EventKind.APPROVAL:
            return "/approvals"
        case EventKind.ANOMALY:
            return f"/costs/anomalies?anomaly={event.subject}"
        case EventKind.RECOVERY_START | EventKind.RECOVERY_DONE:
            return {
                Ailment.ALERT: f"/costs/alerts?alert={event.subject}",
                Ailment.SERVER: "/integrations/servers",
                Ailment.MODEL: "/integrations/gateway",
            }[Ailment(event.data["about"])]
    return ""
