"""How wide the intervals are: conformal scores of the series' own past, drawn towards a prior."""

import numpy as np

from mno.observability.forecast.level import Level, drift
from mno.observability.forecast.model import CONFIDENCES, Band, Floats
from mno.observability.forecast.shape import DAY, WEEK

#: Reaches, in days, at which the series' own past is forecast.
_SCORED_DAYS = (1, 3, 7, 14)
#: Days whose hours say how far an hour strays.
_RECENT_DAYS = 28
#: Weeks of history that making the shape uses up, as far as the hours' band goes.
_UNLIKE_WEEKS = 1.2
#: Standard normal quantiles of 80 % and 95 %.
_NORMAL = (1.2816, 1.9600)
#: Quantiles of the scores' size for the sum of a day, and how they grow with the logarithm of the days.
_PRIOR = (1.85, 3.35)
_PRIOR_GROWTH = (0.2, 0.2)
#: Scores of its own for which the prior counts.
_PRIOR_SCORES = 30.0


def reach_spread(level: Level, blocks: Floats) -> Floats:
    """The standard deviation of the mean of the next so many blocks, in logarithms.

    Of a level that wanders by `following` times each error, seen through noise (Hyndman and others, Forecasting
    with Exponential Smoothing, 2008, table 6.2, here for a mean over the reach): noise that averages out, an
    uncertain level, and its wandering.
    """
    following = level.following
    variance = 1 / np.maximum(blocks, 0.25) + following / (2 - following) + following**2 * blocks / 3
    return level.spread * np.sqrt(variance)


def own_scores(level: Level, sums: Floats, weights: Floats, blocks: int) -> Floats:
    """Errors that this level would have made on the series' own past at that reach, each over its spread."""
    logs = level.expected[:-1]
    last = len(sums) - blocks
    first = min(10, max(last - 1, 0))
    if last <= first:
        return np.empty(0)
    drifting = np.exp(drift(level.slope, blocks))
    scores = np.empty(last - first)
    spread = float(reach_spread(level, np.array([float(blocks)]))[0])
    for place, origin in enumerate(range(first, last)):
        coming = slice(origin, origin + blocks)
        guess = float(np.sum(np.exp(logs[origin - 1]) * drifting * weights[coming]))
        scores[place] = np.log((float(np.sum(sums[coming])) + 1e-9) / (guess + 1e-9)) / spread
    return scores


def widening(scores: Floats, confidence: int, blocks: float) -> float:
    """The quantile of the scores' size, drawn towards the prior's.

    Overlapping errors say less than as many separate ones, and the past that is left knows no change of level: that
    is what the prior is for. It was fitted on synthetic series of other seeds than those that it is measured on.
    """
    prior = _PRIOR[confidence] * (1.0 + _PRIOR_GROWTH[confidence] * np.log(max(blocks, 1.0)))
    if len(scores) < 4:
        return float(prior)
    rank = min(1.0, np.ceil((len(scores) + 1) * CONFIDENCES[confidence]) / len(scores))
    own = float(np.quantile(np.abs(scores), rank))
    share = len(scores) / (len(scores) + _PRIOR_SCORES)
    return float(np.clip(share * own + (1 - share) * prior, 0.75 * prior, 2.5 * prior))


def total_band(hourly: Floats, sums: Floats, weights: Floats, level: Level) -> Band:
    """Bounds of the sum from the first hour to each: they spread with the reach."""
    totals = np.cumsum(hourly)
    blocks = np.arange(1, len(hourly) + 1) / DAY
    spread = reach_spread(level, blocks)
    known = {days: own_scores(level, sums, weights, days) for days in _SCORED_DAYS}
    bounds: list[Floats] = []
    for confidence in range(len(CONFIDENCES)):
        quantiles = [widening(scores, confidence, days) for days, scores in known.items()]
        quantile = np.interp(blocks, list(known), quantiles)
        bounds += [np.maximum.accumulate(totals * np.exp(sign * quantile * spread)) for sign in (-1, 1)]
    return Band(totals, *bounds)


def hourly_band(hourly: Floats, values: Floats, shaped: Floats, level: Level) -> Band:
    """Bounds of each single hour: what recent hours were to what was expected of them, and a wandering level."""
    recent = min(len(level.expected) - 1, _RECENT_DAYS)
    expected = np.repeat(np.exp(level.expected[-recent - 1 : -1] - level.moved[-recent:]), DAY)
    ratios = values[-recent * DAY :] / np.maximum(expected * shaped[-recent * DAY :], 1e-12)
    # the shape was made of these very hours: to new ones it is a little less like
    weeks = len(values) / WEEK
    unlike = np.sqrt((weeks + _UNLIKE_WEEKS) / max(weeks - _UNLIKE_WEEKS, 0.5))
    days = np.arange(1, len(hourly) + 1) / DAY
    wander = level.spread * level.following * np.sqrt(days)
    bounds = []
    for nominal, normal in zip(CONFIDENCES, _NORMAL, strict=True):
        for sign in (-1, 1):
            ratio = float(np.quantile(ratios, 0.5 + sign * nominal / 2))
            noise = sign * np.log(max(ratio, 1e-9))
            widened = np.hypot(max(noise, 0.0) * unlike, normal * wander)
            bounds.append(hourly * np.exp(sign * widened) if ratio > 1e-9 else np.zeros(len(hourly)))
    return Band(hourly, *bounds)
