"""Silences as people make, change and end them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.alerts.access import READ, WRITE, check, place_of, sees
from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.model import (
    MAX_ALERT_VALUE_CHARACTERS,
    MAX_REASON_CHARACTERS,
    MAX_SILENCE,
    MAX_SILENCE_LABELS,
    MAX_SILENCES,
    Silence,
)
from mno.observability.alerts.silences import store
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid, LimitExceeded
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.time_range import shown as shown_time


@dataclass(frozen=True, slots=True)
class SilenceTerms:
    """From when to when, and why."""

    start: datetime
    end: datetime
    reason: str


class Silences:
    """Alerts are still recorded; what still fires when a silence ends is sent then."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    async def listing(self, reader: Principal) -> list[Silence]:
        """Those that hold or will hold in the reader's project, by their ends."""
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.unended(tx, reader.team_id, clock.now())
        return [one for one in found if sees(reader, one.place, READ)]

    async def create(
        self,
        writer: Principal,
        terms: SilenceTerms,
        *,
        of_team: bool,
        rule_id: UUID | None,
        labels: Mapping[str, str],
    ) -> Silence:
        """`NotFound` for a rule that is not there, `LimitExceeded` for too many."""
        place = place_of(writer, of_team=of_team, permission=WRITE)
        now = clock.now()
        silence = Silence(new_id(), place, rule_id, _checked_labels(labels), *_checked(terms, now), now, writer.name)
        async with self._database.transaction(writer.team_id) as tx:
            if rule_id is not None:
                rule = await rules_store.one(tx, writer.team_id, rule_id)
                check(writer, rule.place if rule else None, READ, f"alert rule {shown('alr', rule_id)}")
            await store.lock(tx, writer.team_id)
            if len(await store.unended(tx, writer.team_id, now)) >= MAX_SILENCES:
                raise LimitExceeded(f"A team may have {MAX_SILENCES} silences at a time; end one first.")
            await store.insert(tx, silence)
            await self._record(tx, writer, "alerts.silence", silence, None, silence)
        return silence

    async def change(self, writer: Principal, silence_id: UUID, terms: SilenceTerms) -> Silence:
        """Its times and its reason."""
        async with self._database.transaction(writer.team_id) as tx:
            before = await self._found(tx, writer, silence_id)
            start, end, reason = _checked(terms, clock.now())
            after = replace(before, start=start, end=end, reason=reason)
            await store.save(tx, after)
            await self._record(tx, writer, "alerts.silence", after, before, after)
        return after

    async def end(self, writer: Principal, silence_id: UUID) -> None:
        """Now; one that has not begun never does."""
        async with self._database.transaction(writer.team_id) as tx:
            before = await self._found(tx, writer, silence_id)
            now = clock.now()
            if before.end <= now:
                return
            after = replace(before, start=min(before.start, now), end=now)
            await store.save(tx, after)
            await self._record(tx, writer, "alerts.unsilence", after, before, after)

    async def _found(self, tx: Connection, writer: Principal, silence_id: UUID) -> Silence:
        silence = await store.one(tx, writer.team_id, silence_id)
        check(writer, silence.place if silence else None, WRITE, f"silence {shown('sil', silence_id)}")
        assert silence is not None
        return silence

    async def _record(
        self, tx: Connection, writer: Principal, action: str, named: Silence, before: Silence | None, after: Silence
    ) -> None:
        told = _told(before) if before else None
        await self._audit.record(
            tx, writer, action, shown("sil", named.id), name=named.reason[:60], before=told, after=_told(after)
        )


def _checked(terms: SilenceTerms, now: datetime) -> tuple[datetime, datetime, str]:
    reason = " ".join(terms.reason.split())
    if not 0 < len(reason) <= MAX_REASON_CHARACTERS:
        raise Invalid(f"Say why, in at most {MAX_REASON_CHARACTERS} characters: others will wonder about the silence.")
    if terms.end <= max(terms.start, now):
        raise Invalid("A silence ends after it begins, and later than now.")
    if terms.end - max(terms.start, now) > MAX_SILENCE:
        raise Invalid(f"A silence lasts {MAX_SILENCE.days} days at most.")
    return terms.start, terms.end, reason


def _checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    if len(labels) > MAX_SILENCE_LABELS:
        raise Invalid(f"A silence names at most {MAX_SILENCE_LABELS} labels.")
    for name, value in labels.items():
        if not 0 < len(value) <= MAX_ALERT_VALUE_CHARACTERS or not 0 < len(name) <= MAX_ALERT_VALUE_CHARACTERS:
            raise Invalid(f"A label has a name and a value of 1 to {MAX_ALERT_VALUE_CHARACTERS} characters.")
        if "\0" in name + value:
            raise Invalid("A label is text without NUL.")
    return dict(sorted(labels.items()))


def _told(silence: Silence) -> dict[str, Any]:
    return {
        "of": "project" if silence.place.project_id else "team",
        "rule": shown("alr", silence.rule_id) if silence.rule_id else None,
        "labels": dict(silence.labels),
        "from": shown_time(silence.start),
        "to": shown_time(silence.end),
        "reason": silence.reason,
    }
