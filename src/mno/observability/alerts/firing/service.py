"""Turns readings into alerts: what fires, goes on or is over, and who is told, in one transaction.

The caller holds the place (`store.still_mine`, `store.hold`), so one look at a time decides. What it decides, the
history and the notices commit together: a crash before that leaves nothing behind, and the next look decides again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.facts import FIRED, RESOLVED
from mno.observability.alerts.firing import store
from mno.observability.alerts.firing.news import fact_of
from mno.observability.alerts.machine import (
    NOTHING,
    Change,
    Reading,
    Track,
    Zone,
    resolved_by_hand,
    stepped,
    worse,
    zone_of,
)
from mno.observability.alerts.matching import labels_of
from mno.observability.alerts.model import (
    MAX_ALERT_GROUPS,
    TOLD,
    Alert,
    AlertComparison,
    AlertEvent,
    AlertEventKind,
    AlertRule,
    AlertState,
    Silence,
)
from mno.observability.alerts.silences import store as silences_store
from mno.observability.alerts.telling.service import Telling
from mno.observability.alerts.telling.surroundings import Around
from mno.platform.database import Connection
from mno.platform.ids import new_id
from mno.platform.outbox import Outbox

#: How often an open alert's value is written down while it gets no worse, in seconds.
VALUE_INTERVAL_S = 10.0

Readings = Mapping[str, Reading]
#: What an alert of this group is called by.
Labels = Callable[[AlertRule, str], Mapping[str, str]]


def usage_labels(rule: AlertRule, group: str) -> Mapping[str, str]:
    return labels_of(rule.terms, group)


@dataclass(frozen=True, slots=True)
class Moment:
    """When, and what messages say besides."""

    now: datetime
    around: Around


class Firing:
    """Every method works in its caller's transaction, which holds the place."""

    def __init__(self, telling: Telling, outbox: Outbox) -> None:
        self._telling = telling
        self._outbox = outbox

    async def take(
        self,
        tx: Connection,
        rules: Sequence[AlertRule],
        readings: Mapping[UUID, Readings],
        moment: Moment,
        labels: Labels = usage_labels,
    ) -> None:
        """Rules of one place. One without readings is not compared, but who has to be told is told."""
        team_id, ids = rules[0].place.team_id, [rule.id for rule in rules]
        tracks = await store.tracks(tx, team_id, ids)
        silences = await silences_store.unended(tx, team_id, moment.now)
        unfinished: dict[UUID, list[Alert]] = {}
        for alert in await alerts_store.unfinished(tx, team_id, ids):
            unfinished.setdefault(alert.rule_id, []).append(alert)
        for rule in rules:
            known = unfinished.get(rule.id, [])
            if rule.id in readings:
                known = await self._compare(
                    tx, rule, readings[rule.id], tracks.get(rule.id, {}), known, moment.now, labels
                )
            for alert in known:
                await self._telling.tell(tx, alert, rule, moment.around, silences, moment.now)

    async def resolve(
        self, tx: Connection, alert: Alert, rule: AlertRule | None, by: str, note: str, moment: Moment
    ) -> Alert:
        """By somebody's word: it fires again only after the value has been clear."""
        after = _resolved(alert, moment.now, by)
        await alerts_store.save(tx, after)
        await alerts_store.add_events(tx, after, [AlertEvent(moment.now, AlertEventKind.RESOLVED, by, note)])
        await self._outbox.publish(tx, fact_of(RESOLVED, after, by))
        if rule is None:
            return after
        await store.save_track(tx, alert.place.team_id, rule.id, alert.group, resolved_by_hand())
        silences = await silences_store.unended(tx, alert.place.team_id, moment.now)
        return await self._telling.tell(tx, after, rule, moment.around, silences, moment.now)

    async def end(self, tx: Connection, rule: AlertRule, by: str, moment: Moment) -> None:
        """Of a rule that is switched off or removed: its open alerts are over, and nothing is owed any more."""
        silences: Sequence[Silence] = await silences_store.unended(tx, rule.place.team_id, moment.now)
        for alert in await alerts_store.unfinished(tx, rule.place.team_id, [rule.id]):
            if alert.state is not AlertState.RESOLVED:
                alert = await self.resolve(tx, alert, rule, by, "", moment)
            else:
                alert = await self._telling.tell(tx, alert, rule, moment.around, silences, moment.now)
            await alerts_store.save(tx, replace(alert, told_closed=True))
        await store.forget_tracks(tx, rule.place.team_id, rule.id)

    async def _compare(
        self,
        tx: Connection,
        rule: AlertRule,
        readings: Readings,
        tracks: Mapping[str, Track],
        known: Sequence[Alert],
        now: datetime,
        labels: Labels,
    ) -> list[Alert]:
        """The rule's alerts after this look."""
        found = {alert.group: alert for alert in known if alert.state is not AlertState.RESOLVED}
        over = [alert for alert in known if alert.state is AlertState.RESOLVED]
        for group in compared_groups(rule, readings, tracks):
            track, reading = tracks.get(group, Track()), readings.get(group, NOTHING)
            after, change = stepped(track, zone_of(rule.terms, reading), now, rule.terms)
            value = reading.value or Decimal(0)
            if change is Change.FIRED:
                found[group] = await _fired(tx, rule, group, labels(rule, group), value, now)
                await self._outbox.publish(tx, fact_of(FIRED, found[group]))
            elif change is Change.RESOLVED and group in found:
                over.append(await _over(tx, found.pop(group), value, now))
                await self._outbox.publish(tx, fact_of(RESOLVED, over[-1]))
            elif group in found:
                found[group] = await _goes_on(tx, rule, found[group], value, now)
            if after != track:
                await store.save_track(tx, rule.place.team_id, rule.id, group, after)
        return [*over, *found.values()]


