"""From series to anomalies: pure. What is known of a scope is joined with what its fresh hours say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from mno.observability.anomalies.detection import Examination, Mask, examined, kind_of
from mno.observability.anomalies.model import Anomaly, AnomalyKind, Measure, Scope
from mno.observability.anomalies.readings import Watched
from mno.observability.anomalies.stretches import Stretch, gather, mark
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series
from mno.platform.ids import new_id

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Project:
    """Whose series these are."""

    team_id: UUID
    project_id: UUID


def judged(
    project: Project, watched: Watched, calendar: Calendar, known: Sequence[Anomaly], fresh: int, at: datetime
) -> list[Anomaly]:
    """Anomalies that began or went on in the last `fresh` hours, without drivers.

    One thing is told once: a model, key or agent is not told of hours in which the whole project is, nor beside a
    scope of another dimension in which the same began in the same hour. Its drivers name them all.
    """
    found: list[Anomaly] = []
    for scope, measures in watched.items():
        for measure, series in measures.items():
            mine = [
                one
                for one in known
                if (one.scope, one.measure) == (scope, measure) and one.kind is not AnomalyKind.NEWCOMER
            ]
            changed = _of_series(project, scope, measure, series, calendar, mine, fresh, at)
            found += [one for one in changed if not _told(one, [*known, *found])]
    return found


def _told(anomaly: Anomaly, others: Sequence[Anomaly]) -> bool:
    if not anomaly.scope.dimension:
        return False
    for other in others:
        if other.measure is not anomaly.measure or other.scope.dimension == anomaly.scope.dimension:
            continue
        if not other.scope.dimension and other.start < anomaly.end and other.end > anomaly.start:
            return True
        if other.scope.dimension and abs(other.start - anomaly.start) <= _HOUR:
            return True
    return False


def _of_series(
    project: Project,
    scope: Scope,
    measure: Measure,
    series: Series,
    calendar: Calendar,
    known: Sequence[Anomaly],
    fresh: int,
    at: datetime,
) -> list[Anomaly]:
    found = examined(series, calendar, measure, strange(series, known), fresh)
    if found is None:
        return []
    end = len(series.values)
    stretches = [_stretch(series, anomaly) for anomaly in known]
    before = [(one.last, one.score) for one in stretches]
    gather(stretches, found, end)
    changed = []
    for place, stretch in enumerate(stretches):
        if place < len(known):
            if (stretch.last, stretch.score) != before[place]:
                changed.append(_extended(known[place], stretch, series, found))
        else:
            changed.append(_begun(project, scope, measure, stretch, series, found, at))
    return changed


def strange(series: Series, known: Sequence[Anomaly]) -> Mask:
    """The hours of a series that teach nothing: those of anomalies that nobody expected and that are not learned."""
    mask = np.zeros(len(series.values), dtype=bool)
    mark(mask, [_stretch(series, anomaly) for anomaly in known if anomaly.expected_at is None])
    return mask


def _stretch(series: Series, anomaly: Anomaly) -> Stretch:
    first, last = (int((moment - series.start) / _HOUR) for moment in (anomaly.start, anomaly.end))
    score = -anomaly.score if anomaly.kind is AnomalyKind.DROP else anomaly.score
    return Stretch(first, first, last, score, 1)


def _begun(
    project: Project, scope: Scope, measure: Measure, stretch: Stretch, series: Series, found: Examination, at: datetime
) -> Anomaly:
    first = _first_hour(stretch, len(series.values), found)
    actual, expected = _figures(measure, series, found, first, stretch.last)
    return Anomaly(
        id=new_id(),
        team_id=project.team_id,
        project_id=project.project_id,
        scope=scope,
        measure=measure,
        kind=kind_of(stretch.score, stretch.last - first),
        start=series.start + first * _HOUR,
        end=series.start + stretch.last * _HOUR,
        actual=actual,
        expected=expected,
        score=abs(stretch.score),
        detected_at=at,
    )


def _extended(anomaly: Anomaly, stretch: Stretch, series: Series, found: Examination) -> Anomaly:
    """What was expected of hours before this look stays as it was said then."""
    new = int((anomaly.end - series.start) / _HOUR)
    actual, expected = _figures(anomaly.measure, series, found, new, stretch.last)
    hours = stretch.last - stretch.first
    if anomaly.measure is Measure.LATENCY:
        share = (stretch.last - new) / max(hours, 1)
        actual = anomaly.actual * (1 - share) + actual * share
        expected = anomaly.expected * (1 - share) + expected * share
    else:
        actual, expected = anomaly.actual + actual, anomaly.expected + expected
    return replace(
        anomaly,
        end=series.start + stretch.last * _HOUR,
        kind=kind_of(stretch.score, hours),
        actual=actual,
        expected=expected,
        score=abs(stretch.score),
    )


def _first_hour(stretch: Stretch, end: int, found: Examination) -> int:
    """The hour in which it began: of the mean that gave the first alarm, the first that was itself unusual."""
    offset = end - len(found.values)
    for hour in range(max(stretch.begun, offset), stretch.first):
        place = hour - offset
        middle = found.expected[place]
        bound = found.low[place] if stretch.score < 0 else found.high[place]
        if (found.values[place] - (middle + bound) / 2) * np.sign(stretch.score) > 0:
            return hour
    return stretch.first


def _figures(measure: Measure, series: Series, found: Examination, first: int, last: int) -> tuple[float, float]:
    """(actual, expected) over hours of the series."""
    offset = len(series.values) - len(found.expected)
    seen = series.values[first:last]
    usual: Floats = found.expected[max(first - offset, 0) : max(last - offset, 0)]
    if measure is Measure.LATENCY:
        waited = seen[seen > 0]
        return float(waited.mean()) if len(waited) else 0.0, float(usual.mean()) if len(usual) else 0.0
    return float(seen.sum()), float(usual.sum())
