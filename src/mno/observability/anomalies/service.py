"""Anomalies: looks at every active project's fresh hours, keeps what is strange, and takes people's word for it.

A look reads whole hours since the last one. What it finds, the fact that tells of it, and how far it looked commit
together, so a look that was cut off is begun again and says nothing twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.anomalies import store
from mno.observability.anomalies.detection import Examination, examined
from mno.observability.anomalies.drivers import drivers
from mno.observability.anomalies.facts import DETECTED, MARKED
from mno.observability.anomalies.judging import Project, judged, strange
from mno.observability.anomalies.model import (
    MAX_FRESH_HOURS,
    MAX_NOTE_CHARACTERS,
    MAX_WATCHED_DAYS,
    Anomaly,
    AnomalyKind,
    Driver,
    Measure,
    Scope,
)
from mno.observability.anomalies.ports import Facts
from mno.observability.anomalies.queries import ActiveProjects
from mno.observability.anomalies.readings import DIMENSIONS, Readings, Watched
from mno.observability.costs.ports import KeyNames
from mno.observability.forecast.hours import hours_back, whole_hour
from mno.observability.forecast.ports import Calendars
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.tasks import Tasks
from mno.platform.time_range import TimeRange
from mno.platform.time_range import shown as shown_time

#: The task that looks at one project, and how often it is begun; the schedule asks again anyway.
LOOK = "anomalies.look_at"
LOOK_ATTEMPTS = 2
#: An hour is looked at when it has been over for this long: what was sent late has come by then.
_SETTLED = timedelta(minutes=3)
#: A value is a newcomer when its first day costs at least this share of the project's usual day.
_NEW_SHARE = 0.1
#: Hours before and after an anomaly that its chart shows.
_CHART_BEFORE, _CHART_AFTER = 72, 24


@dataclass(frozen=True, slots=True)
class Chart:
    """Hours around an anomaly: what they were, what was expected, the bounds of the usual."""

    start: datetime
    found: Examination


class Anomalies:
    """`look` is a scheduled task (bootstrap); the rest is for people."""

    def __init__(
        self,
        database: Database,
        projects: ActiveProjects,
        readings: Readings,
        calendars: Calendars,
        keys: KeyNames,
        facts: Facts,
        audit: Audit,
        tasks: Tasks,
    ) -> None:
        self._database = database
        self._projects = projects
        self._readings = readings
        self._calendars = calendars
        self._keys = keys
        self._facts = facts
        self._audit = audit
        self._tasks = tasks
        tasks.register(LOOK, self._look_at, attempts=LOOK_ATTEMPTS)

    # — looking —

    async def look(self) -> int:
        """Has every active project looked at that has a whole hour that nobody looked at yet; the number of them.

        Each is a task of its own, so that all processes share them and one that fails stops no other.
        """
        end = whole_hour(clock.now() - _SETTLED)
        async with self._database.across_teams() as tx:
            done = await store.looked_at(tx, end)
        due = [one for one in await self._projects.active(clock.now()) if one[1] not in done]
        for team_id, project_id in due:
            args = {"team": str(team_id), "project": str(project_id)}
            name = f"{LOOK} {project_id}"
            async with self._database.transaction(team_id) as tx:
                await self._tasks.defer(tx, LOOK, args, one_waiting=name, one_running=name)
        return len(due)

    async def _look_at(self, args: dict[str, Any]) -> None:
        await self.look_at(UUID(args["team"]), UUID(args["project"]))

    async def look_at(self, team_id: UUID, project_id: UUID) -> int:
        """Looks at the hours since the last look, up to MAX_FRESH_HOURS; the number of anomalies that began."""
        now = clock.now()
        end = whole_hour(now - _SETTLED)
        async with self._database.transaction(team_id) as tx:
            reached = await store.reached(tx, team_id, project_id)
            oldest = end - timedelta(days=MAX_WATCHED_DAYS)
            known = await store.since(tx, team_id, project_id, oldest)
        if reached is not None and reached >= end:
            return 0
        since = end - timedelta(hours=MAX_FRESH_HOURS)
        fresh = int((end - max(reached or since, since)).total_seconds() // 3600)
        tenant = Tenant(str(team_id), str(project_id))
        window = hours_back(end, MAX_WATCHED_DAYS * 24 + fresh)
        watched = await self._readings.watched(tenant, window)
        calendar = await self._calendars.calendar_of(team_id, project_id)
        project = Project(team_id, project_id)
        changed = await asyncio.to_thread(judged, project, watched, calendar, known, fresh, now)
        changed = [replace(one, drivers=await self._drivers(tenant, one)) for one in changed]
        changed += await self._newcomers(tenant, project, watched, known, end, now)
        return await self._keep(project, changed, {one.id for one in known}, end)

    async def _keep(self, project: Project, changed: Sequence[Anomaly], known: set[UUID], end: datetime) -> int:
        begun = 0
        async with self._database.transaction(project.team_id) as tx:
            for anomaly in changed:
                if anomaly.id in known:
                    await store.extend(tx, anomaly)
                elif await store.insert(tx, anomaly):
                    await self._facts.publish(tx, fact_of(anomaly))
                    begun += 1
            await store.set_reached(tx, project.team_id, project.project_id, end)
        return begun

    async def _drivers(self, tenant: Tenant, anomaly: Anomaly) -> tuple[Driver, ...]:
        window = TimeRange(anomaly.start, anomaly.end)
        parts = await self._readings.parts(tenant, window, anomaly.scope, anomaly.measure)
        return drivers(parts, DIMENSIONS)

    async def _newcomers(
        self,
        tenant: Tenant,
        project: Project,
        watched: Watched,
        known: Sequence[Anomaly],
        end: datetime,
        now: datetime,
    ) -> list[Anomaly]:
        spent = watched[Scope()][Measure.COST].values[:-24]
        days = spent[-28 * 24 :]
        if len(days) < 7 * 24 or not days.any() or not spent[: -7 * 24].any():
            return []
        usual = float(days.mean()) * 24
        told = {one.scope for one in known if one.kind is AnomalyKind.NEWCOMER}
        found = await self._readings.newcomers(tenant, end, _NEW_SHARE * usual)
        return [
            Anomaly(
                id=new_id(),
                team_id=project.team_id,
                project_id=project.project_id,
                scope=scope,
                measure=Measure.COST,
                kind=AnomalyKind.NEWCOMER,
                start=end - timedelta(days=1),
                end=end,
                actual=cost,
                expected=0.0,
                score=cost / (_NEW_SHARE * usual),
                drivers=(Driver({scope.dimension: scope.value}, 100.0, cost, 0.0),),
                detected_at=now,
            )
            for scope, cost in found
            if scope not in told
        ]

    # — for people —

    async def listed(self, reader: Principal, wanted: store.Wanted) -> list[Anomaly]:
        """The newest first, with the names of keys."""
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.listed(tx, wanted)
        return [replace(one, names=await self._names(reader.team_id)) for one in found]

    async def one(self, reader: Principal, anomaly_id: UUID) -> tuple[Anomaly, Chart | None]:
        """One anomaly and the hours around it; `NotFound` when there is none in the project."""
        async with self._database.transaction(reader.team_id) as tx:
            anomaly = await self._found(tx, reader, anomaly_id)
            oldest = anomaly.start - timedelta(days=MAX_WATCHED_DAYS)
            known = await store.since(tx, reader.team_id, reader.project_id, oldest)
        anomaly = replace(anomaly, names=await self._names(reader.team_id))
        end = min(anomaly.end + timedelta(hours=_CHART_AFTER), whole_hour(clock.now()))
        hours = min(int((end - anomaly.start).total_seconds() // 3600) + 1, MAX_WATCHED_DAYS * 24)
        window = hours_back(end, MAX_WATCHED_DAYS * 24 + hours)
        tenant = Tenant(str(reader.team_id), str(reader.project_id))
        series = await self._readings.one(tenant, window, anomaly.scope, anomaly.measure)
        calendar = await self._calendars.calendar_of(reader.team_id, reader.project_id)
        mine = [one for one in known if (one.scope, one.measure) == (anomaly.scope, anomaly.measure)]
        mask = strange(series, mine)
        found = await asyncio.to_thread(examined, series, calendar, anomaly.measure, mask, hours)
        if found is None:
            return anomaly, None
        shown_hours = min(hours + _CHART_BEFORE, len(found.expected))
        cut = Examination(
            found.values[-shown_hours:],
            found.expected[-shown_hours:],
            found.low[-shown_hours:],
            found.high[-shown_hours:],
            found.scores,
            found.reach,
        )
        return anomaly, Chart(end - timedelta(hours=shown_hours), cut)

    async def mark(self, writer: Principal, anomaly_id: UUID, *, expected: bool, note: str) -> Anomaly:
        """Says that an anomaly was to be expected, so that detection learns from its hours; or takes it back."""
        note = note.strip()
        if len(note) > MAX_NOTE_CHARACTERS:
            raise Invalid(f"A note has {MAX_NOTE_CHARACTERS} characters at most.")
        at = clock.now() if expected else None
        async with self._database.transaction(writer.team_id) as tx:
            before = await self._found(tx, writer, anomaly_id)
            after = replace(before, expected_at=at, expected_by=writer.name if expected else "", note=note)
            await store.mark_expected(tx, before, at, after.expected_by, note)
            told = {"project": shown("prj", before.project_id), "expected": expected, "by": writer.name}
            await self._facts.publish(tx, Fact(writer.team_id, shown("anm", anomaly_id), MARKED, told))
            await self._audit.record(
                tx,
                writer,
                "anomalies.expect" if expected else "anomalies.recall",
                shown("anm", anomaly_id),
                name=before.measure,
                before={"expected": before.expected_at is not None, "note": before.note},
                after={"expected": expected, "note": note},
            )
        return replace(after, names=await self._names(writer.team_id))

    async def _found(self, tx: Connection, reader: Principal, anomaly_id: UUID) -> Anomaly:
        anomaly = await store.one(tx, reader.team_id, reader.project_id, anomaly_id)
        if anomaly is None:
            raise NotFound(f"There is no anomaly {shown('anm', anomaly_id)} in this project.")
        return anomaly

    async def _names(self, team_id: UUID) -> dict[str, str]:
        return {shown("key", id_): name for id_, name in (await self._keys.names_of_keys(team_id)).items()}


def fact_of(anomaly: Anomaly) -> Fact:
    """What others are told; see `facts.py`."""
    return Fact(
        anomaly.team_id,
        shown("anm", anomaly.id),
        DETECTED,
        {
            "project": shown("prj", anomaly.project_id),
            "scope": {"dimension": anomaly.scope.dimension, "value": anomaly.scope.value},
            "measure": anomaly.measure,
            "kind": anomaly.kind,
            "start": shown_time(anomaly.start),
            "actual": anomaly.actual,
            "expected": anomaly.expected,
            "score": anomaly.score,
            "drivers": [{"values": dict(one.values), "share": one.share} for one in anomaly.drivers],
        },
    )
