"""Which hours are not like those before them: pure functions over an hourly series.

What is expected comes from the forecast's own fit (shape of the week, level, holidays), over a history in which
hours that were anomalous are replaced. How far an hour, or the mean of the last 3, 8 or 24 hours, is from it is
measured in logarithms, divided by how far such hours and such means of this very series usually are. An alarm wants
both: far beyond the usual, and large enough to matter. The longer means find a change of level that no single hour
would show; the single hour finds a spike at once.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from mno.observability.anomalies.model import MAX_WATCHED_DAYS, MIN_WATCHED_HOURS, AnomalyKind, Measure
from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series
from mno.observability.forecast.projection import fitted
from mno.observability.forecast.shape import DAY, WEEK

Mask: TypeAlias = NDArray[np.bool_]
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The mean of the last `hours`. `far` is how many usual distances an alarm wants, `rise` and `fall` by what
    factor the measure must differ; no `fall`: only rises count.
    """

    hours: int
    far: float
    rise: float
    fall: float | None


_WINDOWS = (
    Window(1, 5.5, 1.9, None),
    Window(3, 5.0, 1.5, 0.35),
    Window(8, 4.3, 1.35, 0.45),
    Window(24, 3.7, 1.25, 0.6),
)
#: A rise or fall is worth an alarm when it makes up this share of a usual day's sum.
_WORTH_OF_DAY = 0.03
#: Added to both sides before they are compared, so that hours with next to nothing do not matter: a share of the
#: mean hour, and at least so much.
_DAMPING = {
    Measure.COST: (0.15, 0.0),
    Measure.TOKENS: (0.15, 0.0),
    Measure.ERRORS: (0.3, 4.0),
    Measure.LATENCY: (0.0, 0.0),
}
#: The least distance that counts as usual, in logarithms, for one hour.
_LEAST_SPREAD = 0.05
#: How many usual distances the hour itself must be away, on the same side, where a mean gives the alarm.
_LASTING = 0.75
#: Days whose hours say what is usual.
_USUAL_DAYS = 28
#: How much further an alarm wants to be while less than three weeks are known.
_YOUNG = 1.4


@dataclass(frozen=True, slots=True)
class Examination:
    """The hours up to the end of the series: what they were, what was expected of them the day before, the bounds of
    the usual. For the fresh ones among them, the last, the alarm: a `score` of 1 or more is one, negative for a fall;
    `reach` is the hours of the mean that gave it.
    """

    values: Floats
    expected: Floats
    low: Floats
    high: Floats
    scores: Floats
    reach: NDArray[np.int64]