def compared_groups(rule: AlertRule, readings: Readings, tracks: Mapping[str, Track]) -> list[str]:
    """Groups of which something is remembered, and those in breach, the worst first, as far as there is room.

    Of measures that are told by facts, only the groups that were told of.
    """
    breaching = [
        group for group, one in readings.items() if group not in tracks and zone_of(rule.terms, one) is Zone.BREACH
    ]
    breaching.sort(key=lambda group: _severity(rule, readings[group]), reverse=True)
    room = max(0, MAX_ALERT_GROUPS - len(tracks))
    remembered = [group for group in tracks if rule.terms.measure not in TOLD or group in readings]
    return remembered + breaching[:room]


def _severity(rule: AlertRule, reading: Reading) -> Decimal:
    """How far into the breach: greater is worse."""
    value = reading.value or Decimal(0)
    return value if rule.terms.comparison is AlertComparison.ABOVE else -value


async def _fired(
    tx: Connection, rule: AlertRule, group: str, labels: Mapping[str, str], value: Decimal, now: datetime
) -> Alert:
    alert = Alert(
        id=new_id(),
        place=rule.place,
        rule_id=rule.id,
        rule_name=rule.name,
        measure=rule.terms.measure,
        severity=rule.terms.severity,
        group=group,
        labels=labels,
        state=AlertState.FIRING,
        started_at=now,
        updated_at=now,
        value=value,
        peak=value,
        threshold=rule.terms.threshold,
    )
    await alerts_store.insert(tx, alert)
    await alerts_store.add_events(tx, alert, [AlertEvent(now, AlertEventKind.FIRED)])
    return alert


async def _over(tx: Connection, alert: Alert, value: Decimal, now: datetime) -> Alert:
    after = replace(_resolved(alert, now, ""), value=value)
    await alerts_store.save(tx, after)
    await alerts_store.add_events(tx, after, [AlertEvent(now, AlertEventKind.RESOLVED)])
    return after


async def _goes_on(tx: Connection, rule: AlertRule, alert: Alert, value: Decimal, now: datetime) -> Alert:
    peak = worse(rule.terms, alert.peak, value)
    if peak == alert.peak and now - alert.updated_at < timedelta(seconds=VALUE_INTERVAL_S):
        return replace(alert, value=value)
    after = replace(alert, value=value, peak=peak, updated_at=now)
    await alerts_store.save(tx, after)
    return after


def _resolved(alert: Alert, now: datetime, by: str) -> Alert:
    return replace(alert, state=AlertState.RESOLVED, resolved_at=now, resolved_by=by, updated_at=now)
