"""Sends what is due of an alert and remembers that, in the transaction of whatever changed with it."""

from collections.abc import Sequence
from datetime import datetime

from mno.observability.alerts import store
from mno.observability.alerts.matching import silenced
from mno.observability.alerts.model import Alert, AlertEvent, AlertEventKind, AlertRule, Silence
from mno.observability.alerts.ports import Notifications
from mno.observability.alerts.telling.due import MessageKind, due
from mno.observability.alerts.telling.surroundings import Around
from mno.observability.alerts.telling.wording import notice
from mno.platform.database import Connection

_EVENTS = {
    MessageKind.FIRED: AlertEventKind.TOLD,
    MessageKind.ESCALATED: AlertEventKind.ESCALATED,
    MessageKind.STILL_FIRING: AlertEventKind.REMINDED,
    MessageKind.RESOLVED: AlertEventKind.CLOSED,
}


class Telling:
    """Its callers hold the alert's place, so that nobody else tells at the same time."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    async def tell(
        self, tx: Connection, alert: Alert, rule: AlertRule, around: Around, silences: Sequence[Silence], now: datetime
    ) -> Alert:
        """The alert as it stands afterwards; saved where that is another."""
        after, messages = due(alert, rule.terms, now, silenced=silenced(alert, silences, now))
        for message in messages:
            await self._notifications.send(tx, notice(after, rule, message, around, now), message.channels)
        if after != alert:
            await store.save(tx, after)
            await store.add_events(tx, after, [AlertEvent(now, _EVENTS[one.kind]) for one in messages])
        return after
