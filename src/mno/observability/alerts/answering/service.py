"""Alerts as people look at them, take them on and close them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.alerts import store
from mno.observability.alerts.access import ANSWER, READ, check
from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.facts import ACKNOWLEDGED
from mno.observability.alerts.firing import store as firing_store
from mno.observability.alerts.firing.news import fact_of
from mno.observability.alerts.firing.service import Firing, Moment
from mno.observability.alerts.model import (
    ALERT_LIFETIME,
    MAX_LISTED_ALERT_EVENTS,
    MAX_REASON_CHARACTERS,
    TOLD,
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertRule,
    AlertState,
)
from mno.observability.alerts.preview.service import Point, Preview
from mno.observability.alerts.silences import store as silences_store
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid
from mno.platform.ids import shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal

#: Alerts that one run of the nightly deletion takes at a time.
MAX_ALERTS_PRUNED_AT_ONCE = 1_000
#: The picture begins so many windows before the alert, and shows this much of it at most.
_WINDOWS_BEFORE = 12
_LONGEST_PICTURE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class AlertStory:
    """An alert, its rule (None: removed), what happened to it (the newest first), and its measure around it."""

    alert: Alert
    rule: AlertRule | None
    events: Sequence[AlertEvent]
    points: Sequence[Point]


class Answering:
    def __init__(
        self,
        database: Database,
        firing: Firing,
        surroundings: Surroundings,
        preview: Preview,
        outbox: Outbox,
        audit: Audit,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._firing = firing
        self._surroundings = surroundings
        self._preview = preview
        self._audit = audit

    async def listing(
        self,
        reader: Principal,
        *,
        state: AlertState | None,
        rule_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> list[Alert]:
        """The newest first: the project's, and those of the whole team for who may read them there."""
        of_team = reader.may_in_team(READ)
        wanted = store.Wanted(reader.team_id, reader.project_id, of_team, state, rule_id, before, limit)
        async with self._database.transaction(reader.team_id) as tx:
            return await store.listed(tx, wanted)

    async def get(self, reader: Principal, alert_id: UUID) -> AlertStory:
        async with self._database.transaction(reader.team_id) as tx:
            alert = await self._found(tx, reader, alert_id, READ)
            rule = await rules_store.one(tx, reader.team_id, alert.rule_id)
            events = await store.events(tx, alert, MAX_LISTED_ALERT_EVENTS)
        points = [] if rule is None or alert.measure in TOLD else await self._picture(alert, rule)
        return AlertStory(alert, rule, events, points)

    async def acknowledge(self, answerer: Principal, alert_id: UUID, note: str) -> Alert:
        """Somebody has taken it on: nobody else is told of it any more. A second time changes nothing. `Conflict` for
        one that is over.
        """
        note = _checked_note(note)
        now = clock.now()
        async with self._database.transaction(answerer.team_id) as tx:
            before = await self._held(tx, answerer, alert_id)
            if before.state is AlertState.RESOLVED:
                raise Conflict("The alert is resolved already; there is nothing to acknowledge.")
            if before.state is AlertState.ACKNOWLEDGED:
                return before
            after = replace(
                before,
                state=AlertState.ACKNOWLEDGED,
                acknowledged_at=now,
                acknowledged_by=answerer.name,
                updated_at=now,
            )
            await store.save(tx, after)
            event = AlertEvent(now, AlertEventKind.ACKNOWLEDGED, answerer.name, note)
            await store.add_events(tx, after, [event])
            await self._outbox.publish(tx, fact_of(ACKNOWLEDGED, after, answerer.name))
            await self._record(tx, answerer, "alerts.acknowledge", before, after)
        return after

    async def resolve(self, answerer: Principal, alert_id: UUID, note: str) -> Alert:
        """Closes it by somebody's word; the rule fires again after its value has been clear. A second time changes
        nothing.
        """
        note = _checked_note(note)
        moment = Moment(clock.now(), await self._surroundings.of(answerer.team_id))
        async with self._database.transaction(answerer.team_id) as tx:
            before = await self._held(tx, answerer, alert_id)
            if before.state is AlertState.RESOLVED:
                return before
            rule = await rules_store.one(tx, answerer.team_id, before.rule_id)
            after = await self._firing.resolve(tx, before, rule, answerer.name, note, moment)
            await self._record(tx, answerer, "alerts.resolve", before, after)
        return after

    async def prune(self) -> None:
        """Forgets what was over long ago."""
        before = clock.now() - ALERT_LIFETIME
        while True:
            async with self._database.across_teams() as tx:
                gone = await store.prune(tx, before, limit=MAX_ALERTS_PRUNED_AT_ONCE)
                await silences_store.prune(tx, before)
            if gone < MAX_ALERTS_PRUNED_AT_ONCE:
                return

    async def _picture(self, alert: Alert, rule: AlertRule) -> Sequence[Point]:
        window = timedelta(seconds=rule.terms.window_s)
        until = min(clock.now(), (alert.resolved_at or datetime.max.replace(tzinfo=alert.started_at.tzinfo)))
        until = min(until + window if alert.resolved_at else until, clock.now())
        since = max(alert.started_at - max(timedelta(hours=1), _WINDOWS_BEFORE * window), until - _LONGEST_PICTURE)
        found = await self._preview.series(rule.place, rule.terms, since, until, [alert.group])
        return found.get(alert.group, [])

    async def _held(self, tx: Connection, answerer: Principal, alert_id: UUID) -> Alert:
        """With its place: a look that goes on at the moment decides before us or after us."""
        alert = await self._found(tx, answerer, alert_id, ANSWER)
        await firing_store.hold(tx, alert.place)
        return await self._found(tx, answerer, alert_id, ANSWER)

    async def _found(self, tx: Connection, caller: Principal, alert_id: UUID, permission: str) -> Alert:
        alert = await store.one(tx, caller.team_id, alert_id)
        check(caller, alert.place if alert else None, permission, f"alert {shown('alt', alert_id)}")
        assert alert is not None
        return alert

    async def _record(self, tx: Connection, answerer: Principal, action: str, before: Alert, after: Alert) -> None:
        await self._audit.record(
            tx,
            answerer,
            action,
            shown("alt", after.id),
            name=after.rule_name,
            before={"state": str(before.state)},
            after={"state": str(after.state)},
        )


def _checked_note(note: str) -> str:
    note = note.strip()
    if len(note) > MAX_REASON_CHARACTERS:
        raise Invalid(f"A note has {MAX_REASON_CHARACTERS} characters at most.")
    return note