def examined(series: Series, calendar: Calendar, measure: Measure, strange: Mask, fresh: int) -> Examination | None:
    """Looks at the last `fresh` hours; `strange` says of each hour whether it was an anomaly and teaches nothing.

    None with less than MIN_WATCHED_HOURS of use before them.
    """
    keep = min(MAX_WATCHED_DAYS * DAY + fresh, _hours_of_use(series.values, measure))
    values, strange = series.values[len(series.values) - keep :], strange[len(strange) - keep :]
    past = len(values) - fresh
    if past < MIN_WATCHED_HOURS or fresh < 1:
        return None
    start = series.end - len(values) * _HOUR
    hours_of_week, holidays = calendar.hours_of_week(start, len(values)), calendar.holidays(start, len(values))
    known = replaced(values[:past], strange[:past])
    fit = fitted(known, hours_of_week[:past], holidays[:past])
    before, coming = fit.before(), fit.ahead(hours_of_week[past:], holidays[past:])
    expected = np.concatenate([before, coming])
    seen = np.concatenate([known[past - len(before) :], values[past:]])
    share, least = _DAMPING[measure]
    damping = max(share * float(np.mean(known[-4 * WEEK :])), least)
    # an hour without calls has no latency: it is as expected
    silent = (seen <= 0) if measure is Measure.LATENCY else np.zeros(len(seen), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.log((seen + damping) / np.maximum(expected + damping, 1e-12))
    distances = np.where(silent | ~np.isfinite(distances), 0.0, distances)
    spreads = _usual(distances[:-fresh], hours_of_week[past - len(before) :], fresh)
    young = _YOUNG if past < 3 * WEEK else 1.0
    scores, reach = _scores(distances, spreads, seen, expected, measure, fresh, young)
    wide = np.exp(_WINDOWS[0].far * 0.5 * spreads * young)
    low = np.maximum((expected + damping) / wide - damping, 0.0)
    seen = values[-len(expected) :]
    return Examination(seen, expected, low, (expected + damping) * wide - damping, scores, reach)


def _hours_of_use(values: Floats, measure: Measure) -> int:
    """Hours since the measure was first above nothing: what was before is no history. No errors are one, though."""
    if measure is Measure.ERRORS:
        return len(values)
    used = np.flatnonzero(values > 0)
    return len(values) - int(used[0]) if len(used) else 0


def replaced(values: Floats, strange: Mask) -> Floats:
    """The hours that were anomalous, each as the median of the same hour in the three weeks before it."""
    known = values.copy()
    for hour in np.flatnonzero(strange):
        before = known[[hour - week * WEEK for week in (1, 2, 3) if hour >= week * WEEK]]
        if len(before):
            known[hour] = np.median(before)
        elif hour >= DAY:
            known[hour] = known[hour - DAY]
    return known


def _usual(distances: Floats, hours_of_week: NDArray[np.int64], fresh: int) -> Floats:
    """How far each hour usually is from what is expected: half of its own time of day, half of all."""
    recent = distances[-_USUAL_DAYS * DAY :]
    clock = hours_of_week % DAY
    recent_clock = clock[: len(distances)][-_USUAL_DAYS * DAY :]
    overall = _robust(recent)
    of_hour = np.array(
        [
            _robust(recent[np.minimum((recent_clock - hour) % DAY, (hour - recent_clock) % DAY) <= 1])
            for hour in range(DAY)
        ]
    )
    spreads: Floats = np.maximum(np.sqrt((of_hour**2 + overall**2) / 2), _LEAST_SPREAD)
    return spreads[clock[: len(distances) + fresh]]


def _robust(values: Floats) -> float:
    return float(np.median(np.abs(values))) * 1.4826 if len(values) else 0.0


def _scores(
    distances: Floats,
    spreads: Floats,
    seen: Floats,
    expected: Floats,
    measure: Measure,
    fresh: int,
    young: float,
) -> tuple[Floats, NDArray[np.int64]]:
    """The farthest of all windows for each fresh hour, in multiples of what an alarm wants."""
    far = distances / spreads
    a_day = float(np.mean(expected[-WEEK:])) * DAY
    best, reach = np.zeros(fresh), np.ones(fresh, dtype=np.int64)
    for window in _WINDOWS:
        means = _trailing(far, window.hours)
        usual = means[: -fresh or None][-_USUAL_DAYS * DAY :]
        scale = max(_robust(usual), float(np.quantile(np.abs(usual), 0.985)) / 2.43, 1 / np.sqrt(window.hours) / 1.5)
        score = means[-fresh:] / (scale * window.far * young)
        factor = np.exp(_trailing(distances, window.hours)[-fresh:])
        worth = _trailing(seen - expected, window.hours)[-fresh:] * window.hours / max(a_day, 1e-12)
        rises, falls = factor >= window.rise, np.zeros(fresh, dtype=bool)
        if measure in (Measure.COST, Measure.TOKENS):
            rises &= worth >= _WORTH_OF_DAY
            falls = (factor <= window.fall) & (worth <= -_WORTH_OF_DAY) if window.fall else falls
        # a mean stays high for hours after its cause has ended: those hours are no part of it
        lasting = np.sign(score) * far[-fresh:] >= _LASTING
        score = np.where((rises | falls) & lasting, score, 0.0)
        better = np.abs(score) > np.abs(best)
        best, reach = np.where(better, score, best), np.where(better, window.hours, reach)
    return best, reach


def _trailing(values: Floats, hours: int) -> Floats:
    """The mean of each hour and those before it, `hours` in all; fewer at the beginning."""
    summed = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - hours, 0)
    means: Floats = (summed[ends] - summed[starts]) / (ends - starts)
    return means


def kind_of(score: float, hours: int) -> AnomalyKind:
    """What an alarm is called: a fall, a spike of some hours, or a change of level."""
    if score < 0:
        return AnomalyKind.DROP
    return AnomalyKind.LEVEL if hours >= DAY // 2 else AnomalyKind.SPIKE
