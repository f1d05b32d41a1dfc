"""What is to be told of an alert at a moment. Pure rules.

Nothing is told twice: what has been told stands with the alert, in the same transaction as the notice. A silence only
puts off: what still holds when it ends is told then, and what began and ended within it never is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from mno.observability.alerts.model import Alert, AlertState, Terms


class MessageKind(StrEnum):
    FIRED = "fired"
    ESCALATED = "escalated"
    STILL_FIRING = "still_firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Message:
    """To these channels; `number` tells two of a kind apart."""

    kind: MessageKind
    number: int
    channels: tuple[UUID, ...]


def due(alert: Alert, terms: Terms, now: datetime, *, silenced: bool) -> tuple[Alert, list[Message]]:
    """The messages that leave now, and the alert that remembers them."""
    if silenced:
        return alert, []
    if alert.state is AlertState.RESOLVED:
        return _closed(alert, terms)
    if alert.state is AlertState.ACKNOWLEDGED:
        return alert, []
    messages = []
    for message in _steps(alert, terms, now):
        messages.append(message)
        first = alert.first_told_at or now
        alert = replace(alert, told_steps=alert.told_steps + 1, first_told_at=first, last_told_at=now)
    if not messages and _remind(alert, terms, now):
        alert = replace(alert, reminders=alert.reminders + 1, last_told_at=now)
        messages.append(Message(MessageKind.STILL_FIRING, alert.reminders, told_channels(alert, terms)))
    return alert, messages


def told_channels(alert: Alert, terms: Terms) -> tuple[UUID, ...]:
    """Everybody who knows of it, each once."""
    return tuple(dict.fromkeys(one for step in terms.steps[: alert.told_steps] for one in step.channels))


def _steps(alert: Alert, terms: Terms, now: datetime) -> Iterator[Message]:
    first = alert.first_told_at or now
    for number in range(alert.told_steps, len(terms.steps)):
        step = terms.steps[number]
        if now < first + timedelta(minutes=step.after_minutes):
            return
        yield Message(MessageKind.ESCALATED if number else MessageKind.FIRED, number, step.channels)


def _remind(alert: Alert, terms: Terms, now: datetime) -> bool:
    if not terms.repeat_minutes or alert.last_told_at is None:
        return False
    return now >= alert.last_told_at + timedelta(minutes=terms.repeat_minutes)


def _closed(alert: Alert, terms: Terms) -> tuple[Alert, list[Message]]:
    if alert.told_closed:
        return alert, []
    channels = told_channels(alert, terms)
    messages = [Message(MessageKind.RESOLVED, 0, channels)] if channels else []
    return replace(alert, told_closed=True), messages
